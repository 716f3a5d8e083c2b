//! What a look through the source found: what no run could survive, and what is good to know.

use serde_json::{Value, json};

use rcrepro_model::execution::fault::Fault;

/// What was found in the source of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceFaults<'a> {
    /// The commit's id in hex.
    pub commit: &'a str,
    /// What no run could survive.
    pub refused: &'a [Fault],
    /// What is good to know.
    pub notes: &'a [Fault],
}

/// Writes it for people; nothing when there is nothing to say. Where the source could not be looked at, the reason.
#[must_use]
pub fn text(look: &Result<SourceFaults<'_>, String>) -> String {
    let look = match look {
        Ok(look) => look,
        Err(reason) => return format!("  the source was not looked at: {reason}\n"),
    };
    let mut text = String::new();
    for (word, faults) in [("refused", look.refused), ("note", look.notes)] {
        for (index, fault) in faults.iter().enumerate() {
            text.push_str(&format!("  {word}: {}\n", harmless(&fault.to_string())));
            // What mends several in a row is said once.
            let next = faults.get(index + 1).and_then(|next| next.hint.as_ref());
            if let Some(hint) = fault.hint.as_ref().filter(|hint| next != Some(*hint)) {
                text.push_str(&format!("    hint: {}\n", harmless(hint)));
            }
        }
    }
    if !look.refused.is_empty() {
        let commit = look.commit.get(..12).unwrap_or(look.commit);
        let things =
            if look.refused.len() == 1 { "1 thing".to_owned() } else { format!("{} things", look.refused.len()) };
        text.push_str(&format!("the source of commit {commit} holds {things} that no run survives\n"));
    }
    text
}

/// Describes it for programs.
#[must_use]
pub fn json(look: &Result<SourceFaults<'_>, String>) -> Value {
    match look {
        Ok(look) => json!({ "commit": look.commit, "refused": look.refused, "notes": look.notes }),
        Err(reason) => json!({ "not_looked_at": reason }),
    }
}

/// Escapes what a terminal would obey in names and texts of the source.
fn harmless(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_with_their_hints_and_without_escapes() {
        let fault = [Fault::of_file("a\u{1b}[2J", "it is odd").at(3).hint("mend it")];
        let look = Ok(SourceFaults { commit: "0123456789abcdef", refused: &fault, notes: &[] });
        let expected = "  refused: a\\u{1b}[2J:3: it is odd\n    hint: mend it\n\
                        the source of commit 0123456789ab holds 1 thing that no run survives\n";
        assert_eq!(text(&look), expected);
        assert_eq!(text(&Ok(SourceFaults { commit: "0", refused: &[], notes: &[] })), "");
        assert_eq!(text(&Err("no repository".into())), "  the source was not looked at: no repository\n");
        assert_eq!(json(&look)["refused"][0]["line"], 3);
    }
}

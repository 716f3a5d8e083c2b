//! The forms of a Dockerfile that only BuildKit knows. An engine that builds without it stops at the first, or takes a
//! here-document's lines for instructions.
//!
//! Source: the Dockerfile reference, where each form names the version of the syntax that brought it.

use crate::dockerfile::lines::{DockerfileInstruction, directives, instructions};

/// A form that needs BuildKit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildkitForm {
    /// The line, from 1.
    pub line: usize,
    /// The form, quoted.
    pub says: String,
}

/// The flags that the builder without BuildKit does not know, by instruction.
const FLAGS: [(&str, &[&str]); 3] = [
    ("RUN", &["mount", "network", "security", "device"]),
    ("COPY", &["chmod", "link", "parents", "exclude"]),
    ("ADD", &["chmod", "link", "exclude", "checksum", "keep-git-dir", "unpack"]),
];

/// Lists the forms in the order of their lines. A `syntax` line is among them where there are others: by itself it is a
/// comment to a builder that does not know it.
#[must_use]
pub fn forms(text: &str) -> Vec<BuildkitForm> {
    let mut found: Vec<BuildkitForm> = instructions(text).iter().flat_map(of_instruction).collect();
    if !found.is_empty() {
        let syntax = directives(text).into_iter().filter(|(_, name, _)| name == "syntax");
        found.extend(syntax.map(|((line, _), _, value)| BuildkitForm { line, says: format!("`# syntax={value}`") }));
    }
    found.sort_by_key(|form| form.line);
    found
}

fn of_instruction(instruction: &DockerfileInstruction) -> Vec<BuildkitForm> {
    let name = instruction.name.as_str();
    let Some((_, flags)) = FLAGS.iter().find(|(of, _)| *of == name) else {
        // `ONBUILD RUN --mount=…` is what a further build gets.
        return instruction.trigger().map(|inner| of_instruction(&inner)).unwrap_or_default();
    };
    let mut found = Vec::new();
    for word in instruction.flags().0 {
        let flag = word.text[2..].split('=').next().unwrap_or_default();
        if flags.contains(&flag) {
            found.push(BuildkitForm { line: word.line, says: format!("`{name} --{flag}`") });
        }
    }
    let is_word = |end: &str| end.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for (line, document) in instruction.here_documents().into_iter().filter(|(_, document)| is_word(&document.end)) {
        found.push(BuildkitForm { line, says: format!("the here-document `<<{}`", document.end) });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, String)> {
        forms(text).into_iter().map(|form| (form.line, form.says)).collect()
    }

    #[test]
    fn every_form_is_named_with_its_line() {
        let text = "# syntax=docker/dockerfile:1\nFROM --platform=$BUILDPLATFORM golang AS build\n\
                    RUN --mount=type=cache,target=/c \\\n  --network=none go build\nCOPY --chmod=755 --link a /a\n\
                    RUN <<EOF\necho hello\nEOF\nCOPY <<-\"TEXT\" /t\nx\nTEXT\nADD --checksum=sha256:1 a /b\nONBUILD COPY --parents a /\n";
        let expected = [
            (1, "`# syntax=docker/dockerfile:1`"),
            (3, "`RUN --mount`"),
            (4, "`RUN --network`"),
            (5, "`COPY --chmod`"),
            (5, "`COPY --link`"),
            (6, "the here-document `<<EOF`"),
            (9, "the here-document `<<TEXT`"),
            (12, "`ADD --checksum`"),
            (13, "`COPY --parents`"),
        ];
        assert_eq!(found(text), expected.map(|(line, says)| (line, says.to_owned())));
    }

    #[test]
    fn what_every_builder_knows_is_let_pass() {
        let text = "# syntax=docker/dockerfile:1\nFROM --platform=linux/amd64 golang AS build\nARG A=1\n\
                    COPY --from=build --chown=1:1 a /a\nRUN echo --mount=no $((1<<2)) && cat <<<x\nRUN [\"a\", \"--mount\"]\n";
        assert_eq!(found(text), []);
    }
}

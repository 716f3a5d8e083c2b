//! The plan's sentences: list items, lines of the dependency graph, paragraphs.

/// One sentence that the plan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The heading above it.
    pub heading: String,
    /// Its words, without the mark of a list.
    pub text: String,
}

/// Reads the sentences of a plan in their order. Headings, labels (`Goal:`) and the lines that say status, owner and date
/// do not count.
pub fn sentences(plan: &str) -> Vec<Sentence> {
    let mut heading = String::new();
    let mut found = Vec::new();
    for line in plan.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('#') {
            heading = title.trim_start_matches('#').trim().to_owned();
            continue;
        }
        let meta = ["Status: ", "Owner: ", "Date: "].iter().any(|word| line.starts_with(word));
        if line.is_empty() || line.starts_with("```") || line.ends_with(':') || meta {
            continue;
        }
        found.push(Sentence { heading: heading.clone(), text: item(line).to_owned() });
    }
    found
}

/// Takes the mark of a list item off: `- ` or `1. `.
fn item(line: &str) -> &str {
    if let Some(text) = line.strip_prefix("- ") {
        return text;
    }
    match line.split_once(". ") {
        Some((number, text)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => text,
        _ => line,
    }
}

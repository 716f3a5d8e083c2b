//! Files with one entry per line: `.gitleaksignore`, `.trivyignore`, `.eslintignore`.

use crate::found::FoundSuppression;

/// Reads `.gitleaksignore`.
pub(super) fn gitleaks(path: &str, text: &str) -> Vec<FoundSuppression> {
    found("gitleaks-ignored", path, text)
}

/// Reads `.trivyignore`.
pub(super) fn trivy(path: &str, text: &str) -> Vec<FoundSuppression> {
    found("trivy-ignored", path, text)
}

/// Reads `.eslintignore`.
pub(super) fn eslint(path: &str, text: &str) -> Vec<FoundSuppression> {
    found("eslint-ignored", path, text)
}

/// Reads an ignore file. A comment above an entry, or behind it, is its reason.
fn found(kind: &'static str, path: &str, text: &str) -> Vec<FoundSuppression> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut reason, mut found) = (None, Vec::new());
    for (line, entry) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(comment) = entry.strip_prefix('#') {
            reason = Some(comment.trim());
        } else if entry.is_empty() {
            reason = None;
        } else {
            let (entry, behind) = entry.split_once(" #").unwrap_or((entry, ""));
            let because = Some(behind.trim()).filter(|behind| !behind.is_empty()).or(reason);
            let one = FoundSuppression::new(kind, line, entry).because(because);
            found.push(if kind == "gitleaks-ignored" { with_place(one, folder, entry.trim()) } else { one });
        }
    }
    found
}

/// Reads a fingerprint `FILE:RULE:LINE`; one with a commit in front is about history, which the tree does not tell.
fn with_place(found: FoundSuppression, folder: &str, entry: &str) -> FoundSuppression {
    let parts: Vec<&str> = entry.rsplitn(3, ':').collect();
    let [line, _rule, file] = parts.as_slice() else { return found };
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if file.split(':').next().is_some_and(is_commit) || file.starts_with('/') || file.contains('!') {
        return found;
    }
    let file = file.trim_start_matches("./");
    let path = if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
    found.about(&path, line.parse().ok())
}

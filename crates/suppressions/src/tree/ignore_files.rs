//! Files with one entry per line: `.gitleaksignore`, `.trivyignore`, `.eslintignore`.

use crate::found::FoundSuppression;

/// Reads `.gitleaksignore`.
pub(super) fn gitleaks(_path: &str, text: &str) -> Vec<FoundSuppression> {
    found("gitleaks-ignored", text)
}

/// Reads `.trivyignore`.
pub(super) fn trivy(_path: &str, text: &str) -> Vec<FoundSuppression> {
    found("trivy-ignored", text)
}

/// Reads `.eslintignore`.
pub(super) fn eslint(_path: &str, text: &str) -> Vec<FoundSuppression> {
    found("eslint-ignored", text)
}

/// Reads an ignore file. A comment above an entry, or behind it, is its reason.
fn found(kind: &'static str, text: &str) -> Vec<FoundSuppression> {
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
            found.push(if kind == "gitleaks-ignored" { with_place(one, entry.trim()) } else { one });
        }
    }
    found
}

/// Reads a fingerprint `FILE:RULE:LINE`; one with a commit in front is about history, which the tree does not tell.
fn with_place(found: FoundSuppression, entry: &str) -> FoundSuppression {
    let parts: Vec<&str> = entry.rsplitn(3, ':').collect();
    let [line, _rule, file] = parts.as_slice() else { return found };
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if file.split(':').next().is_some_and(is_commit) || file.contains('!') {
        return found;
    }
    super::gitleaks::about(found, file, line.parse().ok())
}

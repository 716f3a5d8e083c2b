//! How files that silence gitleaks are named.

use rcrepro_model::plan::proof::Condition;

/// Names a path as people do who have the source.
pub(super) fn shown(path: &str) -> &str {
    path.strip_prefix("/work/").unwrap_or(path)
}

pub(super) fn unseen(path: &str) -> Condition {
    let file = shown(path);
    Condition::new("gitleaks-unseen", file, format!("`{file}` cannot be looked at here for what it silences"))
}

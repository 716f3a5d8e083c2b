//! A fake secret, for scanners of secrets.

use super::{SeedError, SeededChange, within};
use rcrepro_model::content::digest::Sha256;
use rcrepro_proof::ToolCall;

/// The seeded file.
pub(crate) const FILE: &str = "rcrepro-seeded-secret.txt";

/// Puts a text of the form of an access token into the folder that gitleaks scans.
///
/// The text is put together here, from a hash, so that no scan of our own source finds one.
///
/// # Errors
/// [`SeedError::Folder`].
pub(crate) fn secret(call: &ToolCall) -> Result<SeededChange, SeedError> {
    let unknown = || SeedError::Folder { tool: "gitleaks".to_owned() };
    let mode = call.arguments().iter().position(|word| matches!(word.as_str(), "dir" | "directory" | "file"));
    let positional = mode.and_then(|at| call.arguments()[at + 1..].iter().find(|word| !word.starts_with('-')));
    let named = call.value(&["--source", "-s"]).or(positional.map(String::as_str)).unwrap_or(".");
    let folder = call.below_source(named).ok_or_else(unknown)?;
    let hash = Sha256::of(b"a secret that opens nothing").to_string();
    SeededChange::file(&within(&folder, FILE), &format!("gh{}_{}\n", 'p', &hash[..36]), "leaks found: 1")
}

#[cfg(test)]
mod tests {
    use super::super::memory::only;
    use super::*;
    use rcrepro_model::plan::proof::ProofRule;
    use rcrepro_proof::tool_calls;

    #[test]
    fn a_token_is_put_where_the_scan_looks() {
        for (line, at) in [
            ("gitleaks detect --no-git --source .", FILE.to_owned()),
            ("cd web && gitleaks dir sub -v", format!("web/sub/{FILE}")),
            ("gitleaks detect --no-git -s=web", format!("web/{FILE}")),
        ] {
            let change = secret(&tool_calls(line, ProofRule::Detect)[0]).expect("a change");
            let (path, text) = only(&change);
            assert_eq!(path, at, "{line}");
            let (head, token) = text.trim_end().split_once('_').expect("a token");
            assert_eq!((head.len(), token.len()), (3, 36));
        }
        let outside = &tool_calls("gitleaks detect --no-git --source /etc", ProofRule::Detect)[0];
        assert!(matches!(secret(outside), Err(SeedError::Folder { .. })));
    }
}

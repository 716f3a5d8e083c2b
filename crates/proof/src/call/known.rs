//! The tools that are known, by the words that call them.

use super::program::base;
use rcrepro_model::plan::proof::Tool;

/// Names the tool of a command's words, and gives what is behind it.
pub(crate) fn tool(words: &[String]) -> Option<(Tool, String, Vec<String>)> {
    let rest = |at: usize| words.get(at..).unwrap_or_default().to_vec();
    let known = |tool, name: &str, at| Some((tool, name.to_owned(), rest(at)));
    match base(words.first()?) {
        "go" => {
            let at = match words.get(1).map(String::as_str) {
                Some("-C" | "--C") => 3,
                Some(word) if word.starts_with("-C=") || word.starts_with("--C=") => 2,
                _ => 1,
            };
            match words.get(at).map(String::as_str)? {
                "test" => known(Tool::GoTest, "go test", at + 1),
                "build" => known(Tool::GoBuild, "go build", at + 1),
                "install" => known(Tool::GoBuild, "go install", at + 1),
                "vet" => known(Tool::GoVet, "go vet", at + 1),
                _ => None,
            }
        }
        "npm" => npm(words),
        "pnpm" => {
            audit(words, &["-C", "--dir", "--prefix"]).map(|rest| (Tool::PnpmAudit, "pnpm audit".to_owned(), rest))
        }
        "yarn" => audit(words, &["--cwd"]).map(|rest| (Tool::YarnAudit, "yarn audit".to_owned(), rest)),
        "eslint" | "eslint.js" => known(Tool::Eslint, "eslint", 1),
        "jest" | "jest.js" => known(Tool::Jest, "jest", 1),
        "gitleaks" => match words.iter().skip(1).find(|word| !word.starts_with('-')).map(String::as_str) {
            Some("detect" | "dir" | "directory" | "file" | "git" | "protect" | "stdin") => {
                known(Tool::Gitleaks, "gitleaks", 1)
            }
            _ => None,
        },
        "govulncheck" => known(Tool::Govulncheck, "govulncheck", 1),
        "vitest" | "vitest.mjs" => known(Tool::Vitest, "vitest", 1),
        "tsc" | "tsc.js" | "_tsc.js" => known(Tool::Tsc, "tsc", 1),
        "node" | "nodejs" if words.iter().any(|word| word == "--test") => known(Tool::NodeTest, "node --test", 1),
        _ => None,
    }
}

fn npm(words: &[String]) -> Option<(Tool, String, Vec<String>)> {
    let with_value =
        ["--prefix", "-C", "-w", "--workspace", "--loglevel", "--registry", "--cache", "--omit", "--include"];
    let mut at = 1;
    while words.get(at).is_some_and(|word| word.starts_with('-')) {
        at += if with_value.contains(&words[at].as_str()) { 2 } else { 1 };
    }
    let mut rest: Vec<String> = words[1..].to_vec();
    let subcommand = words.get(at)?;
    rest.remove(at - 1);
    match subcommand.as_str() {
        "audit" => {
            let other = rest.iter().any(|word| matches!(word.as_str(), "fix" | "signatures"));
            (!other).then(|| (Tool::NpmAudit, "npm audit".to_owned(), rest))
        }
        "ci" | "clean-install" | "ic" => Some((Tool::NpmCi, "npm ci".to_owned(), rest)),
        _ => None,
    }
}

/// Returns the words of `pnpm audit` or `yarn audit`, less the subcommand; `None` for any other.
fn audit(words: &[String], with_value: &[&str]) -> Option<Vec<String>> {
    let mut at = 1;
    while words.get(at).is_some_and(|word| word.starts_with('-')) {
        at += if with_value.contains(&words[at].as_str()) { 2 } else { 1 };
    }
    let fixes = words.iter().any(|word| word == "--fix" || word.starts_with("--fix="));
    if words.get(at)? != "audit" || fixes {
        return None;
    }
    let mut rest = words[1..].to_vec();
    rest.remove(at - 1);
    Some(rest)
}

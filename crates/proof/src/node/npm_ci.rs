//! `npm ci`: how many packages it installed.

use super::npm::{elsewhere, locked};
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::{leading_number, lines};
use rcrepro_model::plan::proof::Tool;

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::NpmCi, version: 2, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: `added N packages` with N above 0, also as JSON; or the lock is at hand and names no package. Hollow: \
--dry-run; `up to date`, with packages in the lock; no such line, as with --silent. On a condition: \
the lock has optional packages of a package for other systems only, and npm leaves them out without a word.\n";

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    if call.has(&["--dry-run"]) {
        return Proof::hollow("`--dry-run` installs nothing");
    }
    let lines = lines([evidence.stdout, evidence.stderr]);
    let added: Vec<u64> = lines
        .iter()
        .filter_map(|line| {
            let line = line.trim();
            leading_number(line.strip_prefix("added ").or_else(|| line.strip_prefix("\"added\": "))?)
        })
        .filter(|count| *count > 0)
        .collect();
    if !added.is_empty() && added.len() >= alike.len() {
        let added = added.iter().sum();
        let what = if added == 1 { "package installed" } else { "packages installed" };
        return Proof::proven(Tool::NpmCi, added, what).on(elsewhere(call, evidence));
    }
    if alike.len() == 1 && locked(call, evidence) == Some(0) {
        return Proof::proven(Tool::NpmCi, 0, "packages in the lock, none to install");
    }
    if lines.iter().any(|line| line.trim().starts_with("up to date")) {
        return Proof::hollow("no package was installed (`up to date`)");
    }
    Proof::hollow("the output does not say how many packages were installed (`added N packages`)")
}

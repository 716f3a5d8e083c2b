//! `npm run SCRIPT --if-present`: exits 0 where there is no such script, having run nothing.

use crate::call::base;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;
use crate::shell::assignment;
use crate::shell::{Simple, join, simples};

/// Returns which script of the line is not there; `None` when all are, or when nothing can be told of them.
pub(crate) fn missing(evidence: &CommandEvidence<'_>) -> Option<String> {
    simples(evidence.line).iter().find_map(|simple| of_simple(simple, evidence))
}

fn of_simple(simple: &Simple, evidence: &CommandEvidence<'_>) -> Option<String> {
    let words: Vec<&str> =
        simple.words.iter().map(String::as_str).skip_while(|word| assignment(word).is_some()).collect();
    let is_set = |flags: &[&str]| words.iter().any(|word| flags.contains(word));
    // In the folders of a workspace each has scripts of its own.
    if !["npm", "pnpm"].contains(&base(words.first()?))
        || !is_set(&["--if-present"])
        || is_set(&["-w", "--workspace", "-ws", "--workspaces", "-r"])
    {
        return None;
    }
    let prefix = words.iter().position(|word| ["--prefix", "-C"].contains(word)).and_then(|at| words.get(at + 1));
    let mut plain = words[1..].iter().filter(|word| !word.starts_with('-') && Some(*word) != prefix);
    let script = match *plain.next()? {
        "run" | "run-script" => *plain.next()?,
        script @ ("test" | "start" | "stop" | "restart") => script,
        _ => return None,
    };
    let folder = join("/work", simple.directory.as_deref()?).trim_end_matches('/').to_owned();
    let folder = prefix.map_or_else(|| folder.clone(), |prefix| join(&folder, prefix));
    let Lookup::File(bytes) = evidence.inputs.look(&format!("{folder}/package.json")) else { return None };
    let package: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let there = package.get("scripts").and_then(|scripts| scripts.get(script)).is_some();
    (!there).then(|| format!("`package.json` has no script `{script}`, and `--if-present` lets that pass"))
}

//! `rcrepro findings`, and the packets that `rcrepro status` proposes for them.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json_text};
use crate::today::today;
use rcrepro_app::advisories::findings::{findings as gather, tools};
use rcrepro_app::workspace::Workspace;
use rcrepro_arguments::scans::{FindingsArgs, FindingsFormat};
use rcrepro_format::plan::proposal_toml;
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::advisory::findings::Findings;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::proposal::{Proposal, propose};
use rcrepro_model::standing::Standing;
use rcrepro_report::findings::{json, sarif, text};
use rcrepro_store::fs::FsStore;

/// Lists what the scans found, by their evidence.
pub fn findings(context: &Context, arguments: &FindingsArgs) -> Result<Exit, Failure> {
    let workspace = context.committed(&arguments.rev)?;
    for id in &arguments.packets {
        workspace.packet(id)?;
    }
    let store = FsStore::open(&context.store)?;
    let source = workspace.ingest_source(&arguments.rev, &store)?.root;
    let found = gather(&workspace, &arguments.packets, source, &store, today())?;
    let format = if context.json { FindingsFormat::Json } else { arguments.format };
    match format {
        FindingsFormat::Text => print(text::findings(&found))?,
        FindingsFormat::Json => print_canonical(&json::findings(&found))?,
        FindingsFormat::Sarif => print_canonical(&sarif::log(&found, &tools(&workspace, &found)))?,
    }
    if found.standing() != Standing::Undecided {
        return Ok(found.standing().into());
    }
    let silent = found.silent();
    let why =
        silent.first().map_or("the plan has no scan: no command calls gitleaks, govulncheck or npm audit", |line| line);
    Err(Failure::plain(Exit::Undecided, format!("not every scan says what it found: {why}"), None))
}

fn print_canonical(document: &serde_json::Value) -> Result<(), Failure> {
    let bytes = canonical_json::to_vec(document).expect("findings hold strings and integers");
    print_json_text(&format!("{}\n", String::from_utf8_lossy(&bytes)))
}

/// Gathers what all scans found, and the packets that are proposed for what no packet claims.
pub fn proposals(
    context: &Context,
    workspace: &Workspace,
    source: Digest,
) -> Result<(Findings, Vec<Proposal>), Failure> {
    let store = FsStore::open(&context.store)?;
    let found = gather(workspace, &[], source, &store, today())?;
    let proposals = propose(&workspace.plan, &found.open());
    Ok((found, proposals))
}

/// Prints the proposed packets as TOML for the plan, with the reasons of scans that gave no result as comments.
pub fn print_proposals(found: &Findings, proposals: &[Proposal]) -> Result<Exit, Failure> {
    let silent: BTreeSet<String> = found.silent().into_iter().collect();
    let notes: String = silent.iter().map(|line| format!("# not known: {}\n", line.replace('\n', " "))).collect();
    print(format!("{notes}{}", proposal_toml::encode(proposals)))?;
    Ok(Standing::worst(silent.iter().map(|_| Standing::Undecided)).into())
}

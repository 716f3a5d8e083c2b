//! `rcrepro findings`, and the packets that `rcrepro status` proposes for them.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json_text, show};
use crate::today::today;
use rcrepro_app::advisories::findings::{findings as gather, tools, weigh};
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
    let format = form(arguments.format, context.json)?;
    let workspace = context.recorded(&arguments.rev)?;
    for id in &arguments.packets {
        workspace.packet(id)?;
    }
    let store = FsStore::open(&context.store)?;
    let source = workspace.ingest_source(&arguments.rev, &store)?.root;
    let mut found = gather(&workspace, &arguments.packets, source, &store, today())?;
    weigh(&mut found, &workspace, source, &store, today())?;
    match format {
        FindingsFormat::Text => print(text::findings(&found))?,
        FindingsFormat::Json => print_canonical(&json::findings(&found))?,
        FindingsFormat::Sarif => print_canonical(&sarif::log(&found, &tools(&workspace, &found)))?,
    }
    match untold(&found) {
        Some(failure) => Err(failure),
        None => Ok(found.standing().into()),
    }
}

/// Gives the form that is wanted.
///
/// # Errors
/// A [`Failure`] where two are asked for.
pub fn form(format: Option<FindingsFormat>, json: bool) -> Result<FindingsFormat, Failure> {
    match (format, json) {
        (Some(FindingsFormat::Json) | None, true) => Ok(FindingsFormat::Json),
        (Some(other), true) => {
            let message = format!("`--json` and `--format {}` ask for two forms: expected one of them", other.as_str());
            Err(Failure::plain(Exit::Usage, message, Some("leave out `--json`".to_owned())))
        }
        (format, false) => Ok(format.unwrap_or(FindingsFormat::Text)),
    }
}

/// Says why the scans do not say all that they should; none when they do, or when what they found says enough.
fn untold(found: &Findings) -> Option<Failure> {
    let standing = found.standing();
    if let Some((packet, why)) = found.tampered() {
        let message = format!("the evidence of {packet} was tampered with: {why}");
        return Some(Failure::plain(standing.into(), message, Some("rcrepro status".to_owned())));
    }
    if standing == Standing::Passed || !found.open().is_empty() {
        return None;
    }
    let silent = found.silent();
    let (why, hint) = match silent.first() {
        Some(line) => (line.as_str(), "rcrepro status says what its packet waits for"),
        None => (
            "the plan has no scan: no command calls gitleaks, govulncheck or npm audit",
            "let a command of the plan run one of them, such as `gitleaks dir .`",
        ),
    };
    let message = format!("not every scan says what it found: {why}");
    Some(Failure::plain(standing.into(), message, Some(hint.to_owned())))
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

/// Prints the proposed packets as TOML for the plan, with the reasons of scans that gave no result as comments; or as a document.
pub fn print_proposals(json: bool, found: &Findings, proposals: &[Proposal]) -> Result<Exit, Failure> {
    let silent: BTreeSet<String> = found.silent().into_iter().collect();
    let standing = Standing::worst(silent.iter().map(|_| Standing::Undecided));
    let document = || {
        let proposals = json::proposals(proposals);
        serde_json::json!({ "standing": standing, "proposals": proposals, "not_known": silent })
    };
    let text = || {
        let notes = silent.iter().map(|line| format!("# not known: {}\n", line.replace('\n', " ")));
        format!("{}{}", notes.collect::<String>(), proposal_toml::encode(proposals))
    };
    show(json, document, text)?;
    Ok(standing.into())
}

//! `rcrepro scope`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, print};
use rcrepro_app::board::scope;
use rcrepro_app::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::scope::ScopeRecord;
use rcrepro_model::plan::PacketId;
use rcrepro_report::row;
use rcrepro_report::scope as report;

/// Judges a packet's changes; without a base those of its committed record.
pub fn scope(
    context: &Context,
    packet: &PacketId,
    base: Option<&str>,
    head: &str,
    record: bool,
) -> Result<Exit, Failure> {
    let workspace = context.committed(head)?;
    workspace.packet(packet)?;
    let Some(base) = base else { return recorded(context, &workspace, packet) };
    let found = scope::check(&workspace, packet, base, head)?;
    let mut written = None;
    if record {
        let (path, digest) = scope::write(&workspace, &found)?;
        written = Some((scope::shown(&workspace, &path), digest));
    }
    let exit = show(context, &found, written.as_ref().map(|(_, digest)| *digest))?;
    if let Some((path, digest)) = written.filter(|_| !context.json) {
        print(row!("recorded", "{path} {digest}\n"))?;
    }
    Ok(exit)
}

fn recorded(context: &Context, workspace: &Workspace, packet: &PacketId) -> Result<Exit, Failure> {
    let Some(fact) = scope::recorded(workspace, packet)? else {
        let path = scope::shown(workspace, &workspace.scope_path(packet));
        let hint = format!("rcrepro scope {packet} --base REV --record");
        return Err(Failure::plain(Exit::Undecided, format!("{packet} has no scope record `{path}`"), Some(hint)));
    };
    show(context, &fact.record, Some(fact.digest))
}

fn show(context: &Context, record: &ScopeRecord, digest: Option<Digest>) -> Result<Exit, Failure> {
    output::show(context.json, || report::json(record, digest), || report::text(record))?;
    Ok(record.standing().into())
}

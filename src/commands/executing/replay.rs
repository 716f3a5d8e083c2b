//! `rcrepro replay`.

use std::path::{Path, PathBuf};

use super::run::{beside, options};
use crate::commands::evidence::attest::{self, private_key};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json, say};
use crate::today::today;
use rcrepro_app::attest::sign::{self, Attested};
use rcrepro_app::machine::session::Session;
use rcrepro_app::run::replay::{self, Replayed};
use rcrepro_app::workspace::Workspace;
use rcrepro_app::workspace::plan_files::short;
use rcrepro_app::workspace::release_commit;
use rcrepro_arguments::{ExecutionArgs, FailureArgs, ReplayKeyArgs};
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_report::progress::Progress;
use rcrepro_report::row;
use rcrepro_report::{json, release, text};
use rcrepro_store::BlobStore;

/// The revision that is meant where none is named.
const HEAD: &str = "HEAD";

/// Replays a packet's committed manifest, or a manifest file.
pub async fn replay(
    context: &Context,
    target: &str,
    key: &ReplayKeyArgs,
    (failure, execution): (FailureArgs, &ExecutionArgs),
) -> Result<Exit, Failure> {
    // A key that cannot be opened is found before anything is executed.
    let key = match &key.attest {
        Some(file) => Some(private_key(context, file, key.passphrase_file.as_deref())?),
        None => None,
    };
    let at_revision = context.committed_and_told(&execution.rev)?;
    let older = tempfile::tempdir()
        .map_err(|error| Failure::plain(Exit::Engine, format!("cannot make a temporary folder: {error}"), None))?;
    let packet = target.parse::<PacketId>().ok();
    let path = match &packet {
        Some(id) => manifest_of(&at_revision, id, &execution.rev, older.path())?,
        None => context.path(Path::new(target)),
    };
    // Before any engine is asked for.
    replay::judge_first(&path, &context.store, today())?;
    let progress = Progress::new(context.json);
    let observe = |event| progress.hear(&event);
    context
        .with_session(execution.staging, async |session, cancel| {
            // A manifest by its file is replayed at the commit that it is of; a packet at the one in hand.
            let found = match packet.is_none() && execution.rev == HEAD {
                true => commit_of(&at_revision, &path, &*session.store)?,
                false => None,
            };
            let workspace = found.unwrap_or(at_revision);
            let options = options(&workspace, failure, execution);
            let replayed = replay::replay(session.context(&observe, cancel), &workspace, &path, options).await?;
            let attested = match &key {
                Some(key) => {
                    let info = session.engine.info();
                    let engine = format!("{} {}", info.name, info.version);
                    // A manifest of another commit was laid out for this replay alone.
                    let beside = packet.as_ref().filter(|_| path.starts_with(older.path()));
                    let beside = beside.map_or_else(|| path.clone(), |packet| workspace.manifest_path(packet));
                    Some(sign::attest_replay((&path, &beside), &replayed, engine, key)?)
                }
                None => None,
            };
            print_replay(context, &replayed, attested.as_ref(), session)?;
            Ok(replayed.standing().into())
        })
        .await
}

/// Finds the manifest of a packet that is replayed: that of the commit, if another commit than the last one is meant and has
/// one, else that of the working copy, else the record of a failure.
fn manifest_of(workspace: &Workspace, packet: &PacketId, revision: &str, older: &Path) -> Result<PathBuf, Failure> {
    workspace.packet(packet)?;
    if revision != HEAD && of_the_commit(workspace, packet, older)? {
        return Ok(older.join(format!("{packet}.json")));
    }
    let (path, failed) = (workspace.manifest_path(packet), workspace.failed_path(packet));
    if path.exists() || !failed.exists() {
        return Ok(path);
    }
    say!("{}", row!("replaying", "the failure of {packet} that is recorded"));
    Ok(failed)
}

fn print_replay(
    context: &Context,
    replayed: &Replayed,
    attested: Option<&Attested>,
    session: &Session,
) -> Result<(), Failure> {
    let (recorded, found) = (&replayed.recorded, &replayed.found.manifest);
    let (beside, standing) = (beside(&replayed.found), replayed.standing());
    if context.json {
        let digests = (replayed.recorded_digest, replayed.found.digest);
        let mut document = json::comparison(digests.0, digests.1, recorded, &replayed.comparison, &beside);
        document["images"] = release::json(replayed.found.images.as_ref());
        document["standing"] = standing.as_str().into();
        document["attested"] = attested.map(attest::document).into();
        return print_json(&document);
    }
    print(text::comparison(recorded, found, &replayed.comparison, &beside, &*session.store))?;
    print(text::findings(&replayed.found.findings))?;
    print(release::text(&found.packet, replayed.found.images.as_ref()))?;
    // The comparison ends with its own word.
    if standing != Standing::from(replayed.comparison.equality()) {
        print(text::outcome(&found.packet, standing))?;
    }
    match attested {
        Some(attested) => print(format!("{}\n", attest::line(attested))),
        None => Ok(()),
    }
}

/// Lays out the manifest that the commit itself has of a packet, and says which one is replayed.
fn of_the_commit(workspace: &Workspace, packet: &PacketId, into: &Path) -> Result<bool, Failure> {
    let found = release_commit::lay_out(workspace, packet, into).map_err(|error| {
        Failure::plain(Exit::Undecided, format!("cannot read the manifest of {packet} in its commit: {error}"), None)
    })?;
    let commit = short(workspace.revision());
    if found {
        say!("{}", row!("replaying", "the manifest of {packet} that commit {commit} has"));
    } else {
        // A manifest is committed after the commit that it is of: the next one has it, or the working copy.
        let path = workspace.manifest_path(packet);
        let name = path.strip_prefix(&workspace.folder).unwrap_or(&path).display();
        if path.exists() {
            say!(
                "{}",
                row!("warning", "commit {commit} has no manifest of {packet}: replaying `{name}` of the working copy")
            );
        }
    }
    Ok(found)
}

/// Finds the commit of an older manifest, and says what was found; none if it is the one in hand, or unknown here.
fn commit_of(workspace: &Workspace, path: &Path, store: &dyn BlobStore) -> Result<Option<Workspace>, Failure> {
    let (manifest, _) = replay::read_manifest(path, store)?;
    let found = release_commit::of_manifest(workspace, &manifest, store)?;
    match &found {
        Some(found) if found.revision() != workspace.revision() => {
            say!("{}", row!("replaying", "at commit {}, whose source and plan it is of", short(found.revision())));
        }
        Some(_) => {}
        None => {
            let head = short(workspace.revision());
            say!("{}", row!("warning", "no commit here has the source of this manifest: replaying at {head}"));
        }
    }
    Ok(found)
}

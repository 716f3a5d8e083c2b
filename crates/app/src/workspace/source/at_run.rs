//! Notes on calls of git by commands that ran: a command may pass, and its result hold `unknown` for a version; and one that sees a
//! repository may fail by what a repository of one commit does not hold.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use super::git_calls::calls;
use super::release_image::{Judged, SeenError, SeenSource, judge};
use crate::run::execute::CommandRun;
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::{Packet, Plan};
use rcrepro_project::git_calls::GitCall;
use rcrepro_store::export::lookup;
use rcrepro_store::{BlobStore, StoreError};

/// What git says where it finds no repository.
const FOUND_NOTHING: &str = "not a git repository";
/// What git says, after `fatal: `, where it wants a commit or a tag that the repository does not hold.
const MISSED: [&str; 12] = [
    "ambiguous argument",
    "bad object",
    "bad revision",
    "cannot describe anything",
    "invalid object name",
    "invalid reference",
    "invalid upstream",
    "no annotated tags can describe",
    "no tag exactly matches",
    "no tags can describe",
    "not a valid commit name",
    "not a valid object name",
];
/// How many lines at the end of a stream are searched for that.
const LAST: usize = 20;
/// How many bytes of a stream are searched for that.
const SEARCHED: u64 = 1 << 20;

/// Says, by command, what its calls of git came to: of each that failed and where git said so, and of each whose line or scripts
/// call it.
///
/// # Errors
/// [`StoreError`] when a stream cannot be read.
pub fn git_at_run(
    plan: &Plan,
    packet: &Packet,
    ran: &[CommandRun],
    store: &dyn BlobStore,
    source: Digest,
) -> Result<BTreeMap<Name, String>, StoreError> {
    let read = |path: &str| match lookup(store, source, &path.parse().ok()?) {
        Ok(Some(TreeNode::File { digest, .. })) if digest.size <= SEARCHED => {
            Some(String::from_utf8_lossy(&store.get(digest).ok()?).into_owned())
        }
        _ => None,
    };
    let mut found = BTreeMap::new();
    for spec in plan.commands(packet) {
        let Some(ran) = ran.iter().find(|ran| ran.entry.id == spec.id) else { continue };
        if spec.git {
            if !ran.entry.succeeded() {
                let line = missed(store, ran.entry.stderr.raw)?.or(missed(store, ran.entry.stdout.raw)?);
                found.extend(line.map(|line| (spec.id.clone(), beyond(&line, plan))));
            }
            continue;
        }
        let places: Vec<String> = calls(spec, &read)
            .into_iter()
            .map(|GitCall { place, call }| match place {
                Some((path, line)) => format!("`{call}` at {path}:{line}"),
                None => format!("`{call}` on its line"),
            })
            .collect();
        let said = says_no_repository(store, ran.entry.stderr.raw)? || says_no_repository(store, ran.entry.stdout.raw)?;
        let by = match places.split_first() {
            None if !said => continue,
            None => String::new(),
            Some((first, [])) => format!(" ({first})"),
            Some((first, more)) => format!(" ({first} and {} more)", more.len()),
        };
        found.insert(
            spec.id.clone(),
            format!("git found no repository in /work{by}: commands run in a tree without `.git`"),
        );
    }
    Ok(found)
}

/// Explains what git did not find in a repository of one commit.
fn beyond(line: &str, plan: &Plan) -> String {
    let holds = match &plan.tags {
        None => "its commit with the tags of it alone: `tags` in [source] brings those that `git describe` looks for",
        Some(_) => "its commit and what leads to the `tags` of [source]",
    };
    format!("git said `{line}`: /work/.git holds {holds}; no other history is there")
}

/// Finds, at the end of a stream, the line by which git says that it misses a commit or a tag.
fn missed(store: &dyn BlobStore, stream: Digest) -> Result<Option<String>, StoreError> {
    let text = end_of(store, stream)?;
    let is_such = |line: &&str| {
        let said = line.split_once("fatal: ").map(|(_, said)| said.to_lowercase());
        said.is_some_and(|said| MISSED.iter().any(|words| said.contains(words)))
    };
    Ok(text.lines().rev().take(LAST).find(is_such).map(|line| line.trim().to_owned()))
}

/// Reads the end of a stream. What is damaged is found by those who judge it.
fn end_of(store: &dyn BlobStore, stream: Digest) -> Result<String, StoreError> {
    if stream.size == 0 {
        return Ok(String::new());
    }
    let mut reader = store.reader(stream)?;
    drop(io::copy(&mut reader.by_ref().take(stream.size.saturating_sub(SEARCHED)), &mut io::sink()));
    let mut end = Vec::new();
    drop(reader.read_to_end(&mut end));
    Ok(String::from_utf8_lossy(&end).into_owned())
}

/// Names what keeps the images that a packet builds from being built, whatever its commands do: of the plan, its Dockerfiles and the
/// source. What else is wrong is found when they are built.
///
/// # Errors
/// `SeenError` when the store cannot serve the source.
pub fn unbuildable_images(
    workspace: &Workspace,
    packet: &Packet,
    store: &dyn BlobStore,
    (source, isa): (Digest, &str),
) -> Result<Vec<Fault>, SeenError> {
    let architecture = ImagePlatform::of_isa(isa).map_or("", ImagePlatform::architecture);
    let mut found = Vec::new();
    for (name, image) in workspace.plan.released(packet) {
        let seen = SeenSource::in_store(image, store, source)?;
        found.extend(judge(&Judged { workspace, name, image, seen: &seen, architecture }).refused);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Tells whether git said on a stream that it found no repository.
fn says_no_repository(store: &dyn BlobStore, stream: Digest) -> Result<bool, StoreError> {
    if stream.size == 0 {
        return Ok(false);
    }
    let mut start = Vec::new();
    // What is damaged is found by those who judge it.
    drop(store.reader(stream)?.take(SEARCHED).read_to_end(&mut start));
    Ok(String::from_utf8_lossy(&start).contains(FOUND_NOTHING))
}

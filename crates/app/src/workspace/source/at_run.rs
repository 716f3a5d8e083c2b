//! Notes on calls of git by commands that ran: a command may pass, and its result hold `unknown` for a version.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::git_calls::{GitCall, calls};
use super::unbuildable;
use crate::run::execute::CommandRun;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::plan::{Packet, Plan};
use rcrepro_store::export::lookup;
use rcrepro_store::{BlobStore, StoreError};

/// What git says where it finds no repository.
const FOUND_NOTHING: &str = "not a git repository";
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

/// Names the lines by which the images that a packet builds cannot be built. What else is wrong with a Dockerfile is found when it
/// is built.
#[must_use]
pub fn unbuildable_images(plan: &Plan, packet: &Packet, store: &dyn BlobStore, source: Digest) -> Vec<Fault> {
    let text = |image: &ReleaseImage| match lookup(store, source, &image.dockerfile) {
        Ok(Some(TreeNode::File { digest, .. })) => {
            store.get(digest).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    };
    let images = plan.released(packet);
    let read = images.filter_map(|(_, image)| Some((image.dockerfile.as_str(), text(image)?)));
    let mut found: Vec<Fault> = read.flat_map(|(path, text)| unbuildable(path, &text)).collect();
    found.sort();
    found.dedup();
    found
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

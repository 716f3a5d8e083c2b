//! A repository that holds one commit, made as a tree: what `git clone --depth 1` leaves in `.git`, in bytes that are ours.
//!
//! [`choose`] reads the repository's references as they are now; [`lay`] makes the bytes, and they follow from the commit, the
//! tags and the excluded paths alone. Every object is in one pack whose streams are stored, not compressed, and everything is
//! sorted by id: no version of a compressor or of git decides a byte.
//!
//! `HEAD` is detached, because which branches hold a commit changes without it. Tracked files that are not part of the source are in the index
//! with the mark *skip-worktree*, so that git takes them for there and unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use self::ancestry::Ancestry;
use self::sink::Sink;
use crate::ingest::git::{open, reading};
use crate::ingest::{GitError, IngestLimits};
use crate::{BlobBatch, BlobStore};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::git_id::GitId;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{Directory, TreeBuilder, TreeNode};
use rcrepro_model::plan::glob::PathGlobSet;

mod ancestry;
mod contents;
mod index;
mod pack;
mod sink;
mod tags;

/// What git has to know of such a repository: the stat data of files that is the same wherever the tree is laid out.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\
                      \tcheckStat = minimal\n\ttrustctime = false\n";
/// The source is as the objects are: no conversion of line ends, filter or encoding was applied to it.
const ATTRIBUTES: &str = "* -text -filter -ident -working-tree-encoding\n";

/// The repository that objects are taken from, and what of its commits the source leaves out.
#[derive(Debug, Clone, Copy)]
pub struct ShallowSource<'a> {
    /// A working copy (linked ones too) or a bare one.
    pub repository: &'a Path,
    /// Tracked paths that are not in the source; what matches as a folder is left out with everything below it.
    pub exclude: &'a PathGlobSet,
}

/// What a repository of one commit is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShallowChoice {
    /// What `HEAD` names.
    pub commit: GitId,
    /// The tags by name, without `refs/tags/`.
    pub tags: BTreeMap<String, GitId>,
}

/// Finds the commit that a revision names, and its tags.
///
/// Without patterns these are the tags of the commit itself, which a clone of depth 1 gets. With patterns they are of the
/// matching tags those by which `git describe`, with and without `--tags`, names the commit, and the ones beside them.
///
/// # Errors
/// [`GitError`] when the repository cannot be read, or tags are to be found in a history that is not there.
pub fn choose(
    source: &ShallowSource<'_>,
    revision: &str,
    patterns: Option<&PathGlobSet>,
) -> Result<ShallowChoice, GitError> {
    let repository = open(source.repository)?;
    let wanted = format!("{revision}^{{commit}}");
    let commit = repository
        .rev_parse_single(wanted.as_str())
        .map_err(|error| GitError::no_commit(&repository, source.repository, revision, error.into()))?
        .detach();
    let tags = tags::choose(&repository, source.repository, commit, patterns)?;
    let named = |id: ObjectId| -> Result<GitId, GitError> {
        id.to_string()
            .parse()
            .map_err(|error| reading(format!("use the object {id}"), source.repository)(Box::new(error)))
    };
    let tags = tags.into_iter().map(|(name, id)| Ok((name, named(id)?))).collect::<Result<_, GitError>>()?;
    Ok(ShallowChoice { commit: named(commit)?, tags })
}

/// Puts the repository of one commit into a store, and gives the root of its `.git`.
///
/// # Errors
/// [`GitError`] when an object is missing or malformed, a tag is not one, or there is more than may be taken in.
pub fn lay(store: &dyn BlobStore, source: &ShallowSource<'_>, choice: &ShallowChoice) -> Result<Digest, GitError> {
    let repository = open(source.repository)?;
    let head = id_of(&choice.commit, source.repository)?;
    if !repository.has_object(head) {
        return Err(GitError::Gone { repository: source.repository.to_owned(), commit: choice.commit.to_string() });
    }
    repository
        .find_commit(head)
        .map_err(|error| reading(format!("read the commit {head}"), source.repository)(error.into()))?;
    let mut tags = BTreeMap::new();
    for (name, id) in &choice.tags {
        let id = id_of(id, source.repository)?;
        tags.insert(name.as_str(), tags::read(&repository, source.repository, name, id)?);
    }
    let others: BTreeSet<ObjectId> = tags.values().map(|tag| tag.commit).filter(|commit| *commit != head).collect();
    let history = match others.is_empty() {
        true => ancestry::alone(&repository, source.repository, head)?,
        false => {
            let ancestry = Ancestry::read(&repository, source.repository, head)?;
            if let Some((name, _)) = tags.iter().find(|(_, tag)| !ancestry.contains(&tag.commit)) {
                let why = format!("its commit does not come before {head}");
                return Err(reading(format!("use the tag `{name}`"), source.repository)(why.into()));
            }
            ancestry.cut(head, &others)
        }
    };

    let contents = contents::of_commit(&repository, source.repository, source.exclude, head, IngestLimits::default())?;
    let mut objects: BTreeSet<(u8, ObjectId)> = contents.objects;
    objects.extend(history.commits.iter().map(|commit| (pack::rank(Kind::Commit), *commit)));
    objects.extend(tags.values().flat_map(|tag| &tag.objects).map(|id| (pack::rank(Kind::Tag), *id)));

    let batch = store.batch()?;
    let packed = pack::write(&*batch, &repository, source.repository, &objects)?;
    let mut index = Sink::new(&*batch, source.repository)?;
    index.put(&index::encode(&contents.entries, &packed.blob_sizes))?;
    let (index, _) = index.finish()?;
    let mut files: Vec<(String, Digest)> = vec![
        ("HEAD".to_owned(), batch.put(format!("{head}\n").as_bytes())?),
        ("config".to_owned(), batch.put(CONFIG.as_bytes())?),
        ("info/attributes".to_owned(), batch.put(ATTRIBUTES.as_bytes())?),
        ("index".to_owned(), index),
        (format!("objects/pack/pack-{}.pack", packed.checksum), packed.pack),
        (format!("objects/pack/pack-{}.idx", packed.checksum), packed.index),
        ("packed-refs".to_owned(), batch.put(tags::packed_refs(&tags).as_bytes())?),
    ];
    if !history.shallow.is_empty() {
        let lines: String = history.shallow.iter().map(|commit| format!("{commit}\n")).collect();
        files.push(("shallow".to_owned(), batch.put(lines.as_bytes())?));
    }
    let root = folder(&*batch, &files)?;
    batch.commit()?;
    Ok(root)
}

fn id_of(id: &GitId, repository: &Path) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(id.as_str().as_bytes())
        .map_err(|error| reading(format!("read the id `{id}`"), repository)(Box::new(error)))
}

/// Makes the tree of `.git`. git takes a folder for a repository only if it has `refs`, which is empty here.
fn folder(batch: &dyn BlobBatch, files: &[(String, Digest)]) -> Result<Digest, GitError> {
    let mut builder = TreeBuilder::default();
    for (path, digest) in files {
        let path: TreePath = path.parse()?;
        builder.insert(&path, TreeNode::File { digest: *digest, executable: false })?;
    }
    let mut top = Vec::new();
    builder.finish(&mut |_, bytes| {
        top.clone_from(&bytes);
        batch.put(&bytes).map(drop)
    })?;
    let mut root = Directory::decode(&top)?;
    root.entries.insert("refs".parse()?, TreeNode::Directory { digest: batch.put(b"")? });
    Ok(batch.put(&root.encode())?)
}

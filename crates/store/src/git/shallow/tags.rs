//! The tags of a repository of one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::Kind;

use super::ancestry::Ancestry;
use crate::ingest::GitError;
use crate::ingest::git::reading;
use rcrepro_model::plan::glob::PathGlobSet;

/// A tag of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// What the reference holds: a tag object, or the commit.
    pub(super) id: ObjectId,
    /// The commit that it leads to.
    pub(super) commit: ObjectId,
    /// The tag objects on the way; none for a lightweight tag.
    pub(super) objects: Vec<ObjectId>,
}

/// Where references to tags are.
const BELOW: &str = "refs/tags/";

/// Follows a tag of the repository by its object.
pub(super) fn read(repository: &gix::Repository, path: &Path, name: &str, id: ObjectId) -> Result<Tag, GitError> {
    let doing = || format!("use the tag `{name}` ({id})");
    gix::validate::reference::name(format!("{BELOW}{name}").as_bytes().as_bstr())
        .map_err(|error| reading(doing(), path)(error.to_string().into()))?;
    follow(repository, path, id)?.ok_or_else(|| reading(doing(), path)("it is a tag of no commit".into()))
}

/// Follows an object to a commit; none where it leads to something else.
fn follow(repository: &gix::Repository, path: &Path, id: ObjectId) -> Result<Option<Tag>, GitError> {
    let (mut at, mut objects) = (id, Vec::new());
    loop {
        let failed = |error: gix::Error| reading(format!("read the tag {at}"), path)(error.into());
        match repository.find_header(at).map_err(failed)?.kind() {
            Kind::Commit => return Ok(Some(Tag { id, commit: at, objects })),
            Kind::Tag => {
                objects.push(at);
                at = repository.find_tag(at).and_then(|tag| Ok(tag.target_id()?.detach())).map_err(failed)?;
            }
            Kind::Tree | Kind::Blob => return Ok(None),
        }
    }
}

/// Chooses the tags that a repository of one commit has, as [`super::choose`] says.
pub(super) fn choose(
    repository: &gix::Repository,
    path: &Path,
    commit: ObjectId,
    patterns: Option<&PathGlobSet>,
) -> Result<BTreeMap<String, ObjectId>, GitError> {
    let all = all(repository, path, &|name| patterns.is_none_or(|patterns| patterns.matches(name)))?;
    let mut wanted: BTreeSet<ObjectId> = [commit].into();
    // Where the history is cut, the wanted tags may not have been fetched, either: that there are none is not known.
    let failed = |error: gix::Error| reading("read where the history ends".to_owned(), path)(error.into());
    let are_wanted = patterns.is_some_and(|patterns| !patterns.is_empty());
    if are_wanted && (!all.is_empty() || repository.is_shallow().map_err(failed)?) {
        let commits = |annotated: bool| -> BTreeSet<ObjectId> {
            all.values().filter(|tag| !annotated || !tag.objects.is_empty()).map(|tag| tag.commit).collect()
        };
        let (annotated, any) = (commits(true), commits(false));
        // What the commit itself has, `git describe` takes, and asks for no history.
        if !annotated.contains(&commit) {
            let history = Ancestry::read(repository, path, commit)?;
            wanted.extend([annotated, any].iter().filter_map(|tagged| history.nearest(commit, tagged)));
        }
    }
    Ok(all.into_iter().filter(|(_, tag)| wanted.contains(&tag.commit)).map(|(name, tag)| (name, tag.id)).collect())
}

/// Lists the tags of commits whose names are wanted.
fn all(
    repository: &gix::Repository,
    path: &Path,
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, Tag>, GitError> {
    let failed = |error: gix::Error| reading("list tags".to_owned(), path)(error.into());
    let references = repository.references().map_err(failed)?;
    let mut found = BTreeMap::new();
    for reference in references.tags().map_err(failed)? {
        let reference = reference.map_err(|error| reading("list tags".to_owned(), path)(error.into()))?;
        let name = reference.name().as_bstr().to_str().ok().and_then(|name| name.strip_prefix(BELOW));
        let (Some(name), Some(id)) = (name, reference.try_id()) else { continue };
        if is_wanted(name)
            && let Some(tag) = follow(repository, path, id.detach())?
        {
            found.insert(name.to_owned(), tag);
        }
    }
    Ok(found)
}

/// Writes the file of references, sorted by name; each tag object is followed by what it leads to.
pub(super) fn packed_refs(tags: &BTreeMap<&str, Tag>) -> String {
    let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    for (name, tag) in tags {
        text += &format!("{} {BELOW}{name}\n", tag.id);
        if !tag.objects.is_empty() {
            text += &format!("^{}\n", tag.commit);
        }
    }
    text
}

//! What went in: plan, source, images by package, frozen inputs file by file, the environment.

use std::collections::{BTreeMap, BTreeSet};

use super::blob::read;
use super::error::WhyError;
use rcrepro_explain::{Hints, explain as explain_bytes};
use rcrepro_format::images::lock_toml;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::compare::compare;
use rcrepro_model::evidence::manifest::{ImageEntry, ReproManifest};
use rcrepro_model::execution::action::Command;
use rcrepro_model::image::changes::pin_changes;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::MissingBlob;
use rcrepro_model::why::difference::{DifferenceClass, Explained};
use rcrepro_store::export::{self, ExportError};
use rcrepro_store::{BlobStore, StoreError};

/// Explains all inputs that differ.
pub fn explain(
    left: &ReproManifest,
    right: &ReproManifest,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<Explained>, WhyError> {
    let mut found = plan(left, right, store, missing)?;
    found.extend(source(left, right, store, missing)?);
    for (name, l) in &left.images {
        if let Some(r) = right.images.get(name).filter(|r| *r != l) {
            found.extend(image(name, l, r, store, missing)?);
        }
    }
    found.extend(frozen(left, right, store, missing)?);
    found.extend(without_rule(left, right));
    for l in &left.commands {
        if let Some(r) = right.command(&l.id).filter(|r| r.command != l.command) {
            found.extend(environment(&l.id, l.command, r.command, store, missing)?);
        }
    }
    Ok(found)
}

fn plan(
    left: &ReproManifest,
    right: &ReproManifest,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<Explained>, WhyError> {
    if left.plan == right.plan {
        return Ok(Vec::new());
    }
    let l = read(store, left.plan, "plan of the first side", missing)?;
    let r = read(store, right.plan, "plan of the second side", missing)?;
    let Some((l, r)) = l.zip(r) else { return Ok(Vec::new()) };
    Ok(all_real("plan", &l, &r, "the plan says something else"))
}

/// Explains the source's files, and the date that commands take from it.
fn source(
    left: &ReproManifest,
    right: &ReproManifest,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<Explained>, WhyError> {
    let (l, r) = (&left.source, &right.source);
    let mut found = Vec::new();
    if l.root != r.root {
        found.extend(tree(
            "source",
            l.root,
            r.root,
            store,
            missing,
            (DifferenceClass::Real, "the source differs", None),
        )?);
    }
    if l.date_epoch != r.date_epoch {
        let sides = [l.date_epoch.to_string(), r.date_epoch.to_string()];
        let cause = "SOURCE_DATE_EPOCH: the commit's time when it was recorded";
        found.push(Explained::new(
            "source date",
            DifferenceClass::Clock,
            [&sides[0], &sides[1]],
            cause,
            Some("replay the manifest: it takes the time from there"),
        ));
    }
    Ok(found)
}

fn frozen(
    left: &ReproManifest,
    right: &ReproManifest,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<Explained>, WhyError> {
    let mut found = Vec::new();
    for (name, l) in &left.frozen {
        if let Some(r) = right.frozen.get(name).filter(|r| r.root != l.root) {
            let remedy = format!("the lock of that day: git checkout REV -- lockfiles/{name}.lock");
            let drift = (
                DifferenceClass::RegistryDrift,
                "a frozen input: the registry gave something else, or the lock was renewed",
                Some(remedy.as_str()),
            );
            found.extend(tree(&format!("frozen {name}"), l.root, r.root, store, missing, drift)?);
        }
    }
    Ok(found)
}

/// Explains inputs of which only the comparison's own words are known: the machine, normalizers, what one side alone has.
fn without_rule(left: &ReproManifest, right: &ReproManifest) -> Vec<Explained> {
    let mut found = Vec::new();
    for difference in compare(left, right).inputs {
        let what = difference.what.as_str();
        let (class, cause) = match what.split(' ').next() {
            Some("platform") => (DifferenceClass::Host, "another kind of machine"),
            Some("normalizer") => (DifferenceClass::Environment, "another version of rcrepro"),
            Some("source") if what == "source dirty" => {
                (DifferenceClass::Real, "one side was read from a working copy")
            }
            Some("image" | "frozen") if difference.expected == "absent" || difference.found == "absent" => {
                (DifferenceClass::Real, "an input of one side only")
            }
            _ => continue,
        };
        found.push(Explained::new(what, class, [&difference.expected, &difference.found], cause, None));
    }
    found
}

/// Explains two versions of something whose every change is real.
fn all_real(at: &str, left: &[u8], right: &[u8], cause: &str) -> Vec<Explained> {
    let mut found = explain_bytes(at, left, right, &Hints::default());
    for one in found.iter_mut().filter(|one| !one.is_cut()) {
        (one.class, one.remedy, one.follows) = (DifferenceClass::Real, None, false);
        cause.clone_into(&mut one.cause);
    }
    found
}

/// Names the files in which two trees differ, each with the given class.
fn tree(
    at: &str,
    left: Digest,
    right: Digest,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
    (class, cause, remedy): (DifferenceClass, &str, Option<&str>),
) -> Result<Vec<Explained>, WhyError> {
    let differences = match export::diff(store, left, right) {
        Ok(differences) => differences,
        Err(ExportError::Store(StoreError::Missing { digest })) => {
            missing.push(MissingBlob { what: format!("a directory of {at}"), digest });
            let sides = [left.to_string(), right.to_string()];
            return Ok(vec![Explained::new(
                at,
                class,
                [&sides[0], &sides[1]],
                format!("{cause}; its files cannot be named"),
                remedy,
            )]);
        }
        Err(error) => return Err(error.into()),
    };
    let mut found = Vec::new();
    for difference in differences {
        let place = format!("{at}/{}", difference.path);
        // The contents show the lines, where they are at hand; that a file differs is certain without them.
        let content = |node: &Option<TreeNode>| match node {
            Some(TreeNode::File { digest, .. }) => store.get(*digest).ok(),
            _ => None,
        };
        if let (Some(l), Some(r)) = (content(&difference.left), content(&difference.right)) {
            for one in explain_bytes(&place, &l, &r, &Hints::default()) {
                let told = Explained::new(&one.at, class, [&one.left, &one.right], cause, remedy);
                found.push(if one.is_cut() { one } else { told });
            }
            continue;
        }
        let show = |node: &Option<TreeNode>| match node {
            None => String::new(),
            Some(TreeNode::File { digest, .. }) => format!("file {digest}"),
            Some(TreeNode::Symlink { target }) => format!("link to {target}"),
            Some(TreeNode::Directory { digest }) => format!("directory {digest}"),
        };
        found.push(Explained::new(&place, class, [&show(&difference.left), &show(&difference.right)], cause, remedy));
    }
    Ok(found)
}

/// Explains two images by the packages that their locks pin.
fn image(
    name: &Name,
    l: &ImageEntry,
    r: &ImageEntry,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<Explained>, WhyError> {
    let at = format!("image {name}");
    let mut lock = |digest: Digest, side: &str| -> Result<Option<ImageLock>, WhyError> {
        let bytes = read(store, digest, &format!("lock of {at} of the {side} side"), missing)?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| lock_toml::parse(name.as_str().parse().ok()?, &text).ok()))
    };
    let remedy = Some(
        "the lock of that day: git checkout REV -- lockfiles/images; or pin the package in the image's definition",
    );
    let mut found = Vec::new();
    if let (Some(before), Some(after)) = (lock(l.lock, "first")?, lock(r.lock, "second")?) {
        for change in pin_changes(Some(&before), &after) {
            let sides = [change.from.unwrap_or_default(), change.to.unwrap_or_default()];
            let cause =
                if sides[0] == sides[1] { "one version, other bytes" } else { "another version of the package" };
            let place = format!("{at} {}", change.package);
            found.push(Explained::new(&place, DifferenceClass::RegistryDrift, [&sides[0], &sides[1]], cause, remedy));
        }
    }
    let layers: BTreeSet<_> = l
        .diff_ids
        .iter()
        .chain(&r.diff_ids)
        .filter(|id| !l.diff_ids.contains(id) || !r.diff_ids.contains(id))
        .collect();
    for (sides, what) in
        [([l.manifest.to_oci(), r.manifest.to_oci()], "manifest"), ([l.config.to_oci(), r.config.to_oci()], "config")]
    {
        if sides[0] != sides[1] {
            let differ = if layers.len() == 1 { "differs" } else { "differ" };
            let cause = format!("{} {differ}, or the image's settings", counted(layers.len(), "layer"));
            found.push(Explained::following(&format!("{at} {what}"), [&sides[0], &sides[1]], cause));
        }
    }
    rcrepro_model::why::difference::settle(&mut found);
    Ok(found)
}

/// Explains the environment variables of two commands.
fn environment(
    id: &Name,
    left: Digest,
    right: Digest,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<Vec<Explained>, WhyError> {
    let mut variables = |digest, side: &str| -> Result<Option<BTreeMap<String, String>>, WhyError> {
        let bytes = read(store, digest, &format!("command {id} of the {side} side"), missing)?;
        Ok(bytes.and_then(|bytes| Command::environment_of(&bytes)))
    };
    let (Some(a), Some(b)) = (variables(left, "first")?, variables(right, "second")?) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let value = |map: &BTreeMap<String, String>| map.get(name).cloned().unwrap_or_default();
        let sides = [value(&a), value(&b)];
        // It follows the commit, and is told as such.
        if sides[0] != sides[1] && name != "SOURCE_DATE_EPOCH" {
            let cause = "an environment variable of the command";
            found.push(Explained::new(
                &format!("{id} {name}"),
                DifferenceClass::Environment,
                [&sides[0], &sides[1]],
                cause,
                Some("`env` in the plan"),
            ));
        }
    }
    Ok(found)
}

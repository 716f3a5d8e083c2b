//! What a build leaves in an image and nobody needs there: package caches, and keys.

use std::collections::BTreeMap;

use super::surprise::Surprise;
use super::view::ImageView;
use crate::release::step::finding;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::text::amount::bytes;
use rcrepro_model::text::plural::counted;

/// Folders that package managers fill, from the root, and what is in them.
const CACHES: [(&str, &str); 11] = [
    ("etc/apk/cache", "packages that apk fetched"),
    ("go/pkg/mod", "modules that Go fetched"),
    ("usr/local/share/.cache", "what a package manager fetched"),
    ("var/cache/apk", "packages and indexes that apk fetched"),
    ("var/cache/apt/archives", "packages that apt fetched"),
    ("var/cache/dnf", "packages and indexes that dnf fetched"),
    ("var/cache/libdnf5", "packages and indexes that dnf fetched"),
    ("var/cache/yum", "packages and indexes that yum fetched"),
    ("var/cache/zypp", "packages and indexes that zypper fetched"),
    ("var/lib/apt/lists", "indexes of packages that apt fetched"),
    ("var/lib/dnf/repos", "indexes of packages that dnf fetched"),
];
/// The same below a user's folder.
const CACHES_AT_HOME: [(&str, &str); 18] = [
    (".bun/install/cache", "packages that bun fetched"),
    (".bundle/cache", "packages that bundler fetched"),
    (".cache/composer", "packages that composer fetched"),
    (".cache/go-build", "what Go compiled"),
    (".cache/node", "package managers that corepack fetched"),
    (".cache/node-gyp", "headers that node-gyp fetched"),
    (".cache/pip", "packages that pip fetched"),
    (".cache/pnpm", "what pnpm fetched"),
    (".cache/pypoetry", "packages that poetry fetched"),
    (".cache/uv", "packages that uv fetched"),
    (".cache/yarn", "packages that yarn fetched"),
    (".cargo/registry", "crates that cargo fetched"),
    (".gradle/caches", "packages that gradle fetched"),
    (".local/share/pnpm/store", "packages that pnpm fetched"),
    (".m2/repository", "packages that maven fetched"),
    (".npm/_cacache", "packages that npm fetched"),
    (".yarn/berry/cache", "packages that yarn fetched"),
    ("go/pkg/mod", "modules that Go fetched"),
];
/// Files with credentials, by the end of their path.
const CREDENTIALS: [(&str, &str); 12] = [
    (".aws/credentials", "credentials of a cloud, by its name"),
    (".cargo/credentials", "a token of a registry, by its name"),
    (".cargo/credentials.toml", "a token of a registry, by its name"),
    (".config/gcloud/application_default_credentials.json", "credentials of a cloud, by its name"),
    (".git-credentials", "passwords of git, by its name"),
    (".netrc", "passwords, by its name"),
    (".pgpass", "passwords of a database, by its name"),
    (".pypirc", "passwords of a registry, by its name"),
    ("id_dsa", "a private key, by its name"),
    ("id_ecdsa", "a private key, by its name"),
    ("id_ed25519", "a private key, by its name"),
    ("id_rsa", "a private key, by its name"),
];

/// One thing that was left: a file, or a folder with what is in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leftover {
    pub what: &'static str,
    /// The files that it consists of, without a `/` before them.
    pub files: Vec<String>,
    bytes: u64,
}

/// Finds what was left, by the path of the file or folder: by names, and by the keys that were read in files.
pub(super) fn leftovers(view: &ImageView) -> BTreeMap<String, Leftover> {
    let mut found: BTreeMap<String, Leftover> = BTreeMap::new();
    for (path, digest) in view.contents() {
        if digest.size == 0 {
            continue;
        }
        let key = view.inspection.keys.get(path).map(|kind| (path.to_owned(), kind.words()));
        let named = || named(path).or_else(|| cached(path));
        let Some((at, what)) = key.or_else(named) else { continue };
        let one = found.entry(at).or_insert(Leftover { what, files: Vec::new(), bytes: 0 });
        one.files.push(path.to_owned());
        one.bytes = one.bytes.saturating_add(digest.size);
    }
    found
}

/// Finds leftovers that neither a locked image of the plan has, nor the plan names.
pub(super) fn surprises(name: &Name, image: &ReleaseImage, view: &ImageView) -> Vec<Surprise> {
    let left = leftovers(view).into_iter();
    let unexpected = left.filter(|(at, _)| !view.inspection.of_locked.contains_key(at) && !accepted(image, at));
    let found = unexpected.map(|(at, left)| {
        let amount = format!("{}, {}", counted(left.files.len(), "file"), bytes(left.bytes));
        let is = format!("{} ({amount})", left.what);
        let expected = "no package cache and no key but those of locked images and of the plan";
        let path = format!("/{at}");
        let finding = finding(FindingName::ImageFailed, name, &format!("leftovers:{path}"), expected, is);
        Surprise { accepted_by: path, finding }
    });
    found.collect()
}

/// Finds what the plan says to be left and is not there on any platform.
pub(super) fn stale(name: &Name, image: &ReleaseImage, views: &[ImageView]) -> Vec<Finding> {
    if views.is_empty() {
        return Vec::new();
    }
    let left: Vec<String> = views.iter().flat_map(leftovers).map(|(at, _)| format!("/{at}")).collect();
    let stale = image.expect.leftovers.iter().filter(|wanted| !left.iter().any(|at| is_at_or_below(at, wanted)));
    let found = stale.map(|path| {
        let is = "nothing like that: take it out of `expect.leftovers`";
        finding(FindingName::ImageFailed, name, &format!("leftovers:{path}"), "a leftover, as the plan says", is)
    });
    found.collect()
}

/// Whether the plan names a leftover, or a folder above it.
fn accepted(image: &ReleaseImage, at: &str) -> bool {
    image.expect.leftovers.iter().any(|wanted| is_at_or_below(&format!("/{at}"), wanted))
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Tells by its path that a file holds credentials.
fn named(path: &str) -> Option<(String, &'static str)> {
    let is = |end: &str| path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    let (_, what) = CREDENTIALS.iter().find(|(end, _)| is(end))?;
    Some((path.to_owned(), what))
}

/// Tells the cache that a file lies in.
fn cached(path: &str) -> Option<(String, &'static str)> {
    // apt locks its folders by files that stay, and names its public keys beside the indexes.
    if matches!(path.rsplit('/').next(), Some("lock" | "auxfiles")) {
        return None;
    }
    let home = home(path);
    let at_home = home.and_then(|home| {
        let rest = path.strip_prefix(home)?.strip_prefix('/')?;
        let (folder, what) = CACHES_AT_HOME.iter().find(|(folder, _)| is_below(rest, folder))?;
        Some((format!("{home}/{folder}"), *what))
    });
    at_home.or_else(|| {
        let (folder, what) = CACHES.iter().find(|(folder, _)| is_below(path, folder))?;
        Some(((*folder).to_owned(), *what))
    })
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Gives the user's folder that a path lies in: `root`, `home/NAME`.
fn home(path: &str) -> Option<&str> {
    let end = |from: usize| path[from..].find('/').map(|length| from + length);
    match path.split('/').next()? {
        "root" => Some("root"),
        "home" => Some(&path[..end("home/".len())?]),
        _ => None,
    }
}

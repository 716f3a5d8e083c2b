//! What an image starts: that it is there, through links and `PATH`, and that the image's user may execute it, with what it is
//! interpreted by.

use std::collections::VecDeque;
use std::io::Read as _;

use super::program::{program, words};
use super::user::may_execute;
use super::view::ImageView;
use crate::release::error::ReleaseError;
use crate::release::step::finding;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::plan::release_image::ImageSettings;
use rcrepro_store::{BlobStore, StoreError};

/// How many symbolic links are followed on the way to a file, as the kernel does.
const LINKS: usize = 40;
/// How many interpreters are followed from one program.
const INTERPRETERS: usize = 6;
/// How much of a program is read. Linkers write headers and the loader's path to the beginning.
const HEAD: u64 = 64 << 10;
/// How many programs are read, interpreters among them.
const MOST: usize = 16;
/// Where programs are looked for if the image's environment does not say it.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Finds programs that the image starts and that cannot be executed.
pub(super) fn wrong(name: &Name, view: &ImageView) -> Vec<Finding> {
    let mut found = Vec::new();
    let failed = |at: &str, expected: String, is: String| finding(FindingName::ImageFailed, name, at, expected, is);
    let user = &view.settings.user;
    if view.inspection.user.is_none() {
        let is = format!("no user or group of that name in its /etc/passwd and /etc/group: `{user}`");
        found.push(failed("config.user", "a user that the image knows".to_owned(), is));
    }
    for (at, program) in started(&view.settings) {
        let expected = || format!("`{program}`, which the image starts, as a file that its user may execute");
        let mut open = VecDeque::from([program.to_owned()]);
        for _ in 0..INTERPRETERS {
            let Some(word) = open.pop_front() else { break };
            let of_another = || if word == program { String::new() } else { format!("its interpreter `{word}`: ") };
            let path = match locate(view, &word) {
                Ok(path) => path,
                Err(reason) => {
                    found.push(failed(at, expected(), format!("{}{reason}", of_another())));
                    break;
                }
            };
            let Some(file) = view.inspection.programs.get(&path) else { continue };
            if let Some(machine) = file.machine.as_ref().filter(|machine| **machine != view.settings.architecture) {
                let is = format!("{}`/{path}` is a program for {machine}", of_another());
                found.push(failed(at, expected(), format!("{is}, the image for {}", view.settings.architecture)));
            }
            open.extend(file.interpreter.iter().flat_map(|line| words(line)));
        }
    }
    found
}

/// Reads the beginnings of the programs that an image starts, and of those that interpret them.
///
/// # Errors
/// [`ReleaseError`] when one cannot be read.
pub(super) fn read_started(view: &mut ImageView, store: &dyn BlobStore) -> Result<(), ReleaseError> {
    let mut open: VecDeque<String> =
        started(&view.settings).into_iter().map(|(_, program)| program.to_owned()).collect();
    for _ in 0..MOST {
        let Some(word) = open.pop_front() else { break };
        let Ok(path) = locate(view, &word) else { continue };
        let Some(digest) = view.digest(&path).filter(|_| !view.inspection.programs.contains_key(&path)) else {
            continue;
        };
        let mut head = Vec::new();
        let failed = |source| StoreError::Io { doing: "read", path: path.as_str().into(), source };
        store.reader(digest)?.take(HEAD).read_to_end(&mut head).map_err(failed)?;
        let program = program(&head);
        open.extend(program.interpreter.iter().flat_map(|line| words(line)));
        view.inspection.programs.insert(path, program);
    }
    Ok(())
}

/// Lists the programs that an image names to be started, with the key of its configuration.
fn started(settings: &ImageSettings) -> Vec<(&'static str, &str)> {
    let start = match settings.entrypoint.first() {
        Some(program) => Some(("entrypoint", program.as_str())),
        None => settings.cmd.first().map(|program| ("cmd", program.as_str())),
    };
    let health = match settings.healthcheck.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["CMD", program, ..] => Some(("healthcheck", program)),
        ["CMD-SHELL", ..] => Some(("healthcheck", "/bin/sh")),
        _ => None,
    };
    start.into_iter().chain(health).collect()
}

/// Finds the file that a word starts: by its path, or in the folders of `PATH`.
fn locate(view: &ImageView, word: &str) -> Result<String, String> {
    if word.contains('/') {
        let from = if word.starts_with('/') { "" } else { view.settings.working_dir.as_str() };
        let path = resolve(view, &format!("{from}/{word}"))?;
        return may_execute(view, &path).map(|()| path);
    }
    let folders = view.settings.env.iter().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or(USUAL_PATH);
    let mut refused = None;
    for folder in folders.split(':').filter(|folder| !folder.is_empty()) {
        let Ok(path) = resolve(view, &format!("/{folder}/{word}")) else { continue };
        match may_execute(view, &path) {
            Ok(()) => return Ok(path),
            Err(reason) => drop(refused.get_or_insert(reason)),
        }
    }
    Err(refused.unwrap_or_else(|| format!("no file of that name in its PATH, {folders}")))
}

/// Follows symbolic links, those that leave the root as the kernel does, to a regular file.
fn resolve(view: &ImageView, path: &str) -> Result<String, String> {
    let segments = |path: &str| path.split('/').rev().map(str::to_owned).collect::<Vec<_>>();
    let (mut ahead, mut at, mut links) = (segments(path), Vec::<String>::new(), 0);
    while let Some(segment) = ahead.pop() {
        match segment.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop();
                continue;
            }
            _ => at.push(segment),
        }
        let here = at.join("/");
        let is_last = ahead.iter().all(|segment| segment.is_empty());
        match view.node(&here) {
            None => return Err(format!("no such file: `/{here}`")),
            Some(TreeNode::Symlink { target }) => {
                links += 1;
                if links > LINKS {
                    return Err(format!("more than {LINKS} symbolic links, the last `/{here}`"));
                }
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                ahead.extend(segments(target));
            }
            Some(TreeNode::Directory { .. }) if is_last => return Err(format!("`/{here}` is a folder")),
            Some(TreeNode::File { .. }) if is_last => return Ok(here),
            Some(TreeNode::File { .. }) => return Err(format!("`/{here}` is not a folder")),
            Some(TreeNode::Directory { .. }) => {}
        }
    }
    Err("it leads to a folder".to_owned())
}

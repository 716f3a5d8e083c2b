//! What a client's step is given of the source, and the faults in it that keep every step from succeeding.
//!
//! All faults are reported at once and by place, before a registry is asked: one that answers slowly, or a client that tries again
//! for minutes, would only hide them.

use super::read_source::ReadSource;
use super::{go, npm};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::fault::{Fault, below};
use rcrepro_model::plan::{FrozenInput, FrozenKind, Plan};

/// A file that a client's step is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFile {
    /// The name by which the input's lock knows it: that below the client's folder, for others the path in the source.
    pub name: String,
    /// Its path in the source.
    pub path: String,
    pub digest: Digest,
}

/// Lists the files that a client's step is given, those of its lock first; the fault when one is missing that has to be there.
///
/// # Errors
/// What `read` fails with.
pub fn files<E>(input: &FrozenInput, read: ReadSource<'_, E>) -> Result<Result<Vec<ClientFile>, Fault>, E> {
    let folder = input.directory.as_ref().map_or("", |directory| directory.as_str());
    let (names, optional): (&[&str], &[&str]) = match input.kind {
        FrozenKind::GoModules => (&go::modules::LOCK_FILES, &go::modules::LOCK_FILES[1..]),
        FrozenKind::NpmPackages | FrozenKind::NpmAdvisories => (&npm::lock::LOCK_FILES, &[]),
        FrozenKind::GoVulndb | FrozenKind::GoStd | FrozenKind::GoBuildCache => return Ok(Ok(Vec::new())),
    };
    let mut found = Vec::new();
    let mut main = String::new();
    for name in names {
        let path = below(folder, name);
        match read(&path)? {
            Some(bytes) => {
                found.push(ClientFile { name: (*name).to_owned(), path, digest: Digest::of(&bytes) });
                if found.len() == 1 {
                    main = String::from_utf8_lossy(&bytes).into_owned();
                }
            }
            None if optional.contains(name) && !go::modules::needs_sums(&main) => {}
            None => return Ok(Err(missing(input.kind, &path))),
        }
    }
    if input.kind == FrozenKind::GoModules {
        for path in go::modules::beside(&main, folder) {
            if let Some(bytes) = read(&path)? {
                found.push(ClientFile { name: path.clone(), path, digest: Digest::of(&bytes) });
            }
        }
    }
    Ok(Ok(found))
}

/// As [`files`], by their digests alone: `find` gives that of a path, `text` the content of a file where it is known. Tells, too,
/// whether these are all: what `go.mod` refers to is known from its text only.
///
/// # Errors
/// What `find` fails with.
pub fn digests<E>(
    input: &FrozenInput,
    find: &dyn Fn(&str) -> Result<Option<Digest>, E>,
    text: &dyn Fn(Digest) -> Option<String>,
) -> Result<(Result<Vec<ClientFile>, Fault>, bool), E> {
    let folder = input.directory.as_ref().map_or("", |directory| directory.as_str());
    let names: &[&str] = match input.kind {
        FrozenKind::GoModules => &go::modules::LOCK_FILES,
        FrozenKind::NpmPackages | FrozenKind::NpmAdvisories => &npm::lock::LOCK_FILES,
        FrozenKind::GoVulndb | FrozenKind::GoStd | FrozenKind::GoBuildCache => return Ok((Ok(Vec::new()), true)),
    };
    let (mut found, mut main) = (Vec::new(), None);
    for name in names {
        let path = below(folder, name);
        match find(&path)? {
            Some(digest) => {
                if found.is_empty() {
                    main = text(digest);
                }
                found.push(ClientFile { name: (*name).to_owned(), path, digest });
            }
            None if input.kind == FrozenKind::GoModules && !found.is_empty() => {}
            None => return Ok((Err(missing(input.kind, &path)), true)),
        }
    }
    if input.kind == FrozenKind::GoModules {
        for path in main.iter().flat_map(|main| go::modules::beside(main, folder)) {
            if let Some(digest) = find(&path)? {
                found.push(ClientFile { name: path.clone(), path, digest });
            }
        }
    }
    Ok((Ok(found), input.kind != FrozenKind::GoModules || main.is_some()))
}

/// Says what keeps a frozen input from being made from this source; nothing when its step may be tried. `alone` says that no
/// command that uses it heeds a `go.work`.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(input: &FrozenInput, alone: bool, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    // Advisory data that nothing records here stands beside the plan; no step is given anything.
    if input.kind.front().is_some() && input.image.is_none() {
        return Ok(Vec::new());
    }
    if let Err(fault) = files(input, read)? {
        return Ok(vec![fault]);
    }
    let folder = input.directory.as_ref().map_or("", |directory| directory.as_str());
    match input.kind {
        FrozenKind::GoModules => go::modules::judge(folder, alone, read),
        FrozenKind::NpmPackages => npm::lock::judge(folder, read),
        // A build cache is made from the files of its modules, which are judged for themselves.
        FrozenKind::NpmAdvisories | FrozenKind::GoVulndb | FrozenKind::GoStd | FrozenKind::GoBuildCache => {
            Ok(Vec::new())
        }
    }
}

/// Tells whether every command that uses an input keeps Go from looking for a `go.work`.
#[must_use]
pub fn is_alone(plan: &Plan, name: &Name) -> bool {
    let mut users = plan.sets.values().flatten().filter(|spec| spec.frozen.contains(name)).peekable();
    users.peek().is_some()
        && users.all(|spec| {
            spec.environment.get("GOWORK").is_some_and(|value| value == "off") || spec.line.contains("GOWORK=off")
        })
}

fn missing(kind: FrozenKind, path: &str) -> Fault {
    let hint = match path.rsplit('/').next() {
        Some("go.sum") => format!("go mod tidy && git add {path}, and commit"),
        Some("package-lock.json") => format!("npm install --package-lock-only && git add {path}, and commit"),
        _ => format!("git add {path} and commit, or name another `directory` in the plan"),
    };
    Fault::of_file(path, format!("it is not in the source, and `{}` is made from it", kind.as_str())).hint(hint)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;

    fn input(kind: FrozenKind, directory: &str) -> FrozenInput {
        FrozenInput {
            kind,
            image: None,
            directory: directory.parse().ok(),
            path: None,
            lines: Vec::new(),
            modules: None,
        }
    }

    fn named(kind: FrozenKind, directory: &str, source: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let source: BTreeMap<&str, &str> = source.iter().copied().collect();
        let read = |path: &str| Ok::<_, Infallible>(source.get(path).map(|text| text.as_bytes().to_vec()));
        let Ok(found) = files(&input(kind, directory), &read);
        found.map(|files| files.into_iter().map(|file| file.name).collect()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_module_without_requirements_needs_no_sums() {
        let go = FrozenKind::GoModules;
        assert_eq!(named(go, "", &[("go.mod", "module m\n\ngo 1.26\n")]), Ok(vec!["go.mod".to_owned()]));
        let needy = "module m\nrequire example.com/a v1.0.0\n";
        let fault = named(go, "", &[("go.mod", needy)]).expect_err("its sums are missing");
        assert!(fault.starts_with("go.sum: it is not in the source"), "{fault}");
        assert_eq!(named(go, "", &[("go.mod", needy), ("go.sum", "")]).expect("both").len(), 2);
        assert!(named(go, "a", &[("go.mod", needy)]).expect_err("another folder").starts_with("a/go.mod: "));
    }

    #[test]
    fn modules_that_folders_replace_bring_their_go_mod() {
        let text = "module m\nrequire example.com/lib v0.0.0\nreplace example.com/lib => ../lib\n";
        let source = [("a/go.mod", text), ("lib/go.mod", "module example.com/lib\n")];
        assert_eq!(named(FrozenKind::GoModules, "a", &source), Ok(vec!["go.mod".to_owned(), "lib/go.mod".to_owned()]));
    }

    #[test]
    fn an_npm_tree_needs_its_lock() {
        let fault = named(FrozenKind::NpmPackages, "web", &[("web/package.json", "{}")]).expect_err("no lock");
        assert!(fault.starts_with("web/package-lock.json: "), "{fault}");
    }
}

//! What a client's step is given of the source, and the faults in it that keep every step from succeeding.
//!
//! All faults are reported at once and by place, before a registry is asked: one that answers slowly, or a client that tries again
//! for minutes, would only hide them.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};

use super::read_source::ReadSource;
use super::{go, npm, python};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::fault::{Fault, below};
use rcrepro_model::plan::{FrozenInput, FrozenKind, Plan};

mod syntax;

/// A file that a client's step is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFile {
    /// The name by which the input's lock knows it: that below the client's folder, for others the path in the source.
    pub name: String,
    /// Its path in the source.
    pub path: String,
    pub digest: Digest,
}

/// A file as a look at the source finds it.
#[derive(Debug, Clone)]
pub struct FoundFile {
    digest: Digest,
    /// Its text, where it is known.
    text: Option<String>,
}

/// Looks for a file of the source by its path.
type Look<'a, E> = &'a dyn Fn(&str) -> Result<Option<FoundFile>, E>;

/// Lists the files that a client's lock consists of, its own first; the fault when one is missing that has to be there. `alone`
/// says that no command that uses the input heeds a `go.work`.
///
/// # Errors
/// What `read` fails with.
pub fn files<E>(
    input: &FrozenInput,
    alone: bool,
    read: ReadSource<'_, E>,
) -> Result<Result<Vec<ClientFile>, Fault>, E> {
    let look = |path: &str| {
        let found = |bytes: Vec<u8>| FoundFile {
            digest: Digest::of(&bytes),
            text: Some(String::from_utf8_lossy(&bytes).into_owned()),
        };
        Ok(read(path)?.map(found))
    };
    Ok(gather(input, alone, &look)?.0)
}

/// As [`files`], by their digests alone: `find` gives that of a path, `text` the content of a file where it is known. Tells, too,
/// whether these are all: what `go.mod` and `go.work` refer to is known from their text only.
///
/// # Errors
/// What `find` fails with.
pub fn digests<E>(
    input: &FrozenInput,
    alone: bool,
    find: &dyn Fn(&str) -> Result<Option<Digest>, E>,
    text: &dyn Fn(Digest) -> Option<String>,
) -> Result<(Result<Vec<ClientFile>, Fault>, bool), E> {
    gather(input, alone, &|path| Ok(find(path)?.map(|digest| FoundFile { digest, text: text(digest) })))
}

/// Lists what the checksum of an input's lock covers: its files, the client, the requirement files and the packages that the plan names.
#[must_use]
pub fn hashed<'a>(input: &FrozenInput, files: &'a [ClientFile]) -> Vec<(&'a str, Digest)> {
    let client = input.client.iter().map(|client| ("client", Digest::of(client.as_bytes())));
    let requirements = input.requirements.iter().map(|file| ("requirements", Digest::of(file.as_str().as_bytes())));
    let packages = input.packages.iter().map(|package| ("package", Digest::of(package.as_bytes())));
    let files = files.iter().map(|file| (file.name.as_str(), file.digest));
    files.chain(client).chain(requirements).chain(packages).collect()
}

fn gather<E>(input: &FrozenInput, alone: bool, look: Look<'_, E>) -> Result<(Result<Vec<ClientFile>, Fault>, bool), E> {
    let folder = folder_of(input);
    let names: &[&str] = match input.kind {
        FrozenKind::GoModules => return go_files(folder, alone, look),
        FrozenKind::PythonPackages => return requirement_files(input, look),
        FrozenKind::NpmPackages | FrozenKind::NpmAdvisories => &npm::lock::LOCK_FILES,
        FrozenKind::PnpmPackages | FrozenKind::YarnPackages => &npm::wanted::lock_files(input.kind),
        FrozenKind::DebianPackages | FrozenKind::GoVulndb | FrozenKind::GoStd | FrozenKind::GoBuildCache => &[],
    };
    let mut found = Vec::new();
    for name in names {
        let path = below(folder, name);
        match look(&path)? {
            Some(FoundFile { digest, .. }) => found.push(ClientFile { name: (*name).to_owned(), path, digest }),
            None => return Ok((Err(missing(input.kind, &path)), true)),
        }
    }
    Ok((Ok(found), true))
}

fn go_files<E>(folder: &str, alone: bool, look: Look<'_, E>) -> Result<(Result<Vec<ClientFile>, Fault>, bool), E> {
    let kind = FrozenKind::GoModules;
    let [module, sums] = go::modules::LOCK_FILES;
    let (mut found, is_known) = (Vec::new(), Cell::new(true));
    let known = |file: FoundFile| {
        is_known.set(is_known.get() && file.text.is_some());
        file.text.unwrap_or_default()
    };
    let text_of = |path: String, name: &str, found: &mut Vec<ClientFile>| {
        let Some(file) = look(&path)? else { return Ok::<_, E>(None) };
        if !found.iter().any(|known: &ClientFile| known.path == path) {
            found.push(ClientFile { name: name.to_owned(), path, digest: file.digest });
        }
        Ok(Some(known(file)))
    };
    let work = if alone { None } else { go::modules::workspace(folder, &|path| Ok(look(path)?.map(known)))? };
    let main = text_of(below(folder, module), module, &mut found)?;
    let mut beside = BTreeSet::new();
    match (&main, &work) {
        (None, None) => return Ok((Err(missing(kind, &below(folder, module))), true)),
        (None, Some(_)) => {}
        (Some(main), work) => {
            let path = below(folder, sums);
            match look(&path)? {
                Some(FoundFile { digest, .. }) => found.push(ClientFile { name: sums.to_owned(), path, digest }),
                // What a workspace requires may be summed up in any of its modules.
                None if work.is_none() && go::modules::needs_sums(main) => {
                    return Ok((Err(missing(kind, &path)), true));
                }
                None => {}
            }
            beside = go::modules::beside(main, folder);
        }
    }
    if let Some(work) = &work {
        for name in ["go.work", "go.work.sum"] {
            let path = below(&work.folder, name);
            text_of(path.clone(), &path, &mut found)?;
        }
        beside.extend(work.replaced.iter().map(|folder| below(folder, module)));
        for folder in &work.modules {
            for name in [module, sums] {
                let path = below(folder, name);
                let text = text_of(path.clone(), &path, &mut found)?;
                beside
                    .extend(text.filter(|_| name == module).iter().flat_map(|text| go::modules::beside(text, folder)));
            }
        }
    }
    for path in beside {
        text_of(path.clone(), &path, &mut found)?;
    }
    Ok((Ok(found), is_known.get()))
}

fn requirement_files<E>(input: &FrozenInput, look: Look<'_, E>) -> Result<(Result<Vec<ClientFile>, Fault>, bool), E> {
    let folder = folder_of(input);
    let (mut found, mut is_known) = (Vec::<ClientFile>::new(), true);
    let mut open: VecDeque<String> = python::requirements::of_plan(input, folder).into();
    while let Some(path) = open.pop_front().filter(|_| found.len() < python::requirements::MOST) {
        if found.iter().any(|known| known.path == path) {
            continue;
        }
        let Some(FoundFile { digest, text }) = look(&path)? else {
            return Ok((Err(missing(input.kind, &path)), is_known));
        };
        is_known &= text.is_some();
        open.extend(python::requirements::named_by(&path, &text.unwrap_or_default()));
        let inner = if folder.is_empty() { None } else { path.strip_prefix(folder) };
        let inner = inner.and_then(|inner| inner.strip_prefix('/'));
        found.push(ClientFile { name: inner.unwrap_or(&path).to_owned(), path, digest });
    }
    Ok((Ok(found), is_known))
}

/// Gives the folder of the client's lock; empty for the source's root.
pub fn folder_of(input: &FrozenInput) -> &str {
    input.directory.as_ref().map_or("", |directory| directory.as_str())
}

/// Says what keeps a frozen input from being made from this source; nothing when its step may be tried. `alone` says that no
/// command that uses it heeds a `go.work`.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(input: &FrozenInput, alone: bool, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    // Advisory data that nothing records here stands beside the plan; no step is given anything.
    if input.kind.is_advisories() && input.image.is_none() {
        return Ok(Vec::new());
    }
    let files = match files(input, alone, read)? {
        Ok(files) => files,
        Err(fault) => return Ok(vec![fault]),
    };
    let unread = syntax::judge(files.iter().map(|file| file.path.as_str()), read)?;
    if !unread.is_empty() {
        return Ok(unread);
    }
    let folder = folder_of(input);
    let faults = match input.kind {
        FrozenKind::GoModules => go::modules::judge(folder, alone, read)?,
        FrozenKind::NpmPackages => npm::lock::judge(folder, read)?,
        FrozenKind::PnpmPackages | FrozenKind::YarnPackages => npm::wanted::judge(input, read)?,
        FrozenKind::PythonPackages => python::requirements::judge(input, folder, read)?,
        // A build cache is made from the files of its modules, which are judged for themselves.
        FrozenKind::DebianPackages
        | FrozenKind::NpmAdvisories
        | FrozenKind::GoVulndb
        | FrozenKind::GoStd
        | FrozenKind::GoBuildCache => Vec::new(),
    };
    Ok(shortened(faults))
}

/// How many faults of one input are told.
const SHOWN: usize = 20;

/// Keeps the first faults, and says where the others begin and how many they are.
fn shortened(mut faults: Vec<Fault>) -> Vec<Fault> {
    let more = faults.len().saturating_sub(SHOWN);
    if more > 1 {
        let first = faults.drain(SHOWN..).next().expect("more than one");
        faults.push(Fault { says: format!("from here on there are {more} more like these"), hint: None, ..first });
    }
    faults
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
        Some("pnpm-lock.yaml") => format!("pnpm install --lockfile-only && git add {path}, and commit"),
        Some("yarn.lock") => format!("yarn install && git add {path}, and commit"),
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
            client: None,
            lines: Vec::new(),
            modules: None,
            packages: BTreeSet::new(),
            requirements: Vec::new(),
        }
    }

    fn named(kind: FrozenKind, directory: &str, source: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let source: BTreeMap<&str, &str> = source.iter().copied().collect();
        let read = |path: &str| Ok::<_, Infallible>(source.get(path).map(|text| text.as_bytes().to_vec()));
        let Ok(found) = files(&input(kind, directory), false, &read);
        found.map(|files| files.into_iter().map(|file| file.name).collect()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn many_faults_are_told_by_the_first_and_their_number() {
        let entry =
            |n: usize| format!(r#""node_modules/a{n:06}":{{"resolved":"git+ssh://u:s3cr3t@h.example/{n}.git"}}"#);
        let entries: Vec<String> = (0..20_000).map(entry).collect();
        let lock = format!(r#"{{"lockfileVersion":3,"packages":{{{}}}}}"#, entries.join(","));
        let read = |_: &str| Ok::<_, Infallible>(Some(lock.clone().into_bytes()));
        let Ok(faults) = judge(&input(FrozenKind::NpmPackages, "web"), false, &read);
        let says: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(says.len(), SHOWN + 1);
        assert_eq!(says[SHOWN], "web/package-lock.json:1: from here on there are 19980 more like these");
        assert!(says[0].contains("`git+ssh://…@h.example/0.git`"), "{}", says[0]);
        assert!(faults.is_sorted());
    }

    #[test]
    fn no_reader_of_a_lock_quotes_credentials() {
        let (pnpm, yarn) = (FrozenKind::PnpmPackages, FrozenKind::YarnPackages);
        let address = "https://user:s3cr3tpw@h.example/l.git?token=tok3n";
        let entry =
            format!(r#"{{"lockfileVersion":3,"packages":{{"node_modules/a":{{"resolved":"git+{address}"}}}}}}"#);
        let named = format!(r#"{{"packageManager": "pnpm@{address}"}}"#);
        for (kind, lock, package) in [
            (FrozenKind::NpmPackages, entry, "{}"),
            (
                pnpm,
                format!("lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {{tarball: '{address}'}}\n"),
                "{}",
            ),
            (
                pnpm,
                format!("lockfileVersion: '9.0'\npackages:\n  a@git+{address}#1:\n    resolution: {{type: git}}\n"),
                "{}",
            ),
            (pnpm, "lockfileVersion: '9.0'\n".to_owned(), named.as_str()),
            (yarn, format!("# yarn lockfile v1\n\"b@git+{address}\":\n  resolved \"git+{address}#1\"\n"), "{}"),
            (yarn, format!("__metadata:\n  version: 8\n\"a@1\":\n  resolution: \"a@{address}\"\n"), "{}"),
        ] {
            let read = |path: &str| {
                Ok::<_, Infallible>(Some(if path.ends_with("package.json") {
                    package.into()
                } else {
                    lock.clone().into_bytes()
                }))
            };
            let Ok(faults) = judge(&input(kind, ""), false, &read);
            let shown = format!("{faults:?}");
            assert!(shown.contains("…@h.example/l.git?…") || shown.contains("comes by git, and"), "{shown}");
            assert!(!shown.contains("s3cr3tpw") && !shown.contains("tok3n"), "{shown}");
        }
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
    fn a_workspace_brings_all_its_modules_unless_nothing_heeds_it() {
        let source = [
            ("go.work", "go 1.26\nuse (\n\t./a\n\t./b\n)\n"),
            ("a/go.mod", "module a\nrequire x.example/x v1.0.0\n"),
            ("a/go.sum", ""),
            ("b/go.mod", "module b\nrequire l.example/l v0.0.0\nreplace l.example/l => ../lib\n"),
            ("lib/go.mod", "module l.example/l\n"),
        ];
        let go = FrozenKind::GoModules;
        let all = ["go.mod", "go.sum", "go.work", "b/go.mod", "lib/go.mod"].map(str::to_owned);
        assert_eq!(named(go, "a", &source), Ok(all.to_vec()));
        let from_the_top = ["go.work", "a/go.mod", "a/go.sum", "b/go.mod", "lib/go.mod"].map(str::to_owned);
        assert_eq!(named(go, "", &source), Ok(from_the_top.to_vec()));
        let source: BTreeMap<&str, &str> = source.into_iter().collect();
        let read = |path: &str| Ok::<_, Infallible>(source.get(path).map(|text| text.as_bytes().to_vec()));
        let Ok(found) = files(&input(go, "a"), true, &read);
        assert_eq!(found.expect("a module").len(), 2);
    }

    #[test]
    fn an_npm_tree_needs_its_lock() {
        let fault = named(FrozenKind::NpmPackages, "web", &[("web/package.json", "{}")]).expect_err("no lock");
        assert!(fault.starts_with("web/package-lock.json: "), "{fault}");
    }
}

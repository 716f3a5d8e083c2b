//! Requirement files as pip reads them: which files belong to one, what names a registry, and what no folder of wheels can serve.
//!
//! What would run code of the source or of a source distribution in the step with network is among it: a local folder, an editable
//! installation, `--no-binary`.

use std::collections::{BTreeMap, BTreeSet};

use crate::frozen::read_source::ReadSource;
use rcrepro_model::execution::fault::{Fault, below, follow};
use rcrepro_model::plan::FrozenInput;

/// The most files that may belong to one input.
pub const MOST: usize = 256;
const OF_ITS_OWN: &str = "install it by a line of its own, with what it builds with in `packages` of the input";

/// A line of a requirement file, continued ones joined.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RequirementLine {
    /// Another file, relative to the folder of this one.
    File(String),
    /// An option that says where packages are, with its value.
    Registry(&'static str, String),
    /// What no folder of wheels serves: what is wrong, what mends it.
    Unserved(String, &'static str),
}

/// What requirement files say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The options that say where packages are, one a line, as pip reads them.
    pub options: String,
    /// What cannot be served, by place.
    pub faults: Vec<Fault>,
}

/// Lists the requirement files that the plan names, by path.
pub fn of_plan(input: &FrozenInput, folder: &str) -> Vec<String> {
    input.requirements.iter().map(|file| below(folder, file.as_str())).collect()
}

/// Lists the files that one names, by path; those that would leave the source are not among them.
pub fn named_by(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let lines = lines(text).into_iter().flat_map(|(_, line)| read(&line));
    lines.filter_map(|line| if let RequirementLine::File(file) = line { follow(folder, &file) } else { None }).collect()
}

/// Reads an input's requirement files.
///
/// # Errors
/// What `read_file` fails with.
pub fn requirements<E>(input: &FrozenInput, folder: &str, read_file: ReadSource<'_, E>) -> Result<Requirements, E> {
    let (mut found, mut seen) = (Requirements::default(), BTreeSet::new());
    let mut open = of_plan(input, folder);
    while let Some(path) = open.pop().filter(|_| seen.len() < MOST) {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(bytes) = read_file(&path)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, text) in lines(&text) {
            for one in read(&text) {
                let (says, hint) = match one {
                    RequirementLine::Registry(option, value) => {
                        found.options.push_str(&format!("{option} {value}\n"));
                        continue;
                    }
                    RequirementLine::File(file) if follow(folder, &file).is_some() => continue,
                    RequirementLine::File(file) => {
                        (format!("`{file}` leaves the source"), "keep all requirement files in the source")
                    }
                    RequirementLine::Unserved(says, hint) => (says, hint),
                };
                found.faults.push(Fault::of_file(&path, says).at(line).hint(hint));
            }
        }
        open.extend(named_by(&path, &text));
    }
    found.faults.sort();
    Ok(found)
}

/// Says what in requirement files keeps the step from succeeding.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(input: &FrozenInput, folder: &str, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    Ok(requirements(input, folder, read)?.faults)
}

/// Joins continued lines and takes comments out; each with the number of its first line.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    let mut first = None;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let at = *first.get_or_insert(number + 1);
        let is_comment = line.trim_start().starts_with('#');
        let continued = line.strip_suffix('\\').filter(|_| !is_comment);
        found.entry(at).or_default().push_str(if is_comment { "" } else { continued.unwrap_or(line) });
        if continued.is_none() {
            first = None;
        }
    }
    let plain = |line: &str| {
        let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
        line[..comment.map_or(line.len(), |(at, _)| at)].trim().to_owned()
    };
    found.into_iter().map(|(at, line)| (at, plain(&line))).filter(|(_, line)| !line.is_empty()).collect()
}

/// Reads a line: options, or a requirement with options of its own.
fn read(line: &str) -> Vec<RequirementLine> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    if !words[0].starts_with('-') {
        let requirement = line.split(" -").next().unwrap_or(line).trim();
        return unserved(requirement).into_iter().collect();
    }
    let (mut found, mut words) = (Vec::new(), words.into_iter());
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            // The value of a short option may follow it without a space.
            _ if word.starts_with('-') && !word.starts_with("--") && word.len() > 2 && word.is_char_boundary(2) => {
                (&word[..2], Some(&word[2..]))
            }
            _ => (word, None),
        };
        let mut value = || value.or_else(|| words.next()).unwrap_or_default().to_owned();
        match option {
            "-r" | "--requirement" | "-c" | "--constraint" => found.push(RequirementLine::File(value())),
            "-i" | "--index-url" | "--pypi-url" => found.push(RequirementLine::Registry("--index-url", value())),
            "--extra-index-url" => found.push(RequirementLine::Registry("--extra-index-url", value())),
            "--trusted-host" => found.push(RequirementLine::Registry("--trusted-host", value())),
            "-f" | "--find-links" => found.push(links(value())),
            "-e" | "--editable" => found.push(RequirementLine::Unserved(
                format!("`{}` is built from source, and only wheels are frozen", shown(&value())),
                OF_ITS_OWN,
            )),
            "--no-binary" => found.push(RequirementLine::Unserved(
                format!("`--no-binary {}` asks for source distributions, and only wheels are frozen", value()),
                "remove the line: packages come as wheels",
            )),
            _ => {}
        }
    }
    found
}

/// Reads the place of further packages: pages of a registry, and no folder, which the step would not have.
fn links(place: String) -> RequirementLine {
    if place.starts_with("https://") || place.starts_with("http://") {
        return RequirementLine::Registry("--find-links", place);
    }
    let says = format!("`--find-links {}` is a folder, and packages come from a registry", shown(&place));
    RequirementLine::Unserved(
        says,
        "install what is in the folder by a line of its own: pip install --find-links FOLDER …",
    )
}

/// Looks whether a requirement is one that a registry has by its name.
fn unserved(requirement: &str) -> Option<RequirementLine> {
    let named = requirement.split(';').next().unwrap_or_default().trim();
    if named.contains("://") || named.contains('@') {
        let says = format!("`{}` comes from an address, which pip asks for at each installation", shown(named));
        return Some(RequirementLine::Unserved(says, "ask for a version of it that a registry has: NAME==VERSION"));
    }
    let is_archive =
        [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar"].iter().any(|end| named.ends_with(end));
    if named.contains(['/', '\\']) || named.starts_with('.') || is_archive {
        let says = format!("`{named}` is a folder or file, and packages come from a registry");
        return Some(RequirementLine::Unserved(says, OF_ITS_OWN));
    }
    None
}

/// Shortens what may be an address with credentials in it to the package's name, or its last segment.
fn shown(place: &str) -> String {
    if let Some((name, _)) = place.split_once('@').filter(|(name, _)| !name.contains([':', '/'])) {
        return format!("{} @ …", name.trim());
    }
    match place.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://…"),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use rcrepro_model::plan::FrozenKind;

    fn judged(files: &[(&str, &str)]) -> (Vec<String>, String) {
        let input = FrozenInput {
            kind: FrozenKind::PythonPackages,
            image: None,
            directory: None,
            path: None,
            client: None,
            lines: Vec::new(),
            modules: None,
            packages: BTreeSet::new(),
            requirements: vec!["r.txt".parse().expect("a path")],
        };
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let read = |path: &str| Ok::<_, Infallible>(files.get(path).map(|text| text.as_bytes().to_vec()));
        let Ok(found) = requirements(&input, "api", &read);
        (found.faults.iter().map(ToString::to_string).collect(), found.options)
    }

    #[test]
    fn what_a_registry_has_is_served() {
        let text = "# a comment\nFlask [async] >= 3.0 ; python_version < '4'  # why\n--pre\nnumpy==2.0.0 \\\n    --hash=sha256:00 \\\n    \
            --hash=sha256:01\n-c limits.txt\n--only-binary :all:\n-ihttps://h.example/simple --extra-index-url=https://x.example\n\
            --require-hashes\nidna~=3.1\n";
        let (faults, options) =
            judged(&[("api/r.txt", text), ("api/limits.txt", "idna<4\n--trusted-host h.example\n")]);
        assert_eq!(faults, [""; 0]);
        assert_eq!(
            options,
            "--index-url https://h.example/simple\n--extra-index-url https://x.example\n--trusted-host h.example\n"
        );
        assert_eq!(named_by("api/r.txt", text), ["api/limits.txt"]);
        assert_eq!(named_by("a/r.txt", "-r../b.txt\n--requirement=c/d.txt\n-r ../../e.txt\n"), ["b.txt", "a/c/d.txt"]);
    }

    #[test]
    fn what_no_folder_of_wheels_serves_is_refused_by_its_line() {
        let text = "-r more/b.txt\n-e .\n\na @ git+https://u:s3cr3t@h.example/a.git@main\ngit+ssh://git@h.example/b\n./local\n\
            wheels/c-1.0-py3-none-any.whl\n--no-binary :all:\n-f wheels\n-r ../../out.txt\n";
        let (faults, options) =
            judged(&[("api/r.txt", text), ("api/more/b.txt", "# x\nd \\\n  ; python_version>'3'\n--no-binary=d\n")]);
        assert_eq!(
            faults,
            [
                "api/more/b.txt:4: `--no-binary d` asks for source distributions, and only wheels are frozen",
                "api/r.txt:2: `.` is built from source, and only wheels are frozen",
                "api/r.txt:4: `a @ …` comes from an address, which pip asks for at each installation",
                "api/r.txt:5: `git+ssh://…` comes from an address, which pip asks for at each installation",
                "api/r.txt:6: `./local` is a folder or file, and packages come from a registry",
                "api/r.txt:7: `wheels/c-1.0-py3-none-any.whl` is a folder or file, and packages come from a registry",
                "api/r.txt:8: `--no-binary :all:` asks for source distributions, and only wheels are frozen",
                "api/r.txt:9: `--find-links wheels` is a folder, and packages come from a registry",
                "api/r.txt:10: `../../out.txt` leaves the source",
            ]
        );
        assert_eq!(options, "");
    }
}

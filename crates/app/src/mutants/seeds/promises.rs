//! Seeds for what rests on no command: pins, scope, documents.

use super::{SeedError, SeededChange, SourceFiles};
use rcrepro_model::plan::pins::ToolVersion;
use rcrepro_pins::reference::Reference;

/// The file that is edited outside of a scope.
pub(crate) const OUTSIDE: &str = "rcrepro-seeded-outside.txt";

/// Lets one reference to a pinned toolchain name another version. `go.mod` and `.nvmrc` come before other files.
///
/// # Errors
/// [`SeedError::NoReference`].
pub(crate) fn drift<'a>(
    version: ToolVersion,
    references: impl Iterator<Item = &'a Reference> + Clone,
    files: &dyn SourceFiles,
) -> Result<SeededChange, SeedError> {
    let from = version.to_string();
    let to = ToolVersion::new(version.major, version.minor, version.patch + 1).to_string();
    let own = |reference: &&Reference| {
        matches!(reference.file.rsplit('/').next(), Some("go.mod" | ".nvmrc" | ".node-version"))
    };
    let ordered = references.clone().filter(own).chain(references.filter(|reference| !own(reference)));
    for reference in ordered.filter(|reference| reference.look_alike.is_none()) {
        let Some(text) = files.text(&reference.file) else { continue };
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let Some(line) = reference.line.checked_sub(1).and_then(|at| lines.get_mut(at)) else { continue };
        let begin: usize = line.chars().take(reference.column.saturating_sub(1)).map(char::len_utf8).sum();
        let Some(at) = line.get(begin..).and_then(|rest| rest.find(&from)) else { continue };
        line.replace_range(begin + at..begin + at + from.len(), &to);
        let shows = format!("{}:{}:", reference.file, reference.line);
        return SeededChange::file(&reference.file, &lines.concat(), &shows);
    }
    Err(SeedError::NoReference { version: from })
}

/// Adds a file at the plan's folder, which is outside of most scopes; `in_scope` says whether it is not.
///
/// # Errors
/// [`SeedError::InScope`].
pub(crate) fn outside(in_scope: &dyn Fn(&str) -> bool) -> Result<SeededChange, SeedError> {
    if in_scope(OUTSIDE) {
        return Err(SeedError::InScope { path: OUTSIDE.to_owned() });
    }
    SeededChange::file(OUTSIDE, "An edit that the packet's scope does not allow.\n", OUTSIDE)
}

/// Lets a document quote a command that is not the plan's: one of its lines, with an option more.
///
/// # Errors
/// [`SeedError`] when there is no document.
pub(crate) fn stale_command(
    documents: &[String],
    line: &str,
    files: &dyn SourceFiles,
) -> Result<SeededChange, SeedError> {
    let Some((path, text)) = documents.iter().find_map(|path| Some((path, files.text(path)?))) else {
        return Err(SeedError::NoPlace { what: "document", at: "the plan's folder".to_owned() });
    };
    let quoted = format!("{} --rcrepro-seeded", line.lines().next().unwrap_or_default().trim_end());
    let gap = if text.ends_with('\n') { "" } else { "\n" };
    let begun = format!("{text}{gap}\n```bash\n");
    let number = begun.matches('\n').count() + 1;
    let mut change = SeededChange::file(path, &format!("{begun}{quoted}\n```\n"), &format!("{path}:{number}:"))?;
    change.shows.push("--rcrepro-seeded".to_owned());
    Ok(change)
}

#[cfg(test)]
mod tests {
    use super::super::memory::{Memory, only};
    use super::*;
    use rcrepro_pins::judge::judge;
    use rcrepro_pins::survey::PinSurvey;

    #[test]
    fn a_drift_changes_the_reference_and_nothing_else() {
        let version: ToolVersion = "1.26.8".parse().expect("a version");
        let pin = rcrepro_model::plan::pins::Pin { version, old: Vec::new() };
        let pins = rcrepro_model::plan::pins::Pins { go: Some(pin), node: None };
        let module = "module m // 1.26.8\n\ngo 1.26.0\n\ntoolchain go1.26.8\n";
        let files = Memory::new(&[("Dockerfile", "FROM golang:1.26.8\n"), ("go.mod", module)]);
        let mut survey = PinSurvey::default();
        for path in files.paths() {
            survey.file(path, files.text(path).expect("there").as_bytes(), &pins);
        }
        let day = "2026-11-01".parse().expect("a day");
        let judged = judge(&survey, &pins, &[], day);
        let change = drift(version, judged.references.iter(), &files).expect("a change");
        assert_eq!(only(&change), ("go.mod".to_owned(), module.replace("go1.26.8", "go1.26.9")));
        assert_eq!(change.shows, ["go.mod:5:"]);
        assert!(matches!(drift(version, [].iter(), &files), Err(SeedError::NoReference { .. })));
    }

    #[test]
    fn a_stale_command_stands_in_a_block_of_its_own() {
        let files = Memory::new(&[("README.md", "# R\n")]);
        let change = stale_command(&["README.md".to_owned()], "go test ./...", &files).expect("a change");
        let (_, text) = only(&change);
        assert_eq!(text.lines().nth(3), Some("go test ./... --rcrepro-seeded"), "{text}");
        assert_eq!(change.shows, ["README.md:4:", "--rcrepro-seeded"]);
        assert!(stale_command(&[], "go test", &files).is_err());
        assert!(outside(&|_| true).is_err());
        assert_eq!(only(&outside(&|_| false).expect("a change")).0, OUTSIDE);
    }
}

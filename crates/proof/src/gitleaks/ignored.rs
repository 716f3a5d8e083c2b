//! The entries of gitleaks' ignore files, each a condition if it may silence a finding of the call.
//!
//! From gitleaks 8.30's own source (`detect/detect.go`): it reads the file of `-i`, `.gitleaksignore` of that folder or of the one that it runs
//! in, and that of the scanned folder. An entry silences the finding whose fingerprint `FILE:RULE:LINE` is the same text; in an entry of three
//! parts a backslash counts as a slash. What is behind an entry on its line is a part of it.

use std::collections::BTreeSet;

use super::Call;
use super::named::{shown, unseen};
use super::scanned::{Names, SOURCE, Scanned};
use crate::call::{base, tool, unwrapped};
use crate::evidence::CommandEvidence;
use crate::inputs::{Listing, Lookup, named};
use crate::shell::{assignment, is_literal, simples};
use rcrepro_model::plan::proof::{Condition, Tool};

const NAME: &str = ".gitleaksignore";

/// Names every entry of the ignore files.
pub(super) fn conditions(call: &Call, scanned: &Scanned, evidence: &CommandEvidence<'_>) -> Vec<Condition> {
    let (files, mut found) = files(call, scanned, evidence);
    for file in files {
        match evidence.inputs.look(&file) {
            Lookup::Absent => {}
            Lookup::Unavailable => found.push(unseen(&file)),
            Lookup::File(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let entries = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                found.extend(entries.map(|text| Entry { file: &file, text }.judge(call, scanned, evidence)));
            }
        }
    }
    found
}

/// Lists the ignore files that gitleaks may read: all of the tree where the folder cannot be told.
fn files(call: &Call, scanned: &Scanned, evidence: &CommandEvidence<'_>) -> (BTreeSet<String>, Vec<Condition>) {
    let (mut files, mut found) = (BTreeSet::new(), Vec::new());
    let flag = call.value(&["-i", "--gitleaks-ignore-path"]);
    let path = flag.unwrap_or(".");
    let at = call.path(path).filter(|_| is_literal(path) && !call.forced);
    if at.is_none() || scanned.path.is_none() {
        let (all, lost) = named(evidence.inputs, SOURCE, &[NAME]);
        files.extend(all);
        if lost > 0 {
            found.push(unseen(NAME));
        }
    }
    match at {
        Some(at) => {
            let below = format!("{at}/{NAME}");
            // The folder that it runs in is a file to nobody.
            let file = flag.map(|_| at).filter(|at| evidence.inputs.look(at) != Lookup::Unavailable);
            files.extend(file.into_iter().chain([below]));
        }
        None => found.extend(flag.map(unseen)),
    }
    files.extend(scanned.path.as_ref().map(|path| format!("{path}/{NAME}")));
    (files, found)
}

/// A line of an ignore file.
struct Entry<'a> {
    file: &'a str,
    text: &'a str,
}

impl Entry<'_> {
    fn judge(&self, call: &Call, scanned: &Scanned, evidence: &CommandEvidence<'_>) -> Condition {
        let says = format!("`{}` silences `{}`", shown(self.file), self.text);
        let condition = |about: &str, says: String| Condition::new("gitleaks-ignored", about, says);
        let idle =
            |why: &str| condition(self.text, format!("`{}` has `{}`, {why}", shown(self.file), self.text)).idle();
        let paths = self.paths();
        if paths.is_empty() {
            return idle("which is not a fingerprint (`FILE:RULE:LINE`) and silences nothing");
        }
        let fitting: Vec<&String> = paths.iter().filter(|path| scanned.names.has(path)).collect();
        let Names::Below(prefix) = &scanned.names else {
            return match fitting.is_empty() {
                true => idle("which silences nothing: what gitleaks reads from a pipe has no name"),
                false => condition(self.text, says),
            };
        };
        if fitting.is_empty() {
            let names =
                if prefix == "." { "from the folder that it runs in".to_owned() } else { format!("`{prefix}/…`") };
            return idle(&format!("which silences nothing of this scan: gitleaks names what is in it {names}"));
        }
        let there = fitting.iter().find_map(|path| Some((*path, is_there(call, path, evidence)?)));
        match (there, only_scans(evidence.line)) {
            (Some((path, at)), _) => condition(&self.about(call, path, &at), says),
            (None, false) => condition(self.text, says),
            (None, true) => condition(self.text, format!("{says}: orphaned, for `{}` is gone", fitting[0])).idle(),
        }
    }

    /// Lists the files that it may be about, as a finding would name them; none where it is not a fingerprint.
    fn paths(&self) -> Vec<String> {
        let parts: Vec<&str> = self.text.split(':').collect();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match parts.as_slice() {
            [file, _, line] if is_number(line) => vec![file.replace('\\', "/")],
            // A commit's, or of a file or rule with a colon in its name.
            [.., line] if parts.len() > 3 && is_number(line) => {
                (1..parts.len() - 1).map(|end| parts[..end].join(":")).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Names the place in the source, which the folder that gitleaks runs in does not change.
    fn about(&self, call: &Call, path: &str, at: &str) -> String {
        let rest = self.text.get(path.len()..).filter(|rest| rest.starts_with(':'));
        match rest {
            Some(rest) if call.directory.as_deref() != Some("") => format!("{}{rest}", shown(at)),
            _ => self.text.to_owned(),
        }
    }
}

/// Returns where a file is that a finding names, if it may be there.
fn is_there(call: &Call, path: &str, evidence: &CommandEvidence<'_>) -> Option<String> {
    // Of what is in an archive, the archive.
    let outer = path.split_once('!').map(|(archive, _)| archive);
    [Some(path), outer].into_iter().flatten().filter_map(|path| call.path(path)).find(|at| {
        let (folder, name) = at.rsplit_once('/').unwrap_or(("", at));
        match evidence.inputs.list(if folder.is_empty() { "/" } else { folder }) {
            Listing::Absent => false,
            Listing::Folder(names) => names.contains_key(name),
            Listing::Unavailable => true,
        }
    })
}

/// Whether a line makes no files before it scans them, so that only those of the input tree are there.
fn only_scans(line: &str) -> bool {
    simples(line).into_iter().all(|simple| {
        let mut words = simple.words;
        loop {
            words.drain(..words.iter().take_while(|word| assignment(word).is_some()).count());
            match unwrapped(&words) {
                Some(inner) => words = inner,
                None => break,
            }
        }
        let quiet = |word: &String| matches!(base(word), ":" | "export" | "gitleaks" | "test" | "true");
        words.first().is_none_or(quiet) || tool(&words).is_some_and(|(tool, ..)| tool == Tool::Gitleaks)
    })
}

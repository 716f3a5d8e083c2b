//! What the rules make of a recorded end, and the table of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::corpus::{Case, Side, folder};
use crate::recording::{Ended, Recordings};
use rcrepro_model::plan::proof::ProofRule;
use rcrepro_proof::{CommandEvidence, InputFiles, InputKind, Listing, Lookup, Proof, Search, assess, lines_with};

/// The files of a project as the input tree of its command.
struct Files<'a>(&'a BTreeMap<String, String>);

impl Files<'_> {
    fn below<'b>(&'b self, folder: &str) -> impl Iterator<Item = (&'b str, &'b str)> {
        let folder = format!("{}/", folder.trim_end_matches('/'));
        self.0.iter().filter_map(move |(name, text)| {
            let path = format!("/work/{name}");
            path.starts_with(&folder).then(|| (&name[folder.len() - "/work/".len()..], text.as_str()))
        })
    }
}

impl InputFiles for Files<'_> {
    fn look(&self, path: &str) -> Lookup {
        let found = path.strip_prefix("/work/").and_then(|name| self.0.get(name));
        found.map_or(Lookup::Absent, |text| Lookup::File(text.as_bytes().to_vec()))
    }

    fn list(&self, path: &str) -> Listing {
        let names: BTreeMap<String, InputKind> = self
            .below(path)
            .map(|(rest, _)| match rest.split_once('/') {
                Some((folder, _)) => (folder.to_owned(), InputKind::Folder),
                None => (rest.to_owned(), InputKind::File),
            })
            .collect();
        if names.is_empty() { Listing::Absent } else { Listing::Folder(names) }
    }

    fn search(&self, folder: &str, text: &str) -> Search {
        let mut search = Search::default();
        if let Some(held) = folder.strip_prefix("/work/").and_then(|name| self.0.get(name)) {
            let name = folder.rsplit('/').next().unwrap_or_default().to_owned();
            search.found.insert(name, lines_with(held.as_bytes(), text));
        }
        search
            .found
            .extend(self.below(folder).map(|(name, held)| (name.to_owned(), lines_with(held.as_bytes(), text))));
        search.found.retain(|_, lines| *lines > 0);
        search
    }
}

/// Judges an end as `run`, `replay` and `verify` do.
pub fn judge(case: &Case, side: Side, ended: &Ended) -> Proof {
    let project = case.project(side);
    assess(
        ProofRule::Detect,
        &CommandEvidence {
            line: &project.line,
            environment: &project.environment,
            exit_code: ended.exit_code,
            stdout: ended.stdout.as_bytes(),
            stderr: ended.stderr.as_bytes(),
            inputs: &Files(&project.files),
        },
    )
}

/// Returns the page that holds the table.
pub fn table_path() -> PathBuf {
    folder().join("../../docs/hollow.md")
}

/// Writes the corpus as a page.
pub fn table(cases: &[Case], recordings: &Recordings) -> String {
    let mut page = format!(
        "# Ways in which an exit code of 0 meant nothing\n\n\
         {} tiny projects, each with a line whose exit code of 0 hides that nothing, or not all, was checked, as the named public issue or \
         pull request tells; and beside each its honest twin, which is proven. The cases are in `tests/hollow/cases`, what the real tools \
         said in `tests/hollow/recorded`, and every run of the tests judges it. `cargo xtask hollow` runs all of them again with the real \
         tools and compares; `cargo xtask hollow --record` writes the recordings and this page anew.\n",
        cases.len()
    );
    let mut tool = "";
    for case in cases {
        if case.tool != tool {
            tool = &case.tool;
            page.push_str(&format!(
                "\n## {tool}\n\n| Case | Line | What it hides | rcrepro says | Seen in |\n|---|---|---|---|---|\n"
            ));
        }
        let proof = judge(case, Side::Hollow, recordings.of(case, Side::Hollow));
        let conditions: Vec<String> =
            proof.conditions().iter().map(|condition| format!("`{}`", condition.id)).collect();
        let said =
            if conditions.is_empty() { proof.as_str().to_owned() } else { format!("on {}", conditions.join(", ")) };
        let line = case.project(Side::Hollow).line.replace('|', "\\|");
        let seen = case.seen.replace(' ', " #");
        page.push_str(&format!("| {} | `{line}` | {} | {said} | {seen} |\n", case.id, case.says));
    }
    page
}

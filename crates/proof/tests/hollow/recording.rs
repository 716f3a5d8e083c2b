//! What the real tools said: a JSON file for each tool.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::corpus::{Case, Side, folder};

/// How a line ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The shell's exit code.
    pub exit_code: i32,
    /// The whole standard output.
    pub stdout: String,
    /// The whole standard error.
    pub stderr: String,
}

/// The ends of every case, by its name and side.
#[derive(Debug, Default)]
pub struct Recordings(pub BTreeMap<(String, Side), Ended>);

impl Recordings {
    /// Reads the recorded ends.
    pub fn read() -> Self {
        let mut found = Self::default();
        for entry in std::fs::read_dir(folder().join("recorded")).expect("a folder of recordings") {
            let path = entry.expect("an entry").path();
            let tool = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            let text = std::fs::read_to_string(&path).expect("a recording");
            let document: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
            for (id, sides) in document {
                for side in [Side::Hollow, Side::Twin] {
                    let ended = &sides[side.to_string()];
                    let stream = |name: &str| ended[name].as_str().expect("a stream").to_owned();
                    let exit_code = ended["exit"].as_i64().and_then(|code| i32::try_from(code).ok()).expect("a code");
                    let ended = Ended { exit_code, stdout: stream("stdout"), stderr: stream("stderr") };
                    found.0.insert((format!("{tool}/{id}"), side), ended);
                }
            }
        }
        found
    }

    /// Returns a side's end.
    pub fn of(&self, case: &Case, side: Side) -> &Ended {
        let found = self.0.get(&(case.name(), side));
        found.unwrap_or_else(|| panic!("{} is not recorded: cargo xtask hollow --record", case.name()))
    }

    /// Fails on a recording of no case.
    pub fn without(&self, cases: &[Case]) {
        for (name, _) in self.0.keys() {
            assert!(cases.iter().any(|case| case.name() == *name), "{name} is recorded without a case");
        }
    }

    /// Writes all ends, a file for each tool.
    pub fn write(&self, cases: &[Case]) {
        let mut by_tool: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for case in cases {
            let side = |side| {
                let Ended { exit_code, stdout, stderr } = self.of(case, side);
                json!({ "exit": exit_code, "stdout": stdout, "stderr": stderr })
            };
            let sides = json!({ "hollow": side(Side::Hollow), "twin": side(Side::Twin) });
            by_tool.entry(&case.tool).or_default().insert(case.id.clone(), sides);
        }
        for (tool, document) in by_tool {
            let text = serde_json::to_string_pretty(&document).expect("JSON");
            std::fs::write(folder().join("recorded").join(format!("{tool}.json")), text + "\n").expect("written");
        }
    }
}

//! Known tools on a shell line: behind assignments, wrappers (`npx`, `env`, `time`, `bash -c`) and absolute paths.

use super::shell::{Simple, assignment, simples};
use rcrepro_model::plan::proof::Tool;

mod before;
mod folder;
mod known;
mod program;
mod unclear;
mod wrapped;

pub(super) use known::tool;
pub(super) use program::base;
pub(super) use unclear::unclear;
pub(super) use wrapped::{nested, unwrapped};

/// One call of a known tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// What is called, whatever wraps it.
    pub tool: Tool,
    /// How it was called, such as `go test`.
    pub name: String,
    /// The words behind the tool's name and subcommand.
    pub arguments: Vec<String>,
    /// Variables that the line sets for it.
    pub assignments: Vec<(String, String)>,
    /// What hides its exit code; `None` when the line's says it.
    pub hidden: Option<String>,
    /// Whether its output goes elsewhere.
    pub redirected: bool,
    /// The folder it runs in, below the source's root; `None` when that cannot be told.
    pub directory: Option<String>,
    /// Whether the plan says that this tool wrote the streams, and not the line.
    pub forced: bool,
    /// The commands in front of it that may make files which it reads.
    pub before: Vec<String>,
}

impl Call {
    /// Makes the call that a plan's `proof = "TOOL"` means: of the line's arguments nothing is known.
    pub(super) fn forced(tool: Tool, line: &str) -> Self {
        // Where the line does show the tool once, its arguments count.
        let mut shown = calls(line).into_iter().filter(|call| call.tool == tool);
        if let (Some(call), None) = (shown.next(), shown.next()) {
            return call;
        }
        Self {
            tool,
            name: tool.as_str().to_owned(),
            arguments: Vec::new(),
            assignments: Vec::new(),
            hidden: None,
            redirected: false,
            directory: None,
            forced: true,
            before: Vec::new(),
        }
    }

    /// Returns the call as a person would name it.
    pub(super) fn tool_words(&self) -> &str {
        &self.name
    }

    /// Whether one of these flags is set: `-x`, `--x`, `-x=true`. What is behind `--` is not a flag.
    pub(super) fn has(&self, flags: &[&str]) -> bool {
        self.flags().any(|(name, value)| flags.contains(&name) && value != Some("false"))
    }

    /// Whether it is asked for its version or help beside whatever else its arguments say: then it does nothing else.
    pub(super) fn only_asks(&self) -> bool {
        self.has(&["--version", "-V", "--help", "-help", "-h"]) || (self.has(&["-v"]) && !VERBOSE.contains(&self.tool))
    }

    /// Returns the last value of a flag: `-x VALUE` or `-x=VALUE`.
    pub(super) fn value(&self, flags: &[&str]) -> Option<&str> {
        let end = self.arguments.iter().position(|word| word == "--").unwrap_or(self.arguments.len());
        let words = &self.arguments[..end];
        words.iter().enumerate().rev().find_map(|(at, word)| match word.split_once('=') {
            Some((name, value)) if flags.contains(&name) => Some(value),
            None if flags.contains(&word.as_str()) => words.get(at + 1).map(String::as_str),
            _ => None,
        })
    }

    /// Returns every value of a flag that may occur several times, in the line's order.
    pub(super) fn values(&self, flags: &[&str]) -> Vec<&str> {
        let end = self.arguments.iter().position(|word| word == "--").unwrap_or(self.arguments.len());
        let words = &self.arguments[..end];
        let value = |(at, word): (usize, &String)| match words[at].split_once('=') {
            Some((name, value)) if flags.contains(&name) => Some(value),
            None if flags.contains(&word.as_str()) => words.get(at + 1).map(String::as_str),
            _ => None,
        };
        words.iter().enumerate().filter_map(value).collect()
    }

    fn flags(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.arguments
            .iter()
            .map(String::as_str)
            .take_while(|word| *word != "--")
            .filter(|word| word.starts_with('-'))
            .map(|word| match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            })
    }

    /// Returns the variable that the call sees, the line's assignment before the environment's.
    pub(super) fn variable<'a>(
        &'a self,
        name: &str,
        environment: &'a std::collections::BTreeMap<String, String>,
    ) -> Option<&'a str> {
        let assigned = self.assignments.iter().rev().find(|(found, _)| found == name);
        assigned.map(|(_, value)| value.as_str()).or_else(|| environment.get(name).map(String::as_str))
    }

    /// Returns the absolute path of a file that the call names, as far as the folder is known.
    pub(super) fn path(&self, file: &str) -> Option<String> {
        let at = super::shell::join("/work", self.directory.as_deref()?);
        let at = if self.directory.as_deref() == Some("") { "/work".to_owned() } else { at };
        Some(normal(&super::shell::join(&at, file)))
    }
}

/// Takes `.` and `..` out of an absolute path, by text.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Lists the calls of known tools on a line. What only asks for a version or for help is not a call.
pub(super) fn calls(line: &str) -> Vec<Call> {
    calls_behind(line, &mut Vec::new())
}

/// As [`calls`], for a line behind commands that may have made files; those of the line are added to them.
fn calls_behind(line: &str, before: &mut Vec<String>) -> Vec<Call> {
    let (mut found, mut exported) = (Vec::new(), Vec::new());
    for simple in simples(line) {
        if simple.words.first().is_some_and(|word| word == "export") {
            let set = simple.words[1..].iter().filter_map(|word| assignment(word));
            exported.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
            continue;
        }
        for mut call in of_simple(simple, before) {
            call.assignments.splice(0..0, exported.iter().cloned());
            found.push(call);
        }
    }
    found
}

fn of_simple(simple: Simple, before: &mut Vec<String>) -> Vec<Call> {
    let Simple { mut words, hidden, redirected, mut directory } = simple;
    let mut assignments = Vec::new();
    loop {
        let Some(first) = words.first() else { return Vec::new() };
        if let Some((name, value)) = assignment(first) {
            assignments.push((name.to_owned(), value.to_owned()));
            words.remove(0);
            continue;
        }
        if let Some(line) = nested(&words) {
            let mut inner = calls_behind(&line, before);
            for call in &mut inner {
                call.hidden = hidden.clone().or(call.hidden.take());
                call.redirected |= redirected;
                call.directory = directory.as_deref().zip(call.directory.as_deref()).map(|(a, b)| match b {
                    "" => a.to_owned(),
                    b => super::shell::join(a, b),
                });
                call.assignments.splice(0..0, assignments.iter().cloned());
            }
            return inner;
        }
        match unwrapped(&words) {
            Some(inner) => {
                directory = folder::of_wrapper(&words, directory);
                words = inner;
            }
            None => break,
        }
    }
    let earlier = before.clone();
    let found = tool(&words);
    before.extend(before::makes(&words, redirected, found.as_ref().map(|(tool, ..)| *tool)));
    let Some((tool, name, arguments)) = found else { return Vec::new() };
    let directory = folder::of_tool(tool, &words, directory);
    let call =
        Call { tool, name, arguments, assignments, hidden, redirected, directory, forced: false, before: earlier };
    let asks = |word: &String| {
        ["--version", "-version", "-V", "--help", "-help", "-h"].contains(&word.as_str())
            || (word == "-v" && !VERBOSE.contains(&tool))
    };
    let asks = !call.arguments.is_empty() && call.arguments.iter().all(asks);
    if asks { Vec::new() } else { vec![call] }
}

/// The tools to which `-v` does not mean that somebody asks for the version.
const VERBOSE: [Tool; 5] = [Tool::GoBuild, Tool::GoTest, Tool::GoVet, Tool::Gitleaks, Tool::Govulncheck];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<String> {
        calls(line)
            .into_iter()
            .map(|call| format!("{} {}", call.name, call.arguments.join(" ")).trim().to_owned())
            .collect()
    }

    #[test]
    fn tools_are_found_behind_what_runs_them() {
        for (line, expected) in [
            ("go test ./... -count=1", &["go test ./... -count=1"][..]),
            ("GOFLAGS=-mod=mod go -C sub vet ./...", &["go vet ./..."]),
            ("cd frontend-modern && npx vitest run", &["vitest run"]),
            ("npx --yes vitest@3 run", &["vitest run"]),
            ("npm exec -- vitest run", &["vitest run"]),
            ("node ./node_modules/vitest/vitest.mjs run", &["vitest run"]),
            ("frontend-modern/node_modules/.bin/tsc --noEmit -p x", &["tsc --noEmit -p x"]),
            ("env -i A=b timeout -k 5 10m nice -n 5 go build ./...", &["go build ./..."]),
            ("bash -euo pipefail -c 'go vet ./... | tee x'", &["go vet ./..."]),
            ("bash -ec 'go test ./a; go test ./b'", &["go test ./a", "go test ./b"]),
            ("cd w && npm audit --omit=dev", &["npm audit --omit=dev"]),
            ("npm --prefix web audit", &["npm audit --prefix web"]),
            ("npm audit fix", &[]),
            ("npm run test", &[]),
            ("gitleaks detect --no-git --source .", &["gitleaks detect --no-git --source ."]),
            ("gitleaks version && git --version", &[]),
            ("go version && go env GOVERSION", &[]),
            ("npx tsc --version && npx vitest --version", &[]),
            ("govulncheck -version", &[]),
            ("tsc -p . --help", &["tsc -p . --help"]),
            ("tsc -v", &[]),
            ("node --test", &["node --test --test"]),
            ("node server.js", &[]),
            ("echo go test", &[]),
            ("bash scripts/smoke.sh", &[]),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_nested_line_keeps_what_hides_it() {
        assert!(calls("bash -c 'go test ./...; true'")[0].hidden.is_some());
        assert!(calls("bash -c 'go test ./...' || true")[0].hidden.is_some());
        assert!(calls("bash -e -c 'go test ./...; true'")[0].hidden.is_none());
        assert_eq!(calls("cd a && sh -c 'cd b && go vet .'")[0].directory.as_deref(), Some("a/b"));
    }

    #[test]
    fn flags_have_two_forms_and_paths_a_folder() {
        let call = &calls("cd web && npm audit --omit dev --json=false -- --offline")[0];
        assert_eq!(
            (call.value(&["--omit"]), call.has(&["--json"]), call.has(&["--offline"])),
            (Some("dev"), false, false)
        );
        assert_eq!(call.path("../x/./package.json").as_deref(), Some("/work/x/package.json"));
        assert_eq!(calls("tsc -p a")[0].path("a").as_deref(), Some("/work/a"));
        assert_eq!(calls("cd a && go -C b vet .")[0].path(".").as_deref(), Some("/work/a/b"));
    }

    #[test]
    fn words_that_change_the_folder_are_followed() {
        let at = |line: &str| calls(line).last().and_then(|call| call.directory.clone());
        for line in [
            "govulncheck -C a/b ./...",
            "govulncheck -show verbose --C=a/b ./...",
            "env -C a/b govulncheck ./...",
            "env -i --chdir=a timeout 5 env -Cb gitleaks dir .",
            "cd a && env --chdir b bash -c 'gitleaks dir .'",
            "cd a && go vet -C b ./...",
            "go --C a/b vet ./...",
            "pushd a && go test -C=b ./...",
        ] {
            assert_eq!(at(line).as_deref(), Some("a/b"), "{line}");
        }
        for line in
            ["govulncheck -C $D ./...", "env -C a? gitleaks dir .", "go -C ~/a vet ./...", "cd $D && go -C a vet ./..."]
        {
            assert_eq!(at(line), None, "{line}");
        }
        assert_eq!(at("govulncheck ./... -- -C a").as_deref(), Some(""));
    }

    #[test]
    fn what_a_line_exports_is_set_for_what_follows() {
        let call = &calls("export A=1 B; A=2 go vet . && export A=3")[0];
        assert_eq!(call.assignments, [("A".to_owned(), "1".to_owned()), ("A".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn what_may_make_files_is_named() {
        for (line, expected) in [
            ("go test ./...", ""),
            ("set -e; cd x && export A=1; B=2; mkdir -p out && go vet ./... && go build ./... && go test ./...", ""),
            ("test -f go.mod || exit 1; A=$(git rev-parse HEAD) go test ./...", ""),
            ("time bash -c 'cd x && echo begin >&2 && npx tsc --noEmit && go test ./...'", ""),
            ("go test ./... && make report", ""),
            ("command -v go && command cp a b && go test ./...", "cp"),
            ("go generate ./gg && go test ./gg", "go generate"),
            ("cp shared/gen.txt gen/main_test.go && go test ./gen", "cp"),
            ("make gen && git checkout x && go test ./...", "make, git checkout"),
            ("cat > gg/main_test.go < shared/gen.txt && go test ./gg", "cat"),
            ("bash -c 'env A=b ./gen.sh' && timeout 5 bash -c 'go test ./gg'", "gen.sh"),
            ("A=$(./gen.sh) go test ./gg", "gen.sh"),
            ("set -o pipefail; ./gen.sh | tee gg/main_test.go && go test ./gg", "gen.sh, tee"),
        ] {
            let calls = calls(line);
            let call = calls.iter().find(|call| call.name == "go test").expect("the line calls it");
            assert_eq!(call.before.join(", "), expected, "{line}");
        }
    }
}

//! The wall clock that a line's tools get when the plan names none.
//!
//! A clock that flows changes no verdict, and one that stands makes more bytes equal. So it stands only where everything on
//! the line is known to wait for no wall clock: the evidence for each tool is the table in `docs/guide/causes.md`. A line with
//! anything else on it (a script, a test, a server) starts and flows.

use super::call::{self, nested, unwrapped};
use super::shell::{Simple, assignment, simples};
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::proof::{ProofRule, Tool};

/// Tools for which a standing clock was shown to be harmless, and to be worth it.
const STANDS: [Tool; 7] =
    [Tool::Gitleaks, Tool::GoBuild, Tool::GoVet, Tool::Govulncheck, Tool::NpmAudit, Tool::NpmCi, Tool::Tsc];

/// Commands that wait for nothing: shell words, and what writes or looks at a file.
const INERT: [&str; 28] = [
    "", ":", "[", "basename", "cat", "cd", "cp", "cut", "date", "dirname", "echo", "export", "grep", "head", "ls",
    "mkdir", "mv", "printf", "pwd", "rm", "sed", "set", "sort", "tail", "tee", "test", "true", "umask",
];

/// Returns the clock for a line; a plan that names the tool of the streams changes nothing, because the line is what runs.
#[must_use]
pub fn usual_clock(line: &str, rule: ProofRule) -> ClockMode {
    let forced = match rule {
        ProofRule::Tool(tool) => Some(tool),
        ProofRule::Detect | ProofRule::ExitCode => None,
    };
    if stands(line) && forced.is_none_or(|tool| STANDS.contains(&tool)) { ClockMode::Stands } else { ClockMode::Starts }
}

/// Whether a line consists of known tools and inert commands, with one of the tools at least. A loop may wait for the
/// clock whatever its body does, and a function may have any name.
fn stands(line: &str) -> bool {
    let mut words = line.split(|c: char| c.is_whitespace() || ";&|(){}".contains(c));
    if line.contains("()") || words.any(|word| ["while", "until", "for", "function", "alias", "eval"].contains(&word)) {
        return false;
    }
    let kinds: Vec<Kind> = simples(line).iter().map(|simple| kind(simple, 0)).collect();
    kinds.contains(&Kind::Stands) && !kinds.contains(&Kind::Flows)
}

/// Whether a word sets a variable by which a name means another program, or a script runs first.
fn leads_elsewhere(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    ["PATH", "BASH_ENV", "ENV", "NODE_OPTIONS", "LD_PRELOAD"].contains(&name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stands,
    Inert,
    Flows,
}

/// How deep lines in lines are followed.
const DEEPEST: u8 = 8;

fn kind(simple: &Simple, depth: u8) -> Kind {
    let mut words = simple.words.clone();
    loop {
        let assignments = words.iter().take_while(|word| assignment(word).is_some()).count();
        if words.drain(..assignments).any(|word| leads_elsewhere(&word)) {
            return Kind::Flows;
        }
        let Some(first) = words.first() else { return Kind::Inert };
        if let Some(line) = nested(&words) {
            let inner: Vec<Kind> = match depth < DEEPEST {
                true => simples(&line).iter().map(|simple| kind(simple, depth + 1)).collect(),
                false => vec![Kind::Flows],
            };
            return [Kind::Flows, Kind::Stands].into_iter().find(|kind| inner.contains(kind)).unwrap_or(Kind::Inert);
        }
        if let Some(inner) = unwrapped(&words) {
            words = inner;
            continue;
        }
        let name = call::base(first);
        // A program of the source that is called like the tool is another one.
        if first.contains('/') && !first.starts_with("/usr/") && !first.contains("node_modules/.bin/") {
            return Kind::Flows;
        }
        if name == "export" && words.iter().any(|word| leads_elsewhere(word)) {
            return Kind::Flows;
        }
        // These hand the work over to a program of the project's.
        let hands_over = |word: &String| {
            let flag = word.trim_start_matches('-').split('=').next().unwrap_or_default();
            word.starts_with('-') && ["toolexec", "vettool", "exec"].contains(&flag)
        };
        if words.iter().any(hands_over) {
            return Kind::Flows;
        }
        return match call::tool(&words) {
            Some((tool, ..)) if STANDS.contains(&tool) => Kind::Stands,
            Some(_) => Kind::Flows,
            None if name == "vite" && words.get(1).is_some_and(|word| word == "build") => Kind::Stands,
            None if INERT.contains(&name) => Kind::Inert,
            None => Kind::Flows,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_where_nothing_on_the_line_could_wait_for_it() {
        for line in [
            "go build ./...",
            "CGO_ENABLED=0 go build -trimpath -ldflags=\"-X main.date=$(date -u +%F)\" ./...",
            "cd web && npm ci",
            "cd web && npx tsc --noEmit && npx vite build",
            "frontend/node_modules/.bin/tsc --noEmit -p frontend/tsconfig.json",
            "go vet ./... 2>&1 | tee vet.txt",
            "bash -c 'cd a && go build ./...'",
            "gitleaks detect --no-git --source .",
            "govulncheck ./...",
            "npm audit --omit=dev",
        ] {
            assert_eq!(usual_clock(line, ProofRule::Detect), ClockMode::Stands, "{line}");
        }
    }

    #[test]
    fn it_starts_where_anything_could() {
        for line in [
            "go test ./...",
            "go build ./... && go test ./...",
            "go build ./... && ./server --check",
            "bash scripts/smoke.sh",
            "bash -c 'go build ./... && sleep 1'",
            "npx vitest run",
            "npm run build",
            "npm ci && npm test",
            "node --test",
            "date",
            "echo $(./tool) && go build ./...",
            "tools/govulncheck ./...",
            "bash -c 'PATH=$PWD/tools:$PATH tsc'",
            "PATH=$PWD/bin:$PATH tsc -p .",
            "export BASH_ENV=poll.sh; bash -c 'go vet -n .'",
            "tsc() { bash poll.sh; }; tsc --noEmit",
            "go vet -n fmt; t=$(date +%s); while [ $(date +%s) -le $t ]; do :; done",
            "go build -toolexec=./wrap ./...",
            "go vet -vettool ./mine ./...",
            "",
        ] {
            assert_eq!(usual_clock(line, ProofRule::Detect), ClockMode::Starts, "{line}");
        }
        assert_eq!(usual_clock("go build ./...", ProofRule::Tool(Tool::GoTest)), ClockMode::Starts);
        assert_eq!(usual_clock("go build ./...", ProofRule::ExitCode), ClockMode::Stands);
    }
}

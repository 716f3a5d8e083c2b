//! Quoted commands against the plan's commands and their evidence.

use std::collections::BTreeSet;

use super::passage::{Passage, passages};
use super::shell_line::{commands, is_command_in_prose, lines_of, same, tools_of_plan, tools_of_quoted};
use rcrepro_difference::likeness;
use rcrepro_model::plan::documents::{PlanLine, QuotedCommand, QuotedState};

/// How much of two commands must be equal for one to be a hint for the other.
const LIKENESS: f32 = 0.3;

/// A plan's command, ready to be compared.
struct Planned<'a> {
    plan: &'a PlanLine,
    lines: Vec<String>,
}

/// Lists the commands that a document quotes, each with how it compares to the plan, in the document's order.
///
/// A line of a shell's block is a command when it calls a tool that some line of the plan begins with; a code span in
/// prose when it is a whole command besides, or equal to a line of the plan.
#[must_use]
pub fn align(document: &str, text: &str, plan: &[PlanLine]) -> Vec<QuotedCommand> {
    let planned: Vec<Planned<'_>> =
        plan.iter().map(|plan| Planned { plan, lines: lines_of(&plan.line) }).filter(|p| !p.lines.is_empty()).collect();
    let tools: BTreeSet<String> = plan.iter().flat_map(|plan| tools_of_plan(&plan.line)).collect();
    let mut found = Vec::new();
    for passage in passages(text) {
        let quoted = commands(&passage.lines);
        let mut at = 0;
        while let Some((line, text)) = quoted.get(at) {
            let equal = longest(&planned, &quoted[at..]);
            let count = equal.map_or(1, |planned| planned.lines.len());
            if let Some(state) = state(&passage, text, equal, &planned, &tools) {
                let text: Vec<&str> = quoted[at..at + count].iter().map(|(_, text)| text.as_str()).collect();
                found.push(QuotedCommand { document: document.to_owned(), line: *line, text: text.join("\n"), state });
            }
            at += count;
        }
    }
    found
}

/// Finds the plan's command that the quoted lines begin with, the longest one.
fn longest<'p, 'a>(planned: &'p [Planned<'a>], quoted: &[(usize, String)]) -> Option<&'p Planned<'a>> {
    let begins = |planned: &&Planned<'_>| {
        planned.lines.len() <= quoted.len()
            && planned.lines.iter().zip(quoted).all(|(planned, (_, quoted))| same(quoted, planned))
    };
    planned.iter().filter(begins).max_by_key(|planned| planned.lines.len())
}

/// Returns how a quoted text compares to the plan; `None` when it is not a command.
fn state(
    passage: &Passage,
    text: &str,
    equal: Option<&Planned<'_>>,
    planned: &[Planned<'_>],
    tools: &BTreeSet<String>,
) -> Option<QuotedState> {
    if equal.is_none() {
        let calls = tools_of_quoted(text).iter().any(|tool| tools.contains(tool));
        if !calls || (passage.prose && !is_command_in_prose(text)) {
            return None;
        }
    }
    if let Some(reason) = &passage.ignored {
        return Some(QuotedState::Ignored { reason: reason.clone() });
    }
    let Some(equal) = equal else { return Some(QuotedState::Stale { nearest: nearest(text, planned) }) };
    // A plan may hold one line under several ids; evidence for any of them is evidence for the line.
    let all = planned.iter().filter(|planned| planned.lines == equal.lines).flat_map(|planned| &planned.plan.recorded);
    let (mut good, mut failed): (Vec<_>, Vec<_>) = all.cloned().partition(|recorded| recorded.succeeded);
    good.sort();
    good.dedup();
    failed.sort();
    failed.dedup();
    if good.is_empty() {
        Some(QuotedState::Unbacked { recorded: failed })
    } else {
        Some(QuotedState::Backed { recorded: good })
    }
}

fn nearest(text: &str, planned: &[Planned<'_>]) -> Option<String> {
    let best = planned
        .iter()
        .map(|planned| (likeness(text, &planned.plan.line), planned))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness >= LIKENESS).map(|(_, planned)| planned.plan.line.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::digest::Digest;
    use rcrepro_model::plan::documents::RecordedCommand;

    fn recorded(succeeded: bool) -> RecordedCommand {
        RecordedCommand {
            packet: "RC-05".parse().expect("a packet"),
            command: "go".parse().expect("a name"),
            manifest: Digest::of(b"manifest"),
            succeeded,
        }
    }

    fn plan() -> Vec<PlanLine> {
        let line = |line: &str, recorded: Vec<RecordedCommand>| PlanLine { line: line.to_owned(), recorded };
        vec![
            line("go test ./... -count=1", vec![recorded(true)]),
            line("go build ./...", vec![recorded(false)]),
            line("cd frontend-modern && npm audit --omit=dev", vec![]),
            line("bash scripts/smoke.sh", vec![recorded(true), recorded(true)]),
            line("mkdir /tmp/x\ngo run .", vec![recorded(true)]),
        ]
    }

    /// Returns line, text and word of every quoted command.
    fn states(text: &str) -> Vec<(usize, String, &'static str)> {
        let found = align("README.md", text, &plan());
        found.into_iter().map(|quoted| (quoted.line, quoted.text, quoted.state.as_str())).collect()
    }

    #[test]
    fn each_state_has_its_case() {
        let document = "Run `go test ./... -count=1`, never `go test ./...`; `go test` and `go.mod` are names.\n\n\
                        ```sh\n$ go build ./...\nbash scripts/smoke.sh\n```\n\n```\nbash scripts/smoke.sh --fast\n\
                        make all\nnpm audit --omit=dev\n```\n\n<!-- rcrepro:ignore a sketch -->\n\n    go vet ./...\n";
        let found = states(document);
        let found: Vec<(usize, &str, &str)> =
            found.iter().map(|(line, text, word)| (*line, text.as_str(), *word)).collect();
        assert_eq!(
            found,
            [
                (1, "go test ./... -count=1", "backed"),
                (1, "go test ./...", "stale"),
                (4, "go build ./...", "unbacked"),
                (9, "bash scripts/smoke.sh --fast", "stale"),
                (11, "npm audit --omit=dev", "stale"),
                (16, "go vet ./...", "ignored"),
            ]
        );
    }

    #[test]
    fn a_stale_command_has_the_nearest_one_beside_it() {
        let found = align("README.md", "`npm audit --omit=dev`", &plan());
        let nearest = Some("cd frontend-modern && npm audit --omit=dev".to_owned());
        assert_eq!(found[0].state, QuotedState::Stale { nearest });
        assert!(found[0].state.is_finding());
    }

    #[test]
    fn a_command_of_several_lines_is_one() {
        assert_eq!(states("```\nmkdir /tmp/x\ngo run .\n```\n"), [(2, "mkdir /tmp/x\ngo run .".to_owned(), "backed")]);
        assert_eq!(states("```\ngo run .\n```\n"), [(2, "go run .".to_owned(), "stale")]);
    }

    #[test]
    fn evidence_counts_once_and_failed_evidence_is_none() {
        let found = align("README.md", "`bash scripts/smoke.sh` `go build ./...`", &plan());
        assert_eq!(found[0].state, QuotedState::Backed { recorded: vec![recorded(true)] });
        assert_eq!(found[1].state, QuotedState::Unbacked { recorded: vec![recorded(false)] });
    }
}

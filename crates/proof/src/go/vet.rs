//! `go vet`: silent when all is well; `-json` exits 0 whatever it finds.

use super::Flags;
use super::build::matched;
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::lines;
use rcrepro_model::plan::proof::{Condition, Tool};
use rcrepro_model::text::plural::counted;

pub(crate) const ADAPTER: Adapter = Adapter { tool: Tool::GoVet, version: 2, rules: RULES, pass, failure: None };

const RULES: &str = "Proven: it exits 0 without the warning that a pattern matched no packages. Hollow: that warning; -n, \
-toolexec, -overlay; -vettool, which lets another program vet; -fix, which changes files instead. On a condition: analyses that the \
line switches on or off, for the others are left out. Contradicted: -json, which exits 0 whatever it finds, and findings in the stream.\n";

fn pass(call: &Call, _alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let flags = Flags::of(call, evidence);
    if let Some(program) = flags.value("vettool") {
        return Proof::hollow(format!("`go vet -vettool` lets another program vet: `{program}`"));
    }
    if flags.on("fix") {
        return Proof::hollow("`go vet -fix` changes files, and reports nothing of what it mended");
    }
    if flags.on("json") {
        // The report is JSON objects one after the other, comments between them; a finding has a position.
        let findings =
            lines([evidence.stdout, evidence.stderr]).iter().filter(|line| line.contains("\"posn\":")).count();
        if findings > 0 {
            return Proof::contradicted(format!(
                "{}, and `-json` exits 0 whatever it finds",
                counted(findings, "finding")
            ));
        }
    }
    let chosen = ANALYSES.into_iter().filter(|name| flags.value(name).is_some());
    let condition = |name: &str| {
        let (id, says) = match flags.on(name) {
            true => ("go-vet-only", "`go vet` makes no analysis but those that the line names"),
            false => ("go-vet-without", "`go vet` leaves this analysis out"),
        };
        Condition::new(id, name, format!("{says}: `{name}`"))
    };
    matched(call, evidence, "every package that it names is vetted").on(chosen.map(condition))
}

/// The analyses that a flag of their name chooses (`go tool vet help`, Go 1.26).
const ANALYSES: [&str; 36] = [
    "appends",
    "asmdecl",
    "assign",
    "atomic",
    "bools",
    "buildtag",
    "cgocall",
    "composites",
    "copylocks",
    "defers",
    "directive",
    "errorsas",
    "framepointer",
    "hostport",
    "httpresponse",
    "ifaceassert",
    "loopclosure",
    "lostcancel",
    "nilfunc",
    "printf",
    "shift",
    "sigchanyzer",
    "slog",
    "stdmethods",
    "stdversion",
    "stringintconv",
    "structtag",
    "testinggoroutine",
    "tests",
    "timeformat",
    "unmarshal",
    "unreachable",
    "unsafeptr",
    "unusedresult",
    "waitgroup",
    "inline",
];

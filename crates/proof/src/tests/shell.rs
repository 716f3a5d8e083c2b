//! Lines whose exit code does not say what the tool on them did, and lines beside them whose exit code does.

use super::{Case, said};
use rcrepro_format::syntax::toml_place;
use serde_json::Value;

/// A file for each tool whose proof is the exit code.
const FILES: &[(&str, &str)] =
    &[("/work/tsconfig.json", "{\"include\": [\"src\"]}"), ("/work/web/tsconfig.json", "{\"include\": [\"src\"]}")];

fn stands(line: &str, expected: &str) {
    Case { files: FILES, ..said(line, "") }.is(expected);
}

#[test]
fn an_exit_code_that_is_the_tool_s_proves_its_work() {
    for line in [
        "go build ./...",
        "cd a && go build ./...",
        "set -euo pipefail; go vet ./...",
        "set -e -o pipefail\ngo vet ./... |\n tee log\ntrue",
        "test -f go.mod || exit 1; go build ./...",
        "test -f go.mod || { echo none; exit 1; }; go build ./...",
        "exec go build ./...",
        "setsid --wait go build ./...",
        "node --max-old-space-size=4096 node_modules/.bin/tsc -p .",
        "bash -c 'exec go build ./...'",
        "bash -euo pipefail -c 'go build ./...'",
        "go build ./... && go vet ./...",
        "go build ./... &&\ngo vet ./...",
        "go build ./... && exit 0",
        "GOFLAGS=-mod=vendor go build ./...",
        "cd web && node_modules/.bin/tsc --noEmit",
        "command -v go && go build ./...",
        "command -v tsc >/dev/null && tsc --noEmit",
        "command go build ./...",
        "time -p go build ./...",
        "( exit 0 ) && go build ./...",
        "false || go version && go build ./...",
        "exec 2>&1; go build ./...",
        "exec 3>log; go build ./...",
        "FLAGS=(-tags x); go build ./...",
        "echo ${X:-a; b} && go build ./...",
        "echo $'it\\'s' && go build ./...",
        "diff <(go env GOVERSION) <(cat go.version) && go build ./...",
        "[[ -n x && $Y =~ ^(a|b)$ ]] && go build ./...",
        "\"$HOME\"/bin/ready && go build ./...",
        "shopt -s globstar; go vet ./...",
        "set -- -x; go build ./...",
        "set -e; { go build ./...; go vet ./...; } >&2",
    ] {
        stands(line, "proven");
    }
}

#[test]
fn what_may_end_the_line_first_proves_nothing() {
    for line in [
        "exit; go build ./...",
        "exit 0; go build ./...",
        "exit 256; go build ./...",
        "exit $X; go build ./...",
        "exit 0 && go build ./...",
        "exit 0\ntsc",
        "exit 0\ntsc -p tsconfig.json",
        "'exit' 0; go build ./...",
        "which go || exit 0; go build ./...",
        "which go >/dev/null || exit 0; go build ./...",
        "test -x /usr/local/go/bin/go || exit 0\ngo vet ./...",
        "if [ ! -x /usr/local/go/bin/go ]; then exit 0; fi; go build ./...",
        "if true; then exit 0; fi; go build ./...",
        "command -v tsc > /dev/null || { echo skip; exit 0; }; tsc -p tsconfig.json",
        "[ -n \"$CI\" ] || exit 0; go build ./...",
        "[ -n \"$CI\" ] || exit 0 && go build ./...",
        "{ exit 0; } && go build ./...",
        "return 0 2>/dev/null; go build ./...",
        "return; go build ./...",
        "command exit 0 && go build ./...",
        "builtin exit 0; go build ./...",
        "time exit 0; go build ./...",
        "! exit 0; go build ./...",
        "exec true && go build ./...",
        "exec /bin/true && go build ./...",
        "exec true; go build ./...",
        "exec >/dev/null && go build ./...",
        "exec go build ./... && go vet ./...",
        "bash -c 'exit 0; go build ./...'",
        "sh -c 'which go || exit 0; go build ./...'",
        "(exit 0; go build ./...)",
        "echo {; exit 0; }; go build ./...",
        "echo $'\\''; exit 0; echo '; go build ./... #'; go build ./...",
        "X='exit 0'; $X; go build ./...",
        "{exit,0}; go build ./...",
        "set -e; test -d none && go build ./...; true",
        "set -e; cd none && go build ./...; true",
    ] {
        stands(line, "hollow");
    }
    stands(
        "which go || exit 0; go build ./...",
        "hollow | hollow pass: the exit code of `go build` is hidden by `exit` before it, which may end the line first: write \
         `exit 1`",
    );
}

#[test]
fn what_changes_the_shell_proves_nothing() {
    for line in [
        "trap 'exit 0' EXIT; go build ./...",
        "trap \"exit 0\" 0; go build ./...",
        "set -e; trap 'exit 0' EXIT; go build ./...",
        "trap : ERR; set -e; trap 'exit 0' ERR; go build ./...",
        "trap 'exit 0' EXIT; go test ./...",
        "trap 'exit 0' EXIT; go vet ./...",
        "trap 'exit 0' EXIT; tsc -p tsconfig.json",
        "trap -- 'exit 0' EXIT && tsc -p tsconfig.json",
        "tsc --noEmit -p tsconfig.json && trap '' EXIT",
        "command trap 'exit 0' EXIT; go build ./...",
        "builtin trap 'exit 0' EXIT && go build ./...",
        "cd . && trap 'exit 0' EXIT && go build ./...",
        "kill -0 $$; trap 'exit 0' CHLD; go build ./...",
        "set -T; trap 'exit 0' DEBUG; go build ./...",
        "bash -c \"trap 'exit 0' EXIT; go build ./...\"",
        "eval \"trap 'exit 0' EXIT\" && go build ./...",
        "eval exit && go build ./...",
        "builtin eval exit && go build ./...",
        ". ./env.sh; go build ./...",
        ". ./env.sh && go build ./...",
        "source ./env.sh && go build ./...",
        ". /dev/stdin <<< 'exit 0' && go build ./...",
        "hash -p /bin/true go; go build ./...",
        "enable -n test; hash -p /bin/true go && go build ./...",
        "enable -f x go && go build ./...",
        "alias go='true'; go build ./...",
        "shopt -s expand_aliases; go build ./...",
        "go() { command go \"$@\"; true; }; go build ./...",
        "go() { true; }\ngo build ./...",
        "function go { command go \"$@\" || true; }; go build ./...",
        "function x() { true; }; go build ./...",
        "set -n; go build ./...",
        "set -n && go build ./...",
        "set -o noexec; go build ./...",
        "set -o pipefail -o noexec; go build ./...",
        "set $X; go build ./...",
        "bash -n -c 'go build ./...'",
        "bash -nc 'go build ./...'",
        "bash -o noexec -c 'go build ./...'",
        "bash -o pipefail -n -c 'go build ./...'",
        "bash --rcfile /work/env.sh -ic 'go build ./...'",
        "BASH_ENV=/work/env.sh bash -c 'go build ./...'",
        "export BASH_ENV=/work/env.sh; bash -c 'go build ./...'",
        "env ENV=x SHELLOPTS=noexec sh -c 'go build ./...'",
        "env 'BASH_FUNC_go%%=() { true; }' bash -c 'go build ./...'",
        "set -e; { go build ./...; true; } && true",
        "set -e; { go build ./...; true; } || exit 1",
        "set -e; (go build ./...; true) && true",
        "set -e; ! { go build ./...; true; }",
        "set -- -e; go build ./...; true",
        "false && set -e; go build ./...; true",
        "set -e | cat; go build ./...; true",
        "set -eo pipefail\ngo build ./... |\ncat || true",
        "a=(go build ./...) b",
        "((tsc + 1))",
        ": ${X:-; go build ./...}; wrap go build ./...",
        "cat <<E && wrap go build\n\tE\ngo build ./...\nE",
    ] {
        stands(line, "hollow");
    }
    stands(
        "trap 'exit 0' EXIT; go build ./...",
        "hollow | hollow pass: the exit code of `go build` is hidden by `trap`, whose effect on it cannot be seen: write the line \
         without it",
    );
}

#[test]
fn what_the_environment_hands_to_a_shell_proves_nothing() {
    for (name, value) in [
        ("BASH_ENV", "$(exit)"),
        ("SHELLOPTS", "noexec"),
        ("BASHOPTS", "expand_aliases"),
        ("BASH_FUNC_go%%", "() { true; }"),
    ] {
        Case { environment: &[(name, value)], ..said("go build ./...", "") }.is("hollow");
        Case { environment: &[(name, value)], ..said("make", "") }.is("unproven");
    }
    Case { environment: &[("ENVIRONMENT", "x")], ..said("go build ./...", "") }.is("proven");
}

#[test]
fn the_name_of_a_tool_without_a_call_is_undecided() {
    for line in [
        "until ! go build ./...; do break; done",
        "case a in a) go build ./...; true;; esac",
        "! ! go build ./...; true",
        "cat <(go build ./...)",
        "go version > >(go build ./...)",
        "cat < <(go build ./...)",
        "{ go version; } > >(go build ./...)",
        "cat <<< \"$(go build ./...)\"",
        "coproc { go build ./...; }; wait",
        "coproc go build ./...; wait; true",
        "f() { go build ./...; true; }; f && true",
        "set -e; f() { go build ./...; true; }; f && true",
        "ignore() { \"$@\" || true; }; ignore go build ./...",
        "ignore() { \"$@\"; return 0; } && ignore go build ./...",
        "eval 'go build ./... || true'",
        "eval 'go build ./...; true'",
        "G=go; $G build ./... || true",
        "$(echo go) build ./... || true",
        "find . -maxdepth 0 -exec go build ./... \\;",
        "find . -maxdepth 0 -exec go build ./... ';'",
        "xargs go build ./... < /dev/null || true",
        "echo . | xargs -I{} sh -c 'go build {} ; true'",
        "env -S 'go build ./...'; :",
        "bash -c '\"$@\"; true' x go build ./...",
        "bash -c 'exec \"$@\" || true' x go build ./...",
        "env --split-string='go build ./... || true'",
        "setsid go build ./...",
        "setsid -f go build ./...",
        "node --eval=0 node_modules/.bin/tsc",
        "node --check node_modules/typescript/lib/tsc.js",
        "bash -c 'true' go build ./...",
        "wrap go build ./...",
        "time -p wrap go build ./...",
        "chroot / go build ./... || true",
        "while go build ./...; do break; done",
        "select x in a; do go build ./...; done",
        "[[ $(go build ./...) ]] || true",
        "x=$(go build ./...); true",
    ] {
        stands(line, "hollow");
    }
    stands(
        "find . -exec go build ./... ';'",
        "hollow | hollow pass: `go build` is on the line behind `find`, and whether it ran and how it ended cannot be seen",
    );
}

#[test]
fn a_line_that_only_mentions_a_tool_is_unproven() {
    for line in [
        "echo go build ./...",
        "git log -- go",
        "git commit -m 'go build ./...'",
        "grep -r 'go test' docs",
        "printf '%s\\n' tsc vitest",
        "rm -rf node_modules/.bin/tsc",
        "npm install vitest",
        "npm run tsc",
        "npm audit fix",
        "command -v tsc",
        "which go && go version",
        "tsc --version",
        "bash -c ': go build ./...'",
        "trap 'rm -rf tmp' EXIT; make test",
        ". ./env.sh && make",
        "bash scripts/smoke.sh",
        "diff <(go env GOVERSION) <(sed -n \"s/^toolchain //p\" go.mod) && go env GOVERSION",
    ] {
        stands(line, "unproven");
    }
}

#[test]
fn nothing_hides_the_exit_codes_of_the_plans_that_are_handed_out() {
    for plan in [
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/beacon/rcrepro.toml")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/commands/init/release-confidence.toml")),
    ] {
        let plan: Value = toml_place::parse(plan).expect("a plan");
        let commands = plan["sets"].as_object().expect("sets").values().filter_map(Value::as_array).flatten();
        let lines: Vec<&str> = commands.filter_map(|command| command.get("run")?.as_str()).collect();
        assert!(lines.len() > 9, "{lines:?}");
        for line in lines {
            assert_eq!(crate::call::unclear(line), None, "{line}");
            assert!(crate::call::calls(line).iter().all(|call| call.hidden.is_none()), "{line}");
        }
    }
}

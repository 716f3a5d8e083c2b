//! The go command's flags: those of the line, and before them those of `GOFLAGS`.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::evidence::CommandEvidence;

/// Flags of `go build`, `go vet` and `go test` that take a value behind a blank (`go help build`, `go help testflag`).
const VALUED: [&str; 43] = [
    "C",
    "asmflags",
    "bench",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "buildmode",
    "compiler",
    "count",
    "covermode",
    "coverpkg",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "exec",
    "fuzz",
    "fuzzminimizetime",
    "fuzztime",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "list",
    "memprofile",
    "memprofilerate",
    "mod",
    "modfile",
    "mutexprofile",
    "mutexprofilefraction",
    "o",
    "outputdir",
    "overlay",
    "p",
    "parallel",
    "pgo",
    "pkgdir",
    "run",
    "shuffle",
    "skip",
    "tags",
    "timeout",
    "toolexec",
    "trace",
];
/// Two more that take a value: the name of the program that vets, and of the analyses that `go test` vets with.
const VETTING: [&str; 2] = ["vet", "vettool"];

/// What a call's flags say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Each flag's last value, without dashes and without `test.`; `true` where there is none.
    values: BTreeMap<String, String>,
}

impl Flags {
    /// Reads the flags of a call, `GOFLAGS` before those of the line, and what the test binary gets behind `-args`.
    pub(crate) fn of(call: &Call, evidence: &CommandEvidence<'_>) -> Self {
        let mut flags = Self::default();
        let usual = call.variable("GOFLAGS", evidence.environment).unwrap_or_default();
        // An entry of GOFLAGS has its value behind `=`, or none.
        usual.split_whitespace().for_each(|word| flags.take(word, None));
        let mut words = call.arguments.iter().map(String::as_str).peekable();
        let mut of_binary = false;
        while let Some(word) = words.next() {
            match word {
                "-args" | "--args" => of_binary = true,
                _ if of_binary && !word.trim_start_matches('-').starts_with("test.") => {}
                _ if word.starts_with('-') && word.len() > 1 => {
                    let takes = !word.contains('=') && (VALUED.contains(&name(word)) || VETTING.contains(&name(word)));
                    let value = if takes { words.next() } else { None };
                    flags.take(word, value);
                }
                _ => {}
            }
        }
        flags
    }

    fn take(&mut self, word: &str, next: Option<&str>) {
        let value = word.split_once('=').map(|(_, value)| value).or(next).unwrap_or("true");
        self.values.insert(name(word).to_owned(), value.to_owned());
    }

    /// Whether a switch is on; Go takes `-v`, `-v=1`, `-v=t` and the like for on.
    pub(crate) fn on(&self, flag: &str) -> bool {
        let off = |value: &str| matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False");
        self.values.get(flag).is_some_and(|value| !off(value))
    }

    /// Returns the text behind `-flag=` or in the next word; of several the last.
    pub(crate) fn value(&self, flag: &str) -> Option<&str> {
        self.values.get(flag).map(String::as_str)
    }
}

/// Returns a flag's name without dashes, value and the prefix that the test binary knows it by.
fn name(word: &str) -> &str {
    let word = word.trim_start_matches('-');
    let word = word.split_once('=').map_or(word, |(name, _)| name);
    word.strip_prefix("test.").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::calls;
    use crate::inputs::NoInputs;

    fn flags(line: &str) -> Flags {
        let environment = BTreeMap::new();
        let (stdout, stderr): (&[u8], &[u8]) = (b"", b"");
        let evidence =
            CommandEvidence { line, environment: &environment, exit_code: 0, stdout, stderr, inputs: &NoInputs };
        Flags::of(&calls(line)[0], &evidence)
    }

    #[test]
    fn a_value_is_no_flag_and_goflags_come_first() {
        let read = flags("GOFLAGS='-v -run=A' go test -run -json ./... --count 0 -short=false -args -test.list . -x");
        assert_eq!((read.value("run"), read.value("count"), read.value("list")), (Some("-json"), Some("0"), Some(".")));
        assert!(read.on("v") && !read.on("json") && !read.on("short") && !read.on("x"), "{read:?}");
        assert!(!flags("GOFLAGS=-v go test -v=0 ./...").on("v"));
        assert!(flags("go test ./... -test.v").on("v"));
    }
}

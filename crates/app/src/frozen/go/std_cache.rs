//! Go's standard library as a frozen input: the build cache that compiling, vetting and testing with it leaves behind.
//!
//! Every Go command would compile the same packages of the standard library again, because it begins with an empty cache:
//! most of what such a command takes. What comes out is a function of the toolchain alone, so it is compiled once, without
//! a network, and locked like everything else; a cache that were not what this toolchain makes would not meet its lock.
//!
//! Kept: the entries (`HH/HEX-a`, which name an output, and `HH/HEX-d`, the outputs), each `-a` with the time 1, because
//! it holds when it was written. The files of the package have fixed times, because the cache indexes packages by them.
//! Dropped: `trim.txt`, `testexpire.txt`, `README`. Tests of it run with `-count=1`: a cached
//! test result holds durations. Source of the form: `cmd/go/internal/cache`.

use crate::frozen::failed_step::Blame;
use crate::frozen::{FrozenError, FrozenStep, prune};
use rcrepro_engine::Network;
use rcrepro_model::content::digest::Digest;

/// The shell line: a package that imports all of the public standard library is built, vetted and tested, and then whatever the
/// plan says in place of `LINES`.
const LINE: &str = r#"set -eu -o pipefail
mkdir /tmp/prime
export GOCACHE=/work/gocache GOTOOLCHAIN=local GOPROXY=off GOFLAGS=
( cd /tmp/prime
  printf 'module prime\n\ngo 1.21\n' > go.mod
  { printf 'package prime\n\nimport (\n'
    go list std | grep -vE '(^|/)(internal|vendor)(/|$)' | sed 's/.*/\t_ "&"/'
    printf ')\n'; } > prime.go
  printf 'package prime\n\nimport "testing"\n\nfunc TestPrime(*testing.T) {}\n' > prime_test.go
  touch -d @1 prime.go prime_test.go go.mod
  go build ./... && go vet ./... && go test -count=1 ./...
LINES
)
"#;
/// The end of the shell line: gives each entry the same time.
pub(super) const EVEN: &str =
    r"find gocache -name '*-a' -exec sed -i -E 's/ [ 0-9]{19}[0-9]$/                    1/' '{}' +";
/// The end of an entry with that time, less the line's end.
const TIME: &str = "                    1";
/// What the line leaves, relative to its working directory.
pub(super) const OUTPUT: &str = "gocache";

impl FrozenStep<'_> {
    /// Compiles the standard library with the plan's toolchain; gives the root of the cache.
    pub(in crate::frozen) async fn compile(&self) -> Result<Digest, FrozenError> {
        let line = LINE.replace("LINES", &self.input.lines.join("\n")) + EVEN;
        let root = self.step(&line, OUTPUT, &[], Network::None).await?.ok_or_else(|| FrozenError::Step {
            name: self.name.clone(),
            ending: "no build cache came out".to_owned(),
            said: String::new(),
            blame: Blame::World,
            denied: None,
        })?;
        prune::filter(self.store, root, &keep)
    }
}

/// Gives an entry that names an output the same time, as [`EVEN`] does; any other bytes stay as they are.
pub(super) fn evened(mut entry: Vec<u8>) -> Vec<u8> {
    let Some(end) = entry.len().checked_sub(1).filter(|end| entry[*end] == b'\n') else { return entry };
    let Some(start) = end.checked_sub(TIME.len()) else { return entry };
    let (last, padded) = (entry[end - 1], &entry[start + 1..end - 1]);
    if entry[start] == b' ' && last.is_ascii_digit() && padded.iter().all(|byte| matches!(byte, b' ' | b'0'..=b'9')) {
        entry[start..end].copy_from_slice(TIME.as_bytes());
    }
    entry
}

/// Tells whether a path of the build cache is part of the frozen tree.
pub(super) fn keep(path: &str) -> bool {
    path.split_once('/').is_some_and(|(folder, entry)| {
        folder.len() == 2 && entry.starts_with(folder) && (entry.ends_with("-a") || entry.ends_with("-d"))
    })
}

#[cfg(test)]
mod tests {
    use super::{EVEN, TIME, evened, keep};

    #[test]
    fn an_entry_has_one_time_here_and_in_the_shell() {
        assert!(EVEN.contains(&format!("/{TIME}/")) && TIME.len() == 21);
        let entry = |time: u64| format!("v1 aa bb {:>20} {time:>20}\n", 77).into_bytes();
        assert_eq!(evened(entry(1_700_000_000_000_000_000)), entry(1));
        for other in
            ["", "\n", "v1 aa bb\n", "v1 aa bb 1700000000000000000x\n", "v1 without an end 17000000000000000000"]
        {
            assert_eq!(evened(other.into()), other.as_bytes(), "{other:?}");
        }
    }

    #[test]
    fn entries_are_kept_and_what_a_day_writes_is_dropped() {
        assert!(keep("0a/0a12-a") && keep("ff/ff00-d"));
        for dropped in ["trim.txt", "testexpire.txt", "README", "0a/0b12-a", "0a/0a12-x", "fuzz/0a/0a12-a"] {
            assert!(!keep(dropped), "{dropped}");
        }
    }
}

//! Why a client's step failed, from what the client said: the lines that tell it, and whose fault it is.

use rcrepro_model::text::plural::counted;

/// The most lines that are shown.
const LINES: usize = 24;
/// The most characters of a line that are shown.
const WIDTH: usize = 300;

/// Whose fault a failed step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The project's files ask for what cannot be: a lock that does not fit, a module in a folder that is not there.
    Project,
    /// The network, a registry or the engine: the same files may succeed another time.
    World,
}

/// Words that only a network or a registry out of order makes a client say.
const WORLD: [&str; 27] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "CERT_",
    "SELF_SIGNED_CERT",
    "ENOSPC",
    "dial tcp",
    "no such host",
    "connection refused",
    "connection reset",
    "i/o timeout",
    "TLS handshake",
    "x509:",
    "no space left on device",
    "500 Internal Server Error",
    "502 Bad Gateway",
    "503 Service Unavailable",
    "NewConnectionError",
    "Max retries exceeded",
    "CERTIFICATE_VERIFY_FAILED",
    "ProxyError",
    "Read timed out",
];

/// Words in which a client complains about the project's files.
const PROJECT: [&str; 31] = [
    "code EUSAGE",
    "code ERESOLVE",
    "code EJSONPARSE",
    "code EBADENGINE",
    "code EBADPLATFORM",
    "code EINVALIDPACKAGENAME",
    "code EINVALIDTAGNAME",
    "code ENOLOCK",
    "code EUNSUPPORTEDPROTOCOL",
    "code EBADDEVENGINES",
    "(replaced by ",
    "missing go.sum entry",
    "malformed go.sum",
    "errors parsing go.mod",
    "errors parsing go.work",
    "go.mod requires go >=",
    "updates to go.mod needed",
    "invalid version",
    "unknown revision",
    "replacement module without version",
    "go.mod file not found",
    "malformed module path",
    "unsupported GOOS/GOARCH",
    "No matching distribution found for",
    "ResolutionImpossible",
    "Invalid requirement",
    "Hashes are required in --require-hashes mode",
    "must have their versions pinned with ==",
    "rcrepro: the image has no pip",
    "rcrepro: the image has no python3",
    "no such option: ",
];

/// Looks for the blame in what a client said; without a sign of either, it is the world's: the files were judged before the step.
#[must_use]
pub fn blame(said: &str) -> Blame {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if !says(&WORLD) && says(&PROJECT) { Blame::Project } else { Blame::World }
}

/// Gives the lines that say why, at most 24 of them, those in the middle left out first.
#[must_use]
pub fn lines(said: &str) -> Vec<String> {
    let mut lines: Vec<String> = telling(said);
    if lines.is_empty() {
        lines = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(harmless).collect();
    }
    if lines.len() > LINES {
        let left_out = lines.len() - LINES;
        let more = format!("… {} …", counted(left_out, "more line"));
        lines.splice(LINES / 2..LINES / 2 + left_out, [more]);
    }
    lines
}

/// Names the packages that npm misses in its lock.
#[must_use]
pub fn missing_from_lock(said: &str) -> Vec<&str> {
    let named = said.lines().filter_map(|line| line.split_once("Missing: ")?.1.strip_suffix(" from lock file"));
    named.filter_map(|package| Some(package.rsplit_once('@')?.0)).collect()
}

/// The words with which the step of Python packages ends where a package has no wheel.
pub const ONLY_SOURCE: &str = "only a source distribution (";

/// Picks the lines of known clients that tell something; npm's help and its advice to look into a file that is gone do not.
fn telling(said: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut help = false;
    for line in said.lines().map(str::trim_end) {
        let npm = ["npm error", "npm ERR!"].iter().find_map(|start| line.strip_prefix(start));
        if let Some(text) = npm.map(str::trim) {
            help |= text == "Usage:" || text == "Clean install a project" || text.starts_with("Run \"npm help");
            let advice = text.is_empty() || text.starts_with("A complete log of this run");
            if !help && !advice {
                found.push(harmless(line));
            }
            continue;
        }
        let small = line.trim_start().to_ascii_lowercase();
        let go = small.starts_with("go: ") && !small.starts_with("go: downloading ");
        if go
            || ["rcrepro: ", "error", "fatal:", "verifying ", "security error"]
                .iter()
                .any(|start| small.starts_with(start))
        {
            found.push(harmless(line));
        }
    }
    found.dedup();
    found
}

/// Cuts a line, and leaves nothing in it that a terminal obeys.
fn harmless(line: &str) -> String {
    let mut text: String = line.chars().filter(|c| !c.is_control()).take(WIDTH).collect();
    if line.chars().count() > WIDTH {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT_OF_STEP: &str = "npm error code EUSAGE\nnpm error\nnpm error `npm ci` can only install packages when your \
        package.json and package-lock.json or npm-shrinkwrap.json are in sync.\nnpm error\n\
        npm error Missing: @esbuild/linux-x64@0.25.0 from lock file\nnpm error\nnpm error Clean install a project\n\
        npm error\nnpm error Usage:\nnpm error npm ci\nnpm error\nnpm error Options:\n\
        npm error [--install-strategy <hoisted|nested|shallow|linked>] [--legacy-bundling]\n\
        npm error Run \"npm help ci\" for more info\n\
        npm error A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log\n";

    #[test]
    fn the_line_that_says_why_is_shown_and_the_help_is_not() {
        let found = lines(OUT_OF_STEP);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[2], "npm error Missing: @esbuild/linux-x64@0.25.0 from lock file");
        assert_eq!(blame(OUT_OF_STEP), Blame::Project);
        assert_eq!(missing_from_lock(OUT_OF_STEP), ["@esbuild/linux-x64"]);
    }

    #[test]
    fn the_cause_decides_whose_fault_it_is() {
        for (said, expected) in [
            ("go: example.com/lib@v0.0.0 (replaced by ../lib): reading /lib/go.mod: no such file", Blame::Project),
            ("go: x@v1.0.0: missing go.sum entry for go.mod file", Blame::Project),
            (
                "go: x@v1.0.0: Get \"https://proxy.example/x\": dial tcp: lookup proxy.example: no such host",
                Blame::World,
            ),
            ("npm error code ENOTFOUND\nnpm error syscall getaddrinfo", Blame::World),
            ("npm error code E503\nnpm error 503 Service Unavailable", Blame::World),
            ("ERROR: No matching distribution found for nosuch==1.0", Blame::Project),
            (
                "WARNING: Retrying after NewConnectionError: [Errno -2]\nERROR: No matching distribution found for flask",
                Blame::World,
            ),
            ("Killed", Blame::World),
        ] {
            assert_eq!(blame(said), expected, "{said}");
        }
    }

    #[test]
    fn what_no_client_marked_is_shown_from_both_ends() {
        let said: String = (1..=100).map(|number| format!("line {number}\n")).collect();
        let found = lines(&said);
        assert_eq!(found.len(), LINES + 1);
        assert_eq!(found[0], "line 1");
        assert_eq!(found[LINES / 2], "… 76 more lines …");
        assert_eq!(found.last().map(String::as_str), Some("line 100"));
        assert_eq!(lines(&format!("go: \u{1b}[2J{}", "x".repeat(900)))[0].chars().count(), WIDTH + 1);
        assert_eq!(lines("go: downloading a v1\ngo: b: no\ngo: b: no\n"), ["go: b: no"]);
    }
}

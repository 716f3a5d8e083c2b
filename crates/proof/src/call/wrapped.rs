//! What is before a tool on a line and runs it: shells, `env`, `npx`, `timeout`.

use super::program::base;

/// Returns the line of `bash -c LINE`, with the options that change what hides an exit code.
pub(crate) fn nested(words: &[String]) -> Option<String> {
    if !matches!(base(words.first()?), "bash" | "sh" | "dash") {
        return None;
    }
    let mut prefix = String::new();
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        if matches!(word.as_str(), "--norc" | "--noprofile") {
            continue;
        }
        let options = word.strip_prefix('-')?;
        // Of another option, such as `-i` and `--rcfile`, nothing is known here.
        if options.is_empty() || !options.chars().all(|option| "abcefhlouvxBCEHPT".contains(option)) {
            return None;
        }
        if options.contains('e') {
            prefix.push_str("set -e; ");
        }
        // The names of `-o` follow all letters, and the line follows them.
        for _ in options.matches('o') {
            prefix.push_str(&format!("set -o {}; ", rest.next()?));
        }
        if options.contains('c') {
            return rest.next().map(|line| format!("{prefix}{line}"));
        }
    }
    None
}

/// Options of node that change neither which script it runs nor what runs before.
const TUNES_NODE: [&str; 7] = [
    "--enable-source-maps",
    "--experimental-",
    "--expose-gc",
    "--max-old-space-size=",
    "--no-warnings",
    "--stack-size=",
    "--trace-",
];

/// Names of the scripts by which node runs a known tool.
const NODE_SCRIPTS: [&str; 9] =
    ["_tsc.js", "eslint", "eslint.js", "jest", "jest.js", "tsc", "tsc.js", "vitest", "vitest.mjs"];

/// Takes a wrapper away that runs what is behind it and ends with its exit code.
pub(crate) fn unwrapped(words: &[String]) -> Option<Vec<String>> {
    let skip = |flags_with_value: &[&str], positional: usize| -> Vec<String> {
        let mut rest = words[1..].iter().peekable();
        while let Some(word) = rest.next_if(|word| word.starts_with('-')) {
            if word == "--" {
                break;
            }
            if flags_with_value.contains(&word.as_str()) {
                rest.next();
            }
        }
        rest.skip(positional).cloned().collect()
    };
    let inner = match base(words.first()?) {
        "env" => skip(&["-u", "--unset", "-C", "--chdir"], 0),
        // This asks where a command is, and runs none.
        "command" if words.get(1).is_some_and(|word| word.starts_with('-') && word.contains(['v', 'V'])) => {
            return None;
        }
        "time" | "nohup" | "exec" | "command" | "builtin" | "stdbuf" | "unbuffer" | "xvfb-run" => skip(&[], 0),
        // Without `-w` it may end before what it starts.
        "setsid" if words.get(1).is_some_and(|word| matches!(word.as_str(), "-w" | "--wait")) => skip(&[], 0),
        "nice" => skip(&["-n"], 0),
        "timeout" => skip(&["-s", "--signal", "-k", "--kill-after"], 1),
        "npx" | "bunx" | "pnpx" => unversioned(skip(&["-p", "--package", "-w", "--workspace"], 0)),
        "pnpm" | "yarn" | "bun"
            if words.get(1).is_some_and(|word| matches!(word.as_str(), "exec" | "dlx" | "run" | "x")) =>
        {
            words[2..].iter().skip_while(|word| *word == "--").cloned().collect()
        }
        "pnpm" | "yarn"
            if words.get(1).is_some_and(|word| matches!(word.as_str(), "eslint" | "jest" | "tsc" | "vitest")) =>
        {
            words[1..].to_vec()
        }
        "npm" if words.get(1).is_some_and(|word| matches!(word.as_str(), "exec" | "x")) => {
            unversioned(words[2..].iter().skip_while(|word| word.starts_with('-')).cloned().collect())
        }
        "node" | "nodejs" if !words.iter().any(|word| word == "--test") => {
            let script = words.iter().skip(1).position(|word| !word.starts_with('-'))? + 1;
            // `--check`, `--eval` and `--require` run something else, or more.
            if !words[1..script].iter().all(|flag| TUNES_NODE.iter().any(|tunes| flag.starts_with(tunes))) {
                return None;
            }
            NODE_SCRIPTS.contains(&base(&words[script])).then(|| words[script..].to_vec())?
        }
        _ => return None,
    };
    (!inner.is_empty()).then_some(inner)
}

/// Makes `vitest` of `vitest@3`, as npx takes it.
fn unversioned(mut words: Vec<String>) -> Vec<String> {
    if let Some(first) = words.first_mut()
        && let Some(at) = first.find('@').filter(|at| *at > 0)
    {
        first.truncate(at);
    }
    words
}

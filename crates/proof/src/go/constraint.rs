//! Build constraints of Go files (`go help buildconstraint`): which tags a file waits for that nobody sets.

/// Lists the constraint tags of a file that a build has to set for the file to be part of it; operating systems, processors and what
/// the go command sets itself apart. Empty when the file belongs to every build, or to other systems only.
pub(super) fn wanted_tags(source: &str, set: &[&str]) -> Vec<String> {
    let head = source.lines().take_while(|line| !line.starts_with("package "));
    let Some(expression) = head.filter_map(|line| line.trim().strip_prefix("//go:build ")).next() else {
        return Vec::new();
    };
    let words: Vec<&str> = expression.split(|c: char| "()!&| \t".contains(c)).filter(|word| !word.is_empty()).collect();
    let ours = |word: &str| set.contains(&word) || HERE.contains(&word) || word.starts_with("go1.");
    let true_or_false = expression.replace("&&", "&").replace("||", "|");
    if holds(&mut true_or_false.chars().filter(|c| !c.is_whitespace()).peekable(), &ours) {
        return Vec::new();
    }
    words.into_iter().filter(|word| !ours(word) && !ELSEWHERE.contains(word)).map(str::to_owned).collect()
}

/// Tags that every build has where commands run (`go help buildconstraint`); of the processors both that images are made for.
const HERE: [&str; 6] = ["amd64", "arm64", "cgo", "gc", "linux", "unix"];
/// Tags that say for which other system a file is, and `ignore`, which says that it belongs to no build.
const ELSEWHERE: [&str; 25] = [
    "386",
    "aix",
    "android",
    "arm",
    "darwin",
    "dragonfly",
    "freebsd",
    "gccgo",
    "hurd",
    "ignore",
    "illumos",
    "ios",
    "js",
    "loong64",
    "mips64",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "ppc64le",
    "riscv64",
    "s390x",
    "solaris",
    "wasm",
    "windows",
];

/// Decides a constraint, in which `&` and `|` are one character each: alternatives of terms of factors.
fn holds(rest: &mut std::iter::Peekable<impl Iterator<Item = char>>, set: &dyn Fn(&str) -> bool) -> bool {
    let mut any = false;
    loop {
        let mut all = factor(rest, set);
        while rest.next_if_eq(&'&').is_some() {
            all &= factor(rest, set);
        }
        any |= all;
        if rest.next_if_eq(&'|').is_none() {
            return any;
        }
    }
}

fn factor(rest: &mut std::iter::Peekable<impl Iterator<Item = char>>, set: &dyn Fn(&str) -> bool) -> bool {
    let mut turned = false;
    while rest.next_if_eq(&'!').is_some() {
        turned = !turned;
    }
    let held = if rest.next_if_eq(&'(').is_some() {
        let inner = holds(rest, set);
        rest.next_if_eq(&')');
        inner
    } else {
        let mut word = String::new();
        while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            word.push(c);
        }
        set(&word)
    };
    held != turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_wants_the_tags_that_nobody_sets() {
        let wanted = |line: &str, set: &[&str]| wanted_tags(&format!("{line}\n\npackage a\n"), set).join(" ");
        assert_eq!(wanted("//go:build integration", &[]), "integration");
        assert_eq!(wanted("//go:build integration", &["integration"]), "");
        assert_eq!(wanted("//go:build linux && (e2e || slow)", &[]), "e2e slow");
        assert_eq!(wanted("//go:build linux && (e2e || slow)", &["slow"]), "");
        assert_eq!(wanted("//go:build !race", &[]), "", "what is not set holds");
        assert_eq!(wanted("//go:build windows || darwin", &[]), "", "for another system");
        assert_eq!(wanted("//go:build ignore", &[]), "");
        assert_eq!(wanted("// a comment", &[]), "");
    }
}

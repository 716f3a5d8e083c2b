use super::super::index;
use super::*;

/// Writes a list: a line `NAME VERSION`, or with an architecture `NAME VERSION ARCH`, then fields after `; `.
fn list(lines: &[&str]) -> String {
    let hash = rcrepro_model::content::digest::Digest::of(b"").hash;
    let stanza = |line: &&str| {
        let (head, fields) = line.split_once("; ").unwrap_or((line, ""));
        let mut words = head.split(' ');
        let (name, version) = (words.next().expect("a name"), words.next().expect("a version"));
        let (arch, fields) = (words.next().unwrap_or("amd64"), fields.replace("; ", "\n"));
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {arch}\nFilename: pool/{name}_{version}_{arch}.deb\n\
             Size: 1\nSHA256: {hash}\n{fields}\n"
        )
    };
    lines.iter().map(stanza).collect::<Vec<_>>().join("\n")
}

/// Resolves by one or several suites, `one`, `two`, …; gives `NAME=VERSION@SUITE`, in order.
fn resolve_in(suites: &[&[&str]], wanted: &[&str]) -> Result<String, String> {
    let texts: Vec<_> = suites.iter().map(|lines| list(lines)).collect();
    let lists: Vec<_> = (texts.iter().zip(["one", "two"]))
        .map(|(text, suite)| List { suite, packages: index::parse(suite, text).expect("a good list") })
        .collect();
    let wanted = wanted.iter().map(ToString::to_string).collect();
    let chosen = super::resolve(&lists, &wanted, "amd64").map_err(|error| error.to_string())?;
    let mut shown: Vec<_> =
        (chosen.iter()).map(|one| format!("{}={}@{}", one.package.name, one.package.version, one.suite)).collect();
    shown.sort();
    Ok(shown.join(" "))
}

/// Resolves by one suite; gives names and versions only.
fn resolve(lines: &[&str], wanted: &[&str]) -> Result<String, String> {
    resolve_in(&[lines], wanted).map(|shown| shown.replace("@one", ""))
}

#[test]
fn dependencies_of_both_kinds_are_followed_and_recommendations_are_not() {
    let lines = [
        "a 1; Depends: b; Recommends: missing; Suggests: missing",
        "b 1; Pre-Depends: c (>= 2~)",
        "c 2 all",
        "other 1",
    ];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 b=1 c=2"));
}

#[test]
fn circles_end() {
    let lines = ["a 1; Depends: b", "b 1; Depends: c, a (= 1)", "c 1; Pre-Depends: a"];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 b=1 c=1"));
    assert_eq!(resolve(&["a 1; Depends: a"], &["a"]).as_deref(), Ok("a=1"));
}

#[test]
fn of_alternatives_the_chosen_one_else_the_first_that_can_be_had() {
    let lines = ["a 1; Depends: x | y", "b 1; Depends: y", "x 1", "y 1"];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 x=1"));
    // What is wanted counts as chosen, wherever it is in the alphabet.
    assert_eq!(resolve(&lines, &["a", "y"]).as_deref(), Ok("a=1 y=1"));
    // The dependencies of `a` are looked for before those of `b`.
    assert_eq!(resolve(&lines, &["a", "b"]).as_deref(), Ok("a=1 b=1 x=1 y=1"));
    let lines =
        ["a 1; Depends: gone | old (>= 2) | broken | y", "old 1", "broken 1; Depends: half, gone", "half 1", "y 1"];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 y=1"), "nothing of a failed alternative stays");
}

#[test]
fn a_failed_alternative_inside_a_circle_fails_elsewhere_too() {
    let lines = ["a 1; Depends: x | y, z", "x 1; Depends: w, gone", "w 1; Depends: x", "y 1", "z 1; Depends: w | y"];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 y=1 z=1"));
}

#[test]
fn virtual_packages_stand_for_those_that_provide_them() {
    let lines = ["a 1; Depends: awk", "mawk 1; Provides: awk; Priority: required", "gawk 1; Provides: awk, nawk"];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 mawk=1"), "the more important one");
    assert_eq!(resolve(&lines, &["a", "gawk"]).as_deref(), Ok("a=1 gawk=1"), "the chosen one");
    let equal = ["a 1; Depends: awk", "nawk 1; Provides: awk", "gawk 1; Provides: awk"];
    assert_eq!(resolve(&equal, &["a"]).as_deref(), Ok("a=1 gawk=1"), "the first by name");
    let real = ["a 1; Depends: awk", "awk 1", "aawk 1; Provides: awk; Priority: required"];
    assert_eq!(resolve(&real, &["a"]).as_deref(), Ok("a=1 awk=1"), "the real one");
    let essential =
        ["a 1; Depends: awk", "gawk 1; Provides: awk; Priority: required", "zawk 1; Provides: awk; Essential: yes"];
    assert_eq!(resolve(&essential, &["a"]).as_deref(), Ok("a=1 zawk=1"), "the essential one");
    assert_eq!(
        resolve(&lines, &["awk"]).expect_err("an error"),
        "no suite has a package `awk` for amd64: it is provided by mawk, gawk, of which the definition has to name one"
    );
}

#[test]
fn versions_count_for_what_is_provided_with_one() {
    let lines = |depends: &str, provides: &str| {
        let (a, p) = (format!("a 1; Depends: {depends}"), format!("p 9; Provides: {provides}"));
        resolve(&[a.as_str(), p.as_str()], &["a"])
    };
    assert_eq!(lines("v (>= 2)", "v (= 2.1)").as_deref(), Ok("a=1 p=9"));
    assert_eq!(lines("v (= 2.1)", "v (= 2), v (= 2.1)").as_deref(), Ok("a=1 p=9"));
    // Neither the provider's own version nor none at all will do.
    for provides in ["v (= 1)", "v"] {
        assert_eq!(lines("v (>= 2)", provides).expect_err("v"), "a depends on v (>= 2), which nothing provides");
    }
}

#[test]
fn what_is_missing_is_named_with_the_chain_that_leads_there() {
    let lines = ["a 1; Depends: b (>= 2)", "c 1; Depends: a", "d 1; Depends: gone | a", "e 1; Depends: d:any", "b 1"];
    let wrong = |wanted: &str| resolve(&lines, &[wanted]).expect_err(wanted);
    assert_eq!(wrong("a"), "a depends on b (>= 2), which nothing provides (b is 1 in one)");
    assert_eq!(wrong("c"), "c depends on a, a depends on b (>= 2), which nothing provides (b is 1 in one)");
    assert_eq!(wrong("d"), "d depends on gone | a, a depends on b (>= 2), which nothing provides (b is 1 in one)");
    assert_eq!(wrong("e"), "e depends on d:any, which nothing provides (d is 1 in one)");
    assert_eq!(wrong("nothing"), "no suite has a package `nothing` for amd64");
}

#[test]
fn qualifiers_ask_for_what_may_stand_in() {
    let lines =
        ["a 1; Depends: py:any", "py 1; Multi-Arch: allowed", "b 1; Depends: py:amd64", "c 1; Depends: py:arm64"];
    assert_eq!(resolve(&lines, &["a"]).as_deref(), Ok("a=1 py=1"));
    assert_eq!(resolve(&lines, &["b"]).as_deref(), Ok("b=1 py=1"));
    assert!(resolve(&lines, &["c"]).is_err());
    let foreign = ["a 1; Depends: py:any", "py 1; Multi-Arch: foreign"];
    assert!(resolve(&foreign, &["a"]).is_err());
}

#[test]
fn the_highest_version_of_all_suites_counts_and_other_machines_do_not() {
    let one = ["a 1; Depends: b", "b 1.9 all", "b 3 arm64"];
    let two = ["b 1.10", "c 1"];
    assert_eq!(resolve_in(&[&one, &two], &["a", "c"]).as_deref(), Ok("a=1@one b=1.10@two c=1@two"));
    // Equal versions: the suite that the definition names first.
    assert_eq!(resolve_in(&[&["a 1.0"], &["a 0:1.0"]], &["a"]).as_deref(), Ok("a=1.0@one"));
    // An older version is never taken instead.
    let older = ["a 1; Depends: b (<< 1.10)", "b 1.9"];
    assert_eq!(
        resolve_in(&[&older, &two], &["a"]).expect_err("an error"),
        "a depends on b (<< 1.10), which nothing provides (b is 1.10 in two)"
    );
}

#[test]
fn what_conflicts_is_reported() {
    let conflict = |field: &str, wanted: &[&str]| {
        let a = format!("a 1; {field}; Provides: v");
        resolve(&[a.as_str(), "b 2", "c 1; Provides: v", "d 1; Provides: v (= 3)"], wanted)
    };
    assert_eq!(
        conflict("Conflicts: b (<< 3)", &["a", "b"]).expect_err("an error"),
        "`a` and `b` are both chosen, but `a` has `Conflicts: b (<< 3)`"
    );
    assert_eq!(
        conflict("Breaks: v (>= 3)", &["a", "d"]).expect_err("an error"),
        "`a` and `d` are both chosen, but `a` has `Breaks: v (>= 3)`"
    );
    assert_eq!(conflict("Conflicts: b (>> 2)", &["a", "b"]).as_deref(), Ok("a=1 b=2"));
    assert_eq!(conflict("Conflicts: b", &["a"]).as_deref(), Ok("a=1"));
    assert!(conflict("Conflicts: v", &["a", "c"]).is_err());
    assert_eq!(conflict("Conflicts: v", &["a"]).as_deref(), Ok("a=1"), "never with itself");
}

#[test]
fn a_relation_that_cannot_be_read_is_no_relation_that_may_be_left_out() {
    assert_eq!(
        resolve(&["a 1; Depends: b (2)"], &["a"]).expect_err("an error"),
        "the package list of suite `one` is refused: `a`: invalid relation `b (2)`"
    );
}

use super::simples;

/// Returns each command as `words`, with `!` before one whose exit code is hidden and `>` behind one that is redirected.
fn read(line: &str) -> Vec<String> {
    simples(line)
        .into_iter()
        .map(|simple| {
            let mark = if simple.hidden.is_some() { "!" } else { "" };
            let redirected = if simple.redirected { ">" } else { "" };
            format!("{mark}{}{redirected}", simple.words.join(" "))
        })
        .collect()
}

#[test]
fn words_lose_their_quotes_and_comments_go() {
    assert_eq!(read(r#"go test ./... -run "A|B C" 'x;y' a\ b # go vet"#), ["go test ./... -run A|B C x;y a b"]);
    assert_eq!(read("go \\\n  vet"), ["go vet"]);
    assert_eq!(read(r#"echo "a \"b\" \n""#), [r#"echo a "b" \n"#]);
}

#[test]
fn the_exit_code_of_each_command_is_seen_or_not() {
    for (line, expected) in [
        ("a && b", &["a", "b"][..]),
        ("a; b", &["!a", "b"]),
        ("a\nb\n", &["!a", "b"]),
        ("a;", &["a"]),
        ("set -e; a; b", &["a", "b"]),
        ("set -euo pipefail\na | b\nc", &["a>", "b", "c"]),
        ("set -e; a && b; c", &["!a", "!b", "c"]),
        ("set -e; set +e; a; b", &["!a", "b"]),
        ("a || true", &["!a", "!true"]),
        ("a || exit 1", &["a", "!exit 1"]),
        ("a || exit 0", &["!a", "!exit 0"]),
        ("a && b || c", &["!a", "!b", "!c"]),
        ("a || b && c", &["!a", "!b", "c"]),
        ("a | b", &["!a>", "b"]),
        ("a |& tee log", &["!a", "tee log"]),
        ("set -o pipefail; a | tee log", &["a", "tee log"]),
        ("a & wait", &["!a", "wait"]),
        ("! a", &["!a"]),
        ("(a && b) && c", &["a", "b", "c"]),
        ("(a; b) || true", &["!a", "!b", "!true"]),
        ("{ a && b; } && c", &["a", "b", "c"]),
        ("if a; then b; fi", &["!a", "!b"]),
        ("for x in 1 2; do a; done", &["!x in 1 2", "!a"]),
        ("echo $(a b)", &["!a b", "echo $(a b)"]),
        ("x=`a`", &["!a", "x=`a`"]),
        ("a > log 2>&1", &["a>"]),
        ("a 2>&1", &["a"]),
        ("a 3>log", &["a"]),
        ("(a) >log", &["a>"]),
        ("a &> log", &["a>"]),
        ("cat <<EOF\na b\nEOF\nc", &["!cat", "c"]),
        ("a < in", &["a"]),
        ("", &[]),
        ("'unclosed", &["unclosed"]),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn cd_is_followed_by_its_text() {
    let directories = |line: &str| simples(line).into_iter().map(|simple| simple.directory).collect::<Vec<_>>();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(directories("cd a && x && cd b && y"), [some("a"), some("a/b")]);
    assert_eq!(directories("(cd a && x); y"), [some("a"), some("")]);
    assert_eq!(directories("cd /tmp/x && y"), [some("/tmp/x")]);
    assert_eq!(
        directories("pushd a && x && pushd b && y && popd && z && popd && w"),
        [some("a"), some("a/b"), some("a"), some("")]
    );
    assert_eq!(directories("cd a && cd - && x"), [some("")]);
    assert_eq!(directories("cd -P -- a && x; A=1 command cd b; y"), [some("a"), some("a/b")]);
    assert_eq!(directories("cd a || exit 1; x"), [None, some("a")]);
    assert_eq!(directories("cd a || { echo; exit 1; }; x").last(), Some(&some("a")));
    assert_eq!(directories("test -d a || echo; x"), [some(""), some(""), some("")]);
    assert_eq!(directories("cd a & x"), [some("")], "in the background");
    for line in [
        "cd $X && y",
        "cd a? && y",
        "cd [ab] && y",
        "cd {a,b} && y",
        "cd ~/a && y",
        "cd && y",
        "cd - && y",
        "pushd && y",
        "pushd +1 && y",
        "popd && y",
        "cd a b && y",
        "cd a || cd b; y",
        "cd a && cd b || true; y",
    ] {
        assert_eq!(directories(line).last(), Some(&None), "{line}");
    }
}

#[test]
fn brackets_and_bodies_are_read_as_the_shell_reads_them() {
    for (line, expected) in [
        (r#"echo "$(a "$(b ")")")" && c"#, &["!b )", r#"!a $(b ")")"#, r#"echo $(a "$(b ")")")"#, "c"][..]),
        ("x=$(a # it's)\n) && b", &["!a", "x=$(a # it's)\n)", "b"]),
        ("x=$(cat <<E\n)\nE\n) && b", &["!cat", "x=$(cat <<E\n)\nE\n)", "b"]),
        ("cat <<E\n$(a b)\nE\nc", &["!a b", "!cat", "c"]),
        ("cat <<'E'\n$(a b)\nE\nc", &["!cat", "c"]),
        ("(a) <<E && b\nx\nE\nc", &["!a", "!b", "c"]),
        ("x=`a \\`b c\\``", &["!b c", "!a `b c`", "x=`a \\`b c\\``"]),
        ("((x = 1 << 2)) && a\nb", &["!x = 1", "!a", "b"]),
        ("a > \\\n log", &["a>"]),
        ("a >log 2>&1-", &["a>"]),
    ] {
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn what_is_in_too_many_brackets_is_doubted() {
    for (open, close) in [("(", ")"), ("{ ", "; }"), ("$(", ")")] {
        let line = |depth: usize| format!("a && {}b{} && c", open.repeat(depth), close.repeat(depth));
        let hidden =
            |depth| simples(&line(depth)).into_iter().find(|simple| simple.words == ["a"]).and_then(|a| a.hidden);
        assert_eq!(hidden(3), None, "{open}");
        assert!(open == "$(" || hidden(1000).is_some(), "{open}");
        assert!(simples(&line(20_000)).iter().any(|simple| simple.words[0].len() > 1000), "{open}");
    }
}

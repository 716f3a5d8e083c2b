use crate::{
    PartKind, ShellDialect, ShellParameter, ShellTokenKind, ShellWord, TemplatePiece, template, tokens, tokens_within,
};

/// Shows each token but blanks as its kind and its own text.
fn read_as(line: &str, dialect: ShellDialect) -> Vec<String> {
    let tokens = tokens(line, dialect).into_iter();
    let shown = tokens.filter(|token| token.kind != ShellTokenKind::Blank).map(|token| {
        let source = &line[token.range];
        match token.kind {
            ShellTokenKind::Blank => unreachable!("left out above"),
            ShellTokenKind::Comment => format!("comment {source}"),
            ShellTokenKind::Word(word) if word.text == source => source.to_owned(),
            ShellTokenKind::Word(word) => format!("{} of {source}", word.text),
            ShellTokenKind::Operator(operator) => format!("op {operator}"),
            ShellTokenKind::Redirection(to) => format!("{}{} to {}", to.descriptor, to.operator, to.target.text),
            ShellTokenKind::HereDocument { .. } => format!("here {source}"),
        }
    });
    shown.collect()
}

fn read(line: &str) -> Vec<String> {
    read_as(line, ShellDialect::Shell)
}

fn word(line: &str, dialect: ShellDialect) -> ShellWord {
    match tokens(line, dialect).into_iter().next().map(|token| token.kind) {
        Some(ShellTokenKind::Word(word)) => word,
        other => panic!("`{line}` begins with {other:?}"),
    }
}

fn parts(line: &str, dialect: ShellDialect) -> Vec<(PartKind, &str)> {
    word(line, dialect).parts.into_iter().map(|part| (part.kind, &line[part.range])).collect()
}

#[test]
fn words_operators_and_comments() {
    for (line, expected) in [
        ("", &[][..]),
        ("a  b\t'c d'", &["a", "b", "c d of 'c d'"]),
        ("a&&b||c;d|e&f", &["a", "op &&", "b", "op ||", "c", "op ;", "d", "op |", "e", "op &", "f"]),
        ("a |& b;; c ;;& d", &["a", "op |&", "b", "op ;;", "c", "op ;;&", "d"]),
        ("(a b)\nc", &["op (", "a", "b", "op )", "op \n", "c"]),
        ("a#b #c 'd\ne", &["a#b", "comment #c 'd", "op \n", "e"]),
        ("a;#b", &["a", "op ;", "comment #b"]),
        ("a \\\n  b\\\nc", &["a", "bc of b\\\nc"]),
        (r#"a\ b "c \"d\" \n" \#e"#, &[r"a b of a\ b", r#"c "d" \n of "c \"d\" \n""#, r"#e of \#e"]),
        ("$'a\\'b' c", &["$a\\'b of $'a\\'b'", "c"]),
        ("'unclosed", &["unclosed of 'unclosed"]),
        ("\"a 'b' c\"", &["a 'b' c of \"a 'b' c\""]),
    ] {
        assert_eq!(read(line), expected, "{line:?}");
    }
}

#[test]
fn redirections_belong_to_no_word() {
    for (line, expected) in [
        ("a 2>&1 b", &["a", "2>& to 1", "b"][..]),
        ("a >b 3>>c <d", &["a", "> to b", "3>> to c", "< to d"]),
        ("a &>b 2&>c", &["a", "&> to b", "2", "&> to c"]),
        ("a2>b", &["a2", "> to b"]),
        ("a > \\\n b <<<'c d'", &["a", "> to b", "<<< to c d"]),
        ("a <(b c) >(d)", &["a", "<(b c)", ">(d)"]),
        ("a >", &["a", "> to "]),
    ] {
        assert_eq!(read(line), expected, "{line:?}");
    }
    let away = |line: &str| match &tokens(line, ShellDialect::Shell)[0].kind {
        ShellTokenKind::Redirection(redirection) => redirection.leads_output_away(),
        other => panic!("`{line}` begins with {other:?}"),
    };
    assert!([">a", "2>a", "&>a", ">&a", "1>>a", ">|a"].into_iter().all(away));
    assert!(!["2>&1", ">&-", "3>a", "<a", "<>a", "<<a"].into_iter().any(away));
}

#[test]
fn a_substitution_is_read_as_a_shell_reads_it() {
    for (line, inside) in [
        ("$(a b)", &["a b"][..]),
        ("\"$(a \")\" '(')\"c", &["a \")\" '('"]),
        ("\"$(a \"$(b \"c\")\")\"", &["b \"c\"", "a \"$(b \"c\")\""][1..]),
        ("$(a # it's)\n)", &["a # it's)\n"]),
        ("$(cat <<E\n) it's\nE\n)", &["cat <<E\n) it's\nE\n"]),
        ("$((1 << 2))x", &["(1 << 2)"]),
        ("$( (a; b) )", &[" (a; b) "]),
        ("`a \\`b\\``", &["a \\`b\\`"]),
        ("${x:-$(a)}${y:-`b`}", &["a", "b"]),
        ("${x:-\"}\"}$(c)", &["c"]),
        ("x=<(a)", &["a"]),
        ("'$(a)'\\$b", &[]),
        ("$(a", &["a"]),
    ] {
        let word = word(line, ShellDialect::Shell);
        let found: Vec<&str> = word.substitutions.iter().map(|found| &line[found.inside.clone()]).collect();
        assert_eq!(found, inside, "{line:?}");
    }
    let backquoted = "`a \\`b \\\\\\$c\\` \\d`";
    assert_eq!(word(backquoted, ShellDialect::Shell).substitutions[0].line(backquoted), "a `b \\$c` \\d");
}

#[test]
fn a_here_document_is_no_command() {
    let line = "cat <<E >x; a\nb $(c) `d`\n\tE\nE\ne";
    assert_eq!(read(line), ["cat", "<< to E", "> to x", "op ;", "a", "op \n", "here b $(c) `d`\n\tE\nE\n", "e"]);
    let count = |line: &str| {
        let tokens = tokens(line, ShellDialect::Shell);
        let count = |token| match token {
            ShellTokenKind::HereDocument { substitutions } => substitutions.len(),
            _ => 0,
        };
        tokens.into_iter().map(|token| count(token.kind)).sum::<usize>()
    };
    assert_eq!([line, "a <<'E'\n$(b)\nE\n", "a <<E\n\\$(b)\nE\n", "a <<-E\n\t$(b)\n\tE\nc"].map(count), [2, 0, 0, 1]);
    assert_eq!(read("a <<A <<B\n1\nA\n2\nB\nc")[4..], ["here 1\nA\n", "here 2\nB\n", "c"]);
    assert_eq!(read("((1 << 2))\na").last().map(String::as_str), Some("a"), "a shift");
}

#[test]
fn the_parts_of_a_word_have_their_places() {
    use PartKind::{AnsiQuotes, Continuation, DoubleQuote, Escape, Literal, Parameter, SingleQuotes, Substitution};
    assert_eq!(
        parts("a'b'\"c$D\\\"\"\\ \\\n${E:-f}$(g)$'h'$?", ShellDialect::Shell),
        [
            (Literal, "a"),
            (SingleQuotes, "'b'"),
            (DoubleQuote, "\""),
            (Literal, "c"),
            (Parameter, "$D"),
            (Escape, "\\\""),
            (DoubleQuote, "\""),
            (Escape, "\\ "),
            (Continuation, "\\\n"),
            (Parameter, "${E:-f}"),
            (Substitution, "$(g)"),
            (AnsiQuotes, "$'h'"),
            (Parameter, "$?"),
        ]
    );
    let splits = |line: &str| word(line, ShellDialect::Shell).splits;
    assert!(["$a", "*", "a[b]", "{a,b}", "$(a)", "`a`", "a?"].into_iter().all(splits));
    assert!(!["a", "\"$a\"", "'*'", "\"$(a)\"", "\\*"].into_iter().any(splits));
}

#[test]
fn make_reads_its_dollars_before_the_shell() {
    use PartKind::{Literal, Parameter, Substitution};
    assert_eq!(
        parts("$(A.B)${C}$$D$$(e f)$@$(shell g)$(H:a=b)", ShellDialect::Make),
        [
            (Parameter, "$(A.B)"),
            (Parameter, "${C}"),
            (Parameter, "$$D"),
            (Substitution, "$$(e f)"),
            (Parameter, "$@"),
            (Substitution, "$(shell g)"),
            (Substitution, "$(H:a=b)"),
        ]
    );
    assert_eq!(parts("$(A)$$", ShellDialect::Shell), [(Substitution, "$(A)"), (Parameter, "$$")]);
    assert_eq!(parts("a$$", ShellDialect::Make), [(Literal, "a$$")]);
}

#[test]
fn the_inside_of_a_substitution_keeps_its_places() {
    let line = "a $(b 'c')";
    let ShellTokenKind::Word(word) = &tokens(line, ShellDialect::Shell)[2].kind else { panic!("a word") };
    let inner = tokens_within(line, word.substitutions[0].inside.clone(), ShellDialect::Shell);
    assert_eq!(inner.iter().map(|token| &line[token.range.clone()]).collect::<Vec<_>>(), ["b", " ", "'c'"]);
}

#[test]
fn templates_have_variables_and_nothing_else() {
    let parameter = |name, operation| TemplatePiece::Parameter(ShellParameter { name, operation });
    for (text, expected) in [
        ("a'$B'", &[TemplatePiece::Text("a'"), parameter("B", ""), TemplatePiece::Text("'")][..]),
        ("${A:-${B}}c", &[parameter("A", ":-${B}"), TemplatePiece::Text("c")]),
        ("\\$A", &[TemplatePiece::Text("$"), TemplatePiece::Text("A")]),
        ("$$A", &[TemplatePiece::Text("$"), TemplatePiece::Text("A")]),
        ("${{ a }}", &[parameter("", "{ a "), TemplatePiece::Text("}")]),
        ("${A", &[TemplatePiece::Unknown]),
        ("a$", &[TemplatePiece::Text("a"), TemplatePiece::Unknown]),
        ("$(A)", &[TemplatePiece::Unknown]),
    ] {
        assert_eq!(template(text), expected, "{text:?}");
    }
    assert_eq!(ShellParameter::parse("$(A.B)"), Some(ShellParameter { name: "A.B", operation: "" }));
    assert_eq!(ShellParameter::parse("$$A"), Some(ShellParameter { name: "A", operation: "" }));
}

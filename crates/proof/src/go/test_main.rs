//! Reads a Go test file as far as it takes to know whether `go test` can print `ok` without having run its tests.
//!
//! That takes a `TestMain` that does not end with what `m.Run` returns, or an `init` that ends the process. The forms in which a
//! `TestMain` is written as a rule are known; any other cannot be judged by text, and `-v` or `-json` tell what it did.

/// Returns what keeps a test file's `ok` from meaning that its tests ran and passed; `None` when nothing does.
pub(super) fn objection(source: &str) -> Option<&'static str> {
    let code = code(source);
    if bodies(&code, "init").iter().any(|body| body.contains("Exit(")) {
        return Some("an `init` that ends the process");
    }
    if leaves_outside(&code) {
        return Some("a package variable whose value ends the process");
    }
    let mains = functions(&code, "TestMain");
    let judged = mains.iter().all(|(parameters, body)| hands_on(parameter(parameters), body));
    (!judged).then_some("a `TestMain` of its own, which can end without running tests")
}

/// Counts the calls by which a file's tests skip themselves.
pub(super) fn skips(source: &str) -> usize {
    let code = code(source);
    [".Skip(", ".Skipf(", ".SkipNow("].iter().map(|call| code.matches(call).count()).sum()
}

/// Names the parameter of a `TestMain`, as in `m *testing.M`.
fn parameter(parameters: &str) -> &str {
    parameters.split_whitespace().next().unwrap_or_default()
}

/// Whether the value of a package variable ends the process, before any test.
fn leaves_outside(code: &str) -> bool {
    let mut depth = 0_i32;
    let mut of_variable = false;
    for line in code.lines() {
        if depth == 0 && !line.trim().is_empty() {
            of_variable = line.starts_with("var") || (of_variable && !line.starts_with("func"));
        }
        if of_variable && line.contains("Exit(") {
            return true;
        }
        depth += i32::try_from(line.matches(['{', '(']).count()).unwrap_or(0);
        depth -= i32::try_from(line.matches(['}', ')']).count()).unwrap_or(0);
    }
    false
}

/// Whether a body certainly calls `Run` of its parameter and ends with what it returned: there is one call at the body's own
/// level, nothing before it leaves, every exit is with its result or with a number that is not 0, and nothing chooses the tests.
fn hands_on(parameter: &str, body: &str) -> bool {
    let dense: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let called = format!("{parameter}.Run()");
    let own = |at: &usize| {
        // Neither `xm.Run()` nor `x.m.Run()`, and not in a goroutine that nobody waits for.
        !dense[..*at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'))
            && !dense[..*at].ends_with("go ")
    };
    if parameter.is_empty() || parameter == "_" {
        return false;
    }
    let Some(name_at) = dense.match_indices(&called).map(|(at, _)| at).find(own) else { return false };
    let before = &dense[..name_at];
    // An exit by another name, or tests that the body itself chooses.
    let exits_by_name = dense.matches("Exit").count() != dense.matches("Exit(").count();
    if exits_by_name || ["flag.Set(", "os.Args ="].iter().any(|word| dense.contains(word)) {
        return false;
    }
    let level = |text: &str| text.matches('{').count() == text.matches('}').count();
    let leaves = ["return", "goto ", "func(", "recover(", "Goexit("].iter().any(|word| dense.contains(word));
    if dense.matches(&called).count() != 1 || leaves || !level(before) {
        return false;
    }
    // Either `os.Exit(m.Run())`, or `code := m.Run()` with `os.Exit(code)`, or neither: then the generated main exits with it.
    let result = before.trim_end().strip_suffix(":=").map(|rest| {
        let rest = rest.trim_end();
        rest[rest.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |end| end + 1)..].to_owned()
    });
    let assigned =
        |name: &str| dense.matches(&format!("{name} = ")).count() + dense.matches(&format!("{name} := ")).count();
    if result.as_ref().is_some_and(|name| name.is_empty() || assigned(name) != 1 || dense.contains(&format!("&{name}")))
    {
        return false;
    }
    exits(&dense).iter().all(|argument| {
        let number = argument.parse::<u8>().is_ok_and(|code| code != 0);
        number || argument.ends_with(".Run()") || result.as_deref() == Some(argument.as_str())
    })
}

/// Lists the arguments of calls of `Exit`.
fn exits(dense: &str) -> Vec<String> {
    let parts = dense.split("Exit(").skip(1);
    parts
        .map(|rest| {
            let mut depth = 0_i32;
            let end = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth < 0
            });
            rest[..end.unwrap_or(rest.len())].trim().to_owned()
        })
        .collect()
}

/// Lists the bodies of the functions of a name that belong to no type.
fn bodies(code: &str, name: &str) -> Vec<String> {
    functions(code, name).into_iter().map(|(_, body)| body).collect()
}

/// Lists the parameters and bodies of the functions of a name that belong to no type; a body whose end is not found is the rest of
/// the file.
fn functions(code: &str, name: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("func") {
        let Some(rest) = code[at + 4..].trim_start().strip_prefix(name) else { continue };
        if !rest.trim_start().starts_with('(') {
            continue;
        }
        let Some(open) = rest.find('{') else { continue };
        let mut depth = 0_i32;
        let end = rest[open..].find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        let parameters = rest[..open].split_once('(').map_or("", |(_, behind)| behind).to_owned();
        found.push((parameters, rest[open + 1..end.map_or(rest.len(), |end| open + end)].to_owned()));
    }
    found
}

/// Takes comments and what is in strings and runes out of a source (the Go specification, "Lexical elements").
fn code(source: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(source.len()), source);
    while let Some(c) = rest.chars().next() {
        let skip = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '`' => rest[1..].find('`').map_or(rest.len(), |end| end + 2),
            '"' | '\'' => quoted(rest, c),
            _ => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
        };
        out.push(' ');
        rest = &rest[skip..];
    }
    out
}

/// Returns the length of a string or rune with its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if at == 0 => escaped = false,
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn main(body: &str) -> bool {
        objection(&format!("package a\n\nfunc TestMain(m *testing.M) {{\n{body}\n}}\n")).is_none()
    }

    #[test]
    fn the_usual_forms_end_with_what_the_tests_came_to() {
        for body in [
            "os.Exit(m.Run())",
            "setup()\n\tcode := m.Run()\n\tteardown()\n\tos.Exit(code)",
            "flag.Parse()\n\tm.Run()",
            "if err := setup(); err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tos.Exit(m.Run())",
            "if bad {\n\tos.Exit(2)\n}\n\texit := m.Run() // os.Exit(0)\n\tfmt.Println(\"return os.Exit(0) }\")\n\tos.Exit(exit)",
        ] {
            assert!(main(body), "{body}");
        }
        assert_eq!(objection("package a\n// func TestMain(m *testing.M) {}\nvar x = `func TestMain() {}`\n"), None);
        assert_eq!(
            objection("package a\nfunc (s *Suite) TestMain() {}\nfunc TestMainly(t *testing.T) { os.Exit(0) }\n"),
            None
        );
    }

    #[test]
    fn any_other_form_cannot_be_judged() {
        for body in [
            "",
            "os.Exit(0)",
            "m.Run()\n\tos.Exit(0)",
            "code := m.Run()\n\tcode = 0\n\tos.Exit(code)",
            "if testing.Short() {\n\t\treturn\n\t}\n\tos.Exit(m.Run())",
            "if ok {\n\t\tos.Exit(m.Run())\n\t}",
            "goleak.VerifyTestMain(m)",
            "defer func() { os.Exit(0) }()\n\tm.Run()",
            "if x { os.Exit(0) }\n\tos.Exit(m.Run())",
            "_ = \"m.Run()\"",
            "_ = m.Run()\n\tsyscall.Exit(0)",
            "exec.Command(name).Run()",
            "server.m.Run()",
            "go m.Run()",
            "exit := os.Exit\n\tm.Run()\n\texit(0)",
            "flag.Set(name, value)\n\tos.Exit(m.Run())",
            "os.Args = nil\n\tos.Exit(m.Run())",
        ] {
            assert!(!main(body), "{body}");
        }
        let source = "package a\nfunc init() {\n\tos.Exit(0)\n}\n";
        assert_eq!(objection(source), Some("an `init` that ends the process"));
        let source =
            "package a\nvar _ = func() int {\n\tos.Exit(0)\n\treturn 0\n}()\nfunc TestA(t *testing.T) { os.Exit(1) }\n";
        assert_eq!(objection(source), Some("a package variable whose value ends the process"));
        assert_eq!(skips("package a\nfunc TestA(t *testing.T) { t.Skip() // t.Skip()\n}\n"), 1);
        assert_eq!(objection("package a\nvar x = 1\n\nfunc TestA(t *testing.T) {\n\tos.Exit(1)\n}\n"), None);
    }
}

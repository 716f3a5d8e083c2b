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
    let mains = bodies(&code, "TestMain");
    (!mains.iter().all(|body| hands_on(body))).then_some("a `TestMain` of its own, which can end without running tests")
}

/// Whether a body certainly calls `Run` and ends with what it returned: there is one call at the body's own level, nothing
/// before it leaves, and every exit is with its result or with a number that is not 0.
fn hands_on(body: &str) -> bool {
    let dense: String = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(at) = dense.find(".Run()") else { return false };
    let name_at = dense[..at].rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |end| end + 1);
    let before = &dense[..name_at];
    let level = |text: &str| text.matches('{').count() == text.matches('}').count();
    let leaves = ["return", "goto ", "func(", "recover(", "Goexit("].iter().any(|word| dense.contains(word));
    if dense.matches(".Run()").count() != 1 || leaves || !level(before) {
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

/// Lists the bodies of the functions of a name that belong to no type; one whose end is not found is the rest of the file.
fn bodies(code: &str, name: &str) -> Vec<String> {
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
        found.push(rest[open + 1..end.map_or(rest.len(), |end| open + end)].to_owned());
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
        ] {
            assert!(!main(body), "{body}");
        }
        let source = "package a\nfunc init() {\n\tos.Exit(0)\n}\n";
        assert_eq!(objection(source), Some("an `init` that ends the process"));
    }
}

//! Reads a `TestMain` as far as it takes to know whether `go test` can print `ok` without having run its tests.
//!
//! That takes a `TestMain` that does not end with what `m.Run` returns, or something before or beside it that ends the process. The
//! forms in which a `TestMain` is written as a rule are known; any other cannot be judged by text, and `-v` or `-json` tell what it
//! did. What it calls is followed by [`Reach`].

use super::reach::{Place, Reach};
use super::source::tokens;

/// Returns what keeps the `ok` of a package from meaning that its tests ran and passed; `None` when nothing does.
pub(super) fn objection(reach: &mut Reach<'_>) -> Option<String> {
    if let Some((what, file)) = reach.before_main() {
        return Some(format!("{what} the process (`{file}`)"));
    }
    let mains: Vec<(Place, String, bool)> = reach
        .functions("TestMain")
        .into_iter()
        .map(|(place, file, declaration)| {
            let code = code(file.source(declaration));
            let (head, body) = code.split_once('{').unwrap_or((&code, ""));
            let parameters = head.split_once('(').map_or("", |(_, behind)| behind);
            let body = body.rfind('}').map_or(body, |end| &body[..end]);
            (place, file.name.clone(), hands_on(parameter(parameters), body))
        })
        .collect();
    mains.into_iter().find_map(|(place, file, judged)| {
        if !judged {
            return Some(format!("a `TestMain` of its own, which can end without running tests (`{file}`)"));
        }
        reach.of_main(place).map(|why| format!("a `TestMain` that {why} (`{file}`)"))
    })
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
    if dense.matches(&called).count() != 1
        || leaves
        || !level(before)
        || !certain(&called, body)
        || rebound(parameter, &dense)
    {
        return false;
    }
    // Either `os.Exit(m.Run())`, or `code := m.Run()` with `os.Exit(code)`, or neither: then the generated main exits with it.
    let result = before.trim_end().strip_suffix(":=").map(|rest| {
        let rest = rest.trim_end();
        rest[rest.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |end| end + 1)..].to_owned()
    });
    let behind = &dense[name_at + called.len()..];
    if result.as_ref().is_some_and(|name| name.is_empty() || rebound(name, behind)) {
        return false;
    }
    exits(&dense).iter().all(|argument| {
        let number = argument.parse::<u8>().is_ok_and(|code| code != 0);
        number || *argument == called || result.as_deref() == Some(argument.as_str())
    })
}

/// Whether a call is made whenever its line is reached: not as an operand of `&&` or `||`, nor in the head of a loop.
fn certain(called: &str, body: &str) -> bool {
    let before = body.lines().filter_map(|line| line.split_once(called)).map(|(before, _)| before);
    !before.into_iter().any(|before| ["&&", "||", "for "].iter().any(|word| before.contains(word)))
}

/// Whether a name is given another value, or its address away, in a body whose blanks are single.
fn rebound(name: &str, dense: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    dense.match_indices(name).any(|(at, _)| {
        let (before, behind) = (&dense[..at], &dense[at + name.len()..]);
        if before.ends_with(is_part) || behind.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return false;
        }
        let (before, behind) = (before.trim_end(), behind.trim_start());
        let operator = behind.trim_start_matches(|c| ":+-*/%&|^<>".contains(c));
        let assigned = (operator.starts_with('=') && !behind.starts_with("==") && !is_comparison(behind))
            || ["++", "--"].iter().any(|twice| behind.starts_with(twice));
        let among = behind.starts_with(',')
            && behind.split(['(', ')', '{', '}', ';']).next().is_some_and(|rest| rest.contains('='));
        assigned || among || before.ends_with('&') || before.ends_with("var")
    })
}

fn is_comparison(behind: &str) -> bool {
    ["<=", ">="].iter().any(|word| behind.starts_with(word))
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

/// Takes comments and what is in strings and runes out of a source.
fn code(source: &str) -> String {
    let (mut out, mut end) = (String::with_capacity(source.len()), 0);
    for (at, token) in tokens(source) {
        out.push_str(if at > end { " " } else { "" });
        out.push_str(if token.starts_with(['"', '\'', '`']) { " " } else { token });
        end = at + token.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::reach::Packages;
    use super::super::source::GoFile;
    use super::*;

    /// No packages but the one of the test file.
    struct Alone;

    impl Packages for Alone {
        fn folder(&self, _import_path: &str) -> Option<String> {
            None
        }

        fn files(&mut self, _folder: &str) -> Option<Vec<GoFile>> {
            Some(Vec::new())
        }
    }

    fn found(source: &str) -> Option<String> {
        let file = GoFile::parse("/work", "a_test.go", source.to_owned());
        objection(&mut Reach::new(vec![file], &mut Alone))
    }

    const HEAD: &str = "package a\n\nimport (\n\t\"os\"\n\t\"syscall\"\n)\n\n";

    fn main(body: &str) -> bool {
        found(&format!("{HEAD}func TestMain(m *testing.M) {{\n{body}\n}}\n")).is_none()
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
        assert_eq!(found("package a\n// func TestMain(m *testing.M) {}\nvar x = `func TestMain() {}`\n"), None);
        assert_eq!(
            found("package a\nfunc (s *Suite) TestMain() {}\nfunc TestMainly(t *testing.T) { os.Exit(0) }\n"),
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
            "os.Exit(0 * m.Run())",
            "if testing.Short() || m.Run() != 0 {\n\t\tos.Exit(1)\n\t}",
            "code := m.Run()\n\tcode &= 0\n\tos.Exit(code)",
            "code := m.Run()\n\tcode, _ = 0, 1\n\tos.Exit(code)",
            "m = other()\n\tos.Exit(m.Run())",
            "os := other\n\tos.Exit(m.Run())",
            "log.Exit(m.Run())",
        ] {
            assert!(!main(body), "{body}");
        }
    }

    #[test]
    fn what_runs_before_the_tests_may_end_them() {
        let with = |text: &str| found(&format!("{HEAD}{text}")).unwrap_or_default();
        assert_eq!(with("func init() {\n\tos.Exit(0)\n}\n"), "an `init` that ends the process (`a_test.go`)");
        assert_eq!(
            with("func init() {\n\tneedDB()\n}\nfunc needDB() {\n\tos.Exit(0)\n}\n"),
            "an `init` that ends the process (`a_test.go`)"
        );
        let variable = "a package variable whose value ends the process (`a_test.go`)";
        for text in [
            "var _ = func() int {\n\tos.Exit(0)\n\treturn 0\n}()\nfunc TestA(t *testing.T) { os.Exit(1) }\n",
            "var db = open()\nfunc open() int {\n\tos.Exit(0)\n\treturn 0\n}\n",
        ] {
            assert_eq!(with(text), variable, "{text}");
        }
        for text in [
            "func init() {\n\tos.Exit(1)\n}\n",
            "var exit = os.Exit\n",
            "var cases = []func(){ func() { child() } }\nfunc child() {\n\tos.Exit(0)\n}\n",
        ] {
            assert_eq!(with(text), "", "{text}");
        }
        assert_eq!(skips("package a\nfunc TestA(t *testing.T) { t.Skip() // t.Skip()\n}\n"), 1);
        assert_eq!(found("package a\nvar x = 1\n\nfunc TestA(t *testing.T) {\n\tos.Exit(1)\n}\n"), None);
    }
}

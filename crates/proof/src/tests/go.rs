//! `go test`: the flags say what its output is, and text needs the test files.

use super::{Case, said};

const OWN: &str = "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {}\n";

/// The module that the recorded streams are of.
pub(super) const FIXTURE: &[(&str, &str)] = &[
    ("/work/go.mod", "module example.test/fixture\n\ngo 1.26\n"),
    ("/work/alpha/alpha_test.go", OWN),
    ("/work/beta/beta_test.go", OWN),
    ("/work/gamma/gamma_test.go", OWN),
    ("/work/delta/delta_test.go", OWN),
];

/// A module `m` with a package at its root and one in each of these folders.
const MODULE: &[(&str, &str)] = &[
    ("/work/go.mod", "module m\n"),
    ("/work/m_test.go", OWN),
    ("/work/a/a_test.go", OWN),
    ("/work/b/b_test.go", OWN),
    ("/work/ok/ok_test.go", OWN),
];

fn module<'a>(line: &'a str, stdout: &'a str) -> Case<'a> {
    Case { files: MODULE, ..said(line, stdout) }
}

#[test]
fn go_test_has_run_a_test() {
    let all = "go test ./... -count=1";
    let fixture = |stdout| Case { files: FIXTURE, ..said(all, stdout) };
    fixture(recorded!("normalize/go-test/pass.1.txt")).is("proven | 3 packages tested");
    fixture(recorded!("normalize/go-test/cached.1.txt")).is("proven | 3 packages tested");
    fixture(recorded!("normalize/go-test/cover-race.1.txt")).is("proven | 4 packages tested");
    module(all, "ok  \tm/ok\t0.031s\n?   \tm/no\t[no test files]\nok  \tm/e\t0.009s [no tests to run]\n")
        .is("proven | 1 package tested");
    let verbose = "=== RUN   T\n--- PASS: T (0.00s)\n    --- PASS: T/a (0.00s)\nPASS\nok  \tm\t0.1s\n";
    said("go test -v ./...", verbose).is("proven | 2 tests passed");
    said("GOFLAGS=-v go test ./...", verbose).is("proven | 2 tests passed");
    module(
        "go test -run X -bench . ./ok",
        "BenchmarkAdd-2   \t749988224\t         1.928 ns/op\nPASS\nok  \tm/ok\t1.780s\n",
    )
    .is("proven | 1 test and benchmark passed");
    said("go test -json ./ok", "{\"Action\":\"run\",\"Package\":\"m\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Package\":\"m\",\"Test\":\"T\"}\n")
        .is("proven | 1 test passed");
}

#[test]
fn go_test_without_a_test_is_hollow() {
    let none = recorded!("normalize/go-test/norun.1.txt");
    said("go test ./... -run NoSuch -count=1", none)
        .is("hollow | hollow pass: no tests to run in 3 of 3 packages with test files; `-run` asks for `NoSuch`");
    said("go test ./...", "?   \tm\t[no test files]\n").is("hollow | hollow pass: no package has test files");
    said("go test -v ./...", "testing: warning: no tests to run\nPASS\nok  \tm\t0.002s [no tests to run]\n")
        .is("hollow | hollow pass: no tests to run");
    said(
        "go test -v ./skip",
        "=== RUN   TestS\n    a_test.go:5: later\n--- SKIP: TestS (0.00s)\nPASS\nok  \tm\t0.002s\n",
    )
    .is("hollow | hollow pass: 1 test was skipped, and none ran");
    said(
        "go test -json -run NoSuch ./ok",
        "{\"Action\":\"start\",\"Package\":\"m\"}\n{\"Action\":\"output\",\"Package\":\"m\",\"Output\":\"ok  \\tm\\t0.016s [no tests to run]\\n\"}\n{\"Action\":\"pass\",\"Package\":\"m\",\"Elapsed\":0.017}\n",
    )
    .is("hollow | hollow pass: no tests to run in 1 of 1");
    // With these the go command prints `ok` and nothing more, whatever the tests would have said.
    for (line, stdout) in [
        ("go test -run XXX -bench Nope ./ok", "PASS\nok  \tm/ok\t0.010s\n"),
        ("go test -list . ./ok", "TestAdd\nok  \tm/ok\t0.002s\n"),
        ("go test -c -o /tmp/x ./ok", ""),
        ("go test -exec true ./ok", "ok  \tm/ok\t0.010s\n"),
        ("GOFLAGS=-exec=true go test ./ok", "ok  \tm/ok\t0.010s\n"),
        ("export GOFLAGS=-toolexec=true; set -e; go test ./ok", "ok  \tm/ok\t0.010s\n"),
        ("go test ./ok -overlay o.json", "ok  \tm/ok\t0.010s\n"),
        ("go test ./ok -args -test.list=.", "ok  \tm/ok\t0.010s\n"),
        ("go test -count 0 ./ok", "ok  \tm/ok\t0.010s\n"),
        ("go test ./ok > log", ""),
    ] {
        module(line, stdout).is("hollow");
    }
    let two = "go test ./a -count=1 && go test ./b -run NoSuch";
    module(two, "ok  \tm/a\t0.1s\nok  \tm/b\t0.1s [no tests to run]\n")
        .is("hollow | hollow pass: the line has several `go test`");
    module(two, "ok  \tm/a\t0.1s\nok  \tm/b\t0.1s\n").is("proven | 2 packages tested");
}

/// Of these packages each test fails, and `go test` exits 0.
#[test]
fn an_ok_is_not_enough() {
    let recorded = "go test ./a ./b ./c ./d -count=1";
    let main = [
        ("/work/go.mod", "module m\n"),
        ("/work/a/m_test.go", "package a\nfunc TestMain(m *testing.M) {}\n"),
        ("/work/a/x_test.go", OWN),
    ];
    Case { files: &main, ..said(recorded, recorded!("proof/go-test-main.txt")) }
        .is("hollow | hollow pass: package `m/a` has a `TestMain` of its own");
    said("go test -v ./a ./b ./c ./d", recorded!("proof/go-test-main-v.txt"))
        .is("contradicted | the exit code is 0, and the output says otherwise: `--- FAIL: TestX (0.00s)`");
    said("go test -json ./a ./b ./d", recorded!("proof/go-test-main-json.txt"))
        .is("hollow | hollow pass: package `m/a` says `ok` but names no test");
    let files = |main| [("/work/go.mod", "module m\n"), ("/work/p/main_test.go", main), ("/work/p/p_test.go", OWN)];
    for main in [
        "package p\nimport \"os\"\nfunc TestMain(m *testing.M) {}\n",
        "package p\nimport \"os\"\nfunc TestMain(m *testing.M) { os.Exit(0) }\n",
        "package p\nimport \"os\"\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n",
        "package p\nimport \"os\"\nfunc init() { os.Exit(0) }\n",
    ] {
        for line in ["go test ./p", "go test ./... -count=1", "cd p && go test", "go -C p test -bench . ./..."] {
            Case { files: &files(main), ..said(line, "ok  \tm/p\t0.002s\n") }.is("hollow");
        }
        said("go test -v ./p", "ok  \tm/p\t0.002s\n")
            .is("hollow | hollow pass: package `m/p` says `ok` but names no test: its `TestMain` may end");
    }
    let own = "package p\nimport \"os\"\nfunc TestMain(m *testing.M) { os.Exit(0) }\n";
    Case { files: &files(own), ..said("go test ./p", "ok  \tm/p\t0.002s\n") }.is(
        "hollow | hollow pass: package `m/p` has a `TestMain` of its own, which can end without running tests (`main_test.go`); \
         `-v` and `-json` name the tests that ran",
    );
    let usual = "package p\nimport \"os\"\nfunc TestMain(m *testing.M) {\n\tos.Exit(m.Run())\n}\n";
    Case { files: &files(usual), ..said("go test ./p", "ok  \tm/p\t0.002s\n") }.is("proven | 1 package tested");
    // One package of several: whoever prints a name does so for itself alone.
    let both = "=== RUN   T\n--- PASS: T (0.00s)\nPASS\nok  \tm/a\t0.1s\nok  \tm/p\t0.1s\n";
    said("go test -v ./...", both).is("hollow | hollow pass: package `m/p` says `ok` but names no test");
    said("go test -v ./p", "=== RUN   T\n    --- FAIL: T (0.00s)\nok  \tm/p\t0.1s\n").is("contradicted");
}

/// What a `TestMain` calls is followed into the package's other files and the module's other packages, and no further.
#[test]
fn what_a_test_main_calls_is_followed() {
    let ok = "ok  \tm/p\t0.002s\n";
    let judged = |main: &str, beside: (&str, &str), expected: &str| {
        let main = format!(
            "package p\n\nimport (\n\t\"os\"\n\t\"m/lib\"\n\t\"example.org/outside\"\n)\n\nfunc TestMain(m *testing.M) {{\n{main}\n}}\n"
        );
        let files = [
            ("/work/go.mod", "module m\n"),
            ("/work/p/main_test.go", main.as_str()),
            ("/work/p/x_test.go", OWN),
            beside,
        ];
        let case = Case { files: &files, ..said("go test ./p", ok) };
        case.is(expected);
        case.conditions().join(" ")
    };
    let ends =
        "package p\n\nimport \"os\"\n\nfunc needDB() {\n\tif os.Getenv(\"DB\") == \"\" {\n\t\tos.Exit(0)\n\t}\n}\n";
    let fails = ends.replace("Exit(0)", "Exit(1)");
    let usual = "\tneedDB()\n\tos.Exit(m.Run())";
    let comes = "hollow | hollow pass: package `m/p` has a `TestMain` that comes to `needDB` (`db";
    for name in ["/work/p/db_test.go", "/work/p/db.go"] {
        judged(usual, (name, ends), comes);
        judged(usual, (name, &fails), "proven | 1 package tested");
        judged("\tdefer at(needDB)\n\tm.Run()", (name, ends), comes);
    }
    let through = "package p\nimport \"os\"\nfunc teardown(code int) {\n\tend(code)\n}\nvar end = os.Exit\n";
    judged(
        "\tteardown(m.Run())",
        ("/work/p/a_test.go", through),
        "hollow | hollow pass: package `m/p` has a `TestMain` that comes to `end`",
    );
    let method = "package p\nimport \"os\"\nfunc (s *server) Stop() {\n\tos.Exit(0)\n}\n";
    judged(
        "\tm.Run()\n\tsrv.Stop()",
        ("/work/p/a.go", method),
        "hollow | hollow pass: package `m/p` has a `TestMain` that comes to `Stop`",
    );
    let lib = ("/work/lib/lib.go", "package lib\nimport \"os\"\nfunc Start() {\n\tos.Exit(0)\n}\nfunc Log() {}\n");
    judged(
        "\tlib.Start()\n\tm.Run()",
        lib,
        "hollow | hollow pass: package `m/p` has a `TestMain` that comes to `Start`",
    );
    assert_eq!(judged("\tlib.Log()\n\tm.Run()", lib, "proven | 1 package tested"), "");
    judged(
        "\tlib.Log()\n\tm.Run()",
        ("/work/p/a.go", "package p\n"),
        "hollow | hollow pass: package `m/p` has a `TestMain` that calls what cannot be looked at here, in `lib`",
    );
    let outside = "\toutside.Setup()\n\tos.Exit(m.Run())";
    assert_eq!(judged(outside, lib, "proven | 1 package tested"), "conditions/go-test-main:p");
    let other = "package p\nimport os \"example.org/x/exits\"\nfunc TestMain(m *testing.M) {\n\tos.Exit(m.Run())\n}\n";
    let files = [("/work/go.mod", "module m\n"), ("/work/p/main_test.go", other)];
    Case { files: &files, ..said("go test ./p", ok) }
        .is("hollow | hollow pass: package `m/p` has a `TestMain` that calls an `Exit` of `example.org/x/exits`");
    // Output that names tests is proof by itself.
    Case { files: &files, ..said("go test -v ./p", "--- PASS: TestX (0.00s)\nPASS\nok  \tm/p\t0.002s\n") }
        .is("proven | 1 test passed");
}

/// Test files that the line makes itself are not those of the source.
#[test]
fn what_may_make_test_files_is_named_where_they_are_looked_at() {
    let ok = "ok  \tm/a\t0.1s\n";
    for (line, expected) in [
        ("set -e; cd a; export CGO_ENABLED=0; test -f a_test.go; go test .", &[][..]),
        ("go generate ./a && go test ./a", &["conditions/go-test-made:go generate"]),
        ("cp gen.txt a/main_test.go && go test ./a", &["conditions/go-test-made:cp"]),
        ("echo 'package a' > a/main_test.go && go test ./a", &["conditions/go-test-made:echo"]),
    ] {
        let case = module(line, ok);
        case.is("proven | 1 package tested");
        assert_eq!(case.conditions(), expected, "{line}");
    }
    let named = said("go generate ./a && go test -v ./a", "--- PASS: TestX (0.00s)\nPASS\nok  \tm/a\t0.1s\n");
    named.is("proven | 1 test passed");
    assert!(named.conditions().is_empty(), "the output names its tests");
}

#[test]
fn the_flags_say_what_the_output_is() {
    let named = "=== RUN   T\n--- PASS: T (0.00s)\nPASS\nok  \tm/nowhere\t0.1s\n";
    module("go test ./...", named)
        .is("hollow | hollow pass: package `m/nowhere` says `ok`, and its folder is not in the source");
    let events = "{\"Action\":\"pass\",\"Package\":\"m\",\"Test\":\"T\"}\n";
    said("go test ./...", events).is("hollow");
    said("go test -v ./...", events).is("hollow");
    said("go test -json ./...", "=== RUN   T\n--- PASS: T (0.00s)\nok  \tm\t0.1s\n")
        .is("hollow | hollow pass: the line asks for `-json`");
    said("go test -json=false -v ./...", named).is("proven | 1 test passed");
    // Mixed: the package without names is looked up.
    let mixed = "ok  \tm/a\t0.1s\n=== RUN   T\n--- PASS: T (0.00s)\nok  \tm/b\t0.1s\n";
    module("go test ./a && go test -v ./b", mixed).is("proven | 1 test passed");
    said("go test ./a && go test -v ./b", mixed).is("hollow");
}

#[test]
fn packages_of_a_workspace_are_found_and_others_are_not() {
    let files: &[(&str, &str)] = &[
        ("/work/go.work", "go 1.26\nuse (\n\t./a\n\t./b\n)\n"),
        ("/work/a/go.mod", "module m/a\n"),
        ("/work/a/a_test.go", OWN),
        ("/work/b/go.mod", "module m/b\n"),
        ("/work/b/x/x_test.go", OWN),
    ];
    let line = "cd a && go test ./... m/b/...";
    Case { files, ..said(line, "ok  \tm/a\t0.1s\nok  \tm/b/x\t0.1s\n") }.is("proven | 2 packages tested");
    Case { files, ..said(line, "ok  \tgolang.org/x/text\t0.1s\n") }
        .is("hollow | hollow pass: package `golang.org/x/text` is of no module");
    let line = "cd a && GOWORK=off go test ./... m/b/...";
    Case { files, ..said(line, "ok  \tm/b/x\t0.1s\n") }.is("hollow");
    Case { files, ..said("cd $X && go test ./...", "ok  \tm/a\t0.1s\n") }
        .is("hollow | hollow pass: `ok` does not say that a test ran, and the folder");
}

#[test]
fn what_stands_for_the_tool_proves_nothing() {
    for line in [
        "go build -toolexec=./x ./...",
        "go vet -vettool ./mine ./...",
        "go vet -fix ./...",
        "GOFLAGS=-n go build ./...",
    ] {
        said(line, "").is("hollow");
    }
    let vet = said("go vet -copylocks=false ./...", "");
    assert_eq!(vet.conditions(), ["conditions/go-vet-without:copylocks"]);
}

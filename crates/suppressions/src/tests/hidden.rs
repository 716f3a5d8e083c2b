//! Suppressions that something hides: a text around them, an encoding, a link, a form that nobody expects.

use std::collections::{BTreeMap, BTreeSet};

use super::lines;
use crate::kinds;
use crate::tree;

/// Reads one file of bytes.
fn of_bytes(path: &str, bytes: &[u8]) -> Vec<String> {
    let read = BTreeMap::from([(path.to_owned(), tree::read(path, bytes))]);
    let found = tree::suppressions(&read, &BTreeSet::new());
    found.into_iter().map(|entry| format!("{} {} {}", entry.line, entry.kind, entry.silences)).collect()
}

#[test]
fn what_is_written_as_a_text_silences_nothing() {
    let go = "package a\n\nvar s = \"//nolint\" + `\n//nolint\nt.Skip(\"no\")`\n\nfunc TestOne(t *testing.T) {\n\
              \tt.Log(\"http://x\"); t.Skip(\"yes\")\n\tx := \"t.Skip(\" // \"#nosec\"\n}\n";
    assert_eq!(lines("a_test.go", go), ["8 go-test-skips TestOne | yes", "9 nosec all"]);
    let ts = "const a = \"// eslint-disable\", b = `\n// eslint-disable-next-line\nit.skip('x')${f(/* eslint-disable */)}`;\n\
              foo('http://x'); it.skip('real', f);\nconst c = 'it.skip(';\n";
    assert_eq!(lines("b.test.ts", ts), ["3 eslint-disable all", "4 js-test-skip it.skip real"]);
    let tsx = "const a = <p> 'a {/* eslint-disable-line no-x */} ` </p>;\n// eslint-disable-next-line no-y\nconst b = <p>`</p>;\n";
    assert_eq!(lines("c.tsx", tsx), ["1 eslint-disable no-x (line)", "2 eslint-disable no-y (next-line)"]);
}

#[test]
fn a_trick_that_misleads_a_lexer_hides_nothing() {
    let comment = "// eslint-disable-next-line no-eval";
    for (before, after) in [
        ("f = function () {} / \"/ ` \";", "g = function () {} / \"/ ` \";"),
        ("let of = 1; of / \"/ ` \";", "of / \"/ ` \";"),
        ("<!-- `", "<!-- `"),
        ("a = /[[a]/`]/v;", "b = /[[a]/`]/v;"),
        ("x = 1 ! / \"/ ` \";", "x = 1 ! / \"/ ` \";"),
    ] {
        for name in ["a.ts", "a.js", "a.tsx"] {
            let text = format!("{before}\n{comment}\neval('1');\n{after}\n");
            assert_eq!(lines(name, &text), ["2 eslint-disable no-eval (next-line)"], "{name}: {before}");
        }
    }
    let text = format!("type F = <T>(a: T) => T;\nconst a = \"{{`\";\n{comment}\nconst b = \"`}}</T>\";\n");
    assert_eq!(lines("a.tsx", &text), ["3 eslint-disable no-eval (next-line)"]);
}

#[test]
fn text_of_other_encodings_is_read() {
    let wide =
        |text: &str| [&b"\xff\xfe"[..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat();
    assert_eq!(of_bytes("a.test.ts", &wide("\nit.skip('adds', f);\n")), ["2 js-test-skip it.skip adds"]);
    assert_eq!(of_bytes(".gitleaksignore", &wide("a.go:jwt:1\n")), ["1 gitleaks-ignored a.go:jwt:1"]);
    assert_eq!(of_bytes(".trivyignore", b"\xef\xbb\xbfCVE-1\n"), ["1 trivy-ignored CVE-1"]);
    assert_eq!(of_bytes("a.test.js", b"/*\0*/ it.skip('adds', f);\n"), ["1 js-test-skip it.skip adds"], "node runs it");
    assert_eq!(of_bytes(".npmrc", b"a=b\raudit=false\r"), ["2 npm-audit-off audit=false"]);
    assert_eq!(
        of_bytes(".golangci.yml", b"linters:\r  disable:\r    - funlen\r"),
        ["3 golangci-config disable: funlen"]
    );
}

#[test]
fn configuration_that_cannot_be_read_is_named() {
    for (path, bytes, expected) in [
        (".gitleaks.toml", &b"a = 1\nx = [\n"[..], "2 gitleaks-config cannot be read: it is not TOML; correct it"),
        ("web/.gitleaks.toml", b"x = [\n", "1 gitleaks-config cannot be read: it is not TOML"),
        ("osv-scanner.toml", b"=", "1 osv-ignored cannot be read: it is not TOML"),
        ("tsconfig.json", b"{\n\"a\": }", "2 tsc-config cannot be read: it is not JSON"),
        ("audit-ci.json5", b"{'a': 1}", "1 audit-ignored cannot be read: it is not JSON"),
        ("gitleaks-baseline.json", b"[", "1 gitleaks-baseline cannot be read: it is not JSON"),
        ("package.json", b"{\"jest\": {\"testPathIgnorePatterns\": ", "1 audit-ignored cannot be read: it is not JSON"),
        (".gitleaksignore", b"a.go:jwt:1\n\0", "0 gitleaks-ignored cannot be read: it has NUL bytes; save it as text"),
        (".golangci.yml", b"l\0i", "0 golangci-config cannot be read: it has NUL bytes"),
        (".golangci.yml", b"linters: {disable: [funlen]}\n", "1 golangci-config cannot be read: a list in a form"),
        (
            ".golangci.yml",
            b"linters:\n  disable: [\n    funlen]\n",
            "2 golangci-config cannot be read: a list in a form",
        ),
        (".golangci.yml", b"linters:\n  disable: *all\n", "2 golangci-config cannot be read: a list in a form"),
        (".golangci.yml", b"{\"linters\": {\"disable\": [\"funlen\"]}}\n", "1 golangci-config cannot be read: a list"),
        (".grype.yaml", b"ignore: [{vulnerability: CVE-1}]\n", "1 grype-ignored cannot be read: a list in a form"),
        (".snyk", b"ignore: {SNYK-1: []}\n", "1 snyk-ignored cannot be read: a list in a form"),
        ("pnpm-workspace.yaml", b"auditConfig: {ignoreCves: [CVE-1]}\n", "1 audit-ignored cannot be read: a list"),
    ] {
        let found = of_bytes(path, bytes);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{path}: {found:?}");
    }
    for (path, bytes) in [
        ("package.json", &b"{ broken"[..]),
        ("tsconfig.json", b"// nothing\n"),
        ("vendor/x/.golangci.json", b"{"),
        ("a.json", b"{"),
        (".golangci.yml", b"run:\n  timeout: 5m\nlinters:\n  settings:\n    x: {a: b}\n"),
    ] {
        assert_eq!(of_bytes(path, bytes), [""; 0], "{path}");
    }
    let large = vec![b'\n'; 5 << 20];
    assert!(
        of_bytes(".gitleaksignore", &large)[0]
            .starts_with("0 gitleaks-ignored cannot be read: it is larger than 4 MiB")
    );
    let padded = [&large[..], b"it.skip('adds', f);\n"].concat();
    assert_eq!(of_bytes("a.test.ts", &padded), ["5242881 js-test-skip it.skip adds"], "a runner reads it");
}

#[test]
fn other_forms_of_golangcis_configuration() {
    let expected = ["2 golangci-config disable: funlen", "2 golangci-config disable: gosec"];
    assert_eq!(of_bytes(".golangci.yml", b"linters:\n  \"disable\": [funlen, 'gosec'] # no\n"), expected);
    assert_eq!(of_bytes(".golangci.toml", b"[linters]\ndisable = [\"funlen\", \"gosec\"]\n"), expected);
    assert_eq!(of_bytes(".golangci.json", b"{\"linters\":\n {\"disable\": [\"funlen\", \"gosec\"]}}"), expected);
    let rules = b"[[linters.exclusions.rules]]\npath = \"x\"\n";
    assert_eq!(of_bytes(".golangci.toml", rules), ["0 golangci-config rules: {\"path\":\"x\"}"]);
    assert_eq!(
        of_bytes("pnpm-workspace.yaml", b"auditConfig:\n  ignoreGhsas: # x\n    - GHSA-1\n"),
        ["3 audit-ignored GHSA-1"]
    );
    assert_eq!(of_bytes(".yarnrc.yml", b"npmAuditIgnoreAdvisories: [\"1\", '2']\n").len(), 2);
}

#[test]
fn links_are_known_by_the_names_that_tools_open() {
    for path in [".gitleaksignore", "web/tsconfig.json", "a_test.go", "a.test.ts", "a.py"] {
        assert!(tree::follows(path), "{path}");
        let found =
            tree::suppressions(&BTreeMap::from([(path.to_owned(), tree::lost_link(path, "/etc/x"))]), &BTreeSet::new());
        let said = "cannot be read: a link to `/etc/x`, which is not a tracked file; commit the file itself";
        assert!(found.len() == 1 && found[0].silences == said && found[0].is_unread(), "{path}: {found:?}");
        assert!(kinds::by_id(&found[0].kind).is_some());
    }
    for path in ["README.md", "vendor/a.go", "data.bin"] {
        assert!(!tree::follows(path), "{path}");
        assert_eq!(
            tree::suppressions(&BTreeMap::from([(path.to_owned(), tree::too_large(path))]), &BTreeSet::new()),
            []
        );
    }
}

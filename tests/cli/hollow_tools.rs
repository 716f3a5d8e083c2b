//! Hollow passes, provoked with the real tools in their images.

use std::path::Path;

use crate::scene::{Scene, command};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn table(id: &str, line: &str, image: &str, more: &str) -> String {
    command(id, line, more).replace("image = \"base\"", &format!("image = \"{image}\""))
}

fn copy(scene: &Scene, from: &str, to: &str) {
    let path = Path::new(ROOT).join(from);
    if path.is_file() {
        return scene.write(to, &std::fs::read(path).expect("a file"));
    }
    for entry in std::fs::read_dir(path).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        if name != "node_modules" && name != "keys" {
            copy(scene, &format!("{from}/{name}"), &format!("{to}/{name}"));
        }
    }
}

/// The images and the frontend of the example, and traps for each tool.
fn scene(commands: &str) -> Scene {
    let scene = Scene::new(commands);
    for folder in ["images", "lockfiles/images/amd64"] {
        copy(&scene, folder, folder);
    }
    copy(&scene, "examples/beacon/frontend-modern", "frontend-modern");
    copy(&scene, "examples/beacon/contract", "contract");
    copy(&scene, "examples/beacon/lockfiles/npm.lock", "lockfiles/npm.lock");
    let image = |name: &str| format!("[images.{name}]\nbuild = \"images/{name}.toml\"\n");
    let more = ["go", "node", "gitleaks", "govulncheck"].map(image).concat();
    let frozen = "[frozen.npm]\nkind = \"npm-packages\"\nimage = \"node\"\ndirectory = \"frontend-modern\"\n";
    scene.replace("rcrepro.toml", "[packets.RC-05]", &format!("{more}{frozen}\n[packets.RC-05]"));
    for (file, text) in [
        ("go.mod", "module example.test/hollow\n\ngo 1.26\n"),
        ("a/a.go", "package a\n"),
        ("a/a_test.go", "package a\n\nimport \"testing\"\n\nfunc TestA(*testing.T) {}\n"),
        ("leaky/.gitleaks.toml", "[extend]\nuseDefault = true\n[allowlist]\npaths = [\".*\"]\n"),
        ("leaky/key.txt", "nothing but a text\n"),
        ("db/index/modules.json", "[]"),
        ("db/index/vulns.json", "[]"),
        ("db/index/db.json", "{\"modified\":\"2026-08-01T00:00:00Z\"}"),
        ("solution/tsconfig.json", "{\"files\":[],\"references\":[{\"path\":\"../frontend-modern\"}]}"),
    ] {
        scene.write(file, text.as_bytes());
    }
    scene.commit("traps");
    scene
}

/// A module replaced by a folder whose vulnerable function is called, secrets that are silenced, and tests that are never seen to fail.
fn silenced(commands: &str) -> Scene {
    let scene = scene(commands);
    let test = "package main\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) {\n\tm.Run()\n\tos.Exit(0)\n}\n\n\
                func TestFails(t *testing.T) { t.Fatal(\"no\") }\n";
    let vulnerability = serde_json::json!({
        "schema_version": "1.3.1", "id": "GO-2026-0001", "modified": "2026-08-01T00:00:00Z", "summary": "Invented",
        "affected": [{
            "package": {"name": "example.test/lib", "ecosystem": "Go"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
            "ecosystem_specific": {"imports": [{"path": "example.test/lib", "symbols": ["Parse"]}]},
        }],
    });
    let token = format!("token = \"ghp_{}\" # gitleaks:allow\n", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6");
    for (file, text) in [
        ("hidden/hidden_test.go", test),
        (
            "app/go.mod",
            "module example.test/app\n\ngo 1.26\n\nrequire example.test/lib v1.0.0\n\nreplace example.test/lib => ../lib\n",
        ),
        ("app/main.go", "package main\n\nimport \"example.test/lib\"\n\nfunc main() { lib.Parse() }\n"),
        ("lib/go.mod", "module example.test/lib\n\ngo 1.26\n"),
        ("lib/lib.go", "package lib\n\nfunc Parse() {}\n"),
        ("full/ID/GO-2026-0001.json", &vulnerability.to_string()),
        (
            "full/index/modules.json",
            "[{\"path\":\"example.test/lib\",\"vulns\":[{\"id\":\"GO-2026-0001\",\"modified\":\"2026-08-01T00:00:00Z\"}]}]",
        ),
        ("full/index/vulns.json", "[{\"id\":\"GO-2026-0001\",\"modified\":\"2026-08-01T00:00:00Z\"}]"),
        ("full/index/db.json", "{\"modified\":\"2026-08-01T00:00:00Z\"}"),
        ("secrets/allowed.txt", &token),
        ("secrets/large.txt", &"x".repeat(3_000_000)),
    ] {
        scene.write(file, text.as_bytes());
    }
    scene.commit("what is silenced");
    scene
}

#[test]
#[ignore = "needs the images go, gitleaks and govulncheck, which take minutes to make; `cargo xtask images` makes them"]
fn real_tools_whose_pass_says_less_than_it_seems_are_told() {
    let commands = [
        table("hidden", "go test ./hidden", "go", ""),
        table("hidden-v", "go test -v ./hidden", "go", ""),
        table("leaks", "gitleaks detect --no-git --source secrets --max-target-megabytes 1", "gitleaks", ""),
        table("vulnerable", "cd app && govulncheck -db file:///work/full ./...", "govulncheck", ""),
    ];
    let ended = silenced(&commands.concat()).run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in [
        "undecided  hidden  hollow pass: package `example.test/hollow/hidden` has a `TestMain` of its own, which can end without running \
         tests (`hidden_test.go`)",
        "failed  hidden-v  exit code 0",
        "`--- FAIL: TestFails (0.00s)`",
        "condition: `gitleaks:allow` silences gitleaks on 1 line of `allowed.txt` (conditions/gitleaks-allow-comment:allowed.txt)",
        "condition: gitleaks skipped `secrets/large.txt`, which is too large for it",
        "condition: example.test/lib is replaced by ../lib: govulncheck does not look it up",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
#[ignore = "needs the images go, node, gitleaks and govulncheck, which take minutes to make; `cargo xtask images` makes them"]
fn real_tools_that_checked_nothing_are_undecided() {
    let web = |line: &str| format!("cd frontend-modern && {line}");
    let needs = "needs = [\"npm-ci\"]";
    let commands = [
        table("npm-ci", &web("npm ci"), "node", "frozen = [\"npm\"]\noutputs = [\"frontend-modern/node_modules\"]"),
        table("go-none", "go test ./... -run NoSuch", "go", ""),
        table("go-hidden", "go vet ./a || true", "go", ""),
        table("vitest-none", &web("npx vitest run --passWithNoTests nosuch"), "node", needs),
        table("vitest-skip", &web("npx vitest run -t NoSuchTest"), "node", needs),
        table("tsc-solution", "frontend-modern/node_modules/.bin/tsc --noEmit -p solution", "node", needs),
        table("audit-offline", &web("npm audit --offline --omit=dev"), "node", ""),
        table("audit-frozen", &web("npm audit --omit=dev"), "node", "frozen = [\"npm\"]"),
        table("audit-down", &web("npm audit --fetch-retries=0 --registry http://127.0.0.1:9"), "node", ""),
        table("node-none", "cd leaky && node --test", "node", ""),
        table("gitleaks-allowed", "gitleaks detect --no-git --source leaky", "gitleaks", ""),
        table("gitleaks-broken", "gitleaks detect --no-git --source . -c nosuch.toml", "gitleaks", ""),
        table("db-empty", "cd a && govulncheck -db file:///work/db -scan module", "govulncheck", ""),
    ];
    let ended = scene(&commands.concat()).run(&["run", "RC-05"]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    let hollow = |id: &str, why: &str| (id.to_owned(), format!("hollow pass: {why}"));
    let broke = |id: &str, why: &str| (id.to_owned(), format!("the exit code is not a verdict: {why}"));
    for (id, why) in [
        hollow("go-none", "no tests to run in 1 of 1 package with test files; `-run` asks for `NoSuch`"),
        hollow("go-hidden", "the exit code of `go vet` is hidden by `||`"),
        hollow("vitest-none", "No test files found, exiting with code 0"),
        hollow("vitest-skip", "43 tests were skipped, and none ran"),
        hollow("tsc-solution", "`solution` has no files and `references`"),
        hollow("audit-offline", "`--offline`"),
        hollow("audit-frozen", "`npm_config_offline=true`"),
        broke("audit-down", "npm gave no report: npm error audit endpoint returned an error"),
        hollow("node-none", "the report has no tests"),
        hollow("gitleaks-allowed", "0 bytes scanned"),
        broke("gitleaks-broken", "gitleaks failed: "),
        hollow("db-empty", "the database has no entries"),
    ] {
        let line = format!("undecided  {id}  {why}");
        assert!(ended.stdout.contains(&line), "`{line}` in\n{}", ended.stdout);
    }
    assert!(ended.stdout.contains("52 packages installed"), "{}", ended.stdout);
}

//! `rcrepro init` in a project that it has to read: the plan is sound, says what it could not tell, and names the next command.

use crate::scene::Scene;

fn project() -> Scene {
    let scene = Scene::new("");
    scene.git(&["rm", "-q", "-r", "."]);
    scene.write("go.mod", b"module example.com/server\n\ngo 1.26.8\n");
    scene.write(
        "main.go",
        b"package main\n\nimport \"embed\"\n\n//go:embed all:web/dist\nvar files embed.FS\n\nfunc main() {}\n",
    );
    scene.write("main_test.go", b"package main\n");
    scene.write("web/package.json", br#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}"#);
    scene.write("web/pnpm-lock.yaml", b"lockfileVersion: '9.0'\n");
    scene.commit("a project");
    scene
}

#[test]
fn what_is_seen_is_explained_and_nothing_is_written() {
    let scene = project();
    let seen = scene.ok(&["init", "--explain"]).stdout;
    for line in [
        "go.mod:1: a Go module with 1 file, 1 test file and 0 requirements",
        "main.go:5: embeds `all:web/dist`, which is not tracked",
    ] {
        assert!(seen.contains(line), "`{line}` in\n{seen}");
    }
    assert!(!scene.path("rcrepro.toml").exists());
}

#[test]
fn a_plan_fits_the_project_and_says_what_is_left_to_do() {
    let scene = project();
    let said = scene.ok(&["init"]);
    assert!(said.stdout.contains("planned 6 commands"), "{}", said.stdout);
    let plan = scene.read("rcrepro.toml");
    for line in [
        "go test ./... -count=1",
        "cd web && pnpm install --frozen-lockfile --reporter=silent",
        "cd web && pnpm run build",
    ] {
        assert!(plan.contains(&format!("run = \"{line}\"")), "`{line}` in\n{plan}");
    }
    scene.commit("a plan");
    let checked = scene.ok(&["check"]);
    for todo in [
        "web/pnpm-lock.yaml: no audit is planned, because only npm's can be recorded",
        "put Go's vulnerability database there",
    ] {
        assert!(
            checked.stdout.contains("  to do: rcrepro.toml:") && checked.stdout.contains(todo),
            "{}",
            checked.stdout
        );
    }
    assert!(checked.stderr.ends_with("      next  rcrepro image lock\n"), "{}", checked.stderr);
    scene.run(&["init"]).failed(2, &["cannot write", "hint: read it with `rcrepro check`"]);
}

#[test]
fn what_is_embedded_and_made_by_nothing_is_left_to_do() {
    let scene = project();
    scene.write("web/package.json", br#"{"devDependencies": {"vite": "7"}}"#);
    scene.commit("no build");
    scene.ok(&["init"]);
    scene.commit("a plan");
    let checked = scene.ok(&["check"]).stdout;
    let todo = "`//go:embed all:web/dist` matches no tracked file; name the command that makes it in `needs`";
    assert!(checked.contains(todo), "{checked}");
}

#[test]
fn files_are_written_into_the_project_alone_and_the_plan_last() {
    let scene = project();
    std::fs::write(scene.path("images"), b"a file").expect("written");
    let nothing_written = |place: &str| {
        let written = ["rcrepro.toml", "manifests", "lockfiles/.gitattributes"].map(|file| scene.path(file).exists());
        assert_eq!(written, [false; 3], "{place}: nothing at all is written");
    };
    scene.run(&["init"]).failed(2, &["`./images` is a file, expected a folder", "hint: move it away"]);
    nothing_written("images");
    std::fs::remove_file(scene.path("images")).expect("it is there");
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(elsewhere.path(), scene.path("images")).expect("a link");
    scene.run(&["init"]).failed(2, &["`./images` is a symbolic link, expected a folder"]);
    nothing_written("images");
    std::os::unix::fs::symlink(elsewhere.path(), scene.path("lockfiles")).expect("a link");
    std::fs::remove_file(scene.path("images")).expect("it is there");
    scene.run(&["init"]).failed(2, &["`./lockfiles` is a symbolic link, expected a folder"]);
    nothing_written("lockfiles");
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("it is there").count(), 0);
    std::fs::remove_file(scene.path("lockfiles")).expect("it is there");
    scene.ok(&["init"]);
}

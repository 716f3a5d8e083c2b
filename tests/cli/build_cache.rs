//! A frozen Go build cache with the real toolchain: it is the same bytes each time, and commands compile nothing that it holds.

use crate::scene::{Scene, command};

const INPUTS: &str = r#"
[images.go]
build = "images/go.toml"

[frozen.gomod]
kind = "go-modules"
image = "go"

[frozen.gocache]
kind = "go-build-cache"
image = "go"
modules = "gomod"
"#;
const GO_MOD: &[u8] =
    b"module example.com/scene\n\ngo 1.26.0\n\ntoolchain go1.26.8\n\nrequire github.com/pkg/errors v0.9.1\n";
const GO_SUM: &[u8] = b"github.com/pkg/errors v0.9.1 h1:FEBLx1zS214owpjy7qsBeixbURkuhQAwrK5UwLGTwt4=\n\
    github.com/pkg/errors v0.9.1/go.mod h1:bwawxfHBFNV+L2hUp1rHADufV3IMtnDRdf1r5NINEl0=\n";
const MAIN: &[u8] =
    b"package main\n\nimport \"github.com/pkg/errors\"\n\nfunc main() { println(errors.New(\"x\").Error()) }\n";
/// Compiles the project's package and no other; then again, which finds everything. `-x` shows each program that `go` runs.
const BUILD: &str = "go build -tags one -x -o /tmp/app . 2> /tmp/first && /tmp/app && grep -o -- ' -p [a-z./]* ' /tmp/first && \
     go vet -tags one . && go build -tags one -x -o /tmp/app . 2> /tmp/second && ! grep -- ' -p ' /tmp/second";
/// What the command before it has added to the cache is found.
const LATER: &str = "go build -tags one -x -o /tmp/app . 2> /tmp/third && grep /link /tmp/third > /dev/null && \
     ! grep /compile /tmp/third && /tmp/app";

#[test]
fn what_is_imported_is_compiled_once_and_the_same_bytes_each_time() {
    let frozen = "frozen = [\"gomod\", \"gocache\"]\nproof = \"exit-code\"";
    let build = command("build", BUILD, &format!("{frozen}\noutputs = [\"/deps/gocache\"]"));
    let later = command("later", LATER, &format!("{frozen}\nneeds = [\"build\"]"));
    let commands = format!("{build}\n{later}").replace("image = \"base\"", "image = \"go\"");
    let scene = Scene::new(&format!("{commands}{INPUTS}"));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["images/go.toml", "lockfiles/images/amd64/go.lock"] {
        scene.write(file, &std::fs::read(root.join(file)).expect("the repository has the image"));
    }
    scene.write("go.mod", GO_MOD);
    scene.write("go.sum", GO_SUM);
    scene.write("main.go", MAIN);
    scene.commit("a module");
    scene.ok(&["lock"]);
    let lock = scene.read("lockfiles/gocache.lock");
    assert!(lock.contains("\"go -tags=one\" = [\"github.com/pkg/errors\"]"), "{lock}");
    scene.commit("its locks");
    // Locking compiles anew, whatever the store has.
    let again = scene.ok(&["lock", "gocache"]);
    assert!(again.stdout.contains(" unchanged  gocache: "), "{}", again.stdout);

    scene.ok(&["run", "RC-05"]);
    let shown = scene.ok(&["log", "RC-05", "build", "--stream", "stdout"]);
    assert!(shown.stdout.contains(" -p main "), "its own package is compiled: {}", shown.stdout);
    assert_eq!(shown.stdout.matches(" -p ").count(), 1, "no other is: {}", shown.stdout);
    scene.commit("its evidence");
    // What was added is an output like any other, and equal in another run.
    assert!(scene.read("manifests/RC-05.json").contains("\".rcrepro/deps/gocache\""));
    scene.ok(&["verify", "manifests/RC-05.json"]);
    let replayed = scene.ok(&["replay", "RC-05"]);
    assert!(replayed.stdout.contains("2 of 2"), "{}", replayed.stdout);

    // An import more is compiled by the command: the lock still holds.
    let more = "package main\n\nimport \"container/ring\"\n\nfunc main() { println(ring.New(1).Len()) }\n";
    scene.write("main.go", more.as_bytes());
    scene.commit("another source");
    scene.ok(&["run", "RC-05"]);

    // What pins the packages may not change.
    let older = b"github.com/pkg/errors v0.9.0/go.mod h1:bwawxfHBFNV+L2hUp1rHADufV3IMtnDRdf1r5NINEl0=\n";
    scene.write("go.sum", &[GO_SUM, older].concat());
    scene.commit("another sum");
    scene.ok(&["lock", "gomod"]);
    scene.commit("one of two locks");
    scene
        .run(&["run", "RC-05"])
        .failed(3, &["the lock of frozen input `gocache` is stale", "hint: rcrepro lock gocache"]);
}

//! The release's own images: built on the real engine, twice the same, tried, recorded, replayed; and each way to go red.

use std::process::Command;

use crate::scene::{Ended, Scene, command};

/// Answers every connection with the content of a file; says its version when it is asked.
const SERVER: &str = r#"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(int signal) { (void)signal; _exit(0); }

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "--version")) { puts("server " VERSION); return 0; }
  char text[4096];
  FILE *file = fopen("/greeting", "r");
  if (!file) return 3;
  size_t length = fread(text, 1, sizeof text, file);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(8080), .sin_addr = { htonl(INADDR_LOOPBACK) } };
  if (argc > 1 && !strcmp(argv[1], "--check")) return connect(listener, (struct sockaddr *)&at, sizeof at) ? 1 : 0;
  signal(SIGTERM, end);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 8)) return 4;
  for (;;) {
    int peer = accept(listener, 0, 0);
    if (peer < 0 || write(peer, text, length) < 0) return 5;
    close(peer);
  }
}
"#;

const DOCKERFILE: &str = r#"ARG BASE=nothing:latest
FROM ${BASE} AS build
ARG VERSION=0
COPY server.c /src/
RUN gcc -static -Os -DVERSION="\"$VERSION\"" -o /server /src/server.c && mkdir /out
FROM scratch AS unused
COPY --from=build /server /other
FROM scratch AS tiny
COPY --from=build /server /server
COPY --from=build /out /out
COPY greeting.txt /greeting
USER 1234:1234
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --retries=3 CMD ["/server", "--check"]
ENTRYPOINT ["/server"]
"#;

/// Asks until somebody answers, and compares with the input and with the image's own file.
const SMOKE: &str = r#"
for i in $(seq 100); do exec 3<>/dev/tcp/127.0.0.1/8080 && break; sleep 0.1; done 2>/dev/null
said=$(cat <&3); echo "it says $said"; test "$said" = hello && cmp /deps/image/greeting greeting.txt && cat made.txt
"#;

/// Makes a repository whose packet builds one image; names are unique among tests.
fn scene(id: &str, dockerfile: &str) -> Scene {
    let made =
        command(&format!("{id}-make"), "echo made > made.txt", "outputs = [\"made.txt\"]\nproof = \"exit-code\"");
    let image = format!(
        "[release-images.{id}]\ndockerfile = \"Dockerfile\"\ntarget = \"tiny\"\narguments = {{ VERSION = \"7\" }}\n\
         builders = {{ BASE = \"base\" }}\nexpect = {{ user = \"1234:1234\", ports = [\"8080/tcp\"], volumes = [] }}\n\
         runs = [{{ arguments = [\"--version\"], stdout = \"server 7\\n\" }}]\n\
         [[release-images.{id}.smoke]]\nid = \"{id}-smoke\"\nrun = '''{SMOKE}'''\nimage = \"base\"\nneeds = [\"{id}-make\"]\n"
    );
    let exit = format!("exit = [{{ says = \"It runs.\", rests-on = [\"image:{id}\", \"commands\"] }}]");
    let scene = Scene::new(&format!("release-images = [\"{id}\"]\n{exit}\n{made}{image}"));
    scene.write("Dockerfile", dockerfile.as_bytes());
    scene.write(".dockerignore", b"*\n!server.c\n!greeting.txt\n");
    scene.write("server.c", SERVER.as_bytes());
    scene.commit("sources");
    scene
}

/// Lists what the engine still has of an image: those that carry its label, and any whose configuration names it.
fn left(id: &str) -> Vec<String> {
    let docker = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).output().expect("the docker client is installed");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let label = format!("label=org.rcrepro.label=RC-05/{id}");
    let mut left = docker(&["images", "-aq", "--filter", &label]);
    left.extend(docker(&["ps", "-aq", "--filter", &label]));
    left.extend(docker(&["ps", "-aq", "--filter", &format!("{label}-smoke")]));
    left
}

/// Expects that a run ends red by a finding at a place, and records nothing.
fn red(scene: &Scene, id: &str, code: i32, texts: &[&str]) {
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
    }
    assert!(!scene.path("manifests/RC-05.images.json").exists(), "nothing is recorded");
    assert!(!scene.path("manifests/RC-05.json").exists(), "nothing is recorded");
    assert_eq!(left(id), Vec::<String>::new());
}

fn contains(ended: &Ended, texts: &[&str]) {
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
    }
}

/// What a stranger sees of the record, as it is and with one thing changed at a time.
fn verified(scene: &Scene, id: &str, record: &serde_json::Value) {
    let (manifest, file) = ("manifests/RC-05.json", "manifests/RC-05.images.json");
    let whole = scene.read(file);
    scene.ok(&["verify", manifest]);
    let tampered = |change: &dyn Fn(&mut serde_json::Value), code: i32, text: &str| {
        let mut changed = record.clone();
        change(&mut changed);
        scene.write(file, changed.to_string().as_bytes());
        let ended = scene.run(&["verify", manifest]);
        assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
        contains(&ended, &[text]);
        scene.write(file, whole.as_bytes());
    };
    let elsewhere = format!("{}/1", "0".repeat(64));
    tampered(&|record| record["source"] = elsewhere.clone().into(), 6, "plan-differs  images.source");
    tampered(
        &|record| record["images"][id]["smoke"][0]["exit_code"] = 1.into(),
        6,
        "result-differs  images.release-good.release-good-smoke.result",
    );
    tampered(&|record| record["images"] = serde_json::json!({}), 5, "image-undecided  images.release-good");
    tampered(&|record| record["images"][id]["runs"][0]["stdout"] = elsewhere.clone().into(), 6, "evidence-missing");
    std::fs::remove_file(scene.path(file)).expect("it is there");
    assert_eq!(scene.run(&["verify", manifest]).code, 5, "without a record nothing is known of the images");
    scene.write(file, whole.as_bytes());
}

#[test]
fn an_image_is_built_twice_tried_recorded_and_replayed() {
    let id = "release-good";
    let scene = scene(id, DOCKERFILE);
    let ended = scene.ok(&["run", "RC-05"]);
    contains(
        &ended,
        &["ok  release image release-good  target tiny, 1 run, 1 command beside it", "release images recorded"],
    );
    assert_eq!(left(id), Vec::<String>::new());
    scene.commit("record");
    contains(&scene.board(0), &["DONE"]);
    let record = scene.read("manifests/RC-05.images.json");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    let image = &record["images"][id];
    assert_eq!(image["parts"], image["again"]);
    assert_eq!(image["smoke"][0]["exit_code"], 0);
    assert_eq!((&image["smoke"][0]["health"], &image["smoke"][0]["stopped"]), (&"healthy".into(), &0.into()));
    let ended = scene.ok(&["replay", "RC-05"]);
    contains(&ended, &["release images: as recorded"]);
    verified(&scene, id, &record);

    // Somebody serves something else: the replay names the file, and the smoke command fails.
    scene.write("greeting.txt", b"hullo\n");
    scene.commit("change");
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    contains(&ended, &["images.release-good.tree:/greeting", "images.release-good.release-good-smoke.exit-code"]);
    contains(&scene.board(0), &["the source has changed since"]);
    assert_eq!(left(id), Vec::<String>::new());

    // Evidence that was changed after the fact does not hold.
    scene.write("greeting.txt", b"hello\n");
    scene.commit("back");
    let config = image["parts"]["config"].as_str().and_then(|text| text.split('/').next()).expect("a digest");
    let evidence = format!("manifests/RC-05.images.evidence/{config}");
    let whole = scene.read(&evidence);
    scene.write(&evidence, b"{}");
    contains(&scene.board(6), &["is damaged"]);
    scene.write(&evidence, whole.as_bytes());

    // A replay that comes to another end than the record counts, until one comes to the same.
    let digest = |at: &serde_json::Value| at["stdout"].as_str().expect("a digest").to_owned();
    let path = "manifests/RC-05.images.json";
    scene.replace(path, &digest(&image["smoke"][0]), &digest(&image["runs"][0]));
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    contains(&ended, &["image-changed  images.release-good.release-good-smoke.stdout"]);
    contains(&scene.board(1), &["1 finding, the first: image-changed images.release-good"]);
    std::fs::remove_file(scene.path(path)).expect("removed");
    contains(&scene.board(0), &["it has not been built: rcrepro run RC-05"]);
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 5, "without a record nothing is decided: {}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn a_wrong_answer_a_wrong_user_and_a_wrong_version_are_named() {
    let id = "release-wrong";
    let dockerfile = DOCKERFILE
        .replace("USER 1234:1234\n", "USER 0\n")
        .replace("COPY greeting.txt /greeting", "COPY server.c /greeting");
    let scene = scene(id, &dockerfile);
    scene.replace("rcrepro.toml", "server 7", "server 8");
    scene.replace(
        "server.c",
        "{ puts(\"server \" VERSION);",
        "{ fputs(\"no \\033[2Jeight here\\n\", stderr); puts(\"server \" VERSION);",
    );
    scene.commit("expect more");
    red(
        &scene,
        id,
        1,
        &[
            "RC-05 NOT recorded: an image of the release is not what it must be",
            "image-failed  images.release-wrong.config.user",
            "images.release-wrong.runs.0.stdout",
            "images.release-wrong.release-wrong-smoke.exit-code",
            "| no [2Jeight here",
        ],
    );
    let log = scene.ok(&["log", "RC-05", id]).stdout;
    assert!(log.contains("images.release-wrong.runs.0.stdout") && log.contains("eight here"), "{log}");
}

#[test]
fn a_health_check_that_fails_and_a_container_that_has_to_be_killed_are_named() {
    let id = "release-ends";
    let scene = scene(
        id,
        &DOCKERFILE.replace("30s --timeout=5s --retries=3 CMD [\"/server\", \"--check\"]", "1s CMD [\"/server\"]"),
    );
    scene.replace("server.c", "  signal(SIGTERM, end);\n", "");
    scene.commit("worse ends");
    let at = "images.release-ends.release-ends-smoke";
    let (health, stopped) = (format!("{at}.health"), format!("{at}.stopped"));
    red(&scene, id, 1, &[&health, "unhealthy: exit code 4", &stopped, "it had to be killed: handle SIGTERM"]);
}

#[test]
fn a_container_has_the_capabilities_that_the_plan_names_and_no_other() {
    let id = "release-root";
    let chown = "touch /tmp/a && chown 7 /tmp/a && stat -c %u /tmp/a";
    let image = format!(
        "[release-images.{id}]\ndockerfile = \"Dockerfile\"\nbuilders = {{ BASE = \"base\" }}\nexpect = {{ root = true }}\nwritable = [\"/tmp\"]\n\
         runs = [{{ arguments = [\"sh\", \"-c\", \"{chown}\"], stdout = \"7\\n\" }}]\n"
    );
    let made = command(&format!("{id}-make"), "true", "proof = \"exit-code\"");
    let scene = Scene::new(&format!("release-images = [\"{id}\"]\n{made}{image}"));
    scene.write("Dockerfile", b"ARG BASE=nothing:latest\nFROM ${BASE}\nCOPY Dockerfile /d\n");
    scene.commit("sources");
    red(&scene, id, 1, &["images.release-root.runs.0.exit-code", "Operation not permitted"]);
    scene.replace("rcrepro.toml", "writable = [", "capabilities = [\"CHOWN\"]\nwritable = [");
    scene.commit("it may");
    scene.ok(&["run", "RC-05"]);
}

#[test]
fn what_differs_from_build_to_build_is_named_by_file() {
    let id = "release-differs";
    let dockerfile = DOCKERFILE.replace("mkdir /out", "mkdir /out && head -c 8 /dev/urandom > /out/stamp");
    red(&scene(id, &dockerfile), id, 1, &["images.release-differs.tree:/out/stamp"]);
}

#[test]
fn builds_reach_no_network_and_fetch_no_image() {
    let id = "release-network";
    let dockerfile = DOCKERFILE.replace(
        "FROM scratch AS unused",
        "RUN [\"/bin/bash\", \"-c\", \"exec 3<>/dev/tcp/192.0.2.1/80\"]\nFROM scratch AS unused",
    );
    let scene = scene(id, &dockerfile);
    red(
        &scene,
        id,
        1,
        &["image-failed  images.release-network", "Network is unreachable", ", at Dockerfile:6 in step "],
    );
    // A build that failed is not one that has not been tried.
    contains(
        &scene.board(1),
        &["failed in run ", "1 finding, the first: image-failed images.release-network: expected "],
    );
    contains(&scene.ok(&["log", "RC-05"]), &["release-network\tfailed\timage-failed images.release-network: "]);
    contains(&scene.ok(&["log", "RC-05", id]), &["all that its builder said:\nStep 1/", "Network is unreachable"]);
    let document = scene.ok(&["--json", "log", "RC-05", id]).stdout;
    let document: serde_json::Value = serde_json::from_str(&document).expect("a document");
    assert!(document["output"].as_str().is_some_and(|output| output.contains("\nStep 2/")), "{document:#}");
    scene.write("Dockerfile", DOCKERFILE.replace("FROM scratch AS unused", "FROM debian:12 AS unused").as_bytes());
    scene.commit("fetch");
    red(&scene, id, 1, &["Dockerfile:6:6: `debian:12` is not an image of the plan"]);
    scene.write("Dockerfile", DOCKERFILE.replace("FROM scratch AS tiny", "FROM scratch AS small").as_bytes());
    scene.commit("no such target");
    red(&scene, id, 1, &["image-failed  images.release-network", "tiny"]);
    scene.write("Dockerfile", DOCKERFILE.replace("ENTRYPOINT [\"/server\"]\n", "").as_bytes());
    scene.commit("nothing to start");
    red(&scene, id, 1, &["images.release-network.runs.0", "images.release-network.release-network-smoke"]);
}

#[test]
fn ctrl_c_in_a_build_leaves_no_image_and_no_container() {
    let id = "release-ctrl-c";
    let dockerfile = DOCKERFILE.replace("mkdir /out", "mkdir /out && sleep 301.7");
    let scene = scene(id, &dockerfile);
    let docker = |arguments: &[&str]| {
        let output = Command::new("docker").args(arguments).output().expect("the docker client is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let step = || {
        let shown = docker(&["ps", "--no-trunc", "--format", "{{.Label \"org.rcrepro.run\"}} {{.Command}}"]);
        let line = shown.lines().find(|line| line.contains("sleep 301.7"))?.to_owned();
        line.split_whitespace().next().map(str::to_owned)
    };
    let mut command = scene.command(&["run", "RC-05"]);
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("starts");
    let began = std::time::Instant::now();
    let run = loop {
        if let Some(run) = step() {
            break run;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(300), "no step is run");
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    let of_run = format!("label=org.rcrepro.run={run}");
    assert!(!docker(&["images", "-aq", "--filter", &of_run]).is_empty(), "steps carry the run's label");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .expect("our child");
    let ended = Ended::from(child.wait_with_output().expect("it ends"));
    ended.failed(130, &["interrupted; no container is left"]);
    assert_eq!(docker(&["images", "-aq", "--filter", &of_run]), "");
    assert_eq!(docker(&["ps", "-aq", "--filter", &of_run]), "");
}

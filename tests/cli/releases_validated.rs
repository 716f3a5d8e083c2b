//! What a release image may not hold, found on the real engine, each under its own name.

use crate::scene::{Scene, command};

/// A program that says its version; what else the image holds is planted.
const DOCKERFILE: &str = r#"ARG BASE=nothing:latest
FROM ${BASE} AS build
RUN printf 'int main(void) { return 0; }' > /tmp/a.c && gcc -static -Os -o /app /tmp/a.c
RUN cp /app /helper && chmod 4755 /helper
FROM scratch AS tiny
COPY --from=build /app /app
PLANTED
USER 1234:1234
ENTRYPOINT ["/app"]
"#;

/// Makes a repository whose packet builds one image with something planted in it.
fn scene(id: &str, planted: &str, expect: &str) -> Scene {
    let made = command(&format!("{id}-make"), "true", "proof = \"exit-code\"");
    let image = format!(
        "[release-images.{id}]\ndockerfile = \"Dockerfile\"\ntarget = \"tiny\"\nbuilders = {{ BASE = \"base\" }}\n\
         expect = {{ user = \"1234:1234\"{expect} }}\nruns = [{{ arguments = [], stdout = \"\" }}]\n"
    );
    let scene = Scene::new(&format!("release-images = [\"{id}\"]\n{made}{image}"));
    scene.write("Dockerfile", DOCKERFILE.replace("PLANTED", planted).as_bytes());
    scene.write(".dockerignore", b"*\n!planted\n");
    scene.commit("sources");
    scene
}

/// Runs the packet, which has to end red by findings at these places, and records nothing.
fn red(scene: &Scene, texts: &[&str]) {
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
    }
    assert!(!scene.path("manifests/RC-05.images.json").exists(), "nothing is recorded");
}

#[test]
fn a_planted_key_a_package_cache_and_a_credential_are_named() {
    let planted = "ENV API_TOKEN=swordfish\nCOPY planted /etc/key\nCOPY planted /var/cache/apt/archives/a.deb";
    let scene = scene("release-leftovers", planted, "");
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
    scene.write("planted", format!("-----BEGIN PRIVATE {}-----\n{body}\n", "KEY").as_bytes());
    scene.commit("a key");
    red(
        &scene,
        &[
            "images.release-leftovers.leftovers:/etc/key",
            "a private key (1 file, ",
            "images.release-leftovers.environment.API_TOKEN",
            "images.release-leftovers.leftovers:/var/cache/apt/archives/a.deb",
        ],
    );
}

#[test]
fn a_planted_entry_point_that_is_not_executable_is_named() {
    let id = "release-entry";
    let scene = scene(id, "COPY planted /script", "");
    scene.write("planted", b"#!/bin/sh\n");
    scene.replace("Dockerfile", "ENTRYPOINT [\"/app\"]", "ENTRYPOINT [\"/script\"]");
    scene.commit("a script without its bit");
    red(
        &scene,
        &["images.release-entry.entrypoint", "user `1234:1234` may not execute `/script`: mode 0644, owner 0:0"],
    );
}

#[test]
fn a_planted_set_id_file_is_named_and_can_be_accepted() {
    let id = "release-planted";
    let planted = scene(id, "COPY --from=build /helper /helper", "");
    red(&planted, &["images.release-planted.set-id:/helper", "mode 4755, owner 0:0", "set-id = [\"/helper\"]"]);
    planted.replace("rcrepro.toml", "user = \"1234:1234\"", "user = \"1234:1234\", set-id = [\"/helper\"]");
    planted.commit("accept");
    planted.ok(&["run", "RC-05"]);
    let verified = planted.ok(&["verify", "manifests/RC-05.json"]);
    assert!(verified.stdout.contains("what was read in the images' files"), "{}", verified.stdout);
}

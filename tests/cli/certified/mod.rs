//! What release images by BuildKit withstand, what is found in them, and what they cost, on the real engine. BuildKit is compiled first, for
//! minutes, so that `cargo xtask certified` runs all of it and nothing else does.

mod anywhere;
mod deaths;
mod on_podman;
mod pins_off;
mod planted;
mod speed;

use std::path::Path;

use crate::scene::{Scene, command};

/// The base that every Dockerfile here begins with; the plan maps it to a little image of a lock.
const BASE: &str = "FROM debian:bookworm-slim\n";

/// One release image of a plan: its Dockerfile, and its table's keys beside those that all have.
struct Planned<'a> {
    /// Unique among tests; the Dockerfile is `ID.Dockerfile`.
    id: &'a str,
    dockerfile: &'a str,
    keys: &'a str,
}

/// Makes a repository whose packet builds these images by BuildKit. `more` is for the plan's end.
fn scene(images: &[Planned<'_>], more: &str) -> Scene {
    let ids: Vec<&str> = images.iter().map(|image| image.id).collect();
    let first = ids.first().expect("an image");
    let mut plan =
        format!("release-images = {ids:?}\n{}", command(&format!("{first}-make"), "true", "proof = \"exit-code\""));
    for name in ["small", "buildkit"] {
        plan.push_str(&format!("[images.{name}]\nbuild = \"images/{name}.toml\"\n"));
    }
    for Planned { id, keys, .. } in images {
        let runs = if keys.contains("smoke") { "" } else { "runs = [{ arguments = [\"true\"], stdout = \"\" }]\n" };
        plan.push_str(&format!(
            "[release-images.{id}]\ndockerfile = \"{id}.Dockerfile\"\nbuilder = \"buildkit\"\nbases = {{ \"debian:bookworm-slim\" = \"small\" }}\n\
             {runs}{keys}\n{}",
            if keys.contains("expect") { "" } else { "expect = { root = true }\n" },
        ));
    }
    let scene = Scene::new(&format!("{plan}{more}"));
    lay(&scene, "images", "images");
    lay(&scene, "images/keys", "images/keys");
    lay(&scene, "lockfiles/images/amd64", "lockfiles/images/amd64");
    lay(&scene, "tests/dockerfiles/images", "images");
    lay(&scene, "tests/dockerfiles/lockfiles/amd64", "lockfiles/images/amd64");
    for Planned { id, dockerfile, .. } in images {
        scene.write(&format!("{id}.Dockerfile"), dockerfile.as_bytes());
    }
    scene.commit("sources");
    scene
}

/// Copies the files of a folder of this repository, without those of its folders.
fn lay(scene: &Scene, from: &str, to: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
    for entry in std::fs::read_dir(&from).expect("a folder").flatten().filter(|entry| entry.path().is_file()) {
        let name = entry.file_name().into_string().expect("a name");
        scene.write(&format!("{to}/{name}"), &std::fs::read(entry.path()).expect("readable"));
    }
}

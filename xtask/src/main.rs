//! The checks and chores of rcrepro that a person would forget. It has no dependencies, so that it is there in seconds.
//!
//! Exit codes are rcrepro's own (`docs/design/DESIGN.md` §6): what a chore runs passes its code through; 1 is a check
//! that found something, 2 is usage, 4 is an engine or a registry that cannot serve.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program of the maintainers, which talks to them"
)]

mod bench;
mod campaign;
mod certified;
mod demo;
mod dependencies;
mod dockerfiles;
mod engine;
mod example;
mod hollow;
mod images;
mod machine;
mod passed;
mod podman;
mod refusal;
mod release_plan;
mod test;

use std::path::Path;
use std::process::ExitCode;

use refusal::Refusal;

const USAGE: &str = "usage: cargo xtask CHORE

  demo            make sure that an engine answers, then replay RC-05 of examples/beacon
  test [ARG…]     make sure that an engine answers, then run every test, and those of engines on Podman, too, if what decides
                  them has changed since they passed there; with ARGs, which go to cargo test, without Podman
  podman          run the tests of engines on Podman
  example         in a clone, ask for the verdict of examples/beacon, its written documents, and its gates by mutants
  images [--if-changed] [IMAGE…]
                  build every image, those that are named again in another world, all without names; compare the digests and run
                  the tools in them; or only if what decides them has changed since they passed
  dockerfiles [--if-changed | --record]
                  build the corpus of Dockerfiles by BuildKit, twice, and compare with docs/dockerfiles.md; or only if what decides
                  them has changed since they passed, or write that page anew
  certified [PART]
                  what release images by BuildKit withstand, what is found in them, and what they cost, all without a PART:
                  pins_off, planted, deaths, anywhere, on_podman, speed
  hollow [--if-changed | --record [TEXT]]
                  run the corpus of hollow passes with the real tools and compare with the recordings; or only if cases,
                  recordings or tools have changed since that passed; or write those anew whose name holds TEXT, all without one
  bench           measure beside docker, sha256sum, umoci and buildah, in a release build
  campaign DIR…   run the tests of other projects' checkouts inside and outside of the pinned world, and compare each test's verdicts
  dependencies    check that docs/design/dependencies.md names exactly the crates of the workspace's manifests
  release-plan    check docs/release-plan.md: each sentence of the release plan, the key that holds it, the test that goes red
";

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ lies in the repository");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["demo"] => demo::run(root),
        ["test", ref rest @ ..] => test::run(root, rest),
        ["podman"] => test::run_on_podman(root),
        ["example"] => example::run(root),
        ["images", "--if-changed", ref names @ ..] => images::run_if_changed(root, names),
        ["images", ref names @ ..] => images::run(root, names),
        ["dockerfiles"] => dockerfiles::run(root, false),
        ["dockerfiles", "--if-changed"] => dockerfiles::run_if_changed(root),
        ["dockerfiles", "--record"] => dockerfiles::run(root, true),
        ["certified"] => certified::run(root, ""),
        ["certified", part] => certified::run(root, part),
        ["hollow"] => hollow::run(root, None),
        ["hollow", "--if-changed"] => hollow::run_if_changed(root),
        ["hollow", "--record"] => hollow::run(root, Some("")),
        ["hollow", "--record", only] => hollow::run(root, Some(only)),
        ["bench"] => bench::run(root),
        ["campaign", ref rest @ ..] => campaign::run(root, rest),
        ["dependencies"] => dependencies::run(root),
        ["release-plan"] => release_plan::run(root),
        _ => Err(Refusal::usage(USAGE)),
    };
    match done {
        Ok(code) => code,
        Err(refusal) => {
            eprintln!("{refusal}");
            refusal.code()
        }
    }
}

//! Faults that were planted in Dockerfiles: each is found under its own name, with its line where a line made it.

use std::collections::BTreeMap;

use super::{BASE, Planned, scene};
use crate::scene::Scene;

/// A draw of the kernel's, as hexadecimal digits.
const DRAWN: &str = "$(head -c 6 /dev/urandom | od -An -tx1 | tr -d ' \\n')";

/// What is planted: the image's name, its lines after `FROM`, its keys, and the texts that its findings have.
struct Fault {
    id: &'static str,
    lines: String,
    keys: &'static str,
    found: &'static [&'static str],
}

fn fault(id: &'static str, lines: &str, keys: &'static str, found: &'static [&'static str]) -> Fault {
    Fault { id, lines: lines.replace("DRAWN", DRAWN), keys, found }
}

/// Faults that two builds show.
fn divergent() -> Vec<Fault> {
    vec![
        fault(
            "poisoned-cache",
            "RUN --mount=type=cache,target=/c echo DRAWN > /c/lib.o\nRUN --mount=type=cache,target=/c cp /c/lib.o /lib.o",
            "",
            &["tree:/lib.o", "poisoned-cache.Dockerfile:3"],
        ),
        fault("extra-file", "RUN touch /extra-DRAWN", "", &["tree:/extra-", "extra-file.Dockerfile:2"]),
        fault(
            "drawn-owner",
            "RUN touch /f\nRUN chown $((0x$(head -c 1 /dev/urandom | od -An -tx1 | tr -d ' \\n') + 1)) /f",
            "",
            &["owners:/f", "drawn-owner.Dockerfile:3"],
        ),
        fault(
            "drawn-id",
            "RUN cat /proc/sys/kernel/random/uuid > /id",
            "",
            &["tree:/id", "drawn-id.Dockerfile:2", "UUID"],
        ),
        fault(
            "uptime",
            "RUN cut -d' ' -f1 /proc/uptime > /up",
            "",
            &["tree:/up", "uptime.Dockerfile:2", "reads /proc/uptime"],
        ),
    ]
}

/// Faults that the first build shows, or the image that came out of it.
fn broken() -> Vec<Fault> {
    vec![
        fault(
            "fetched",
            "RUN bash -c 'exec 3<>/dev/tcp/192.0.2.1/80'",
            "",
            &["fetched.Dockerfile:2", "Network is unreachable"],
        ),
        fault("no-entry", "ENTRYPOINT [\"/app\"]", "", &["no-entry.entrypoint", "/app"]),
        fault(
            "not-executable",
            "RUN echo '#!/bin/sh' > /app\nENTRYPOINT [\"/app\"]",
            "",
            &["not-executable.entrypoint", "may not execute `/app`: mode 0644"],
        ),
        fault(
            "unhealthy",
            "HEALTHCHECK --interval=1s --retries=2 CMD [\"false\"]\nCMD [\"sleep\", \"100\"]",
            "smoke = [{ id = \"unhealthy-smoke\", run = \"true\", image = \"base\" }]",
            &["unhealthy-smoke.health", "unhealthy: exit code 1"],
        ),
        fault(
            "another-user",
            "USER 1:1",
            "expect = { user = \"65532:65532\" }",
            &["another-user.config.user", "65532:65532"],
        ),
        fault("set-id", "RUN cp /bin/true /t && chmod 4755 /t", "", &["set-id.set-id:/t"]),
        fault(
            "left-key",
            "RUN mkdir /root/.ssh && echo x > /root/.ssh/id_rsa",
            "",
            &["left-key.leftovers:/root/.ssh/id_rsa"],
        ),
    ]
}

/// Faults that are refused before anything is built.
fn refused() -> Vec<Fault> {
    vec![
        fault(
            "unpinned",
            "COPY --from=alpine:3.20 /etc/alpine-release /",
            "",
            &["unpinned.Dockerfile:2", "alpine:3.20"],
        ),
        fault("address", "ADD https://example.com/x.tgz /", "", &["address.Dockerfile:2"]),
    ]
}

fn planted(faults: &[Fault]) -> Scene {
    let texts: Vec<String> = faults.iter().map(|fault| format!("{BASE}{}\n", fault.lines)).collect();
    let images: Vec<Planned<'_>> = faults
        .iter()
        .zip(&texts)
        .map(|(Fault { id, keys, .. }, dockerfile)| Planned { id, dockerfile, keys })
        .collect();
    scene(&images, "")
}

/// Runs the packet, and compares each image's findings with what was planted in it.
fn each_is_found(faults: &[Fault]) {
    let ended = planted(faults).run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    let mut said = BTreeMap::<&str, String>::new();
    for block in ended.stdout.split("image-failed  images.").skip(1) {
        let name = block.split(['.', '\n']).next().expect("a first part");
        said.entry(name).or_default().push_str(&format!("images.{block}"));
    }
    for Fault { id, found, .. } in faults {
        let said = said.get(id).unwrap_or_else(|| panic!("`{id}` is not named:\n{}", ended.stdout));
        for text in *found {
            assert!(said.contains(text), "`{id}`: `{text}` in\n{said}");
        }
        println!("== {id}\n{said}");
    }
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn what_differs_between_two_builds_is_found_by_file_line_and_cause() {
    each_is_found(&divergent());
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn what_is_wrong_with_one_build_is_found_under_its_own_name() {
    each_is_found(&broken());
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn what_would_be_fetched_is_refused_by_its_line() {
    let faults = refused();
    let ended = planted(&faults).run(&["run", "RC-05"]);
    assert_eq!(ended.code, 3, "{}\n{}", ended.stdout, ended.stderr);
    for text in faults.iter().flat_map(|fault| fault.found) {
        assert!(ended.stderr.contains(text), "`{text}` in\n{}", ended.stderr);
    }
}

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn what_a_step_reads_of_its_host_is_the_same_on_every_host() {
    let lines = "RUN cat /proc/sys/kernel/hostname > /name\nRUN cat /etc/hostname /etc/hosts > /names || true\n";
    let dockerfile = format!("{BASE}{lines}");
    scene(&[Planned { id: "host-name", dockerfile: &dockerfile, keys: "" }], "").ok(&["run", "RC-05"]);
}

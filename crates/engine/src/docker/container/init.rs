//! The program that is PID 1 in every container (`init/`), and what it is asked to do. Pure but for its bytes.
//!
//! It takes the place of the engine's own, so that the exit codes, the waiting for orphans and the forwarding of signals
//! are the same on every engine.

use crate::docker::dialect::Dialect;
use rcrepro_model::execution::world::{DirectoryOrder, Processors, WallClock, World};
use rcrepro_model::image::definition::ImagePlatform;

/// The static program. Empty where it could not be compiled for this machine.
pub(crate) const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rcrepro-init"));

/// Where it is in a container, owned by root and read-only for the command.
pub(crate) const PATH: &str = "/.rcrepro-init";

/// The file in which it says at its end what it saw, in a folder of root's, so that a command cannot take its place.
pub(crate) const REPORT: &str = "/.rcrepro-seen";

/// What the two are called in a scratch volume, the report beside a slot's directories.
pub(crate) const REPORT_NAME: &str = "seen";
pub(crate) const NAME: &str = "init";

/// The main packages of programs whose names are not enough: others may be called the same.
const GO_PROGRAMS: [(&str, &str); 2] = [("gitleaks", "github.com/zricethezav/gitleaks"), ("go", "cmd/go")];

/// Its exit code when the container cannot be made as asked; nothing was executed then.
const CANNOT: i32 = 125;
/// How its lines begin.
const SAYS: &str = "rcrepro-init: cannot ";

/// Whether the program can run on an engine's machine.
pub(crate) fn runs_on(isa: &str) -> bool {
    !PROGRAM.is_empty() && ImagePlatform::host().is_some_and(|host| host.isa() == isa)
}

/// Whether a started container can wait for its turn: Podman's streams are attached without an input.
pub(crate) fn has_gate(dialect: &Dialect) -> bool {
    matches!(dialect, Dialect::Docker)
}

/// Writes the whole argv of a container. With `watch` it looks out for attempts at the network.
pub(crate) fn arguments(world: &World, watch: bool, gate: bool, command: &[String]) -> Vec<String> {
    let mut words = vec![PATH.to_owned(), format!("--umask={:03o}", world.umask)];
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("--{name}={value}")));
    };
    option(
        "clock",
        match world.wall {
            WallClock::Real => None,
            WallClock::Stands(epoch) => Some(format!("stands:{epoch}")),
            WallClock::Starts(epoch) => Some(format!("starts:{epoch}")),
        },
    );
    for (executable, quantum) in &world.quantised {
        let package = GO_PROGRAMS.iter().find(|(name, _)| name == executable);
        let package = package.map(|(_, package)| format!(":{package}")).unwrap_or_default();
        option("quantise", Some(format!("{executable}:{}{package}", quantum.as_nanos())));
    }
    // No file's name holds a slash.
    let clamped = world.clamp_mtime.iter().map(String::as_str).collect::<Vec<_>>().join("/");
    option("clamp-mtime", (!clamped.is_empty()).then_some(clamped));
    option(
        "cpus",
        match world.cpus {
            Processors::Machine => None,
            Processors::AtMost(cpus) => Some(format!("most:{cpus}")),
            Processors::Exactly(cpus) => Some(cpus.to_string()),
        },
    );
    option("seed", world.seed.map(|seed| seed.to_string()));
    option(
        "directories",
        match world.directories {
            DirectoryOrder::Real => None,
            DirectoryOrder::Sorted => Some("sorted".to_owned()),
            DirectoryOrder::Shuffled(seed) => Some(format!("shuffled:{seed}")),
        },
    );
    option("load", (world.load > 0).then(|| world.load.to_string()));
    option("report", watch.then(|| REPORT.to_owned()));
    if gate {
        words.push("--gate".to_owned());
    }
    words.push("--".to_owned());
    words.extend_from_slice(command);
    words
}

/// Writes how a step of an image's build begins: the program at `at`, and the world's options, up to the command.
pub(crate) fn step_entry(world: &World, at: &str) -> Vec<String> {
    let mut words = arguments(world, false, false, &[]);
    at.clone_into(&mut words[0]);
    words
}

/// Finds what the program says when it could not do its work: nothing was written to the standard output, and one line of
/// its own to the standard error. Gives the rest of that line, and whether a container without its help may be tried.
pub(crate) fn refusal(code: i32, stderr: &str) -> Option<(Refused, String)> {
    let reason = stderr.strip_prefix(SAYS).filter(|_| stderr.lines().count() == 1)?.trim_end();
    match code {
        CANNOT => Some((Refused::World, reason.to_owned())),
        126 | 127 if reason.starts_with("execute ") => Some((Refused::Command, reason.to_owned())),
        _ => None,
    }
}

/// What PID 1 could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The clock, or another part of the world.
    World,
    /// The command, which cannot be executed.
    Command,
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::execution::world::{ClockMode, WorldSettings};

    #[test]
    fn a_world_is_written_as_options() {
        let command = ["/bin/sh".to_owned()];
        assert_eq!(arguments(&World::real(), false, false, &command), [PATH, "--umask=022", "--", "/bin/sh"]);
        let world = World { load: 2, ..World::fixed(7, &WorldSettings::default(), ClockMode::Starts) };
        let expected = "--umask=022 --clock=starts:7 --quantise=gitleaks:300000000000:github.com/zricethezav/gitleaks \
                        --quantise=go:300000000000:cmd/go \
                        --clamp-mtime=7z/7za/7zr/7zz/ar/bsdcpio/bsdtar/cpio/genisoimage/gtar/gzip/jar/llvm-ar/mkisofs/mksquashfs/\
                        pax/pigz/tar/zip --cpus=most:4 --seed=0 \
                        --directories=sorted --load=2 --report=/.rcrepro-seen --gate -- /bin/sh";
        assert_eq!(arguments(&world, true, true, &command)[1..].join(" "), expected);
    }

    #[test]
    fn its_own_words_are_told_from_a_commands() {
        let line = "rcrepro-init: cannot pin the clock: no\n";
        assert_eq!(refusal(125, line), Some((Refused::World, "pin the clock: no".to_owned())));
        let failed = "rcrepro-init: cannot execute `/x`: No such file or directory (os error 2)\n";
        assert_eq!(refusal(127, failed).map(|(what, _)| what), Some(Refused::Command));
        assert_eq!(refusal(127, "sh: x: not found\n"), None);
        assert_eq!(refusal(1, failed), None);
        assert_eq!(refusal(125, &format!("{line}more\n")), None);
    }
}

//! The example's images, built again on other daemons, under load, with another number of processors and in another dress: as recorded.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rcrepro_testkit::repository;
use rcrepro_testkit::second_daemon::SecondDaemon;

use crate::scene::{Ended, shared_store};

/// Programs that burn processor time; they end with the test.
struct Load(Vec<Child>);

impl Load {
    fn start(programs: usize) -> Self {
        let burn = || Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("a shell");
        Self((0..programs).map(|_| burn()).collect())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Replays RC-06 of a clone, and expects that every image is as recorded.
fn as_recorded(clone: &Path, told: &str, dress: &dyn Fn(&mut Command)) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rcrepro"));
    command.current_dir(clone).args(["-C", "examples/beacon", "replay", "RC-06"]);
    command.env("RCREPRO_STORE", shared_store()).stdin(Stdio::null());
    dress(&mut command);
    let begun = std::time::Instant::now();
    let ended = Ended::from(command.output().expect("the program starts"));
    assert_eq!(ended.code, 0, "{told}\n{}\n{}", ended.stdout, ended.stderr);
    println!("{told}: as recorded, {} s\n{}", begun.elapsed().as_secs(), ended.stdout);
}

#[test]
#[ignore = "compiles BuildKit and builds the example's images five times: cargo xtask certified"]
fn the_examples_images_are_the_same_in_five_builds_on_two_daemons() {
    let folder = tempfile::tempdir().expect("a folder");
    let clone = folder.path().join("clone");
    let status = Command::new("git").args(["clone", "--quiet"]).arg(repository()).arg(&clone).status().expect("git");
    assert!(status.success());
    as_recorded(&clone, "the machine's daemon", &|_| {});
    {
        let _load = Load::start(4);
        as_recorded(&clone, "under a load of four", &|_| {});
    }
    let daemon = SecondDaemon::start();
    as_recorded(&clone, "a second daemon, another zone, locale and umask", &|command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut dressed = Command::new("sh");
        dressed.args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(program).args(arguments).current_dir(&clone);
        dressed.env("RCREPRO_STORE", shared_store()).stdin(Stdio::null());
        dressed.env("DOCKER_HOST", daemon.address()).env("TZ", "Pacific/Kiritimati").env("LC_ALL", "tr_TR.UTF-8");
        *command = dressed;
    });
    as_recorded(&clone, "a second daemon, one command at a time", &|command| {
        command.args(["--jobs", "1"]).env("DOCKER_HOST", daemon.address());
    });
    drop(daemon);
    let one = SecondDaemon::start_on_one_processor();
    as_recorded(&clone, "a third daemon, one processor", &|command| {
        command.env("DOCKER_HOST", one.address());
    });
}

//! Two runs that differ in everything that may not matter give the same manifest.

use std::os::unix::process::CommandExt as _;

use crate::scene::{Ended, Scene, command};

#[test]
fn locale_time_zone_umask_folder_and_jobs_do_not_matter() {
    let commands = [
        command(
            "environment",
            "env | sort; id; umask; pwd; hostname; date -u -d @0; stat -c '%n %A %u %g %Y' /work /work/*",
            "",
        ),
        command("make", "umask; mkdir out; echo x > out/ü; touch out/run; chmod 700 out/run", "outputs = [\"out\"]"),
        command("use", "find out | LC_ALL=C sort; locale", "needs = [\"make\"]"),
    ]
    .concat();
    let scene = Scene::new(&commands);
    scene.ok(&["run", "RC-05", "--jobs", "1"]);
    let first = scene.read("manifests/RC-05.json");

    let elsewhere = Scene::new("");
    std::fs::remove_dir_all(elsewhere.path("")).expect("removed");
    elsewhere.write("deep/below/x", b"");
    let clone = format!("{}/deep/below/clone", elsewhere.path("").display());
    scene.git(&["clone", "-q", ".", &clone]);
    let mut command = scene.command(&["run", "RC-05", "--jobs", "3", "--fresh"]);
    command
        .current_dir(&clone)
        .env("TZ", "Asia/Tokyo")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("LANG", "de_DE")
        .env("USER", "x");
    // SAFETY is not at stake: the umask is set by the shell, not between fork and exec.
    let mut shell = std::process::Command::new("sh");
    shell.arg0("sh").args(["-c", "umask 077; exec \"$0\" \"$@\""]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(&clone).env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let ended = Ended::from(shell.output().expect("it starts"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let second = std::fs::read_to_string(format!("{clone}/manifests/RC-05.json")).expect("recorded");
    assert_eq!(first, second);
}

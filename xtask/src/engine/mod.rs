//! Makes sure that a Docker Engine answers: finds it, or installs and starts it on a Debian-family root.

mod dockerd;
mod ping;

pub use self::ping::ping;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::machine;
use crate::refusal::Refusal;

/// Where an engine listens when `DOCKER_HOST` says nothing.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// Makes sure that an engine answers; says on stderr what it had to start and how to end that.
///
/// # Errors
/// Exit 4 with what to do: no engine answers, and none can or should be started here.
pub fn ensure(root: &Path) -> Result<(), Refusal> {
    let named = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let host = named.as_deref().unwrap_or(DEFAULT_HOST);
    let Err(why) = ping(host) else { return Ok(()) };
    if named.is_some() {
        return Err(Refusal::machine(format!("no Docker Engine answers at DOCKER_HOST={host}: {why}"))
            .hint("start that engine, or unset DOCKER_HOST to use the one of this machine"));
    }
    let silent = format!("no Docker Engine answers at {host}: {why}");
    if why.kind() == ErrorKind::PermissionDenied {
        return Err(Refusal::machine(silent).hint("run as root, or let yourself in: usermod -aG docker \"$USER\""));
    }
    if !machine::is_root() {
        return Err(Refusal::machine(silent)
            .hint("install Docker Engine 20.10 or newer and start it (systemctl start docker), or set DOCKER_HOST")
            .hint("on a Debian family, as root, this command installs and starts it by itself"));
    }
    if machine::program("dockerd").is_none() {
        machine::install(&packages(), &silent)?;
    }
    let dockerd = machine::program("dockerd").ok_or_else(|| {
        Refusal::machine("docker.io is installed but brings no dockerd").hint("install Docker Engine")
    })?;
    dockerd::start(root, &dockerd, host)
}

/// The engine with what it cannot run containers without: Debian only recommends these.
fn packages() -> Vec<&'static str> {
    let mut packages = vec!["docker.io"];
    if fs::read_to_string("/sys/module/apparmor/parameters/enabled").is_ok_and(|enabled| enabled.starts_with('Y')) {
        packages.push("apparmor");
    }
    if !dockerd::cgroups_are_mounted() {
        packages.push("cgroupfs-mount");
    }
    packages
}

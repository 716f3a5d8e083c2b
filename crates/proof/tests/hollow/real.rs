//! Runs the cases with the real tools, whose folder `RCREPRO_HOLLOW_TOOLS` names: `bin`, `node_modules` and an empty `work`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use crate::corpus::{Case, Project, Side, folder};
use crate::recording::{Ended, Recordings};

/// What cases call the registry that answers for advisories.
const REGISTRY: &str = "http://registry.test";

/// Runs every side of every case, two at a time.
pub fn run(cases: &[Case]) -> Recordings {
    let tools = PathBuf::from(std::env::var_os("RCREPRO_HOLLOW_TOOLS").expect("cargo xtask hollow names the tools"));
    let registry = Registry::start();
    let open: Mutex<Vec<(&Case, Side)>> =
        Mutex::new(cases.iter().flat_map(|case| [(case, Side::Hollow), (case, Side::Twin)]).collect());
    let found = Mutex::new(Recordings::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((case, side)) = open.lock().unwrap().pop() else { return };
                    let ended = one(case, side, &tools, &registry);
                    found.lock().unwrap().0.insert((case.name(), side), ended);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

fn one(case: &Case, side: Side, tools: &Path, registry: &Registry) -> Ended {
    let root = tools.join("work").join(format!("{}-{}-{side}", case.tool, case.id));
    let project = case.project(side);
    let secret = format!("AKIA{}", "QYLPMN5HHHFPZAM2");
    let real = |text: &str| text.replace("/work", &root.display().to_string()).replace(REGISTRY, &registry.address);
    for (name, text) in &project.files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
        std::fs::write(path, text.replace(REGISTRY, &registry.address).replace("%SECRET%", &secret))
            .expect("a file is written");
    }
    std::fs::create_dir_all(&root).expect("a folder is made");
    if let Some(setup) = &project.setup {
        let output = shell(&real(setup), project, &root, tools, registry).output().expect("bash starts");
        assert!(output.status.success(), "{}: {}", case.name(), String::from_utf8_lossy(&output.stderr));
    }
    let output = shell(&real(&project.line), project, &root, tools, registry).output().expect("bash starts");
    let said = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let text = text.replace(&root.display().to_string(), "/work").replace(&tools.display().to_string(), "/tools");
        without_hosts(&text.replace(&registry.address, REGISTRY))
    };
    let exit_code = output.status.code().unwrap_or(-1);
    Ended { exit_code, stdout: said(&output.stdout), stderr: said(&output.stderr) }
}

/// Prepares a line with the tools in front, and nothing of this machine's own configuration.
fn shell(line: &str, project: &Project, root: &Path, tools: &Path, registry: &Registry) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("bash");
    command.args(["-c", line]).current_dir(root).env_clear().stdin(Stdio::null());
    command.env("PATH", format!("{0}/bin:{0}/node_modules/.bin:{path}", tools.display()));
    for (name, below) in
        [("HOME", "home"), ("TMPDIR", "tmp"), ("GOCACHE", "go-cache"), ("GOPATH", "go"), ("GOTMPDIR", "tmp")]
    {
        command.env(name, tools.join(below));
    }
    for (name, value) in
        [("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", ""), ("LANG", "C.UTF-8"), ("CGO_ENABLED", "0")]
    {
        command.env(name, value);
    }
    command.env("npm_config_registry", &registry.address).env("npm_config_update_notifier", "false");
    if project.line.contains("yarn ") {
        command.env("RCREPRO_HOLLOW_REGISTRY", &registry.address);
        command.env("NODE_OPTIONS", format!("--require {}", folder().join("redirect.cjs").display()));
    }
    command.envs(project.environment.iter().map(|(name, value)| (name, value.replace(REGISTRY, &registry.address))));
    command
}

/// Takes the machine's name out of a report in JUnit's form.
fn without_hosts(text: &str) -> String {
    let mut parts = text.split("hostname=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| {
        format!("{kept}hostname=\"host\"{}", part.split_once('"').map_or("", |(_, rest)| rest))
    })
}

/// A registry on this machine, with a made-up advisory about the package `leftover`.
struct Registry {
    child: Mutex<Child>,
    address: String,
}

impl Registry {
    fn start() -> Self {
        let mut command = Command::new("node");
        command.arg(folder().join("registry.mjs")).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("node starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says its address");
        Self { child: Mutex::new(child), address: line.trim().to_owned() }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        drop(child.kill());
        drop(child.wait());
    }
}

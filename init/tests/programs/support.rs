//! How the tests build programs and run them under `rcrepro-init`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The time to which the tests pin the wall clock, in seconds since 1970.
pub const PIN: &str = "1700000000";
/// The option that does it.
pub const PINNED: &str = "--clock=stands:1700000000";
/// How long any program may take; one that hangs must fail, not keep the others waiting.
const LIMIT: Duration = Duration::from_secs(240);

/// What a program that ended has left.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Ended {
    /// Returns the standard output of a program that ended well.
    #[track_caller]
    pub fn output(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout.trim_end()
    }

    /// Returns the standard output as lines of a program that ended well.
    #[track_caller]
    pub fn lines(&self) -> Vec<&str> {
        self.output().lines().collect()
    }
}

/// Runs a program under `rcrepro-init` with these options.
#[track_caller]
pub fn under(options: &[&str], program: &[&str]) -> Ended {
    let mut command = init(options, program);
    finish(&mut command)
}

/// Prepares a program under `rcrepro-init`.
pub fn init(options: &[&str], program: &[&str]) -> Command {
    let mut command = sealed(env!("CARGO_BIN_EXE_rcrepro-init"));
    command.args(options).arg("--").args(program);
    command
}

/// Prepares a program in an environment that says little of the machine.
pub fn sealed(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in ["GOFLAGS", "GOMAXPROCS", "GODEBUG", "NODE_OPTIONS", "MAKEFLAGS"] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").env("GOTOOLCHAIN", "local").env("GOPROXY", "off").env("GOWORK", "off");
    command.stdin(Stdio::null());
    command
}

/// Runs a program to its end. What it writes goes to files: a descendant that outlives it holds nobody up.
#[track_caller]
pub fn finish(command: &mut Command) -> Ended {
    Running::start(command).end()
}

/// A program that runs, and is ended when the test forgets it.
pub struct Running {
    pub child: Child,
    folder: PathBuf,
    began: Instant,
    what: String,
}

impl Running {
    /// Starts it.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let folder = scratch();
        let create = |name| File::create(folder.join(name)).expect("a file for what the program writes");
        command.stdout(create("stdout")).stderr(create("stderr"));
        let what = format!("{command:?}");
        let began = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {what}: {error}"));
        Self { child, folder, began, what }
    }

    /// Returns what it has written so far to its standard output.
    pub fn stdout(&self) -> String {
        self.written("stdout")
    }

    /// Waits until it has written this.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        while !self.stdout().contains(text) {
            assert!(self.began.elapsed() < LIMIT, "never wrote `{text}`: {}", self.what);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot send {name}");
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let status = loop {
            match self.child.try_wait().expect("it is a child") {
                Some(status) => break status,
                None if self.began.elapsed() < LIMIT => thread::sleep(Duration::from_millis(5)),
                None => panic!("hangs: {}\n{}{}", self.what, self.stdout(), self.written("stderr")),
            }
        };
        let took = self.began.elapsed();
        Ended { code: code(status), stdout: self.stdout(), stderr: self.written("stderr"), took }
    }

    /// Waits for its end, for this long at most; one that has not ended then is ended, and gives nothing.
    pub fn end_within(mut self, limit: Duration) -> Option<Ended> {
        let deadline = self.began + limit;
        while self.child.try_wait().expect("it is a child").is_none() {
            if Instant::now() >= deadline {
                // It is handed on to the program, which would stay behind otherwise.
                self.signal("TERM");
                let patience = Instant::now() + Duration::from_secs(5);
                while self.child.try_wait().expect("it is a child").is_none() && Instant::now() < patience {
                    thread::sleep(Duration::from_millis(5));
                }
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        Some(self.end())
    }

    fn written(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join(name)).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(i32::MIN)
}

/// Returns a new folder that nobody else uses.
pub fn scratch() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("init-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// Demands a tool of this machine.
#[track_caller]
pub fn need(tool: &str, package: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    assert!(found, "there is no `{tool}` on this machine: apt-get install {package}");
}

/// Returns the Python that `python3` leads to: where versions are chosen by a script, the script takes longer than a program.
#[track_caller]
pub fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        need("python3", "python3");
        let ended = finish(sealed("python3").args(["-c", "import sys; print(sys.executable)"]));
        ended.output().to_owned()
    })
}

/// Returns a path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the paths of the tests are text")
}

/// Returns where a file of `sources/` is.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/sources").join(name)
}

#[track_caller]
fn built(command: &mut Command) {
    let ended = finish(command);
    assert_eq!(ended.code, 0, "{command:?}: {}", ended.stderr);
}

/// Compiles a C program of `sources/`, or of a folder there.
#[track_caller]
pub fn c(name: &str, flags: &[&str]) -> PathBuf {
    need("gcc", "gcc libc6-dev");
    let program = scratch().join(Path::new(name).file_name().expect("a name"));
    let mut command = sealed("gcc");
    command.arg("-O1").arg("-o").arg(&program).arg(source(&format!("{name}.c"))).arg("-pthread").args(flags);
    built(&mut command);
    program
}

/// Compiles the Go program of `sources/`: a static one, under the name that it is asked for by.
#[track_caller]
pub fn go(name: &str) -> PathBuf {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    need("go", "golang-go");
    let probe = PROBE.get_or_init(|| {
        let program = scratch().join("probe");
        let mut command = sealed("go");
        command.args(["build", "-o"]).arg(&program).arg(source("probe.go")).env("CGO_ENABLED", "0");
        built(&mut command);
        program
    });
    let named = scratch().join(name);
    fs::copy(probe, &named).expect("a copy under another name");
    named
}

/// Compiles Go files of a folder of `sources/`, as `go` is told by the first words.
#[track_caller]
pub fn go_files(words: &[&str], folder: &str, files: &[&str], with_c: bool) -> PathBuf {
    need("go", "golang-go");
    let program = scratch().join("program");
    let mut command = sealed("go");
    // Without symbols the linker takes half as long.
    command.args(words).args(["-ldflags=-s -w", "-o"]).arg(&program).args(files);
    built(command.current_dir(source(folder)).env("CGO_ENABLED", if with_c { "1" } else { "0" }));
    program
}

/// Writes a file of a test's own folder.
pub fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file of the test");
}

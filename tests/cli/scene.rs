//! A certified repository of one's own, and the program in a sealed environment.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A plan with one image and one packet; tests append commands.
const PLAN: &str = r#"version = 1
name = "scene"

[images.base]
build = "images/base.toml"

[packets.RC-05]
title = "Replay"
sets = ["all"]
"#;

/// A git repository with a plan, the base image's definition and lock, and a few files.
pub struct Scene {
    folder: tempfile::TempDir,
    engine: Option<String>,
}

impl Scene {
    /// Makes the repository; `commands` are the `[[sets.all]]` tables.
    pub fn new(commands: &str) -> Self {
        let scene = Self { folder: tempfile::tempdir().expect("a temporary folder"), engine: None };
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["images/base.toml", "lockfiles/images/amd64/base.lock"] {
            let bytes = std::fs::read(repository.join(file)).expect("the repository has the base image");
            scene.write(file, &bytes);
        }
        // No two scenes are alike: one would take over from the other what it means to execute.
        let own = scene.folder.path().display();
        scene.write("rcrepro.toml", format!("{PLAN}\n{commands}\n# {own}\n").as_bytes());
        scene.write("greeting.txt", b"hello\n");
        scene.git(&["init", "-q", "-b", "main"]);
        scene.commit("begin");
        scene
    }

    /// Clones the repository, as a stranger would.
    pub fn cloned(&self) -> Self {
        let clone = Self { folder: tempfile::tempdir().expect("a temporary folder"), engine: self.engine.clone() };
        let from = self.folder.path().to_str().expect("a temporary folder's name is text");
        clone.git(&["clone", "-q", from, "."]);
        clone
    }

    /// Uses another engine than the machine's.
    pub fn with_engine(mut self, address: String) -> Self {
        self.engine = Some(address);
        self
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }

    /// Lays the archive's keys beside the image's definition: where the store has the signed index, the lock is checked by them.
    pub fn lay_keys(&self) {
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("images/keys");
        for key in std::fs::read_dir(keys).expect("a folder").flatten() {
            let name = key.file_name().into_string().expect("a name");
            self.write(&format!("images/keys/{name}"), &std::fs::read(key.path()).expect("a key"));
        }
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).expect("a text file")
    }

    /// Replaces a text that occurs exactly once in a file.
    pub fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {file}");
        self.write(file, text.replace(from, to).as_bytes());
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Gives the last commit another time, such as `2001-02-03T04:05:06Z`: commands' clocks begin there.
    pub fn commit_again_at(&self, time: &str) {
        self.git_at(Some(time), &["commit", "-q", "--amend", "--no-edit"]);
    }

    pub fn git(&self, arguments: &[&str]) {
        self.git_at(None, arguments);
    }

    fn git_at(&self, time: Option<&str>, arguments: &[&str]) {
        let status = Command::new("git")
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .envs(time.map(|time| ("GIT_COMMITTER_DATE", time)))
            .args(["-c", "user.name=Scene", "-c", "user.email=scene@example.com"])
            .args(arguments)
            .status()
            .expect("git is installed");
        assert!(status.success(), "git {arguments:?}");
    }

    /// The program, with nothing of this machine but where its package clients and its engine are.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rcrepro"));
        command.current_dir(self.folder.path()).env_clear().env("RCREPRO_STORE", shared_store()).args(arguments);
        for name in [
            "PATH",
            "HOME",
            "SSL_CERT_FILE",
            "GOPROXY",
            "npm_config_registry",
            "HTTPS_PROXY",
            "NO_PROXY",
            "DOCKER_HOST",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(engine) = &self.engine {
            command.env("DOCKER_HOST", engine);
        }
        command.stdin(Stdio::null());
        command
    }

    /// The program in place of a shell that did this before, such as `umask 077`.
    pub fn command_after(&self, shell: &str, arguments: &[&str]) -> Command {
        let program = self.command(arguments);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell}\nexec \"$0\" \"$@\"")]).arg(program.get_program()).args(arguments);
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::from(self.command(arguments).output().expect("the program starts"))
    }

    /// Runs and expects exit code 0.
    pub fn ok(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}\n{}\n{}", ended.stdout, ended.stderr);
        ended
    }

    /// Shows the board for people, and expects its exit code.
    pub fn board(&self, code: i32) -> Ended {
        let ended = self.run(&["status"]);
        assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
        assert!(!ended.stderr.contains("error:"), "{}\n{}", ended.stdout, ended.stderr);
        ended
    }

    /// Gives the board's document, and expects the exit code of its standing.
    pub fn board_document(&self) -> serde_json::Value {
        self.judged(&["status"]).1
    }

    /// Runs what judges something, and gives the exit code and the document: the two say the same.
    pub fn judged(&self, arguments: &[&str]) -> (i32, serde_json::Value) {
        let ended = self.run(&[&["--json"], arguments].concat());
        let document: serde_json::Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}{}", ended.stdout, ended.stderr));
        let code = match document["standing"].as_str() {
            Some("passed") => 0,
            Some("failed") => 1,
            Some("undecided") => 5,
            Some("tampered") => 6,
            other => panic!("{other:?} is not on the scale: {document:#}"),
        };
        assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
        (code, document)
    }

    /// Runs, expects exit code 0, and gives the most memory that the process held, in bytes.
    pub fn peak_memory(&self, arguments: &[&str]) -> u64 {
        let mut child =
            self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        loop {
            // The kernel keeps the high-water mark; the last look before the end has nearly all of it.
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            // Until its first page is replaced, a process that was just started still shows the memory of this one.
            let text = if text.starts_with("Name:\trcrepro") { text } else { String::new() };
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib: u64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
            peak = peak.max(kib << 10);
            if let Some(ended) = child.try_wait().expect("our own child") {
                assert!(ended.success(), "{arguments:?}: {ended}");
                assert!(peak > 1 << 20, "the process was looked at");
                return peak;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Starts the program and waits until a container of its runs the command with this id.
    pub fn start_until_running(&self, arguments: &[&str], id: &str) -> Child {
        self.until_running(self.command(arguments), id)
    }

    /// As [`Scene::start_until_running`], with the program in a form of one's own.
    pub fn until_running(&self, mut program: Command, id: &str) -> Child {
        let child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let began = Instant::now();
        while self.containers(&["--filter", &format!("label=org.rcrepro.label=RC-05/{id}")]).is_empty() {
            assert!(began.elapsed() < Duration::from_secs(120), "no container of `{id}` runs");
            std::thread::sleep(Duration::from_millis(100));
        }
        child
    }

    /// Lists running and ended containers.
    pub fn containers(&self, filters: &[&str]) -> Vec<String> {
        let mut command = Command::new("docker");
        if let Some(engine) = &self.engine {
            command.env("DOCKER_HOST", engine);
        }
        let output = command.args(["ps", "-aq"]).args(filters).output().expect("the docker client is installed");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// Lists the containers that run this scene's command with this id. Ids are unique among tests.
    pub fn containers_of(&self, id: &str) -> Vec<String> {
        self.containers(&["--filter", &format!("label=org.rcrepro.label=RC-05/{id}")])
    }
}

/// The store of all tests, so that the base image is fetched and built once; several processes share it as users' do.
pub fn shared_store() -> PathBuf {
    match std::env::var_os("RCREPRO_STORE") {
        Some(store) => PathBuf::from(store),
        None => Path::new(env!("CARGO_TARGET_TMPDIR")).join("store"),
    }
}

/// What the program said and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// Expects an exit code and texts on standard error.
    pub fn failed(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` in\n{}", self.stderr);
        }
    }
}

/// A `[[sets.all]]` table.
pub fn command(id: &str, line: &str, more: &str) -> String {
    format!("[[sets.all]]\nid = \"{id}\"\nrun = '''{line}'''\nimage = \"base\"\n{more}\n")
}

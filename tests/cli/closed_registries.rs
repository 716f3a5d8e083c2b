//! Registries that demand credentials: what the machine's clients know reaches the step, and is kept nowhere.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rcrepro_testkit::advisory_server::gateway;

use crate::scene::{Ended, Scene, command, shared_store};

/// The password and token of everything here.
const SECRET: &str = "hunter2-of-the-closed-registry";
/// As requests carry it: `me:` and the secret, and the secret alone.
const CODED: [&str; 2] = ["bWU6aHVudGVyMi1vZi10aGUtY2xvc2VkLXJlZ2lzdHJ5", "aHVudGVyMi1vZi10aGUtY2xvc2VkLXJlZ2lzdHJ5"];

/// A running registry, and a user of this machine with settings.
struct Closed {
    scene: Scene,
    /// Also holds the user's home.
    folder: tempfile::TempDir,
    server: Child,
    host: String,
    sums: [String; 3],
    began: SystemTime,
}

impl Closed {
    fn new() -> Self {
        let (began, folder) = (SystemTime::now(), tempfile::tempdir().expect("a folder"));
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/closed_registry.cjs");
        let gateway = gateway();
        let mut server = Command::new("node")
            .arg(program)
            .args([folder.path().as_os_str(), gateway.as_ref(), SECRET.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("it says where it listens");
        let words: Result<[String; 4], _> = line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().try_into();
        let [port, sums @ ..] = words.expect("four words");
        std::fs::create_dir_all(folder.path().join("home")).expect("made");
        let closed = Self {
            scene: Scene::new(&command("use", "true", "")),
            folder,
            server,
            host: format!("{gateway}:{port}"),
            sums,
            began,
        };
        closed.trust();
        closed.project();
        // From where images come as a rule: this registry has nothing for them.
        closed.scene.ok(&["image", "build"]);
        closed
    }

    /// Trusts what the machine trusts, and this registry.
    fn trust(&self) {
        let named = std::env::var("SSL_CERT_FILE").unwrap_or_else(|_| "/etc/ssl/certs/ca-certificates.crt".to_owned());
        let mut bundle = std::fs::read(named).unwrap_or_default();
        bundle.extend(std::fs::read(self.folder.path().join("certificate.pem")).expect("made"));
        std::fs::write(self.folder.path().join("bundle.pem"), bundle).expect("written");
    }

    fn project(&self) {
        let Self { scene, host, sums: [integrity, zip, module], .. } = self;
        let frozen = "[images.go]\nbuild = \"images/go.toml\"\n[images.node]\nbuild = \"images/node.toml\"\n[frozen.gomod]\nkind = \
                      \"go-modules\"\nimage = \"go\"\n[frozen.npm]\nkind = \"npm-packages\"\nimage = \"node\"\n";
        scene.write("rcrepro.toml", format!("{}\n{frozen}", scene.read("rcrepro.toml")).as_bytes());
        for name in ["go", "node"] {
            for file in [format!("images/{name}.toml"), format!("lockfiles/images/amd64/{name}.lock")] {
                let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
                scene.write(&file, &std::fs::read(from).expect("the repository has the image"));
            }
        }
        scene.write("go.mod", b"module m\n\ngo 1.20\n\nrequire own.example/closed v1.0.0\n");
        let sums = format!("own.example/closed v1.0.0 {zip}\nown.example/closed v1.0.0/go.mod {module}\n");
        scene.write("go.sum", sums.as_bytes());
        scene.write("package.json", br#"{"name": "m", "version": "1.0.0", "dependencies": {"@own/closed": "1.0.0"}}"#);
        let lock = format!(
            r#"{{"name": "m", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {{
              "": {{"name": "m", "version": "1.0.0", "dependencies": {{"@own/closed": "1.0.0"}}}},
              "node_modules/@own/closed": {{"version": "1.0.0", "integrity": "{integrity}",
                "resolved": "https://{host}/@own/closed/-/closed-1.0.0.tgz"}}}}}}"#
        );
        scene.write("package-lock.json", lock.as_bytes());
        let settings = format!("@own:registry=https://{host}/\n//{host}/:_authToken=${{OWN_TOKEN}}\n");
        scene.write(".npmrc", settings.as_bytes());
        scene.commit("closed dependencies");
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Locks inputs, without a name all of them, with these variables, while the engine and the process list are searched for the secret.
    fn lock(&self, names: &[&str], variables: &[(&str, &str)]) -> Ended {
        let proxy = format!("https://{}", self.host);
        let mut command = self.scene.command(&["lock"]);
        command.args(names);
        command.env("HOME", self.home()).env("SSL_CERT_FILE", self.folder.path().join("bundle.pem"));
        command.env("GOPROXY", proxy).env("GOSUMDB", "off").env("npm_config_fetch_retries", "0");
        command.env_remove("HTTPS_PROXY").envs(variables.iter().copied());
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    self.look_on();
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
            let output = command.output().expect("the program starts");
            ended.store(true, Ordering::Relaxed);
            watch.join().expect("the secret is not seen");
            Ended::from(output)
        })
    }

    fn look_on(&self) {
        let ids = self.scene.containers(&["--filter", "label=org.rcrepro.label"]);
        let inspected =
            Command::new("docker").arg("inspect").args(ids).output().expect("the docker client is installed");
        assert!(!is_secret(&inspected.stdout), "the engine shows it");
        for process in std::fs::read_dir("/proc").expect("a folder").flatten() {
            let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let is_server = String::from_utf8_lossy(&arguments).contains("closed_registry.cjs");
            assert!(is_server || !is_secret(&arguments), "a process has it among its arguments");
        }
    }

    /// Expects the secret in no file below a folder that was written since this began. Other tests write into the store meanwhile,
    /// and take back what they write.
    fn is_clean(&self, folder: &Path) -> usize {
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            let is_new = metadata.modified().is_ok_and(|written| written >= self.began);
            if metadata.is_dir() {
                seen += self.is_clean(&entry.path());
            } else if metadata.is_file() && is_new {
                let Ok(bytes) = std::fs::read(entry.path()) else { continue };
                assert!(!is_secret(&bytes), "{} has it", entry.path().display());
                seen += 1;
            }
        }
        seen
    }

    /// Expects it nowhere: neither in what was printed, nor in the repository or the store.
    fn is_kept_nowhere(&self, ended: &Ended) {
        assert!(!is_secret(ended.stdout.as_bytes()) && !is_secret(ended.stderr.as_bytes()), "{}", ended.stderr);
        assert!(self.is_clean(&self.scene.path(".")) > 10);
        assert!(self.is_clean(&shared_store()) > 0);
    }

    fn was_asked(&self, line: &str) -> bool {
        let seen = std::fs::read_to_string(self.folder.path().join("seen")).unwrap_or_default();
        seen.lines().any(|one| one == line)
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn is_secret(bytes: &[u8]) -> bool {
    [SECRET, CODED[0], CODED[1]].iter().any(|word| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

#[test]
fn npm_gets_in_with_what_the_project_and_the_user_name_and_nothing_is_kept_of_it() {
    let closed = Closed::new();
    let host = &closed.host;
    let without = closed.lock(&["npm"], &[]);
    let asked = format!("{host} answered 401: it wants credentials; looked at ");
    let unset = "`.npmrc` of the source (it names ${OWN_TOKEN}, which is not set)";
    let add = format!("hint: add to ~/.npmrc: //{host}/:_authToken=TOKEN");
    without.failed(4, &["frozen input `npm` failed: exit code 1", &asked, unset, "`~/.npmrc` (missing)", &add]);
    assert!(!without.stderr.contains("Usage:") && !without.stderr.contains("rcrepro doctor"), "{}", without.stderr);

    let wrong = closed.lock(&["npm"], &[("OWN_TOKEN", "of-somebody-else")]);
    wrong.failed(4, &[&format!("{host} answered 401 although it was sent the credentials in `.npmrc` of the source")]);
    assert!(!wrong.stderr.contains("of-somebody-else"), "{}", wrong.stderr);

    let ended = closed.lock(&["npm"], &[("OWN_TOKEN", SECRET)]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(closed.was_asked("200 /@own/closed/-/closed-1.0.0.tgz"));
    closed.is_kept_nowhere(&ended);

    // The user's own file has it, and the project's has nothing.
    closed.scene.write(".npmrc", format!("@own:registry=https://{host}/\n").as_bytes());
    closed.scene.commit("settings without a token");
    let user = format!("//{host}/:username=me\n//{host}/:_password={}\n", CODED[1]);
    std::fs::write(closed.home().join(".npmrc"), user).expect("written");
    let again = closed.lock(&["npm"], &[]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    closed.is_kept_nowhere(&again);
}

#[test]
fn go_gets_in_with_the_netrc_or_the_address_and_nothing_is_kept_of_it() {
    let closed = Closed::new();
    let host = &closed.host;
    let without = closed.lock(&["gomod"], &[]);
    let add = format!("hint: add to ~/.netrc: machine {host} login USER password PASSWORD");
    without.failed(4, &[&format!("{host} answered 401: it wants credentials"), "`~/.netrc` (missing)", &add]);

    let netrc = |password: &str| {
        std::fs::write(closed.home().join(".netrc"), format!("machine {host}\nlogin me\npassword {password}\n"))
            .expect("written");
    };
    netrc("of-somebody-else");
    let wrong = closed.lock(&["gomod"], &[]);
    wrong.failed(4, &[&format!("{host} answered 401 although it was sent the credentials in `~/.netrc`")]);
    netrc(SECRET);
    let ended = closed.lock(&["gomod"], &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(closed.was_asked("200 /own.example/closed/@v/v1.0.0.zip"));
    closed.is_kept_nowhere(&ended);

    std::fs::remove_file(closed.home().join(".netrc")).expect("it was there");
    let proxy = format!("https://me:{SECRET}@{host}");
    let again = closed.lock(&["gomod"], &[("GOPROXY", &proxy)]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    closed.is_kept_nowhere(&again);
    // What a failing client repeats is hidden, too.
    let astray = closed.lock(&["gomod"], &[("GOPROXY", &format!("{proxy}/nowhere"))]);
    astray.failed(4, &[host]);
    closed.is_kept_nowhere(&astray);
}

#[test]
fn an_input_that_cannot_be_locked_keeps_no_other_from_it() {
    let closed = Closed::new();
    let one = closed.lock(&[], &[("OWN_TOKEN", SECRET)]);
    one.failed(4, &["the step of frozen input `gomod` failed", "hint: add to ~/.netrc: "]);
    assert!(one.stdout.contains("not locked  gomod\n") && one.stdout.contains("    locked  npm: "), "{}", one.stdout);
    assert!(closed.scene.path("lockfiles/npm.lock").exists() && !closed.scene.path("lockfiles/gomod.lock").exists());
    let both = closed.lock(&[], &[]);
    both.failed(4, &["2 of 2 frozen inputs could not be locked", "hint: add to ~/.netrc: ", "hint: add to ~/.npmrc: "]);
    closed.is_kept_nowhere(&both);
}

//! What strangers may put where manifests and evidence are read: every command ends, in little memory, opens nothing but the
//! files that it should, and names what is there instead.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::scene::{Ended, Scene, command};

/// After this long a command is taken for one that never ends. It is far more than any needs, so that a busy machine does no
/// harm.
const BOUND: Duration = Duration::from_secs(30);
/// The most memory that a command may hold.
const MEMORY: u64 = 64 << 20;
/// A terabyte.
const SPARSE: u64 = 1 << 40;
/// What a terminal obeys: a title, the clipboard, a cleared screen, a reversed line.
const ESCAPES: &str = "\u{1b}]0;pwn\u{7}\u{1b}]52;c;eA==\u{7}\u{1b}[2J\u{202e}";

/// Where the hostile things go.
struct Place {
    /// The manifest.
    manifest: PathBuf,
    /// Its evidence.
    evidence: PathBuf,
    /// An evidence file that the manifest names: the plan.
    named: PathBuf,
    /// A folder outside of the repository, with a copy of the named file.
    outside: PathBuf,
}

impl Place {
    fn instead(path: &Path) -> &Path {
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(path).expect("removed"),
            Ok(_) => std::fs::remove_file(path).expect("removed"),
            Err(_) => {}
        }
        path
    }

    fn manifest_is(&self, bytes: impl AsRef<[u8]>) {
        std::fs::write(Self::instead(&self.manifest), bytes).expect("written");
    }

    fn manifest_links(&self, target: impl AsRef<Path>) {
        symlink(target, Self::instead(&self.manifest)).expect("linked");
    }

    fn named_links(&self, target: impl AsRef<Path>) {
        symlink(target, Self::instead(&self.named)).expect("linked");
    }

    fn evidence_has(&self, name: impl AsRef<std::ffi::OsStr>) -> PathBuf {
        self.evidence.join(name.as_ref())
    }
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(Place::instead(path)).status().expect("mkfifo");
    assert!(made.success());
}

fn sparse(path: &Path, size: u64) {
    std::fs::File::create(Place::instead(path)).and_then(|file| file.set_len(size)).expect("a sparse file");
}

/// Made under a short name: a socket's path has 108 bytes at most, and the folder of temporary files may have a long one.
fn socket(path: &Path) {
    let place = Place::instead(path);
    let made = tempfile::tempdir().expect("a temporary folder");
    let short = made.path().join("s");
    drop(UnixListener::bind(&short).expect("a socket"));
    std::fs::rename(short, place).expect("moved");
}

/// A name for a blob that nothing names.
fn unnamed() -> String {
    "5e".repeat(32)
}

/// A hostile thing with its name, and what `verify` must report; one that git keeps is tried in a clone, too.
type Hostile = (&'static str, fn(&Place), &'static str);

const MANIFESTS: &[Hostile] = &[
    ("a manifest that is a link to /dev/zero", |at| at.manifest_links("/dev/zero"), "found a link to `/dev/zero`"),
    (
        "a manifest that is a link to /etc/shadow",
        |at| at.manifest_links("/etc/shadow"),
        "found a link to `/etc/shadow`",
    ),
    ("a manifest that is a link to /dev/stdin", |at| at.manifest_links("/dev/stdin"), "found a link to"),
    ("a manifest that is a link to the kernel's log", |at| at.manifest_links("/proc/kmsg"), "found a link to"),
    ("a manifest that is a link to itself", |at| at.manifest_links("RC-05.json"), "found a link to `RC-05.json`"),
    ("a manifest that is a link to nothing", |at| at.manifest_links("nowhere"), "found a link to `nowhere`"),
    ("a manifest that is a link out of the folder", |at| at.manifest_links(at.outside.join("blob")), "found a link to"),
    ("a manifest that is a link with escapes", |at| at.manifest_links(ESCAPES), "found a link to `\\u{1b}]0;"),
    ("a manifest that is a FIFO", |at| fifo(&at.manifest), "found a FIFO"),
    ("a manifest that is a socket", |at| socket(&at.manifest), "found a socket"),
    (
        "a manifest that is a folder",
        |at| std::fs::create_dir(Place::instead(&at.manifest)).expect("made"),
        "found a folder",
    ),
    ("a manifest of a terabyte", |at| sparse(&at.manifest, SPARSE), "found 1099511627776 bytes"),
    ("a manifest of 17 MiB", |at| sparse(&at.manifest, 17 << 20), "found 17825792 bytes"),
    ("a manifest of 15 MiB of NUL", |at| sparse(&at.manifest, 15 << 20), "malformed"),
    ("an empty manifest", |at| at.manifest_is(""), "malformed"),
    ("a manifest of deep arrays", |at| at.manifest_is("[".repeat(1_000_000)), "malformed"),
    ("a manifest of deep objects", |at| at.manifest_is("{\"a\":".repeat(1_000_000)), "malformed"),
    ("a manifest of one wide array", |at| at.manifest_is(format!("[{}1]", "1,".repeat(2_000_000))), "malformed"),
    (
        "a manifest of many keys",
        |at| {
            let keys: String = (0..100_000).map(|key| format!("\"{key}\":0,")).collect();
            at.manifest_is(format!("{{{keys}\"version\":3}}"));
        },
        "malformed",
    ),
    ("a manifest of one long text", |at| at.manifest_is(format!("\"{}\"", "a".repeat(4_000_000))), "malformed"),
    (
        "a manifest with a byte order mark",
        |at| {
            let bytes = std::fs::read(&at.manifest).expect("there");
            at.manifest_is([b"\xef\xbb\xbf", &bytes[..]].concat());
        },
        "malformed",
    ),
    ("a manifest in UTF-16", |at| at.manifest_is(b"\xff\xfe{\0}\0"), "malformed"),
    (
        "an unknown field with escapes",
        |at| {
            let name = serde_json::Value::from(ESCAPES);
            let text = std::fs::read_to_string(&at.manifest).expect("there");
            at.manifest_is(text.replacen("{\"commands\"", &format!("{{{name}:1,\"commands\""), 1));
        },
        "\\u{1b}]0;pwn",
    ),
    (
        "a command line with escapes",
        |at| {
            let line = serde_json::Value::from(format!("true {ESCAPES}\r"));
            let text = std::fs::read_to_string(&at.manifest).expect("there");
            let changed = text.replacen("\"line\":\"cat greeting.txt\"", &format!("\"line\":{line}"), 1);
            assert_ne!(text, changed);
            at.manifest_is(changed);
        },
        "\\u{1b}]0;pwn",
    ),
];

const EVIDENCE: &[Hostile] = &[
    ("a stray link to /dev/zero", |at| symlink("/dev/zero", at.evidence_has("zz")).expect("linked"), "zz"),
    ("a stray link to /etc/shadow", |at| symlink("/etc/shadow", at.evidence_has("zz")).expect("linked"), "zz"),
    ("a stray link to itself", |at| symlink("zz", at.evidence_has("zz")).expect("linked"), "zz"),
    ("a stray link to nothing", |at| symlink("nowhere", at.evidence_has("zz")).expect("linked"), "zz"),
    ("a stray FIFO", |at| fifo(&at.evidence_has("zz")), "zz"),
    ("a stray socket", |at| socket(&at.evidence_has("zz")), "zz"),
    ("a stray folder", |at| std::fs::create_dir_all(at.evidence_has("zz/below")).expect("made"), "zz"),
    ("a stray terabyte", |at| sparse(&at.evidence_has("zz"), SPARSE), "zz"),
    ("a name with escapes", |at| std::fs::write(at.evidence_has(ESCAPES), "x").expect("written"), "\\u{1b}]0;pwn"),
    (
        "a name with a line end",
        |at| std::fs::write(at.evidence_has("a\nfake: line"), "x").expect("written"),
        "a\\nfake: line",
    ),
    (
        "a name that is not UTF-8",
        |at| {
            std::fs::write(at.evidence_has(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "x").expect("written");
        },
        "\u{fffd}",
    ),
    ("a long name", |at| std::fs::write(at.evidence_has("n".repeat(255)), "x").expect("written"), "nnn"),
    (
        "three thousand strays",
        |at| {
            (0..3_000).for_each(|stray| std::fs::write(at.evidence_has(format!("s{stray:04}")), "x").expect("written"));
        },
        "s0000",
    ),
    ("a blob's name on a terabyte", |at| sparse(&at.evidence_has(unnamed()), SPARSE), "1099511627776 bytes"),
    (
        "a blob's name on a link to /dev/zero",
        |at| symlink("/dev/zero", at.evidence_has(unnamed())).expect("linked"),
        "link",
    ),
    ("a blob's name on a FIFO", |at| fifo(&at.evidence_has(unnamed())), "FIFO"),
    ("a named blob that is a link to /dev/zero", |at| at.named_links("/dev/zero"), "link"),
    ("a named blob that is a link to /etc/shadow", |at| at.named_links("/etc/shadow"), "link"),
    ("a named blob that is a link to its copy outside", |at| at.named_links(at.outside.join("blob")), "link"),
    ("a named blob that is a FIFO", |at| fifo(&at.named), "FIFO"),
    ("a named blob that is a socket", |at| socket(&at.named), "socket"),
    ("a named blob that is a folder", |at| std::fs::create_dir(Place::instead(&at.named)).expect("made"), "folder"),
    ("a named blob of a terabyte", |at| sparse(&at.named, SPARSE), "1099511627776 bytes"),
    (
        "a named blob of the terabyte that the manifest names",
        |at| {
            let size = std::fs::metadata(&at.named).expect("there").len();
            let hash = at.named.file_name().and_then(|name| name.to_str()).expect("a hash");
            let text = std::fs::read_to_string(&at.manifest).expect("there");
            let changed = text.replace(&format!("{hash}/{size}"), &format!("{hash}/{SPARSE}"));
            assert_ne!(text, changed);
            at.manifest_is(changed);
            sparse(&at.named, SPARSE);
        },
        "on disk",
    ),
    ("a named blob that is empty", |at| sparse(&at.named, 0), "e3b0c44298fc1c14"),
    (
        "evidence that is a link out of the folder",
        |at| {
            std::fs::rename(&at.evidence, at.outside.join("evidence")).expect("moved");
            symlink(at.outside.join("evidence"), &at.evidence).expect("linked");
        },
        "found a link to",
    ),
    (
        "evidence that is a file",
        |at| std::fs::write(Place::instead(&at.evidence), "x").expect("written"),
        "found a file",
    ),
    ("evidence that is a FIFO", |at| fifo(&at.evidence), "found a FIFO"),
    (
        "evidence that is a link to /proc",
        |at| {
            symlink("/proc", Place::instead(&at.evidence)).expect("linked");
        },
        "found a link to `/proc`",
    ),
];

/// Reads a number of KiB from the status of a process; 0 where it is missing.
fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Runs the program, ends it at the bound, and gives what it said, the most memory that was seen, and how long it took.
fn bounded(scene: &Scene, store: &Path, arguments: &[&str], name: &str) -> (Ended, u64, Duration) {
    let (out, err) = (tempfile::tempfile().expect("a file"), tempfile::tempfile().expect("a file"));
    let mut program = scene.command(arguments);
    program
        .env("RCREPRO_STORE", store)
        .stdout(out.try_clone().expect("a file"))
        .stderr(err.try_clone().expect("a file"));
    let mut child = program.stdin(Stdio::null()).spawn().expect("the program starts");
    let (began, status, mut peak) = (Instant::now(), format!("/proc/{}/status", child.id()), 0);
    let ended = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        // Until its first page is replaced, a process that was just started still shows the memory of this one.
        let text = if text.starts_with("Name:\trcrepro") { text } else { String::new() };
        // The program's own code counts as memory, too: 40 MB of it without optimisation, whatever it reads.
        peak = peak.max(kib(&text, "VmHWM:").saturating_sub(kib(&text, "RssFile:")) << 10);
        if let Some(ended) = child.try_wait().expect("our own child") {
            break ended;
        }
        if began.elapsed() > BOUND {
            child.kill().and_then(|()| child.wait()).expect("our own child");
            panic!("{name}: {arguments:?} has not ended within {BOUND:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |mut file: std::fs::File| {
        use std::io::{Read as _, Seek as _};
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("read");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let ended = Ended { code: ended.code().unwrap_or(-1), stdout: read(out), stderr: read(err) };
    (ended, peak, began.elapsed())
}

/// Runs everything that reads a manifest or its evidence, and checks all that must hold of each.
fn read_by_all(scene: &Scene, (name, _, says): &Hostile) {
    let fresh = tempfile::tempdir().expect("a folder");
    let manifest = "manifests/RC-05.json";
    let commands: [&[&str]; 6] = [
        &["verify", manifest],
        &["why", manifest, manifest],
        &["log", "RC-05"],
        &["status"],
        // It reads the manifest and its evidence, and then wants a commit that is not there.
        &["replay", "RC-05", "--rev", "nowhere"],
        &["--json", "verify", manifest],
    ];
    for arguments in commands {
        let (ended, peak, took) = bounded(scene, fresh.path(), arguments, name);
        // Nothing depends on it; `--nocapture` shows it.
        println!("{took:>10.2?} {:>3} MB  exit {}  {name}: {}", peak >> 20, ended.code, arguments.join(" "));
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!((0..=6).contains(&ended.code), "{name}: {arguments:?} ends with {}\n{said}", ended.code);
        assert!(peak <= MEMORY, "{name}: {arguments:?} holds {peak} bytes");
        for active in ['\u{1b}', '\u{7}', '\r', '\u{202e}', '\u{9b}'] {
            assert!(!said.contains(active), "{name}: {arguments:?} prints {active:?}\n{said}");
        }
        if arguments == ["verify", manifest] {
            assert!(said.contains(says), "{name}: `{says}` in\n{said}");
            assert!(!said.lines().any(|line| line.starts_with("fake: line")), "{name}\n{said}");
        }
    }
    let kept = kept(fresh.path());
    let shadow = std::fs::read("/etc/shadow").unwrap_or_default();
    for (path, bytes) in &kept {
        assert!(bytes.len() < 1 << 20, "{name}: {} has {} bytes", path.display(), bytes.len());
        assert!(shadow.is_empty() || *bytes != shadow, "{name}: the store holds what a link led to");
        assert!(bytes != b"x", "{name}: the store holds what nothing names");
    }
}

/// Reads every file of a store.
fn kept(store: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut open, mut found) = (vec![store.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("listed") {
            let path = entry.expect("an entry").path();
            match path.symlink_metadata().expect("there").is_dir() {
                true => open.push(path),
                false => found.push((path.clone(), std::fs::read(path).expect("read"))),
            }
        }
    }
    found
}

/// A scene with a recorded packet.
fn recorded() -> Scene {
    let scene = Scene::new(&command("cat", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    scene.commit("record");
    scene
}

/// Puts a thing into a scene.
fn put(scene: &Scene, outside: &Path, hostile: &Hostile) {
    let manifest = scene.path("manifests/RC-05.json");
    let bytes = std::fs::read(&manifest).expect("recorded");
    let plan = rcrepro_format::records::manifest_json::decode(&bytes).expect("a manifest").plan;
    let evidence = scene.path("manifests/RC-05.evidence");
    let named = evidence.join(plan.hash.to_string());
    std::fs::copy(&named, outside.join("blob")).expect("copied");
    hostile.1(&Place { manifest, evidence, named, outside: outside.to_owned() });
}

fn all(scene: &Scene, things: &[Hostile]) {
    for hostile in things {
        let outside = tempfile::tempdir().expect("a folder");
        put(scene, outside.path(), hostile);
        read_by_all(scene, hostile);
        for gone in ["manifests/RC-05.json", "manifests/RC-05.evidence"] {
            Place::instead(&scene.path(gone));
        }
        scene.git(&["checkout", "-q", "HEAD", "--", "manifests"]);
    }
}

#[test]
fn hostile_manifests_end_in_a_named_error_or_finding() {
    all(&recorded(), MANIFESTS);
}

#[test]
fn hostile_evidence_ends_in_a_named_error_or_finding_and_never_in_the_store() {
    assert!(MANIFESTS.len() + EVIDENCE.len() >= 40);
    all(&recorded(), EVIDENCE);
}

#[test]
fn what_git_keeps_of_it_is_as_harmless_in_a_clone() {
    let scene = recorded();
    let keeps = |name: &str| name.contains("link") || name.contains("name") || name.contains("escapes");
    for hostile in MANIFESTS.iter().chain(EVIDENCE).filter(|(name, ..)| keeps(name)) {
        if ["FIFO", "terabyte", "socket", "folder", "out"].iter().any(|word| hostile.0.contains(word)) {
            continue;
        }
        let outside = tempfile::tempdir().expect("a folder");
        put(&scene, outside.path(), hostile);
        scene.git(&["add", "-A"]);
        scene.git(&["commit", "-q", "--allow-empty", "-m", "hostile"]);
        read_by_all(&scene.cloned(), hostile);
        for gone in ["manifests/RC-05.json", "manifests/RC-05.evidence"] {
            Place::instead(&scene.path(gone));
        }
        scene.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
}

#[test]
fn a_plans_text_is_text_on_the_terminal_and_in_written_sections() {
    let plan = "\n[documents]\ngenerated = [\"docs/progress.md\"]\n";
    let scene = Scene::new(&format!("{}{plan}", command("cat", "cat greeting.txt", "")));
    let title = r##"title = "Nice\n\n<!-- rcrepro:end board -->\r# FAKE \u001b]0;pwn\u0007\u202e<script>[x](javascript:alert(1)) | a""##;
    scene.replace("rcrepro.toml", "title = \"Replay\"", title);
    scene.write(
        "docs/progress.md",
        b"<!-- rcrepro:begin board -->\n<!-- rcrepro:end board -->\n\n<!-- rcrepro:begin checklist -->\n<!-- rcrepro:end checklist -->\n",
    );
    scene.commit("hostile");
    let harmless = |text: &str| {
        assert!(text.contains("Nice"), "{text}");
        for active in ['\u{1b}', '\u{7}', '\r', '\u{202e}'] {
            assert!(!text.contains(active), "{active:?} in\n{text}");
        }
        assert!(!text.lines().any(|line| line.trim_start().starts_with("# FAKE")), "{text}");
    };
    let status = scene.run(&["status"]);
    harmless(&status.stdout);
    harmless(&scene.run(&["verdict"]).stdout);
    assert_eq!(scene.run(&["status", "--write"]).code, 0);
    let written = scene.read("docs/progress.md");
    harmless(&written);
    assert!(written.contains(r"\<script\>\[x\](javascript:alert(1)) \| a"), "{written}");
    let ends = written.lines().filter(|line| *line == "<!-- rcrepro:end board -->").count();
    assert_eq!(ends, 1, "{written}");
    assert_eq!(scene.run(&["status", "--write"]).code, 0);
    assert_eq!(scene.read("docs/progress.md"), written);
    assert_eq!(scene.run(&["status", "--check"]).code, 0);
}

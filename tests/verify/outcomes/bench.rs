//! A repository with a packet for every pair of facts, a scripted engine, and the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use rcrepro_app::board::status;
use rcrepro_app::evidence;
use rcrepro_app::machine::unix_time;
use rcrepro_app::run::actions::Resolved;
use rcrepro_app::run::context::RunContext;
use rcrepro_app::run::execute::{Executions, Executor};
use rcrepro_app::run::packet_run::PacketRun;
use rcrepro_app::run::prove::prove;
use rcrepro_app::run::record;
use rcrepro_app::run::replay::{Replayed, compare_with_proofs};
use rcrepro_app::toolchain::in_engine::locked_identity;
use rcrepro_app::workspace::Workspace;
use rcrepro_engine::fake::{FakeEngine, Script};
use rcrepro_format::records::manifest_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::Board;
use rcrepro_model::decision::verdict::{judge, of_verdict};
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::evidence::manifest::{ImageEntry, ReproManifest};
use rcrepro_model::evidence::release_record::Released;
use rcrepro_model::evidence::run_record::{EngineRecord, HostRecord, RUN_RECORD_VERSION, RunRecord};
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_model::standing::Standing;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::Runs;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::facts::{After, FACTS, Fact};

/// What a command came to.
pub struct Seen {
    pub word: String,
    /// The exit code, where the program itself was asked.
    pub code: Option<i32>,
}

impl Seen {
    /// Of what has no word on the scale, the exit code says it.
    fn by_code(code: i32) -> Self {
        let word = match code {
            0 => "PASSED",
            1 => "FAILED",
            5 => "UNDECIDED",
            6 => "TAMPERED",
            _ => "an error",
        };
        Self { word: word.to_owned(), code: Some(code) }
    }
}

impl From<Standing> for Seen {
    fn from(standing: Standing) -> Self {
        Self { word: standing.word().to_owned(), code: None }
    }
}

pub struct Bench {
    folder: tempfile::TempDir,
    workspace: Workspace,
    resolved: Resolved,
    /// Where commands leave their blobs.
    making: Arc<FsStore>,
    /// Where the judging program looks beside the evidence: it never saw a run.
    judging: PathBuf,
}

/// The board over all packets.
pub struct Judged(Board);

fn id(index: usize) -> PacketId {
    format!("RC-{index:02}").parse().expect("an id")
}

fn slug(fact: &Fact) -> Name {
    fact.name.replace(' ', "-").parse().expect("a name")
}

impl Bench {
    /// Makes the repository: a set for each fact, a packet for each pair.
    pub fn new(pairs: &[Vec<&'static Fact>]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("project");
        let write = |file: &str, bytes: &[u8]| {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, bytes).expect("written");
        };
        for file in ["images/base.toml", "lockfiles/images/amd64/base.lock"] {
            write(file, &std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("committed"));
        }
        write("rcrepro.toml", plan(pairs).as_bytes());
        write("README.md", b"```sh\nmake other\n```\n");
        git(&root, &["init", "-q", "-b", "main"]);
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-q", "-m", "begin"]);
        let workspace = Workspace::at(&root, "HEAD").expect("a good plan");
        let making = Arc::new(FsStore::open(&folder.path().join("making")).expect("a store"));
        let source = workspace.ingest_source("HEAD", &*making).expect("a source");
        making.put(&workspace.plan_bytes).expect("stored");
        let lock = std::fs::read(root.join("lockfiles/images/amd64/base.lock")).expect("a lock");
        let base: Name = "base".parse().expect("a name");
        let identity = locked_identity(&base, &lock).expect("a lock");
        let entry = ImageEntry {
            lock: making.put(&lock).expect("stored"),
            manifest: identity.manifest,
            config: identity.config,
            diff_ids: identity.diff_ids,
        };
        let resolved = Resolved {
            source: source.root,
            date_epoch: source.commit_time,
            isa: "x86-64".into(),
            images: [(base, entry)].into(),
            frozen: BTreeMap::new(),
            git: None,
        };
        let judging = folder.path().join("judging");
        Self { folder, workspace, resolved, making, judging }
    }

    /// Runs a packet, replays it from a manifest in which all went well, and leaves its evidence beside the plan.
    pub async fn execute(&self, index: usize, pair: &[&'static Fact]) -> BTreeMap<&'static str, Seen> {
        let found = self.recorded(index, pair, |fact| (fact.scripts)()).await;
        let before = self.recorded(index, pair, |fact| (fact.recorded)()).await;
        let comparison = compare_with_proofs(&before.manifest, &found);
        let run = found.outcome(pair.len());
        let (recorded, recorded_digest) = (before.manifest, before.digest);
        self.leave(index, pair, &found);
        let replayed = Replayed { recorded, recorded_digest, found, comparison };
        [("run", run.into()), ("replay", replayed.standing().into())].into()
    }

    /// Executes a packet's commands, and gathers what came out as a run does.
    async fn recorded(
        &self,
        index: usize,
        pair: &[&'static Fact],
        scripts: impl Fn(&Fact) -> Vec<Script>,
    ) -> PacketRun {
        let (packet, plan) = (id(index), &self.workspace.plan);
        let mut engine = FakeEngine::default();
        for fact in pair {
            for script in scripts(fact) {
                engine = engine.on(format!("{packet}/{}", slug(fact)), script);
            }
        }
        let (config, cancel) = (UserConfig::default(), CancellationToken::new());
        let run = Runs::open(self.making.root()).and_then(|runs| runs.begin(0, "0a1b2c3d")).expect("a run");
        let context = RunContext {
            store: &self.making,
            run: &run,
            engine: &engine,
            image_host: None,
            config: &config,
            observe: &|_| {},
            cancel: &cancel,
        };
        let executor = Executor::new(context, plan, &packet, &self.resolved);
        let Executions { commands: ran, undecided } =
            executor.run_commands(&plan.packets[&packet]).await.expect("decided");
        assert!(undecided.is_empty(), "{undecided:?}");
        let manifest = record::manifest(&self.workspace, &packet, &self.resolved, &ran);
        let (bytes, digest) = manifest_json::encode(&manifest);
        let (mut proofs, mut flakes, mut proof_inputs) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for ran in &ran {
            let spec = plan.sets.values().flatten().find(|spec| spec.id == ran.entry.id).expect("it is in the plan");
            let entry = manifest.commands.iter().find(|entry| entry.id == spec.id).expect("it ran");
            let proved = prove(plan, spec, entry, &*self.making).expect("the streams are there");
            proofs.insert(spec.id.clone(), proved.proof);
            proof_inputs.extend(proved.read);
            if !ran.earlier.is_empty() && ran.entry.succeeded() {
                let tried = record::attempts(ran);
                let flake = Flake::judge(&spec.id, tried, spec.retries + 1, &plan.quarantine, super::super::today());
                flakes.insert(spec.id.clone(), flake);
            }
        }
        let record = run_record(&manifest, digest);
        PacketRun {
            record,
            bytes,
            digest,
            network: BTreeMap::new(),
            findings: ran.iter().flat_map(|ran| ran.findings.clone()).collect(),
            proofs,
            endings: ran.iter().map(|ran| (ran.entry.id.clone(), ran.ended.clone())).collect(),
            taken_over: BTreeMap::new(),
            flakes,
            notes: BTreeMap::new(),
            proof_inputs,
            images: images(pair),
            written: None,
            failure: None,
            manifest,
        }
    }

    /// Writes the evidence as if it had been committed, and does to it what the facts say.
    fn leave(&self, index: usize, pair: &[&'static Fact], found: &PacketRun) {
        let path = self.workspace.manifest_path(&id(index));
        let mut manifest = found.manifest.clone();
        for fact in pair.iter().filter(|fact| fact.after == After::Changed) {
            let entry = manifest.commands.iter_mut().find(|entry| entry.id == slug(fact)).expect("it ran");
            entry.exit_code = 7;
        }
        let bytes = manifest_json::encode(&manifest).0;
        evidence::write(&path, &bytes, &manifest, &found.proof_inputs, &*self.making).expect("written");
        for fact in pair {
            let entry = manifest.commands.iter().find(|entry| entry.id == slug(fact)).expect("it ran");
            let blob = evidence::folder_of(&path).join(entry.stdout.raw.hash.to_string());
            match fact.after {
                After::Lost => std::fs::remove_file(blob).expect("it is there"),
                After::Damaged => {
                    let bytes = std::fs::read(&blob).expect("it is there");
                    std::fs::write(&blob, bytes.to_ascii_uppercase()).expect("written");
                }
                After::Linked => {
                    let elsewhere = self.folder.path().join(format!("linked-{index}"));
                    std::fs::rename(&blob, &elsewhere).expect("it is there");
                    std::os::unix::fs::symlink(&elsewhere, &blob).expect("linked");
                }
                After::Nothing | After::Changed | After::Image(_) => {}
            }
        }
    }

    /// Lays the manifest and the evidence of one packet where those of another one are.
    pub fn put_over(&self, from: usize, over: usize) {
        let [from, over] = [from, over].map(|index| self.workspace.manifest_path(&id(index)));
        std::fs::copy(&from, &over).expect("it is there");
        let [from, over] = [from, over].map(|path| evidence::folder_of(&path));
        for blob in std::fs::read_dir(&from).expect("listed") {
            let blob = blob.expect("an entry").path();
            std::fs::copy(&blob, over.join(blob.file_name().expect("a name"))).expect("copied");
        }
    }

    /// Asks the program what it makes of a packet's manifest: to verify it, to show it, to compare it, and of one with a scan what
    /// that found.
    pub fn judged(&self, index: usize, pair: &[&'static Fact]) -> BTreeMap<&'static str, Seen> {
        let path = self.workspace.manifest_path(&id(index)).display().to_string();
        let (code, text) = self.program(&["verify", &path]);
        let words = ["UNDECIDED", "FAILED", "TAMPERED"];
        let word = words.into_iter().find(|word| text.trim_end().ends_with(&format!(": {word}"))).unwrap_or("PASSED");
        let (_, document) = self.program(&["--json", "verify", &path]);
        let document: Value = serde_json::from_str(&document).expect("one document");
        let standing = document["standing"].as_str().expect("a word").to_uppercase();
        assert_eq!(standing, word, "text and JSON agree\n{text}");
        let mut seen = BTreeMap::from([("verify", Seen { word: word.to_owned(), code: Some(code) })]);
        let packet = id(index).to_string();
        seen.insert("log", Seen::by_code(self.program(&["log", &packet]).0));
        seen.insert("why", Seen::by_code(self.program(&["why", &path, &path]).0));
        if pair.iter().any(|fact| fact.line.starts_with("npm audit")) {
            let (code, document) = self.program(&["--json", "findings", &packet]);
            let document: Value = serde_json::from_str(&document).expect("one document");
            let word = document["standing"].as_str().expect("a word").to_uppercase();
            seen.insert("findings", Seen { word, code: Some(code) });
        }
        seen
    }

    /// Decides the board by the evidence that was left, and holds the program's own against it.
    pub fn board(&self) -> Judged {
        let today = super::super::today();
        let board = status(&self.workspace, "HEAD", &self.judging, today).expect("gathered");
        let (code, document) = self.program(&["--json", "status"]);
        let document: Value = serde_json::from_str(&document).expect("one document");
        assert_eq!((code, &document["standing"]), (6, &Value::from("tampered")), "one packet was tampered with");
        let (code, document) = self.program(&["--json", "verdict"]);
        let document: Value = serde_json::from_str(&document).expect("one document");
        let told = (&document["standing"], &document["verdict"]);
        assert_eq!((code, told), (6, (&Value::from("tampered"), &Value::from("NO_GO"))));
        Judged(board)
    }

    pub fn program(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rcrepro"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("RCREPRO_STORE", &self.judging)
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
            .current_dir(&self.workspace.folder)
            .args(arguments)
            .output()
            .expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }
}

impl Judged {
    /// A board of one packet.
    fn of(&self, index: usize) -> Board {
        let row = self.0.row(&id(index)).expect("a row").clone();
        Board { rows: vec![row], ..Board::default() }
    }

    pub fn status(&self, index: usize) -> Seen {
        let board = self.of(index);
        let word = board.rows[0].state.as_str();
        assert!(board.rows[0].state.is_open() || word == board.standing_so_far().word() || word == "DONE", "{word}");
        let word = if word == "DONE" { "PASSED" } else { word };
        Seen { word: word.to_owned(), code: None }
    }

    pub fn verdict(&self, index: usize) -> Seen {
        let board = self.of(index);
        of_verdict(&board, judge(&board, &[])).into()
    }
}

fn plan(pairs: &[Vec<&'static Fact>]) -> String {
    let mut text = "version = 1\nname = \"outcomes\"\n[images.base]\nbuild = \"images/base.toml\"\n".to_owned();
    for fact in FACTS {
        let (slug, line, keys) = (slug(fact), fact.line, fact.keys);
        text += &format!("[[sets.{slug}]]\nid = \"{slug}\"\nrun = '''{line}'''\nimage = \"base\"\n{keys}\n");
    }
    for (index, pair) in pairs.iter().enumerate() {
        let sets: Vec<String> = pair.iter().map(|fact| format!("\"{}\"", slug(fact))).collect();
        let exit = "exit = [{ says = \"It holds.\", rests-on = [\"commands\"] }]";
        let sets = sets.join(", ");
        text += &format!("[packets.{}]\ntitle = \"A pair\"\nsets = [{sets}]\n{exit}\n", id(index));
    }
    text +=
        "[[quarantine]]\ncommand = \"expired-quarantine\"\nreason = \"races\"\nowner = \"ada\"\nexpires = 2020-01-01\n";
    text + "[documents]\npaths = [\"README.md\"]\n"
}

fn images(pair: &[&'static Fact]) -> Option<Released> {
    let findings: Vec<Finding> = pair
        .iter()
        .filter_map(|fact| match fact.after {
            After::Image(name) => {
                let at = format!("images.{}", slug(fact));
                Some(Finding { name, at, expected: "as recorded".into(), found: "otherwise".into() })
            }
            _ => None,
        })
        .collect();
    let (twice, outputs) = (BTreeSet::new(), BTreeMap::new());
    (!findings.is_empty()).then_some(Released { record: None, findings, written: None, twice, outputs })
}

fn run_record(manifest: &ReproManifest, digest: Digest) -> RunRecord {
    let text = str::to_owned;
    let now = unix_time::rfc3339(SystemTime::UNIX_EPOCH);
    RunRecord {
        version: RUN_RECORD_VERSION,
        run: text("a-run"),
        kind: text("run"),
        packet: manifest.packet.clone(),
        plan: manifest.plan,
        commit: text("0000000000000000000000000000000000000000"),
        started: now.clone(),
        finished: now,
        manifest: digest,
        recorded: None,
        host: HostRecord { system: text("linux"), cpus: 1, rcrepro: text("0") },
        engine: EngineRecord { name: text("fake"), version: text("1"), api_version: text("1"), staging: text("none") },
        machine: None,
        commands: Vec::new(),
        left_out: Vec::new(),
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .args(["-c", "user.name=Bench", "-c", "user.email=bench@example.com"])
        .args(arguments)
        .status()
        .expect("git is installed");
    assert!(status.success(), "git {arguments:?}");
}

use super::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::run::actions::Resolved;
use crate::run::context::RunContext;
use crate::workspace::{PLAN_FILE, Workspace};
use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
use rcrepro_engine::fake::{FakeBuild, FakeEngine, FakeImage, FakeImageHost, FakeRun, Script};
use rcrepro_engine::{ImageHealth, Network};
use rcrepro_format::images::oci_json;
use rcrepro_format::records::release_json::ReleaseRecordError;
use rcrepro_images::oci::image::ImageBlobs;
use rcrepro_images::oci::layout_tree::layout_tree;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::evidence::manifest::ImageEntry;
use rcrepro_model::execution::action::Output;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_store::runs::Runs;
use tokio_util::sync::CancellationToken;

const PLAN: &str = r#"
version = 1
name = "p"
[images.base]
build = "images/base.toml"
[packets.RC-05]
title = "t"
sets = ["all"]
release-images = ["app"]
[[sets.all]]
id = "make"
run = "true"
image = "base"
[release-images.app]
dockerfile = "Dockerfile"
target = "app"
builders = { BASE = "base" }
expect = { user = "1234" }
runs = [{ arguments = ["--version"], stdout = "app 7\n" }]
[[release-images.app.smoke]]
id = "smoke"
run = "curl 127.0.0.1"
image = "base"
"#;

const DOCKERFILE: &str =
    "ARG BASE\nFROM ${BASE} AS build\nRUN make\nFROM scratch AS app\nCOPY --from=build /app /app\n";

/// A host on which the plan's image is built and does what it must.
fn host() -> FakeImageHost {
    FakeImageHost::default()
        .on_build("RC-05/builder-base", FakeBuild::Image(FakeImage::default().file("usr/bin/make", "make")))
}

fn app(content: &str) -> FakeBuild {
    FakeBuild::Image(FakeImage::of_user("1234").file("app", content))
}

/// Runs as the plan wants it, and then stays beside the smoke command.
fn runs_well(host: FakeImageHost) -> FakeImageHost {
    host.on_start("RC-05/app", FakeRun::exit(0).stdout("app 7\n")).on_start("RC-05/app", FakeRun::stays())
}

fn engine(smoke: Script) -> FakeEngine {
    FakeEngine::default().on("RC-05/smoke", smoke)
}

/// Where a plan and a store are.
struct Place {
    folder: tempfile::TempDir,
    store: Arc<FsStore>,
    /// What was told.
    events: Mutex<Vec<RunEvent>>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(FsStore::open(&folder.path().join("store")).expect("a store"));
        Self { folder, store, events: Mutex::default() }
    }
}

/// Builds and tries the images of the plan's packet, twice.
async fn release(engine: &FakeEngine, host: Option<&FakeImageHost>) -> Result<Released, ReleaseError> {
    release_in(&Place::new(), (PLAN, DOCKERFILE), engine, host).await
}

/// The same of another plan and its Dockerfile.
async fn release_in(
    place: &Place,
    (plan, dockerfile): (&str, &str),
    engine: &FakeEngine,
    host: Option<&FakeImageHost>,
) -> Result<Released, ReleaseError> {
    let Place { folder, store, events } = place;
    std::fs::write(folder.path().join(PLAN_FILE), plan).expect("written");
    let workspace = Workspace::open(folder.path()).expect("a good plan");
    let mut source = TreeBuilder::default();
    let digest = store.put(dockerfile.as_bytes()).expect("stored");
    for path in ["Dockerfile", "app", "other"] {
        let path = path.parse().expect("a path");
        source.insert(&path, TreeNode::File { digest, executable: false }).expect("the paths differ");
    }
    let base = host.map(|host| host.holds(&FakeImage::default().file("bin/sh", "sh")));
    let config = base.map_or_else(
        || Sha256::of(b"config"),
        |id| id.strip_prefix("sha256:").expect("an id").parse().expect("a digest"),
    );
    let base = ImageEntry { lock: Digest::of(b""), manifest: Sha256::of(b"manifest"), config, diff_ids: Vec::new() };
    let resolved = Resolved {
        source: source.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored"),
        date_epoch: 7,
        isa: "x86-64".into(),
        images: ["base", "buildkit"].map(|name| (name.parse().expect("a name"), base.clone())).into(),
        frozen: BTreeMap::new(),
        git: None,
    };
    let (config, cancel) = (UserConfig::default(), CancellationToken::new());
    let run = Runs::open(store.root()).and_then(|runs| runs.begin(0, "0a1b2c3d")).expect("a run");
    let context = RunContext {
        store,
        run: &run,
        engine,
        image_host: host.map(|host| host as &dyn ImageHost),
        config: &config,
        observe: &|event| events.lock().expect("whole").push(event),
        cancel: &cancel,
    };
    let step = ReleaseStep {
        workspace: &workspace,
        packet: &"RC-05".parse().expect("an id"),
        resolved: &resolved,
        results: &BTreeMap::new(),
        context,
        spool: folder.path(),
        folded: &Arc::default(),
        twice: true,
        lanes: 1,
    };
    let released = step.release().await.map(|released| released.expect("the packet builds an image"));
    assert_eq!(host.map_or(0, FakeImageHost::left), 0, "nothing is left in the engine, whatever the end");
    released
}

/// Releases, and gives each finding as its name, its place and what was found.
async fn findings(smoke: Script, host: &FakeImageHost) -> Vec<(FindingName, String, String)> {
    let released = release(&engine(smoke), Some(host)).await.expect("decided");
    released.findings.into_iter().map(|finding| (finding.name, finding.at, finding.found)).collect()
}

fn places(findings: &[(FindingName, String, String)]) -> Vec<&str> {
    assert!(findings.iter().all(|(name, _, _)| *name == FindingName::ImageFailed), "{findings:#?}");
    findings.iter().map(|(_, at, _)| at.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_does_what_it_must_is_recorded_and_was_built_twice_from_nothing() {
    let host = runs_well(host().on_build("RC-05/app", app("7")));
    let engine = engine(Script::exit(0));
    let Released { record, findings, .. } = release(&engine, Some(&host)).await.expect("decided");
    assert!(findings.is_empty(), "{findings:#?}");
    let record = record.expect("a record");
    let entry = record.images.values().next().expect("one image");
    assert_eq!((entry.parts, entry.runs.len(), entry.smoke.len()), (entry.again, 1, 1));
    let builds = host.builds();
    let labels: Vec<&str> = builds.iter().map(|call| call.label.as_str()).collect();
    assert_eq!(labels, ["RC-05/builder-base", "RC-05/app", "RC-05/builder-base", "RC-05/app"]);
    assert!(builds.iter().all(|call| call.cache == 0), "no step of the first time: {builds:#?}");
    assert_eq!((builds[1].target.as_str(), builds[1].context.join(" ").as_str()), ("app", "Dockerfile app other"));
    assert_ne!(builds[1].arguments["BASE"], builds[3].arguments["BASE"], "each round has builders of its own");
    let network = engine.calls().remove(0).network;
    assert_eq!(network, Network::Beside { container: "fake-2".to_owned() }, "the smoke command is beside the image");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_comes_out_otherwise_the_second_time_fails_with_the_file_that_differs() {
    let host = runs_well(host().on_build("RC-05/app", app("7")).on_build("RC-05/app", app("8")));
    let found = findings(Script::exit(0), &host).await;
    assert_eq!(places(&found), ["images.app.tree:/app"]);
    assert_eq!(found[0].2, Digest::of(b"8").to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_host_that_builds_images_they_are_undecided_and_nothing_is_recorded() {
    let engine = engine(Script::exit(0));
    let podman = host().cannot_build_because("it builds with another builder");
    let classic = "image `app` has no `builder`, and it builds with another builder: builder = \"buildkit\" builds on every engine";
    for (host, expected) in [(None, "the engine fake keeps no images"), (Some(&podman), classic)] {
        let Released { record, findings, .. } = release(&engine, host).await.expect("decided");
        assert_eq!(record, None);
        let found: Vec<_> = findings.iter().map(|one| (one.name, one.at.as_str(), one.found.as_str())).collect();
        assert_eq!(found, [(FindingName::ImageUndecided, "images.app", expected)]);
    }
    assert_eq!((podman.builds().len(), engine.calls().len()), (0, 0), "nothing was tried");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_is_told_with_what_it_said() {
    let host = host()
        .on_build("RC-05/app", app("7"))
        .on_start("RC-05/app", FakeRun::exit(3).stdout("app 7\n").stderr("no disk\n"))
        .on_start("RC-05/app", FakeRun::stays());
    let found = findings(Script::exit(0), &host).await;
    assert_eq!(places(&found), ["images.app.runs.0.exit-code"]);
    assert!(found[0].2.starts_with("exit code 3; it said:") && found[0].2.contains("| no disk"), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_end_and_one_that_does_not_start_are_findings() {
    let stays = host().on_build("RC-05/app", app("7")).on_start("RC-05/app", FakeRun::stays());
    let found = findings(Script::exit(0), &stays).await;
    assert_eq!(found[0].1, "images.app.runs.0");
    assert_eq!(found[0].2, "timed out after 2 min, a limit that no key of the plan changes");
    let refused = host().on_build("RC-05/app", app("7")).on_start("RC-05/app", FakeRun::refused("no program"));
    let found = findings(Script::exit(0), &refused).await;
    assert_eq!(places(&found), ["images.app.runs.0", "images.app.smoke"]);
    assert_eq!((found[0].2.as_str(), found[1].2.as_str()), ("no program", "no program"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smoke_command_that_fails_or_outlives_its_image_fails_the_image() {
    let host = || host().on_build("RC-05/app", app("7"));
    let found = findings(Script::exit(1).stderr("refused\n"), &runs_well(host())).await;
    assert_eq!(places(&found), ["images.app.smoke.exit-code"]);
    assert!(found[0].2.starts_with("exit code 1\n") && found[0].2.contains("| refused"), "{found:#?}");
    let gone = host()
        .on_start("RC-05/app", FakeRun::exit(0).stdout("app 7\n"))
        .on_start("RC-05/app", FakeRun::exit(139).stderr("it fell over\n"));
    let found = findings(Script::exit(0), &gone).await;
    assert_eq!(places(&found), ["images.app.smoke"]);
    assert!(found[0].2.starts_with("it had ended: ended by signal 11 (SIGSEGV)\n"), "{found:#?}");
    assert!(found[0].2.contains("| it fell over"), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_healthy_or_does_not_stop_fails() {
    let host = |run: FakeRun, checks: bool| {
        let image = FakeImage::of_user("1234").file("app", "7");
        // The fake asks nothing; a kind of its own starts no program that the image would have to hold.
        let image = if checks { image.health_check("ASK", "it") } else { image };
        let host = host().on_build("RC-05/app", FakeBuild::Image(image));
        host.on_start("RC-05/app", FakeRun::exit(0).stdout("app 7\n")).on_start("RC-05/app", run)
    };
    let found = |run: FakeRun, checks: bool| {
        let host = host(run, checks);
        async move { findings(Script::exit(0), &host).await }
    };
    for code in [0, 143] {
        assert_eq!(found(FakeRun::stays().stopped_with(code), false).await, []);
    }
    let killed = found(FakeRun::stays().stopped_with(137), false).await;
    assert_eq!(places(&killed), ["images.app.smoke.stopped"]);
    assert!(killed[0].2.starts_with("it had to be killed: handle SIGTERM"), "{killed:?}");
    let other = found(FakeRun::stays().stopped_with(2), false).await;
    assert_eq!(other[0].2, "exit code 2: if that is how it ends, expect.stop = 2");
    assert_eq!(found(FakeRun::stays().health(ImageHealth::Healthy), true).await, []);
    let ill = ImageHealth::Unhealthy { found: "unhealthy: exit code 1, `no answer`".to_owned() };
    let found = found(FakeRun::stays().health(ill), true).await;
    assert_eq!(places(&found), ["images.app.smoke.health"]);
    assert!(found[0].2.contains("`no answer`"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_for_two_platforms_is_recorded_for_both_and_started_on_one() {
    let place = Place::new();
    let plan = by_buildkit()
        .replace("secrets = { key = \"file:key.secret\" }", "platforms = [\"linux/amd64\", \"linux/arm64\"]");
    let layout = |content: &[u8], platform| layout_for(&place.store, content, platform);
    let released = async |last: &[u8], foreign| {
        let host = runs_well(FakeImageHost::default());
        let own = layout(b"7", ImagePlatform::LinuxAmd64);
        let engine = engine(Script::exit(0))
            .on("RC-05/app", left_of(&place.store, &[own, layout(b"8", foreign)]))
            .on("RC-05/app", left_of(&place.store, &[own, layout(last, foreign)]));
        let dockerfile = "FROM scratch AS app\nCOPY app /app\n";
        let released = release_in(&place, (&plan, dockerfile), &engine, Some(&host)).await.expect("decided");
        let calls = engine.calls();
        let built: Vec<_> = calls.iter().filter(|call| call.label == "RC-05/app").collect();
        assert!(built.iter().all(|call| call.action == built[0].action), "one builder in a round: {built:?}");
        released
    };
    let good = released(b"8", ImagePlatform::LinuxArm64).await;
    assert_eq!(good.findings, []);
    let record = good.record.expect("recorded");
    let (bytes, _) = release_json::encode(&record);
    assert_eq!(release_json::decode(&bytes).expect("a good record"), record);
    let entry = record.images.values().next().expect("an image");
    let other = &entry.platforms["linux/arm64"];
    assert!(other.parts == other.again && other.parts.tree != entry.parts.tree && entry.runs.len() == 1);
    let differs = released(b"9", ImagePlatform::LinuxArm64).await;
    let at: Vec<&str> = differs.findings.iter().map(|finding| finding.at.as_str()).collect();
    assert_eq!(at, ["images.app.platforms.linux/arm64.tree:/app"]);
    let wrong = released(b"8", ImagePlatform::LinuxAmd64).await;
    let found: Vec<_> = wrong.findings.iter().map(|one| (one.at.as_str(), one.found.as_str())).collect();
    assert_eq!(found, [("images.app.platforms.linux/arm64.config", "linux/amd64")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_built_does_not_keep_the_other() {
    let place = Place::new();
    let one = by_buildkit();
    let (before, image) = one.split_once("[release-images.app]").expect("the image's table");
    let before = before.replace("release-images = [\"app\"]", "release-images = [\"app\", \"bad\"]");
    let bad =
        image.replace("\"app\"", "\"bad\"").replace("images.app.", "images.bad.").replace("\"smoke\"", "\"tried\"");
    let plan = format!("{before}[release-images.app]{image}[release-images.bad]{bad}");
    let host = runs_well(FakeImageHost::default());
    let failed =
        left_of(&place.store, &[]).stderr("rcrepro: target 0\nDockerfile:3\nerror: failed to solve: no other\n");
    let engine = engine(Script::exit(0)).on("RC-05/app", left(&place.store, b"7")).on("RC-05/bad", failed);
    let dockerfile = "FROM scratch AS app\nCOPY app /app\nFROM scratch AS bad\nCOPY other /app\n";
    let released = release_in(&place, (&plan, dockerfile), &engine, Some(&host)).await.expect("decided");
    let [finding] = released.findings.as_slice() else { panic!("{:#?}", released.findings) };
    assert!(finding.at == "images.bad" && finding.found.starts_with("failed to solve: no other"), "{finding:?}");
    assert!(released.record.is_none(), "{finding:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_does_not_build_is_a_finding_and_an_engine_that_breaks_off_an_error() {
    let host = host().on_build("RC-05/app", FakeBuild::Fails("make: no rule", "Step 3/5 : RUN make\n"));
    let engine = engine(Script::exit(0));
    let Released { record, findings, .. } = release(&engine, Some(&host)).await.expect("decided");
    assert_eq!(record, None);
    assert_eq!((findings.len(), findings[0].name), (1, FindingName::ImageFailed));
    assert!(
        findings[0].found.starts_with("make: no rule") && findings[0].found.contains("| Step 3/5"),
        "{findings:#?}"
    );
    let unscripted = runs_well(self::host());
    let error = release(&engine, Some(&unscripted)).await.expect_err("nothing could be said").to_string();
    assert!(error.starts_with("RC-05/app: the engine could not "), "{error}");
}

/// A plan whose image BuildKit builds, from nothing but its context.
fn by_buildkit() -> String {
    PLAN.replace("[images.base]", "[images.buildkit]\nbuild = \"images/buildkit.toml\"\n[images.base]")
        .replace("builders = { BASE = \"base\" }", "builder = \"buildkit\"\nsecrets = { key = \"file:key.secret\" }")
}

/// Stores the layout that a build leaves.
fn layout(store: &FsStore, content: &[u8]) -> Digest {
    layout_for(store, content, ImagePlatform::LinuxAmd64)
}

fn layout_for(store: &FsStore, content: &[u8], platform: ImagePlatform) -> Digest {
    let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
    let attributes = MemberAttributes { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
    tar.file("app", attributes, content.len() as u64, &mut &*content).expect("written");
    let layer = store.put(&tar.finish().expect("ended")).expect("stored");
    let config = format!(
        r#"{{"architecture":"{}","os":"linux","config":{{"User":"1234"}},"rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        platform.architecture(),
        layer.hash.to_oci()
    );
    let config = store.put(config.as_bytes()).expect("stored");
    let manifest = store.put(&oci_json::manifest(config, &[layer])).expect("stored");
    let blobs = ImageBlobs { platform, manifest, config, layers: vec![layer] };
    layout_tree(blobs.index_entry(None, None), blobs.all(), store).expect("stored")
}

/// Builds by scripts, one for each of the two builds, and gives what was found.
async fn built_by_buildkit(place: &Place, builds: [Script; 2], dockerfile: &str) -> Released {
    let host = FakeImageHost::default()
        .on_start("RC-05/app", FakeRun::exit(0).stdout("app 7\n"))
        .on_start("RC-05/app", FakeRun::stays());
    let [first, second] = builds;
    let engine = engine(Script::exit(0)).on("RC-05/app", first).on("RC-05/app", second);
    let released = release_in(place, (&by_buildkit(), dockerfile), &engine, Some(&host)).await.expect("decided");
    let calls = engine.calls();
    let built: Vec<_> = calls.iter().filter(|call| call.label == "RC-05/app").collect();
    assert!(built.iter().all(|call| call.network == Network::None && call.world.user == 0), "{built:?}");
    assert!(built.windows(2).all(|two| two[0].action == two[1].action), "the second build is the first one");
    released
}

fn left(store: &FsStore, content: &[u8]) -> Script {
    left_of(store, &[layout(store, content)])
}

/// Leaves the layouts of targets, each in the folder of its number.
fn left_of(store: &FsStore, layouts: &[Digest]) -> Script {
    let mut tree = TreeBuilder::default();
    for (number, layout) in layouts.iter().enumerate() {
        let at = number.to_string().parse().expect("a path");
        tree.insert(&at, TreeNode::Directory { digest: *layout }).expect("the numbers differ");
    }
    let root = tree.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored");
    Script::exit(0).output("out".parse().expect("a path"), Output::Directory { root })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_by_buildkit_is_recorded_with_its_manifest_and_the_ids_of_its_secrets() {
    let place = Place::new();
    std::fs::write(place.folder.path().join("key.secret"), "swordfish-and-chips").expect("written");
    let builds = [left(&place.store, b"7"), left(&place.store, b"7")];
    let released = built_by_buildkit(&place, builds, "FROM scratch AS app\nCOPY app /app\n").await;
    assert_eq!(released.findings, []);
    let record = released.record.expect("recorded");
    let (bytes, _) = release_json::encode(&record);
    assert_eq!(release_json::decode(&bytes).expect("a good record"), record);
    assert!(!String::from_utf8_lossy(&bytes).contains("swordfish"));
    let entry = record.images.values().next().expect("an image");
    let builder = entry.builder.as_ref().expect("by BuildKit");
    assert_eq!(builder.secrets, ["key".to_owned()].into());
    assert_eq!(entry.parts, entry.again);
    let mut changed = record.clone();
    changed.images.values_mut().for_each(|image| image.parts.manifest = None);
    let (bytes, _) = release_json::encode(&changed);
    assert!(matches!(release_json::decode(&bytes), Err(ReleaseRecordError::Manifests { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_prints_a_secret_of_its_build_fails_and_the_stream_is_not_recorded() {
    let secret = "swordfish-and-chips";
    let coded = rcrepro_model::content::base64::encode(secret.as_bytes());
    for (alone, container, at) in [
        (FakeRun::exit(0).stdout(&format!("app 7\n{secret}\n")), FakeRun::stays(), "runs.0.stdout"),
        (FakeRun::exit(0).stdout("app 7\n").stderr(&format!("key={coded}\n")), FakeRun::stays(), "runs.0.stderr"),
        (FakeRun::exit(0).stdout("app 7\n"), FakeRun::stays().stdout(secret), "smoke.container.stdout"),
    ] {
        let place = Place::new();
        std::fs::write(place.folder.path().join("key.secret"), secret).expect("written");
        let host = FakeImageHost::default().on_start("RC-05/app", alone).on_start("RC-05/app", container);
        let left = [left(&place.store, b"7"), left(&place.store, b"7")];
        let [first, second] = left;
        let engine = engine(Script::exit(0)).on("RC-05/app", first).on("RC-05/app", second);
        let dockerfile = "FROM scratch AS app\nCOPY app /app\n";
        let released = release_in(&place, (&by_buildkit(), dockerfile), &engine, Some(&host)).await.expect("decided");
        let told = format!("{:?}", released.findings);
        assert!(told.contains(&format!("images.app.{at}")), "{at}: {told}");
        assert!(told.contains("the secret `key`"), "{told}");
        let record =
            released.record.map(|record| String::from_utf8_lossy(&release_json::encode(&record).0).into_owned());
        let record = record.unwrap_or_default();
        let is_told = |text: &str| [secret, &coded].iter().any(|secret| text.contains(secret));
        assert!(!is_told(&told) && !is_told(&record), "{told}\n{record}");
        let stream = Digest::of(format!("app 7\n{secret}\n").as_bytes()).to_string();
        assert!(!record.contains(&stream), "the stream is not named: {record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_build_by_buildkit_that_differs_is_named_by_its_file() {
    let place = Place::new();
    let builds = [left(&place.store, b"7"), left(&place.store, b"8")];
    let released = built_by_buildkit(&place, builds, "FROM scratch AS app\nCOPY app /app\n").await;
    let at: Vec<&str> = released.findings.iter().map(|finding| finding.at.as_str()).collect();
    assert_eq!(at, ["images.app.tree:/app"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_says_why_and_a_builder_that_does_not_start_decides_nothing() {
    let place = Place::new();
    let text = "FROM scratch AS app\nCOPY app /app\n";
    let failing =
        || Script::exit(1).stderr("time=\"now\" level=warning\nDockerfile:2\nerror: failed to solve: no app\n");
    let released = built_by_buildkit(&place, [failing(), failing()], text).await;
    let [finding] = released.findings.as_slice() else { panic!("{:#?}", released.findings) };
    assert_eq!(finding.name, FindingName::ImageFailed);
    assert!(
        finding.found.starts_with("failed to solve: no app") && finding.found.contains("| Dockerfile:2"),
        "{finding:?}"
    );
    assert!(!finding.found.contains("level=warning"), "{finding:?}");
    let idle = || Script::exit(70).stderr("rcrepro: BuildKit did not start:\nno mounts\n");
    let released = built_by_buildkit(&place, [idle(), idle()], text).await;
    assert_eq!(released.findings[0].name, FindingName::ImageUndecided);
    let released = built_by_buildkit(&place, [Script::exit(0), Script::exit(0)], "FROM alpine AS app\n").await;
    assert!(released.findings[0].found.starts_with("Dockerfile:1: `alpine` is not an image of the plan"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_tells_its_steps_and_at_once_why_it_failed() {
    let place = Place::new();
    let said = "rcrepro: target 0\n#5 [app 1/1] RUN make\n#5 0.1 no rule\n------\n > [app 1/1] RUN make:\n0.1 no rule\n------\n\
                Dockerfile:2\nerror: failed to solve: exit code 2\n";
    let failing = Script::exit(1).stderr(said).takes(Duration::from_secs(1));
    let dockerfile = "FROM scratch AS app\nRUN make\n";
    built_by_buildkit(&place, [failing, Script::exit(1)], dockerfile).await;
    let what = || "release image app".to_owned();
    let events = std::mem::take(&mut *place.events.lock().expect("whole"));
    let [begun, step, RunEvent::NotBuilt { what: of, how, why }] = events.as_slice() else { panic!("{events:#?}") };
    assert_eq!(*begun, RunEvent::Preparing { what: what() });
    assert_eq!(*step, RunEvent::Stepped { what: what(), step: "[app 1/1] RUN make".to_owned() });
    assert_eq!((of, how.as_str()), (&what(), "NOT built"));
    assert_eq!(why[0], "failed to solve: exit code 2, at Dockerfile:2 in the step `RUN make`");
    assert!(why[1..].contains(&"| 0.1 no rule".to_owned()), "{why:?}");
    // What is refused is told, too.
    built_by_buildkit(&place, [Script::exit(0), Script::exit(0)], "FROM scratch AS other\n").await;
    let events = std::mem::take(&mut *place.events.lock().expect("whole"));
    let [_, RunEvent::NotBuilt { why, .. }] = events.as_slice() else { panic!("{events:#?}") };
    assert!(why[0].contains("Dockerfile has no such stage"), "{why:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_check_refuses_never_reaches_the_builder() {
    let place = Place::new();
    for (text, expected) in [
        (
            "FROM scratch AS other\n",
            "rcrepro.toml:18: release image `app`: `target = \"app\"`: Dockerfile has no such stage",
        ),
        (
            "FROM scratch AS app\nRUN --mount=type=secret,id=key,required=true true\n",
            "Dockerfile:2 requires the secret `key`: this machine has no file:key.secret: put it into the file key.secret",
        ),
    ] {
        // A builder that was started would leave nothing, which is another finding.
        let released = built_by_buildkit(&place, [Script::exit(0), Script::exit(0)], text).await;
        let [finding] = released.findings.as_slice() else { panic!("{:#?}", released.findings) };
        assert_eq!(finding.name, FindingName::ImageFailed);
        assert!(finding.found.starts_with(expected), "{finding:?}");
    }
}

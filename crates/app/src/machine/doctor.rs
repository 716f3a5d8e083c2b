//! `rcrepro doctor`: what this machine lacks, and the command that mends it.

use std::path::Path;
use std::time::Instant;

use crate::workspace::{PLAN_FILE, Workspace};
use rcrepro_engine::{ConnectOptions, Connected, address_hint, connect};
use rcrepro_images::packages::sources::PackageMirrors;
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_model::text::plural::counted;
use rcrepro_shell::quoted;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;

/// Says how a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// There is nothing to do.
    Well,
    /// It works without, but slower or not for everything.
    Weak,
    /// It has to be mended first.
    Missing,
    /// It is there and is not what it must be.
    Damaged,
}

impl Health {
    /// Gives the word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Weak => "weak",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
        }
    }
}

/// The result of one check, with a line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it came out.
    pub health: Health,
    /// A line for people: a version, a count, or the error.
    pub found: String,
    /// A command that mends it.
    pub hint: Option<String>,
}

/// How many bytes of blobs are hashed where nobody asked for all of them: 256 MiB, a second or two.
const USUAL_BLOBS: u64 = 256 << 20;

/// Looks at everything that a replay needs. Runs no container and fetches nothing. Of the store's blobs those that changed last
/// are hashed; `all` of them where that is wanted.
pub async fn examine(folder: &Path, store: &Path, mirrors: &PackageMirrors, all: bool) -> Vec<Check> {
    let mut checks = vec![engine().await, sha256(), keep(store), blobs(store, all)];
    checks.push(plan(folder));
    checks.extend(sources(mirrors));
    checks
}

async fn engine() -> Check {
    match connect(ConnectOptions::new("doctor", "doctor")).await {
        Ok(Connected { engine, address, .. }) => {
            let info = engine.info();
            let found = format!("{} {}, API {}, {}, at {address}", info.name, info.version, info.api_version, info.isa);
            Check { what: "container engine", health: Health::Well, found, hint: None }
        }
        Err(error) => {
            // Where an address was named, no installation mends it.
            let hint = address_hint().unwrap_or_else(|| {
                "as root on Debian or Ubuntu: apt-get update && apt-get install -y docker.io && \
                 (systemctl start docker || dockerd &); elsewhere set DOCKER_HOST"
                    .to_owned()
            });
            Check { what: "container engine", health: Health::Missing, found: error.to_string(), hint: Some(hint) }
        }
    }
}

/// Measures SHA-256, and says whether the processor's instructions for it are in use.
fn sha256() -> Check {
    let block = vec![0u8; 16 << 20];
    let begin = Instant::now();
    let digest = Sha256::of(&block);
    let rate = f64::from(16 << 20) / 1e6 / begin.elapsed().as_secs_f64();
    let hardware = hardware_sha();
    let (health, word) = if hardware { (Health::Well, "in hardware") } else { (Health::Weak, "in software") };
    let found = format!("{word}, {rate:.0} MB/s on one thread ({}…)", &digest.to_string()[..8]);
    Check { what: "SHA-256", health, found, hint: None }
}

/// Tells whether the processor has the instructions that the `sha2` crate picks at run time.
fn hardware_sha() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("sha") && std::arch::is_x86_feature_detected!("sse4.1");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return false;
}

fn keep(store: &Path) -> Check {
    let tried = FsStore::open(store).and_then(|store| store.put(b"rcrepro doctor\n").map(|_| ()));
    let (health, found, hint) = match tried {
        Ok(()) => (Health::Well, store.display().to_string(), None),
        Err(error) => (Health::Missing, error.to_string(), Some("rcrepro --store DIR …".to_owned())),
    };
    Check { what: "store", health, found, hint }
}

/// Hashes blobs, and names those that are damaged with the command that removes them: whatever needs them writes them again.
fn blobs(store: &Path, all: bool) -> Check {
    let bound = (!all).then_some(USUAL_BLOBS);
    let check = |health, found, hint| Check { what: "blobs", health, found, hint };
    let audit = match FsStore::open(store).and_then(|store| store.audit(bound)) {
        Ok(audit) => audit,
        Err(error) => return check(Health::Missing, error.to_string(), Some("rcrepro --store DIR …".to_owned())),
    };
    let whole = audit.checked == audit.blobs;
    let counted = match (audit.blobs, whole) {
        (blobs, true) => counted(blobs, "blob"),
        (blobs, false) => format!("{} of {}, those that changed last", audit.checked, counted(blobs, "blob")),
    };
    if audit.damaged.is_empty() {
        let more = (!whole).then(|| "rcrepro doctor --blobs hashes all of them".to_owned());
        return check(Health::Well, format!("{counted}, each with the bytes that its name says"), more);
    }
    let paths: Vec<String> = audit.damaged.iter().map(|path| quoted(&path.display().to_string())).collect();
    // What a run needs and finds damaged it sets aside by itself.
    let found = format!("{} damaged of {counted}; once removed, whatever needs them writes them again", paths.len());
    check(Health::Damaged, found, Some(format!("rm -f {}", paths.join(" "))))
}

fn plan(folder: &Path) -> Check {
    match Workspace::open(folder) {
        Ok(workspace) => {
            let found = format!("`{}`, {}", workspace.plan.name, counted(workspace.plan.packets.len(), "packet"));
            Check { what: "plan", health: Health::Well, found, hint: None }
        }
        Err(error) => {
            let hint = Some(format!("rcrepro -C DIR …, with DIR the folder of {PLAN_FILE}"));
            Check { what: "plan", health: Health::Weak, found: error.to_string(), hint }
        }
    }
}

/// Asks the machine's own clients where packages come from; needed only for what the store does not hold yet.
fn sources(mirrors: &PackageMirrors) -> Vec<Check> {
    [
        ("Debian packages", mirrors.deb_bases()),
        ("Go modules", mirrors.go_bases()),
        ("npm packages", mirrors.npm_bases()),
    ]
    .map(|(what, bases)| match bases {
        Ok(bases) => {
            let found =
                format!("{}, from the user configuration and this machine's clients", counted(bases.len(), "place"));
            Check { what, health: Health::Well, found, hint: None }
        }
        Err(error) => {
            let hint = error.hint();
            Check { what, health: Health::Weak, found: error.to_string(), hint }
        }
    })
    .into()
}

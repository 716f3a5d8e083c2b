//! Image builds beside `docker build`, umoci and buildah; printed by `cargo xtask bench`, and no test.
//!
//! Everybody has the packages at hand and nobody a network: the same `.deb` files, the same Go and Node trees. What is prepared
//! once stays in `target/bench-images`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcrepro_format::images::lock_toml;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::image::lock::ImageLock;

/// How often each tool builds from packages; the first two builds' digests are compared.
const ROUNDS: usize = 2;
/// How often we and docker build when everything is there.
const WARM_ROUNDS: usize = 11;
const LABEL: &str = "org.rcrepro.bench=1";
const BASE_IMAGE: &str = "rcrepro-bench-base";
const PARTS: [&str; 3] = ["base", "go", "node"];

const DOCKERFILE: &str = "FROM rcrepro-bench-base
COPY debs /debs
RUN apt-get install -y -q --no-install-recommends --allow-downgrades /debs/*.deb && rm -r /debs
COPY go/ /
COPY node/ /
ENV PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin
CMD [\"/bin/bash\"]
";

/// The prepared folder.
struct Bench {
    root: PathBuf,
    locks: Vec<(ImageLock, Vec<u8>)>,
}

/// Runs a program, fails with what it said, and gives what it printed.
fn run(command: &mut Command) -> String {
    let ended = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(ended.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).trim().to_owned()
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let result = work();
    (began.elapsed(), result)
}

impl Bench {
    fn prepare() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = repository.join("target/bench-images");
        fs::create_dir_all(root.join("context/debs")).expect("a folder");
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let lock = |name: &str| {
            let path = repository.join(format!("lockfiles/images/{architecture}/{name}.lock"));
            let bytes = fs::read(&path).expect("a lock");
            let text = String::from_utf8(bytes.clone()).expect("text");
            (lock_toml::parse(name.parse().expect("a name"), &text).expect("a lock"), bytes)
        };
        let bench = Self { root, locks: PARTS.map(lock).into() };
        // This fetches the packages, where the store does not have them.
        bench.build_ours();
        bench.prepare_trees();
        bench.prepare_base();
        fs::write(bench.root.join("context/Dockerfile"), DOCKERFILE).expect("written");
        bench
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        let hex = digest.hash.to_string();
        self.root.join("store/blobs/sha256").join(&hex[..2]).join(hex)
    }

    /// Lays out what the other tools start from: the `.deb` files and the trees of Go and Node.
    fn prepare_trees(&self) {
        for pin in &self.locks[0].0.pins.debs {
            let name = pin.path.segments().last().expect("a path has a name");
            let to = self.root.join("context/debs").join(name.as_str());
            if !to.exists() {
                fs::copy(self.blob(pin.digest), to).expect("copied");
            }
        }
        for (lock, _) in &self.locks[1..] {
            let tree = self.root.join("context").join(lock.name.as_str());
            if !tree.exists() {
                let layer = lock.own_layer().expect("it adds a layer").digest;
                fs::create_dir(&tree).expect("made");
                run(Command::new("tar").arg("-xf").arg(self.blob(layer)).arg("-C").arg(&tree));
            }
        }
    }

    /// Makes the base of the Dockerfile as people do: debootstrap, from where apt gets its packages.
    fn prepare_base(&self) {
        let (tar, tree) = (self.root.join("debootstrap.tar"), self.root.join("debootstrap"));
        if !tar.exists() {
            let format = "$(REPO_URI) $(CODENAME) $(COMPONENT)";
            let targets =
                run(Command::new("apt-get").args(["indextargets", "--format", format, "Created-By: Packages"]));
            let place = targets.lines().find_map(|line| line.strip_suffix(" bookworm main"));
            let place = place.expect("apt knows Debian bookworm's main archive");
            drop(fs::remove_dir_all(&tree));
            run(Command::new("debootstrap").args(["--variant=minbase", "bookworm"]).arg(&tree).arg(place));
            run(Command::new("tar")
                .arg("-C")
                .arg(&tree)
                .arg("-cf")
                .arg(&tar)
                .arg("--exclude=./var/cache/apt/*")
                .arg("."));
        }
        let change = format!("LABEL {}", LABEL);
        run(Command::new("docker").args(["import", "--change", &change]).arg(&tar).arg(BASE_IMAGE));
    }

    fn build_ours(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rcrepro"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("--store").arg(self.root.join("store"));
        run(command.args(["image", "build", "go-node"]))
    }

    /// Leaves the packages in our store and takes away all that was made of them.
    fn forget_layers(&self) {
        for (lock, bytes) in &self.locks {
            for digest in [lock.own_layer().expect("it adds a layer").digest, Digest::of(bytes)] {
                fs::remove_file(self.blob(digest)).expect("the build had put it there");
            }
        }
    }

    /// Gives the image's id.
    fn build_docker(&self, cached: bool) -> String {
        let mut command = Command::new("docker");
        command.args(["build", "-q", "--network", "none", "--label", LABEL]).env("DOCKER_BUILDKIT", "0");
        run(command.args(if cached { &[][..] } else { &["--no-cache"] }).arg(self.root.join("context")))
    }

    fn unpack(&self) -> PathBuf {
        let rootfs = self.root.join("rootfs");
        drop(fs::remove_dir_all(&rootfs));
        fs::create_dir(&rootfs).expect("made");
        for pin in &self.locks[0].0.pins.debs {
            let name = pin.path.segments().last().expect("a path has a name");
            run(Command::new("dpkg-deb")
                .arg("-x")
                .arg(self.root.join("context/debs").join(name.as_str()))
                .arg(&rootfs));
        }
        rootfs
    }

    fn trees(&self, rootfs: &Path) -> [PathBuf; 3] {
        [rootfs.to_owned(), self.root.join("context/go"), self.root.join("context/node")]
    }

    /// Gives the digest of the index, which names the manifest.
    fn build_umoci(&self, rootfs: &Path) -> String {
        let layout = self.root.join("umoci");
        drop(fs::remove_dir_all(&layout));
        let image = format!("{}:go-node", layout.display());
        run(Command::new("umoci").arg("init").arg("--layout").arg(&layout));
        run(Command::new("umoci").args(["new", "--image", &image]));
        for tree in self.trees(rootfs) {
            run(Command::new("umoci").args(["insert", "--image", &image]).arg(tree).arg("/"));
        }
        Sha256::of(&fs::read(layout.join("index.json")).expect("an index")).to_string()
    }

    fn buildah(&self) -> Command {
        let mut command = Command::new("buildah");
        command.arg("--root").arg(self.root.join("buildah/root")).arg("--runroot").arg(self.root.join("buildah/run"));
        command
    }

    /// Gives the image's id, and how long the build took; then the id that a fixed time stamp gives.
    fn build_buildah(&self, rootfs: &Path) -> (Duration, String, String) {
        let (time, (container, id)) = timed(|| {
            let container = run(self.buildah().args(["from", "scratch"]));
            for tree in self.trees(rootfs) {
                run(self.buildah().args(["copy", "-q", &container]).arg(tree).arg("/"));
            }
            run(self.buildah().args(["config", "--cmd", "/bin/bash", &container]));
            let id = run(self.buildah().args(["commit", "-q", &container]));
            (container, id)
        });
        let epoch = self.locks[0].0.source_date_epoch.to_string();
        let stamped = run(self.buildah().args(["commit", "-q", "--timestamp", &epoch, &container]));
        run(self.buildah().args(["rm", &container]));
        (time, id, stamped)
    }

    /// Removes the engine's images that carry our label, and buildah's store.
    fn clean(&self) {
        let filter = format!("label={LABEL}");
        for id in run(Command::new("docker").args(["image", "ls", "-aq", "--no-trunc", "--filter", &filter])).lines() {
            // A parent goes with its last child.
            drop(Command::new("docker").args(["image", "rm", "-f", id]).output());
        }
        run(self.buildah().args(["rmi", "-a", "-f"]));
        drop(fs::remove_dir_all(self.root.join("umoci")));
    }
}

fn least(times: &[Duration]) -> f64 {
    times.iter().min().expect("it was measured").as_secs_f64()
}

fn equal(ids: &[String]) -> &'static str {
    if ids.windows(2).all(|pair| pair[0] == pair[1]) { "yes" } else { "no" }
}

#[test]
#[ignore = "measures; needs root, docker, debootstrap, umoci and buildah, and some minutes"]
fn go_node_beside_docker_umoci_and_buildah() {
    let bench = Bench::prepare();
    bench.clean();
    bench.prepare_base();
    let mut cold: [Vec<Duration>; 4] = Default::default();
    let mut warm: [Vec<Duration>; 4] = Default::default();
    let mut ids: [Vec<String>; 5] = Default::default();
    for _ in 0..ROUNDS {
        bench.forget_layers();
        let (time, id) = timed(|| bench.build_ours());
        cold[0].push(time);
        ids[0].push(id);

        let (time, id) = timed(|| bench.build_docker(false));
        cold[1].push(time);
        ids[1].push(id);

        let (unpack, rootfs) = timed(|| bench.unpack());
        let (time, id) = timed(|| bench.build_umoci(&rootfs));
        cold[2].push(unpack + time);
        warm[2].push(time);
        ids[2].push(id);

        let (unpack, rootfs) = timed(|| bench.unpack());
        let (time, id, stamped) = bench.build_buildah(&rootfs);
        cold[3].push(unpack + time);
        warm[3].push(time);
        ids[3].push(id);
        ids[4].push(stamped);
    }
    for _ in 0..WARM_ROUNDS {
        warm[0].push(timed(|| bench.build_ours()).0);
        warm[1].push(timed(|| bench.build_docker(true)).0);
    }
    let size: u64 = bench.locks.iter().map(|(lock, _)| lock.own_layer().expect("it adds a layer").digest.size).sum();
    let debs = bench.locks[0].0.pins.debs.len();
    println!(
        "go-node, {} MB, {debs} .deb files and the trees of Go and Node; least of {ROUNDS} interleaved rounds",
        size / 1_000_000
    );
    println!("{:32} {:>14} {:>8} {:>16} {:>9}  two builds equal", "", "from packages", "ratio", "all at hand", "ratio");
    let names = ["rcrepro image build", "docker build", "dpkg-deb -x, umoci insert", "dpkg-deb -x, buildah copy"];
    for (at, name) in names.iter().enumerate() {
        let (from, all) = (least(&cold[at]), least(&warm[at]));
        println!(
            "{name:32} {from:>12.1} s {:>8.1} {all:>14.3} s {:>9.1}  {}",
            from / least(&cold[0]),
            all / least(&warm[0]),
            equal(&ids[at])
        );
    }
    println!("{:32} {:>51}  {}", "buildah commit --timestamp", "", equal(&ids[4]));
    bench.clean();
}

//! What certifying an image costs, beside two builds by the same BuildKit and a recursive comparison of what they export.
//!
//! A measurement, and no test; a machine that is busy otherwise makes it mean little.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcrepro_format::images::lock_toml;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_testkit::median;

use super::{BASE, Planned, scene};
use crate::scene::{Scene, shared_store};

const ROUNDS: usize = 3;

/// What is exported by hand and compared.
const EXPORTED: [&str; 2] = ["image", "files"];

/// By hand: BuildKit in a container like ours, with the same settings, and steps in its own control group, because not every machine lets a container
/// make others; both builds by one daemon, so that the base is unpacked once. What is exported and compared is the image, as ours is, or its files alone,
/// which have no digest. Files come as archives: `type=local` of this BuildKit came to a stop for good among 20,000 files, each side waiting for the other.
const BY_HAND: &str = r#"
cat > /tmp/runc << 'RUNC'
#!/bin/bash
bundle= before=
for word in "$@"; do [[ $before != --bundle ]] || bundle=$word; before=$word; done
if [[ -n $bundle ]]; then
  jq 'del(.linux.cgroupsPath, .linux.resources)' "$bundle/config.json" > "$bundle/new" && mv "$bundle/new" "$bundle/config.json"
fi
exec /usr/sbin/runc --rootless=true "$@"
RUNC
chmod +x /tmp/runc
printf '[worker.oci]\ngc = false\nbinary = "/tmp/runc"\n[worker.containerd]\nenabled = false\n' > /tmp/buildkitd.toml
buildkitd --config /tmp/buildkitd.toml --addr unix:///tmp/b.sock > /tmp/log 2>&1 &
until buildctl --addr unix:///tmp/b.sock debug workers > /dev/null 2>&1; do sleep 0.05; done
case $2 in
image) export=type=oci,tar=false,rewrite-timestamp=true,compression=uncompressed,force-compression=true,oci-mediatypes=true ;;
files) export=type=tar ;;
esac
for out in a b; do
  buildctl --addr unix:///tmp/b.sock build --no-cache --frontend dockerfile.v0 --local context=/in/context --local dockerfile=/in/context \
    --oci-layout base=/in/base --opt context:debian:bookworm-slim=oci-layout://base@$1 --opt cmdline=x --opt filename=Dockerfile \
    --opt force-network-mode=none --opt build-arg:SOURCE_DATE_EPOCH=1 --output $export,dest=/tmp/$out > /tmp/$out.log 2>&1 || { cat /tmp/$out.log; exit 1; }
  if [[ $2 = files ]]; then mv /tmp/$out /tmp/$out.tar && mkdir /tmp/$out && tar -xf /tmp/$out.tar -C /tmp/$out; fi
done
diff -r --no-dereference /tmp/a /tmp/b
"#;

fn lock(scene: &Scene, name: &str) -> ImageLock {
    let text = scene.read(&format!("lockfiles/images/amd64/{name}.lock"));
    lock_toml::parse(name.parse().expect("a name"), &text).expect("a lock")
}

/// Lays an image of the store out as an OCI layout.
fn lay_out(lock: &ImageLock, at: &Path) {
    let store = FsStore::open(&shared_store()).expect("the store");
    let blobs = at.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("a folder");
    let manifest = lock.manifest_digest;
    for digest in lock.layers.iter().map(|layer| layer.digest).chain([manifest, lock.config_digest]) {
        let mut file = std::fs::File::create(blobs.join(digest.hash.to_string())).expect("a file");
        std::io::copy(&mut store.reader(digest).expect("in the store"), &mut file).expect("written");
    }
    std::fs::write(at.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("written");
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{}","size":{}}}]}}"#,
        manifest.hash, manifest.size
    );
    std::fs::write(at.join("index.json"), index).expect("written");
}

/// Builds twice by hand and compares what is exported.
fn by_hand(builder: &ImageLock, base: &ImageLock, folder: &Path, exported: &str) -> Duration {
    let digest = base.manifest_digest.hash.to_oci();
    let begun = Instant::now();
    let ended = Command::new("docker")
        .args(["run", "--rm", "--network", "none", "--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN"])
        .args(["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"])
        .args([
            "--volume",
            "/var/lib/buildkit",
            "--volume",
            "/tmp",
            "--volume",
            &format!("{}:/in:ro", folder.display()),
        ])
        .args(["--security-opt", "systempaths=unconfined", "--cgroupns", "private", "--entrypoint", "/bin/bash"])
        .args([&builder.config_digest.hash.to_oci(), "-c", BY_HAND, "by-hand", &digest, exported])
        .stderr(Stdio::inherit())
        .output()
        .expect("the docker client is installed");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    begun.elapsed()
}

/// Measures a Dockerfile on a base, and prints the ratio of times and the most memory that we held.
fn measure(id: &str, base: &str, steps: &str) {
    let dockerfile = format!("{BASE}{steps}");
    let scene = scene(&[Planned { id, dockerfile: &dockerfile, keys: "" }], "");
    if base != "small" {
        scene.replace(
            "rcrepro.toml",
            "\"debian:bookworm-slim\" = \"small\"",
            &format!("\"debian:bookworm-slim\" = \"{base}\""),
        );
        scene.replace(
            "rcrepro.toml",
            "[images.small]",
            &format!("[images.{base}]\nbuild = \"images/{base}.toml\"\n[images.small]"),
        );
        scene.commit("another base");
    }
    // The first run makes and loads the images, which every later one finds.
    scene.ok(&["run", "RC-05"]);
    let (builder, base) = (lock(&scene, "buildkit"), lock(&scene, base));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("context")).expect("a folder");
    std::fs::write(folder.path().join("context/Dockerfile"), &dockerfile).expect("written");
    lay_out(&base, &folder.path().join("base"));
    let mut peak = 0;
    let rows: Vec<[f64; 3]> = (0..ROUNDS)
        .map(|_| {
            let by_hand = EXPORTED.map(|exported| by_hand(&builder, &base, folder.path(), exported).as_secs_f64());
            let begun = Instant::now();
            peak = peak.max(scene.peak_memory(&["run", "RC-05", "--fresh"]));
            [by_hand[0], by_hand[1], begun.elapsed().as_secs_f64()]
        })
        .collect();
    for (at, exported) in EXPORTED.iter().enumerate() {
        println!(
            "{id}: two builds by hand and diff -r of the {exported} {:.1} s, certified by us {:.1} s; paired ratio {:.2} (goal 1.0)",
            median(rows.iter().map(|row| row[at]).collect()),
            median(rows.iter().map(|row| row[2]).collect()),
            median(rows.iter().map(|row| row[2] / row[at]).collect()),
        );
    }
    println!("{id}: most memory {} MiB (goal 100 MB)", peak >> 20);
}

#[test]
#[ignore = "a measurement: wants a release build and a quiet machine"]
fn a_program_that_is_compiled_beside_two_builds_by_hand() {
    let program = "package main\\nimport (\"fmt\"; \"net/http\")\\nfunc main() { fmt.Println(http.MethodGet) }";
    let steps = format!(
        "RUN mkdir /src && cd /src && printf '{program}' > main.go && printf 'module a\\ngo 1.26\\n' > go.mod && \
         GOCACHE=/tmp/c CGO_ENABLED=0 go build -trimpath -o /app . && rm -rf /tmp/c /root/.config /root/.cache\n"
    );
    measure("compiled", "go", &steps);
}

#[test]
#[ignore = "a measurement: wants a release build and a quiet machine"]
fn an_image_of_a_gigabyte_beside_two_builds_by_hand() {
    measure("gigabyte", "small", "RUN mkdir /d && for i in $(seq 100); do yes $i | head -c 10000000 > /d/$i; done\n");
}

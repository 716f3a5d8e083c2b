//! A small registry that speaks what `npm audit` asks: the advisory request (gzip, `{PACKAGE: [VERSION, …]}`), packuments,
//! and the older quick audit, which it no longer serves, as registries do not.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What the registry knows.
#[derive(Clone, Default)]
pub struct Knowledge {
    /// Advisories by package, each with the exact versions that it is about.
    pub advisories: Vec<(&'static str, &'static [&'static str], Value)>,
    /// The versions of each package.
    pub packages: BTreeMap<&'static str, Vec<&'static str>>,
    /// Whether the advisory request is refused, as by registries that have no advisories.
    pub refuses: bool,
}

/// A running registry; it ends with the test.
pub struct AdvisoryServer {
    port: u16,
    stopped: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<(String, bool)>>>,
}

impl AdvisoryServer {
    /// Starts it where containers can reach it.
    pub fn start(knowledge: Knowledge) -> Self {
        // Containers reach it over their bridge.
        let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (stopped, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stop, hear) = (Arc::clone(&stopped), Arc::clone(&heard));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (knowledge, hear) = (knowledge.clone(), Arc::clone(&hear));
                thread::spawn(move || drop(serve(client, &knowledge, &hear, port)));
            }
        });
        Self { port, stopped, heard }
    }

    /// Returns its address as containers on the engine's default bridge see it.
    pub fn address(&self) -> String {
        format!("http://{}:{}/", gateway(), self.port)
    }

    /// Returns the first line of every request, and whether its body was gzipped.
    pub fn heard(&self) -> Vec<(String, bool)> {
        self.heard.lock().expect("nobody panics with it").clone()
    }
}

impl Drop for AdvisoryServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

/// Returns this machine's address on the engine's default bridge.
pub fn gateway() -> String {
    let output = Command::new("docker")
        .args(["network", "inspect", "bridge", "--format"])
        .arg("{{with index .IPAM.Config 0}}{{.Gateway}} {{.Subnet}}{{end}}")
        .output()
        .expect("the docker client is installed");
    let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    let (address, subnet) = said.split_once(' ').expect("the bridge has a network");
    // An engine that found its bridge there already does not say its address, which is then the network's first.
    let first = || {
        subnet.strip_suffix(".0.0/16").or(subnet.strip_suffix(".0/24")).map(|base| match base.split('.').count() {
            2 => format!("{base}.0.1"),
            _ => format!("{base}.1"),
        })
    };
    let known = Some(address.to_owned()).filter(|address| address.contains('.'));
    known.or_else(first).expect("the bridge has an address")
}

/// Serves one request; the head says that the connection carries no more.
fn serve(
    mut client: TcpStream,
    knowledge: &Knowledge,
    heard: &Mutex<Vec<(String, bool)>>,
    port: u16,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let (mut length, mut gzip) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        length = line.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().expect("a number"));
        gzip |= line == "content-encoding: gzip";
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if gzip {
        let packed = std::mem::take(&mut body);
        rcrepro_compression::gzip(&packed[..]).read_to_end(&mut body)?;
    }
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    heard.lock().expect("nobody panics with it").push((format!("{method} {path}"), gzip));
    let (status, answer) = answer(method, path, &body, knowledge, port);
    let answer = answer.to_string();
    write!(
        client,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
        answer.len()
    )
}

fn answer(method: &str, path: &str, body: &[u8], knowledge: &Knowledge, port: u16) -> (u16, Value) {
    match (method, path) {
        ("POST", "/-/npm/v1/security/advisories/bulk") if knowledge.refuses => (405, json!({"error": "not here"})),
        ("POST", "/-/npm/v1/security/advisories/bulk") => {
            let asked: BTreeMap<String, Vec<String>> = serde_json::from_slice(body).expect("packages with versions");
            let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
            for (package, versions, advisory) in &knowledge.advisories {
                let has = asked.get(*package).is_some_and(|have| have.iter().any(|v| versions.contains(&v.as_str())));
                if has {
                    found.entry(package).or_default().push(advisory);
                }
            }
            (200, json!(found))
        }
        ("POST", _) => (410, json!({"error": "gone"})),
        ("GET", path) => match knowledge.packages.get(path.trim_start_matches('/')) {
            Some(versions) => (200, packument(path.trim_start_matches('/'), versions, port)),
            None => (404, json!({"error": "not found"})),
        },
        _ => (405, json!({"error": "not here"})),
    }
}

/// Words a packument as registries do: with more than an audit reads, the registry's address among it.
fn packument(name: &str, versions: &[&str], port: u16) -> Value {
    let tarball = |version: &str| format!("http://{}:{port}/{name}/-/{name}-{version}.tgz", gateway());
    let each = versions.iter().map(|version| {
        let dist = json!({"tarball": tarball(version), "integrity": "sha512-x"});
        ((*version).to_owned(), json!({"name": name, "version": version, "dist": dist, "readme": "long"}))
    });
    json!({
        "_id": name, "name": name, "dist-tags": {"latest": versions.last()}, "maintainers": [{"name": "somebody"}],
        "versions": each.collect::<serde_json::Map<String, Value>>(),
    })
}

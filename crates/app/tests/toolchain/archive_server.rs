//! A Debian archive on loopback.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use rcrepro_model::content::digest::Digest;
use rcrepro_testkit::archives::{deb_of, file, xz};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What an archive serves, by path.
#[derive(Clone, Default)]
pub struct Files(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Files {
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.0.lock().expect("no panic").insert(path.to_owned(), bytes.into());
    }

    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("no panic").get(path).cloned()
    }

    pub fn remove(&self, path: &str) {
        self.0.lock().expect("no panic").remove(path);
    }

    /// Serves on loopback and gives the base.
    pub async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let files = self.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let read = socket.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').replace("%2b", "+");
                let (status, body) = files.get(&path).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
                let _ = socket.shutdown().await;
            }
        });
        format!("http://{address}")
    }
}

pub const IN_RELEASE: &str = "dists/bookworm/InRelease";
pub const LIST: &str = "dists/bookworm/main/binary-amd64/Packages.xz";

/// Makes an archive with the package `tool`, which needs `lib`, and `other`, which nothing needs; gives the text of
/// `Release`, yet to be signed.
pub fn archive() -> (Files, String) {
    let files = Files::default();
    let mut list = String::new();
    for (name, version, fields) in
        [("tool", "1.0+b1", "Depends: lib (>= 2)\n"), ("lib", "2.1", ""), ("other", "1", "Depends: nothing\n")]
    {
        let deb = deb_of(&[file(&format!("./usr/share/certs/{name}.pem"), 0o644, name.as_bytes())]);
        let path = format!("pool/main/{name}_{version}_amd64.deb");
        let digest = Digest::of(&deb);
        writeln!(
            list,
            "Package: {name}\nVersion: {version}\nArchitecture: amd64\n{fields}Filename: {path}\nSize: {}\nSHA256: {}\n",
            digest.size, digest.hash
        )
        .expect("written");
        files.put(&path, deb);
    }
    let packed = xz(list.as_bytes());
    let digest = Digest::of(&packed);
    files.put(&format!("dists/bookworm/main/binary-amd64/by-hash/SHA256/{}", digest.hash), packed.clone());
    files.put(LIST, packed);
    let release = format!(
        "Origin: Test\nSuite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: yes\n\
         SHA256:\n {} {} main/binary-amd64/Packages.xz\n",
        digest.hash, digest.size
    );
    (files, release)
}

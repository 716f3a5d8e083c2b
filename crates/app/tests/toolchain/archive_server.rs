//! A Debian archive on loopback, signed with keys that are made here and thrown away.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedSecretKey,
    SubkeyParamsBuilder,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails as _, Password, SigningKey, Timestamp};
use rcrepro_model::content::digest::Digest;
use rcrepro_testkit::archives::{deb_of, file, xz};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A key pair; the subkey may sign too.
pub struct Key(SignedSecretKey);

impl Key {
    pub fn new() -> Self {
        Self::of(KeyType::Ed25519Legacy)
    }

    pub fn of(kind: KeyType) -> Self {
        let subkey = SubkeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_sign(true)
            .can_encrypt(EncryptionCaps::None)
            .build()
            .expect("a subkey");
        let mut key = SecretKeyParamsBuilder::default();
        key.key_type(kind).can_certify(true).can_sign(true).can_encrypt(EncryptionCaps::None);
        key.primary_user_id("Nobody <nobody@example.org>".to_owned()).subkeys(vec![subkey]);
        Self(key.build().expect("a key").generate(rand::thread_rng()).expect("a key"))
    }

    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_string().to_uppercase()
    }

    pub fn public(&self) -> String {
        self.0.to_public_key().to_armored_string(ArmorOptions::default()).expect("armored")
    }

    /// Signs a text with the primary key.
    pub fn sign(&self, text: &str) -> String {
        self.sign_over(HashAlgorithm::Sha256, text)
    }

    pub fn sign_with_subkey(&self, text: &str) -> String {
        sign(&self.0.secret_subkeys[0].key, text, HashAlgorithm::Sha512)
    }

    pub fn sign_over(&self, hash: HashAlgorithm, text: &str) -> String {
        sign(&self.0.primary_key, text, hash)
    }
}

fn sign(key: &impl SigningKey, text: &str, hash: HashAlgorithm) -> String {
    let mut config = SignatureConfig::v4(SignatureType::Text, key.algorithm(), hash);
    let subpackets =
        [SubpacketData::SignatureCreationTime(Timestamp::now()), SubpacketData::IssuerFingerprint(key.fingerprint())];
    config.hashed_subpackets = subpackets.map(|data| Subpacket::regular(data).expect("a subpacket")).into();
    let message = CleartextSignedMessage::new(text, config, key, &Password::empty()).expect("signs");
    message.to_armored_string(ArmorOptions::default()).expect("armored")
}

/// The files that an archive serves, by path.
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

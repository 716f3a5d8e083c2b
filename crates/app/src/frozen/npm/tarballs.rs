//! The packages of pnpm and yarn as a frozen input: tarballs, the client, and a program that gives the client a registry.
//!
//! The tree holds `tarballs/`, laid as a registry has them (yarn 1: as its folder of tarballs), the client's own package in
//! `client/` and as it was fetched, and in `bin/` what is found before a client of the image: `front/client.cjs`, which serves the tarballs on the
//! container's loopback and runs the client as it was typed. The step with network (`front/tarballs.cjs`) is given the list that
//! is read from the lock here, and none of the project's scripts.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use serde_json::{Value, json};
use sha2::Digest as _;

use super::client_program::ClientProgram;
use super::tarball_lock::{LockedTarball, TargetPlatform};
use super::wanted::{CLIENT, WantedTarballs, wanted};
use crate::frozen::{Abridged, FrozenError, FrozenStep, prune};
use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::npm::read_npm;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::integrity;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::image::layer::{Entry, EntryKind};
use rcrepro_store::StoreError;

/// The program of the step with network.
pub(super) const FETCH: &str = include_str!("../front/tarballs.cjs");
/// The program that is found before the client.
const FRONT: &str = include_str!("../front/client.cjs");
/// What makes the client's own wall clock go on.
const CLOCK: &str = include_str!("../front/clock.cjs");
/// The shell line of the step.
const LINE: &str = "node tarballs.cjs";
/// What the step yields, relative to its working directory.
const OUTPUT: &str = "fetched";

impl FrozenStep<'_> {
    /// Fetches the tarballs and the client, and puts the tree together.
    pub(in crate::frozen) async fn tarballs(&self) -> Result<Digest, FrozenError> {
        let read = |path: &str| self.source_file(path);
        let wanted = wanted(self.input, TargetPlatform::of_isa(self.isa), &read)?
            .map_err(|faults| FrozenError::Refused { name: self.name.clone(), faults })?;
        let list = wanted.list();
        let programs = [("tarballs.cjs", FETCH), ("wanted.json", list.as_str())];
        let root = self.step(LINE, OUTPUT, &programs, self.transport()?).await?;
        let fetched = root.map(|root| prune::files(self.store, root)).transpose()?.unwrap_or_default();
        self.assemble(&wanted, &fetched)
    }

    fn assemble(&self, wanted: &WantedTarballs, fetched: &BTreeMap<String, Digest>) -> Result<Digest, FrozenError> {
        let mut builder = TreeBuilder::default();
        let (mut missing, mut altered) = (Vec::new(), Vec::new());
        let mut last = "";
        for LockedTarball { name, version, integrity, file, .. } in &wanted.lock.tarballs {
            let path = format!("tarballs/{file}");
            let Some(digest) = fetched.get(&path) else {
                missing.push(format!("`{name}@{version}`"));
                continue;
            };
            if !self.is_pinned(*digest, integrity.as_deref())? {
                altered.push(format!("`{name}@{version}`"));
            }
            // Two entries may name one file.
            if last != file {
                builder.insert(&path.parse()?, TreeNode::File { digest: *digest, executable: false })?;
            }
            last = file;
        }
        let client = wanted.client.package;
        match fetched.get(CLIENT) {
            None => missing.push(format!("`{client}@{}`", wanted.client.version)),
            Some(digest) if !self.is_pinned(*digest, wanted.client.integrity.as_deref())? => {
                altered.push(format!("`{client}@{}`", wanted.client.version));
            }
            Some(digest) => self.lay_client(&wanted.client, *digest, &mut builder)?,
        }
        let (name, of) = (self.name.clone(), wanted.lock.tarballs.len() + 1);
        if !missing.is_empty() {
            return Err(FrozenError::LeftOut { name, client, packages: Abridged(missing), of });
        }
        if !altered.is_empty() {
            return Err(FrozenError::Altered { name, packages: Abridged(altered) });
        }
        Ok(builder.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }

    /// Whether bytes are those of a checksum; what is not SHA-512 the step's client compared.
    fn is_pinned(&self, digest: Digest, checksums: Option<&str>) -> Result<bool, FrozenError> {
        let strong: Vec<[u8; 64]> =
            checksums.unwrap_or_default().split_whitespace().filter_map(integrity::decode).collect();
        if strong.is_empty() {
            return Ok(true);
        }
        Ok(strong.contains(&self.sha512(digest)?))
    }

    /// Hashes a blob, which may be larger than what is held in memory.
    fn sha512(&self, digest: Digest) -> Result<[u8; 64], FrozenError> {
        let (mut hash, mut reader, mut buffer) = (sha2::Sha512::new(), self.store.reader(digest)?, vec![0; 1 << 16]);
        loop {
            let read = reader.read(&mut buffer).map_err(|source| StoreError::Io {
                doing: "read",
                path: digest.to_string().into(),
                source,
            })?;
            if read == 0 {
                return Ok(hash.finalize().into());
            }
            hash.update(&buffer[..read]);
        }
    }

    /// Unpacks the client, and lays a front for each of its programs.
    fn lay_client(
        &self,
        client: &ClientProgram,
        tarball: Digest,
        builder: &mut TreeBuilder,
    ) -> Result<(), FrozenError> {
        let place = BTreeMap::from([(".".to_owned(), "client".parse::<TreePath>()?)]);
        let mut manifest = None;
        let bytes = self.store.get(tarball)?;
        read_npm(client.package, Cursor::new(bytes), &place, &mut |entry: Entry, content| {
            let EntryKind::File { mode } = entry.kind else { return Ok(()) };
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(|source| PackageError::io(client.package)(source))?;
            let digest = self.store.put(&bytes)?;
            if entry.path.as_str() == "client/package.json" {
                manifest = serde_json::from_slice::<Value>(&bytes).ok();
            }
            builder.insert(&entry.path, TreeNode::File { digest, executable: mode & 0o111 != 0 })?;
            Ok::<(), FrozenError>(())
        })?;
        let programs = manifest.map(|manifest| manifest["bin"].clone()).unwrap_or_default();
        let programs = match programs {
            Value::String(program) => json!({ client.package: program }),
            other => other,
        };
        let integrity = integrity::encode(self.sha512(tarball)?);
        let about = json!({ "dialect": client.dialect.as_str(), "integrity": integrity, "package": client.package,
            "programs": programs, "version": client.version });
        let about = rcrepro_format::syntax::canonical_json::to_vec(&about).expect("strings only");
        let node = TreeNode::File { digest: self.store.put(&about)?, executable: false };
        builder.insert(&"client.json".parse()?, node)?;
        builder.insert(&"client.tgz".parse()?, TreeNode::File { digest: tarball, executable: false })?;
        let clock = TreeNode::File { digest: self.store.put(CLOCK.as_bytes())?, executable: false };
        builder.insert(&"clock.cjs".parse()?, clock)?;
        let front = TreeNode::File { digest: self.store.put(FRONT.as_bytes())?, executable: true };
        let named = programs.as_object().into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
        for program in named.chain(["corepack", "npm"]) {
            builder.insert(&format!("bin/{program}").parse()?, front.clone())?;
        }
        Ok(())
    }
}

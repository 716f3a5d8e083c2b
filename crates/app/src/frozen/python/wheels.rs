//! Wheels of Python packages as a frozen input: a folder that pip and uv install from without a network, so that `pip install` of a
//! Dockerfile or a script runs as it is written.
//!
//! The image's own pip chooses them for its Python and platform, once; each is in the lock by its file name and hash, and later steps
//! with network ask for exactly these. The tree is the folder of wheels, and nothing else.

use std::collections::BTreeMap;

use super::requirements;
use crate::frozen::{Abridged, FrozenError, FrozenStep, client, prune};
use rcrepro_format::plan::frozen_toml::LockedWheel;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::fault::below;
use rcrepro_shell::quoted;

/// The program of the step with network, and the files that it is given beside those of the source.
const FETCH: (&str, &str) = ("rcrepro-wheels.py", include_str!("../front/wheels.py"));
const LOCKED: &str = "rcrepro-locked.txt";
const PACKAGES: &str = "rcrepro-packages.txt";
/// What the step yields, relative to `/work`.
const OUTPUT: &str = "rcrepro-wheels";

impl FrozenStep<'_> {
    /// Chooses the wheels that the requirements ask for today, with all that they depend on.
    ///
    /// # Errors
    /// [`FrozenError`] when the requirements cannot be served, or the step fails.
    pub(in crate::frozen) async fn choose_wheels(&self) -> Result<Vec<LockedWheel>, FrozenError> {
        self.judge()?;
        let folder = self.module_folder()?;
        let files = self.input.requirements.iter().map(|file| format!("/work/{}", below(&folder, file.as_str())));
        let mut arguments: Vec<String> = files.collect();
        let packages: String = self.input.packages.iter().map(|package| format!("{package}\n")).collect();
        if !packages.is_empty() {
            arguments.push(format!("/work/{PACKAGES}"));
        }
        if arguments.is_empty() {
            return Ok(Vec::new());
        }
        let fetched = self.pip("resolve", &arguments, (PACKAGES, &packages)).await?;
        let wheel = |(path, digest): (String, Digest)| {
            let wheel = path.parse().ok().map(|file| LockedWheel { file, digest });
            let wheel = wheel.filter(|wheel| wheel.release().is_some());
            wheel.ok_or_else(|| FrozenError::NotWheel { name: self.name.clone(), file: path })
        };
        fetched.into_iter().map(wheel).collect()
    }

    /// Fetches what the store lacks of locked wheels, and lays the folder.
    ///
    /// # Errors
    /// [`FrozenError`] when a wheel cannot be had as it was locked.
    pub(in crate::frozen) async fn folder_of_wheels(&self, wheels: &[LockedWheel]) -> Result<Digest, FrozenError> {
        let mut missing = Vec::new();
        for wheel in wheels {
            if !self.store.contains(wheel.digest)? {
                missing.push(wheel);
            }
        }
        if !missing.is_empty() {
            self.fetch_wheels(&missing).await?;
        }
        let mut tree = TreeBuilder::default();
        for LockedWheel { file, digest } in wheels {
            let path = file.as_str().parse()?;
            tree.insert(&path, TreeNode::File { digest: *digest, executable: false })?;
        }
        Ok(tree.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }

    /// Fetches locked wheels from where the requirement files say that packages are.
    async fn fetch_wheels(&self, wheels: &[&LockedWheel]) -> Result<(), FrozenError> {
        self.judge()?;
        let read = |path: &str| self.source_file(path);
        let mut list = requirements::requirements(self.input, client::folder_of(self.input), &read)?.options;
        for wheel in wheels {
            let (name, version) = wheel.release().expect("a lock's reader checked the names");
            list.push_str(&format!("{name}=={version} --hash=sha256:{}\n", wheel.digest.hash));
        }
        let fetched = self.pip("locked", &[format!("/work/{LOCKED}")], (LOCKED, &list)).await?;
        let packages = |is_bad: &dyn Fn(&LockedWheel) -> bool| {
            let bad = wheels.iter().filter(|wheel| is_bad(wheel)).map(|wheel| format!("`{}`", wheel.file));
            Abridged(bad.collect())
        };
        let (name, of) = (self.name.clone(), wheels.len());
        let missing = packages(&|wheel| !fetched.contains_key(wheel.file.as_str()));
        if !missing.0.is_empty() {
            return Err(FrozenError::LeftOut { name, client: "pip", packages: missing, of });
        }
        let altered = packages(&|wheel| fetched.get(wheel.file.as_str()) != Some(&wheel.digest));
        if altered.0.is_empty() { Ok(()) } else { Err(FrozenError::Altered { name, packages: altered }) }
    }

    /// Runs the image's pip with a network; gives the wheels that it left.
    async fn pip(
        &self,
        mode: &str,
        arguments: &[String],
        file: (&str, &str),
    ) -> Result<BTreeMap<String, Digest>, FrozenError> {
        let files: String = arguments.iter().map(|file| format!(" {}", quoted(file))).collect();
        let line = format!(
            "command -v python3 > /dev/null || {{ echo 'rcrepro: the image has no python3' >&2; exit 1; }}; \
             python3 -I /work/{} {mode}{files}",
            FETCH.0
        );
        let root = self.step(&line, OUTPUT, &[FETCH, file], self.transport()?).await?;
        root.map(|root| prune::files(self.store, root)).transpose().map(Option::unwrap_or_default)
    }
}

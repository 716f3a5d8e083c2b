//! Archives of images as engines load and export them, small enough for a test.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::Deserialize;

use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::reader::TarReader;
use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
use rcrepro_model::content::digest::Sha256;

/// An image of one layer, as a test describes it.
#[derive(Debug, Clone, Default)]
pub struct FakeImage {
    files: BTreeMap<String, Vec<u8>>,
    user: String,
    health_check: Vec<String>,
}

impl FakeImage {
    /// Makes an image whose configuration names a user.
    #[must_use]
    pub fn of_user(user: &str) -> Self {
        Self { files: BTreeMap::new(), user: user.to_owned(), health_check: Vec::new() }
    }

    /// Adds a health check.
    #[must_use]
    pub fn health_check(mut self, kind: &str, command: &str) -> Self {
        self.health_check = vec![kind.to_owned(), command.to_owned()];
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// Writes it as an engine exports it. `made` goes into the configuration alone, as the time of a build does.
    pub(super) fn archive(&self, made: usize) -> Vec<u8> {
        let layer = tar_of(&self.files);
        let mut settings = serde_json::json!({ "User": self.user });
        if !self.health_check.is_empty() {
            settings["Healthcheck"] = serde_json::json!({ "Test": self.health_check });
        }
        let config = serde_json::json!({
            "architecture": "amd64", "os": "linux", "created": format!("{made}"), "config": settings,
            "rootfs": { "type": "layers", "diff_ids": [Sha256::of(&layer).to_oci()] },
        });
        let list = serde_json::json!([{ "Config": "config.json", "RepoTags": null, "Layers": ["layer.tar"] }]);
        let files = [
            ("config.json", config.to_string().into_bytes()),
            ("layer.tar", layer),
            ("manifest.json", list.to_string().into_bytes()),
        ];
        tar_of(&files.map(|(path, bytes)| (path.to_owned(), bytes)).into())
    }
}

/// An image as it was loaded.
pub(super) struct Unpacked {
    /// The digest of its configuration, `sha256:HEX`.
    pub id: String,
    /// What its layers hash to, lowest first.
    pub diff_ids: Vec<String>,
    /// The whole archive.
    pub archive: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedWire {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct ConfigWire {
    rootfs: RootFsWire,
}

#[derive(Deserialize)]
struct RootFsWire {
    diff_ids: Vec<String>,
}

impl Unpacked {
    /// Reads an archive of one image.
    ///
    /// # Errors
    /// A text that says what is missing, or which layers are not those of the configuration.
    pub(super) fn read(archive: Vec<u8>) -> Result<Self, String> {
        let files = files(&archive)?;
        let file = |path: &str| files.get(path).ok_or_else(|| format!("the archive has no `{path}`"));
        let wrong = |error: serde_json::Error| error.to_string();
        let [ListedWire { config, layers }] =
            serde_json::from_slice::<[ListedWire; 1]>(file("manifest.json")?).map_err(wrong)?;
        let config = file(&config)?;
        let ConfigWire { rootfs: RootFsWire { diff_ids } } = serde_json::from_slice(config).map_err(wrong)?;
        let found: Vec<String> =
            layers.iter().map(|layer| Ok(Sha256::of(file(layer)?).to_oci())).collect::<Result<_, String>>()?;
        if found != diff_ids {
            return Err(format!("its layers are {found:?}, its configuration says {diff_ids:?}"));
        }
        Ok(Self { id: Sha256::of(config).to_oci(), diff_ids, archive })
    }
}

/// Reads the files of a tar, by path.
///
/// # Errors
/// A text that says where it is damaged.
pub(super) fn files(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut stream = bytes;
    let mut archive = TarReader::new(&mut stream);
    while let Some(entry) = archive.next_entry().map_err(|error| error.to_string())? {
        if entry.kind == MemberKind::File {
            let mut content = Vec::new();
            archive.read_to_end(&mut content).map_err(|error| error.to_string())?;
            found.insert(String::from_utf8_lossy(&entry.path).into_owned(), content);
        }
    }
    Ok(found)
}

fn tar_of(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
    let attributes = MemberAttributes { mode: 0o644, ..MemberAttributes::default() };
    for (path, bytes) in files {
        tar.file(path, attributes, bytes.len() as u64, &mut bytes.as_slice()).expect("a tar in memory takes it");
    }
    tar.finish().expect("a tar in memory ends")
}

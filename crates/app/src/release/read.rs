//! Reads a built image out of the engine: its tree, its configuration, its modes and owners.
//!
//! The engine's export is believed only as far as the image's own configuration confirms it: each layer must hash to its
//! DiffId. Image ids and DiffIds themselves count for nothing, because the classic builder puts times into them.

use std::collections::BTreeMap;
use std::io::{Seek as _, Write as _};

use futures_util::StreamExt as _;
use serde::Deserialize;

use super::contents::ROOT;
use super::error::ReleaseError;
use super::step::ReleaseStep;
use rcrepro_engine::ImageHost;
use rcrepro_format::images::image_settings;
use rcrepro_format::syntax::canonical_json;
use rcrepro_format::syntax::unambiguous_json::AmbiguousJsonError;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::plan::release_image::ImageSettings;
use rcrepro_store::export::{self, ExportError};
use rcrepro_store::ingest::{Dress, RootTree, TarError, TarOptions, ingest_layers, ingest_tar};
use rcrepro_store::{BlobStore, StoreError};

/// The file of an export that names its parts.
const LIST: &str = "manifest.json";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    config: String,
    layers: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

/// Why an export is not believed.
pub(super) enum Refused {
    Reason(String),
    Tar(TarError),
    Other(ReleaseError),
}

impl From<TarError> for Refused {
    fn from(error: TarError) -> Self {
        Self::Tar(error)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<ExportError> for Refused {
    fn from(error: ExportError) -> Self {
        Self::Other(error.into())
    }
}

impl ReleaseStep<'_> {
    /// Stores what makes the image with this id the same as another.
    ///
    /// # Errors
    /// [`ReleaseError`] when the engine gives no export, or one that contradicts itself or does not fit into a tree.
    pub(super) async fn read(&self, host: &dyn ImageHost, name: &Name, id: &str) -> Result<Parts, ReleaseError> {
        let failed = |source| ReleaseError::Spool { image: name.clone(), source };
        let mut file = tempfile::tempfile_in(self.spool).map_err(failed)?;
        let mut pieces = host.export_image(id);
        while let Some(piece) = pieces.next().await {
            file.write_all(&piece?).map_err(failed)?;
        }
        file.rewind().map_err(failed)?;
        let store = self.context.store.clone();
        let read = tokio::task::spawn_blocking(move || parts(&*store, &mut std::io::BufReader::new(file)));
        read.await.map_err(|error| failed(std::io::Error::other(error)))?.map_err(|refused| refused.of(name))
    }
}

impl Refused {
    /// Makes the error of the image that it is about.
    pub(super) fn of(self, name: &Name) -> ReleaseError {
        match self {
            Self::Reason(reason) => ReleaseError::Unbelievable { image: name.clone(), reason },
            Self::Tar(source) => ReleaseError::Tar { image: name.clone(), source },
            Self::Other(error) => error,
        }
    }
}

/// Stores the tree, the settings and the owners of an export.
fn parts(store: &dyn BlobStore, archive: &mut dyn std::io::Read) -> Result<Parts, Refused> {
    let TreeNode::Directory { digest: root } = ingest_tar(store, archive, &TarOptions::default())? else {
        return Err(Refused::Reason("it is not an archive of files".to_owned()));
    };
    let list = store.get(found_at(store, root, LIST)?)?;
    let [Listed { config, layers }] = serde_json::from_slice::<[Listed; 1]>(&list)
        .map_err(|error| Refused::Reason(format!("`{LIST}`: expected one image: {error}")))?;
    let document = store.get(found_at(store, root, &config)?)?;
    let malformed = |error: AmbiguousJsonError| Refused::Reason(format!("`{config}`: {error}"));
    let settings = image_settings::read(&document).map_err(malformed)?;
    let layers: Vec<Digest> = layers.iter().map(|path| found_at(store, root, path)).collect::<Result<_, _>>()?;
    folded(store, (&document, &settings), &layers)
}

/// Folds an image's layers, each of which has to hash to what the configuration says, and stores what makes the image what it is.
///
/// # Errors
/// [`Refused`] when the layers are others, or do not fit into a tree.
pub(super) fn folded(
    store: &dyn BlobStore,
    (document, settings): (&[u8], &ImageSettings),
    layers: &[Digest],
) -> Result<Parts, Refused> {
    let malformed = |error: serde_json::Error| Refused::Reason(format!("its configuration: {error}"));
    let document: Document = serde_json::from_slice(document).map_err(malformed)?;
    let diff_ids = document.rootfs.diff_ids.unwrap_or_default();
    let found: Vec<String> = layers.iter().map(|layer| Sha256::to_oci(layer.hash)).collect();
    if found != diff_ids {
        return Err(Refused::Reason(format!(
            "its layers are {}, its configuration says {}",
            found.join(", "),
            diff_ids.join(", ")
        )));
    }
    Ok(parts_of(store, settings, &ingest_layers(store, layers)?)?)
}

/// Stores what makes an image the same as another; its manifest and configuration are left out.
///
/// # Errors
/// As the store gives it.
pub(super) fn parts_of(store: &dyn BlobStore, settings: &ImageSettings, tree: &RootTree) -> Result<Parts, StoreError> {
    Ok(Parts {
        tree: tree.root,
        config: store.put(&image_settings::encode(settings))?,
        owners: store.put(&owners(tree))?,
        manifest: None,
        image_config: None,
    })
}

/// Writes the mode and owner of every path, and extended attributes where there are some: `{"a/b":"0755 0:0 user.note=61"}`. The root is
/// there if it is not 0755 0:0.
fn owners(tree: &RootTree) -> Vec<u8> {
    let root = tree.root_dress.iter().map(|dress| (ROOT.to_owned(), dressed(dress)));
    let all: BTreeMap<String, String> =
        tree.dress.iter().map(|(path, dress)| (path.to_string(), dressed(dress))).chain(root).collect();
    canonical_json::to_vec(&all).expect("it holds only strings")
}

/// Writes an attribute's name with every byte but printable ASCII escaped, its value in hexadecimal digits.
fn dressed(dress: &Dress) -> String {
    let mut text = format!("{:04o} {}:{}", dress.mode, dress.uid, dress.gid);
    for (name, value) in &dress.attributes {
        let name = name.escape_ascii().to_string().replace(' ', "\\x20");
        let value: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// Finds a file of the export; older engines put a symbolic link where a layer comes twice.
pub(super) fn found_at(store: &dyn BlobStore, root: Digest, path: &str) -> Result<Digest, Refused> {
    let missing = || Refused::Reason(format!("it holds no file `{path}`"));
    let at: TreePath = path.parse().map_err(|_| missing())?;
    match export::lookup(store, root, &at)? {
        Some(TreeNode::File { digest, .. }) => Ok(digest),
        Some(TreeNode::Symlink { target }) => {
            let target: TreePath = target.trim_start_matches("../").parse().map_err(|_| missing())?;
            match export::lookup(store, root, &target)? {
                Some(TreeNode::File { digest, .. }) => Ok(digest),
                _ => Err(missing()),
            }
        }
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
    use rcrepro_store::memory::MemoryStore;

    fn tar(files: &[(&str, &[u8], u32)]) -> Vec<u8> {
        let mut tar = TarWriter::new(Vec::new(), TarFormat::Gnu);
        for (path, bytes, uid) in files {
            let attributes = MemberAttributes { mode: 0o755, uid: *uid, gid: *uid, mtime: 0 };
            tar.file(path, attributes, bytes.len() as u64, &mut &**bytes).expect("written");
        }
        tar.finish().expect("ended")
    }

    /// Makes an export of one layer with one file; `lie` puts another DiffId into its configuration.
    fn exported(content: &[u8], uid: u32, user: &str, lie: bool) -> Result<Parts, String> {
        let layer = tar(&[("beacon", content, uid)]);
        let diff_id = if lie { Sha256::of(b"other") } else { Sha256::of(&layer) }.to_oci();
        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","config":{{"User":"{user}"}},"rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}}}}"#
        );
        let list = br#"[{"Config":"c.json","RepoTags":null,"Layers":["x/layer.tar"]}]"#;
        let archive = tar(&[("x/layer.tar", &layer, 0), ("c.json", config.as_bytes(), 0), (LIST, list, 0)]);
        parts(&MemoryStore::default(), &mut archive.as_slice()).map_err(|refused| match refused {
            Refused::Reason(reason) => reason,
            Refused::Tar(error) => error.to_string(),
            Refused::Other(error) => error.to_string(),
        })
    }

    #[test]
    fn content_configuration_and_owners_each_count() {
        let one = exported(b"1", 0, "65532", false).expect("believed");
        assert_eq!(one, exported(b"1", 0, "65532", false).expect("believed"));
        let other = exported(b"2", 0, "65532", false).expect("believed");
        assert!(other.tree != one.tree && other.owners == one.owners && other.config == one.config);
        let other = exported(b"1", 7, "65532", false).expect("believed");
        assert!(other.tree == one.tree && other.owners != one.owners && other.config == one.config);
        let other = exported(b"1", 0, "root", false).expect("believed");
        assert!(other.tree == one.tree && other.owners == one.owners && other.config != one.config);
    }

    #[test]
    fn extended_attributes_stand_beside_mode_and_owner() {
        let none = Dress { mode: 0o755, uid: 0, gid: 7, attributes: BTreeMap::new() };
        assert_eq!(dressed(&none), "0755 0:7");
        let two = [(b"security.capability".to_vec(), vec![1, 0, 255]), (b"user.a b\n".to_vec(), Vec::new())];
        let some = Dress { attributes: two.into(), ..none };
        assert_eq!(dressed(&some), "0755 0:7 security.capability=0100ff user.a\\x20b\\n=");
    }

    #[test]
    fn a_layer_that_is_not_the_configurations_is_not_believed() {
        assert!(exported(b"1", 0, "", true).expect_err("a lie").starts_with("its layers are"));
    }
}

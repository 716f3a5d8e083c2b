//! Packages laid over each other, without a file system in between.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::OciError;
use super::spool::{Content, Spool, SpoolReader, SpoolWriter};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::layer::{Entry, EntryKind, LayerLimits};
use rcrepro_model::plan::glob::PathGlobSet;

/// How a package's entries are laid.
#[derive(Debug, Clone, Default)]
pub struct LayerRules {
    merged_usr: Vec<TreePath>,
    strip: PathGlobSet,
    keep: PathGlobSet,
}

impl LayerRules {
    /// Compiles the rules; in globs, `*` does not cross a `/` and `**` does.
    ///
    /// # Errors
    /// [`OciError::Glob`].
    pub fn new<'a>(
        merged_usr: impl IntoIterator<Item = &'a TreePath>,
        strip: &[String],
        keep: &[String],
    ) -> Result<Self, OciError> {
        let merged_usr = merged_usr.into_iter().cloned().collect();
        Ok(Self { merged_usr, strip: PathGlobSet::new(strip)?, keep: PathGlobSet::new(keep)? })
    }

    fn is_stripped(&self, path: &TreePath) -> bool {
        self.strip.matches(path.as_str()) && !self.keep.matches(path.as_str())
    }

    /// Returns where a path lies when `bin` and its like are links into `usr`.
    fn redirect(&self, path: &TreePath) -> TreePath {
        match self.merged_usr.iter().any(|top| path.is_within(top)) {
            true => format!("usr/{path}").parse().expect("a path below usr is a path"),
            false => path.clone(),
        }
    }
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerNode {
    /// A folder.
    Directory {
        /// Permission bits.
        mode: u32,
    },
    /// A file, or one of its names.
    File {
        /// Permission bits.
        mode: u32,
        /// Where the content lies in the package's spool.
        content: Content,
        /// Equal for names that are hard links of each other, within one package.
        inode: u64,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: String,
    },
}

/// Takes the entries of one package.
#[derive(Debug)]
pub struct PackageWriter {
    name: String,
    rules: LayerRules,
    limits: LayerLimits,
    spool: SpoolWriter,
    nodes: BTreeMap<TreePath, LayerNode>,
    entries: u64,
}

impl PackageWriter {
    /// Begins a package; the name is for messages.
    ///
    /// # Errors
    /// [`OciError::Io`] when there is no room for temporary files.
    pub fn new(name: impl Into<String>, rules: LayerRules) -> Result<Self, OciError> {
        Self::within(LayerLimits::PACKAGE, name, rules)
    }

    /// Begins a package that may unpack to no more than `limits`.
    ///
    /// # Errors
    /// As [`PackageWriter::new`].
    pub fn within(limits: LayerLimits, name: impl Into<String>, rules: LayerRules) -> Result<Self, OciError> {
        let spool = SpoolWriter::new().map_err(OciError::io("make a temporary file"))?;
        Ok(Self { name: name.into(), rules, limits, spool, nodes: BTreeMap::new(), entries: 0 })
    }

    /// Takes one entry and, for a file, its content.
    ///
    /// # Errors
    /// [`OciError::Twice`], [`OciError::Hardlink`], [`OciError::TooLarge`] or [`OciError::Io`].
    pub fn add(&mut self, entry: Entry, content: &mut dyn Read) -> Result<(), OciError> {
        let path = self.rules.redirect(&entry.path);
        let too_large =
            |limit, unit| OciError::TooLarge { package: self.name.clone(), path: path.clone(), limit, unit };
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(too_large(self.limits.entries, "entries"));
        }
        let node = match entry.kind {
            EntryKind::Directory { mode } => LayerNode::Directory { mode },
            EntryKind::Symlink { target } => LayerNode::Symlink { target },
            EntryKind::Hardlink { target } => {
                let target = self.rules.redirect(&target);
                match self.nodes.get(&target) {
                    Some(file @ LayerNode::File { .. }) => file.clone(),
                    _ => return Err(OciError::Hardlink { package: self.name.clone(), path, target }),
                }
            }
            EntryKind::File { mode } => {
                let left = self.limits.bytes - self.spool.len();
                // One byte more than is allowed tells a package that is too large from one that just fits.
                let mut bounded = content.take(left + 1);
                let content =
                    self.spool.add(&mut bounded).map_err(OciError::io(format!("unpack {}: `{path}`", self.name)))?;
                if content.len > left {
                    return Err(too_large(self.limits.bytes, "bytes"));
                }
                LayerNode::File { mode, content, inode: self.entries }
            }
        };
        let again = self.nodes.insert(path.clone(), node.clone());
        // Archives often name a folder several times; anything else twice is a trick.
        match again {
            Some(before) if !(before == node && matches!(node, LayerNode::Directory { .. })) => {
                Err(OciError::Twice { package: self.name.clone(), path })
            }
            _ => Ok(()),
        }
    }

    /// Ends the package and leaves out what is stripped.
    ///
    /// # Errors
    /// [`OciError::Io`].
    pub fn finish(mut self) -> Result<UnpackedPackage, OciError> {
        // Not earlier: a file that is kept may be a hard link to one that is not.
        self.nodes.retain(|path, _| !self.rules.is_stripped(path));
        let spool = self.spool.finish().map_err(OciError::io(format!("unpack {}", self.name)))?;
        Ok(UnpackedPackage { name: self.name, spool, nodes: self.nodes })
    }
}

/// What a package brings to a layer, path by path; file contents lie in its spool.
#[derive(Debug)]
pub struct UnpackedPackage {
    name: String,
    spool: Spool,
    nodes: BTreeMap<TreePath, LayerNode>,
}

/// What lies at a path of a layer, and which package brought it.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The index of the package.
    pub package: usize,
    /// A folder, a file, or a symbolic link.
    pub node: LayerNode,
}

/// A whole layer, ready to be written.
#[derive(Debug)]
pub struct LayerTree {
    packages: Vec<UnpackedPackage>,
    nodes: BTreeMap<TreePath, Placed>,
}

impl LayerTree {
    /// Lays packages over each other. Equal things at one path are one; folders that no package names get mode 0755.
    ///
    /// # Errors
    /// [`OciError::Conflict`], [`OciError::Below`] or [`OciError::Io`].
    pub fn merge(packages: Vec<UnpackedPackage>) -> Result<Self, OciError> {
        let mut tree = Self { packages: Vec::new(), nodes: BTreeMap::new() };
        for package in packages {
            tree.lay(package)?;
        }
        Ok(tree)
    }

    /// Lays one more package over the layer.
    ///
    /// # Errors
    /// As [`LayerTree::merge`].
    pub fn lay(&mut self, mut package: UnpackedPackage) -> Result<(), OciError> {
        let index = self.packages.len();
        let nodes = std::mem::take(&mut package.nodes);
        self.packages.push(package);
        for (path, node) in nodes {
            match self.nodes.get(&path) {
                Some(before) if self.equal(before, &node, index)? => {}
                Some(before) => {
                    let (one, other) = (self.name(before.package), self.name(index));
                    return Err(OciError::Conflict { path, one, other });
                }
                None => {
                    self.make_parents(&path, index)?;
                    self.nodes.insert(path, Placed { package: index, node });
                }
            }
        }
        Ok(())
    }

    /// Whether anything lies at a path.
    #[must_use]
    pub fn contains(&self, path: &TreePath) -> bool {
        self.nodes.contains_key(path)
    }

    /// Returns everything in the order of the paths' bytes, which puts a folder before what it holds.
    pub fn nodes(&self) -> impl Iterator<Item = (&TreePath, &Placed)> {
        self.nodes.iter()
    }

    /// Reads a file of the layer.
    #[must_use]
    pub fn read(&self, package: usize, content: Content) -> SpoolReader<'_> {
        self.packages[package].spool.read(content)
    }

    fn name(&self, package: usize) -> String {
        self.packages[package].name.clone()
    }

    fn make_parents(&mut self, path: &TreePath, index: usize) -> Result<(), OciError> {
        for (slash, _) in path.as_str().match_indices('/') {
            let parent: TreePath = path.as_str()[..slash].parse().expect("a path's beginning is a path");
            match self.nodes.get(&parent).map(|placed| (placed.package, &placed.node)) {
                None => {
                    self.nodes.insert(parent, Placed { package: index, node: LayerNode::Directory { mode: 0o755 } });
                }
                Some((_, LayerNode::Directory { .. })) => {}
                Some((owner, _)) => {
                    let (package, owner) = (self.name(index), self.name(owner));
                    return Err(OciError::Below { package, path: path.clone(), parent, owner });
                }
            }
        }
        Ok(())
    }

    fn equal(&self, before: &Placed, node: &LayerNode, package: usize) -> Result<bool, OciError> {
        match (&before.node, node) {
            (LayerNode::File { mode, content, .. }, LayerNode::File { mode: other_mode, content: other, .. }) => {
                if mode != other_mode || content.len != other.len {
                    return Ok(false);
                }
                let (one, other) = (self.read(before.package, *content), self.read(package, *other));
                same_bytes(one, other).map_err(OciError::io("compare two packages' files"))
            }
            (one, other) => Ok(one == other),
        }
    }
}

fn same_bytes(mut one: impl Read, mut other: impl Read) -> io::Result<bool> {
    let (mut left, mut right) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        other.read_exact(&mut right[..read])?;
        if left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

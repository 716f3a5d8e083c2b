//! The arguments of `rcrepro image`.

use std::path::PathBuf;

use clap::ValueEnum;

use rcrepro_model::content::name::Name;
use rcrepro_model::image::reference::ImageReference;

/// The subcommands of `image`.
#[derive(Debug, clap::Subcommand)]
pub enum ImageCommand {
    /// Builds images bit for bit from their locks.
    Build {
        /// The images; all when none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Loads them into the engine.
        #[arg(long)]
        load: bool,
        /// Writes them as one OCI layout, each under its name, as `skopeo` and `umoci` read it: `oci:DIR:NAME`.
        ///
        /// The folder has to be absent, empty, or to hold exactly these images.
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
    /// Makes locks fresh where they are missing or stale, and prints what changed as markdown.
    Lock {
        /// The images; all when none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Raises this package, such as `go`, `npm` or a module, to the newest version that fits; locks Debian packages anew.
        #[arg(long, value_name = "PKG")]
        update: Vec<String>,
        /// Resolves everything anew, fresh or not.
        #[arg(long, conflicts_with = "update")]
        update_all: bool,
        /// Changes nothing and asks no network: exit code 3 when a lock is missing or stale.
        #[arg(long, conflicts_with_all = ["update", "update_all"])]
        check: bool,
    },
    /// Lists the images, what they are locked to, and whether the store and the engine have them.
    Ls,
    /// Recomputes every digest of toolchain images, or judges images of the release by their records, and lists all that is wrong.
    ///
    /// Of a toolchain image, exit code 6 when a locked digest does not match. Of an image of the release, the record of HEAD's source is
    /// judged as `rcrepro status` judges it, with what was checked and what its evidence cannot confirm; neither the image nor an engine is
    /// needed. Exit code 1 when it shows a bad image, 5 when there is none of this source or its evidence is not whole, 6 when its parts
    /// contradict each other.
    Validate {
        /// Images of the release by their names in the plan; toolchain images in the store by their locks' names, OCI layout folders, or
        /// archives. Without any, every toolchain image that is there, or with `--release` every image of the release.
        #[arg(value_name = "NAME|LAYOUT-DIR|ARCHIVE.tar")]
        targets: Vec<String>,
        /// Takes the targets as images in the engine: names of locks, names or ids in the engine.
        #[arg(long, conflicts_with = "release")]
        loaded: bool,
        /// Takes names for images of the release, where a toolchain image has one too.
        #[arg(long, conflicts_with = "toolchain")]
        release: bool,
        /// Takes names for toolchain images, where an image of the release has one too.
        #[arg(long)]
        toolchain: bool,
    },
    /// Writes an image's bill of materials: of a toolchain image from its locks, every package with its purl and checksums; of an image
    /// of the release from its record, every package that was found in it.
    ///
    /// Of an image of the release the record of HEAD's source has to be good, as `rcrepro status` judges it, and it is written as SPDX.
    Sbom {
        /// The name of its definition, `images/NAME.toml`, or in the plan: `[release-images.NAME]`.
        #[arg(value_name = "NAME")]
        name: String,
        /// The format: SPDX 2.3 or CycloneDX 1.6, both JSON.
        #[arg(long, value_enum, default_value = "spdx")]
        format: BomFormatName,
        /// Writes it into this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Takes the name for an image of the release, where a toolchain image has it too.
        #[arg(long, conflicts_with = "toolchain")]
        release: bool,
        /// Takes the name for a toolchain image, where an image of the release has it too.
        #[arg(long)]
        toolchain: bool,
    },
    /// Brings an image into a registry: a toolchain image, made from its lock, with the very manifest that the lock names; or an
    /// image of the release, with the very manifest that the record of HEAD's source names.
    ///
    /// An image of the release is pushed only if its record is good, as `rcrepro status` judges it, and BuildKit made it. Its blobs come
    /// from the store; where they are gone, `rcrepro replay PACKET` builds them again. One that is recorded for several platforms is pushed
    /// with an index over them, with `--platform` the image for one of them.
    Push {
        /// The name of its definition, `images/NAME.toml`, or in the plan: `[release-images.NAME]`.
        #[arg(value_name = "NAME")]
        name: String,
        /// Where to, such as registry.example/team/go-node:1; without a tag it is known by its digest alone.
        #[arg(value_name = "REFERENCE")]
        to: ImageReference,
        /// Takes the name for an image of the release, where a toolchain image has it too.
        #[arg(long, conflicts_with = "toolchain")]
        release: bool,
        /// Takes the name for a toolchain image, where an image of the release has it too.
        #[arg(long)]
        toolchain: bool,
    },
    /// Holds what a registry serves against the record of an image of the release: by the manifest's digest, else file by file, with
    /// settings, modes and owners.
    ///
    /// Every platform of the record is compared, with `--platform` one of them; of a manifest, the one that it is for.
    ///
    /// Exit code 1 when it is another image, or an index is missing a platform, 5 when there is no good record of HEAD's source, or what
    /// is served cannot be read as files, 6 when the registry sends other bytes than its digests say.
    Compare {
        /// The image in a registry, such as registry.example/team/runtime:1.4.0; of an index, the image for each platform of the record.
        #[arg(value_name = "REFERENCE")]
        reference: ImageReference,
        /// The image of the release, `[release-images.NAME]`; without it, the only one, or the one whose manifest is served.
        #[arg(value_name = "NAME")]
        name: Option<Name>,
    },
    /// Says how an image of the release differs from the one that an earlier release recorded: sizes, files, settings, packages.
    ///
    /// Both are read from their records, with the evidence beside them: neither image nor engine is needed, and neither record is judged.
    /// What an older record does not say is noted. Exit code 0 whatever differs; 5 when one of the two has no record of the image.
    Delta {
        /// The image of the release, `[release-images.NAME]`.
        #[arg(value_name = "NAME")]
        name: Name,
        /// The earlier release; without it the nearest tag before HEAD, and where there is no tag the newest commit before it with a
        /// record of another source.
        #[arg(long, value_name = "REV")]
        since: Option<String>,
    },
    /// Brings an image from a registry into the store, byte for byte, every digest checked.
    Pull {
        /// The image by its digest, such as registry.example/team/go-node@sha256:…; a tag before it is a comment.
        #[arg(value_name = "NAME@sha256:…")]
        reference: ImageReference,
        /// Loads it into the engine and confirms it there.
        #[arg(long)]
        load: bool,
    },
}

/// A format of bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BomFormatName {
    /// SPDX 2.3 JSON.
    Spdx,
    /// CycloneDX 1.6 JSON.
    Cyclonedx,
}

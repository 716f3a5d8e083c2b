//! `images/NAME.toml` ↔ [`ImageDefinition`], and the checksum of a composition.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::syntax::toml_place::{self, TomlError};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::composition::Composition;
use rcrepro_model::image::definition::{
    DebSource, GoProgram, GoSource, ImageConfig, ImageDefinition, ImageName, ImagePlatform, LayerSource, NpmSource,
};
use rcrepro_model::image::fingerprint::Fingerprint;
use rcrepro_model::plan::glob::PathGlob;

/// The version of the definition format that this build reads.
pub const DEFINITION_VERSION: i64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileWire {
    version: Spanned<i64>,
    #[serde(default)]
    from: Vec<ImageName>,
    platforms: Option<BTreeSet<ImagePlatform>>,
    source_date_epoch: Option<u64>,
    config: Option<ConfigWire>,
    deb: Option<DebWire>,
    go: Option<GoWire>,
    #[serde(default)]
    npm: BTreeMap<String, NpmWire>,
    program: Option<Spanned<ProgramWire>>,
    #[serde(default)]
    links: BTreeMap<TreePath, String>,
    #[serde(default)]
    directories: BTreeMap<TreePath, Spanned<String>>,
    #[serde(default)]
    files: BTreeMap<TreePath, String>,
    #[serde(default)]
    concat: BTreeMap<TreePath, Spanned<String>>,
}

/// What a container starts with, in definitions and in locks.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigWire {
    env: BTreeMap<String, String>,
    cmd: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DebWire {
    suites: Vec<String>,
    signed_by: Spanned<BTreeSet<Fingerprint>>,
    packages: BTreeSet<String>,
    #[serde(default)]
    merged_usr: BTreeSet<TreePath>,
    #[serde(default)]
    strip: Vec<Spanned<String>>,
    #[serde(default)]
    keep: Vec<Spanned<String>>,
    #[serde(default, skip_serializing_if = "is_false")]
    database: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoWire {
    toolchain: String,
    into: TreePath,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NpmWire {
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<ImagePlatform>,
    place: BTreeMap<String, TreePath>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramWire {
    module: String,
    version: String,
    #[serde(default = "whole_module")]
    package: OneOrMore,
    #[serde(default, rename = "main-module", skip_serializing_if = "is_false")]
    main_module: bool,
    image: ImageName,
    into: TreePath,
    #[serde(default)]
    ldflags: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
}

/// A text, or a list of them; hashed as it was written before lists were known.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn whole_module() -> OneOrMore {
    OneOrMore::One(".".to_owned())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A definition as it is hashed: every field present, none that only says how the file is written.
#[derive(Serialize)]
struct CanonicalWire<'a> {
    name: &'a str,
    from: Vec<&'a str>,
    platform: Option<String>,
    source_date_epoch: Option<u64>,
    config: Option<ConfigWire>,
    deb: Option<DebWire>,
    go: Option<GoWire>,
    npm: BTreeMap<&'a str, NpmWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<ProgramWire>,
    links: &'a BTreeMap<TreePath, String>,
    directories: BTreeMap<&'a str, String>,
    files: &'a BTreeMap<TreePath, String>,
    concat: &'a BTreeMap<TreePath, String>,
}

/// Parses a definition; the name is the file's stem.
///
/// # Errors
/// [`TomlError`] with the place of the first mistake.
pub fn parse(name: ImageName, text: &str) -> Result<ImageDefinition, TomlError> {
    let wire: FileWire = toml_place::parse(text)?;
    if *wire.version.as_ref() != DEFINITION_VERSION {
        let message = format!("image version {} is not known: expected {DEFINITION_VERSION}", wire.version.as_ref());
        return Err(TomlError::at(text, wire.version.span(), message));
    }
    let deb_globs = wire.deb.iter().flat_map(|deb| deb.strip.iter().chain(&deb.keep));
    for glob in wire.concat.values().chain(deb_globs) {
        check_glob(text, glob)?;
    }
    if let Some(deb) = wire.deb.as_ref().filter(|deb| deb.signed_by.as_ref().is_empty()) {
        let message = "`signed_by` is empty: expected the fingerprints of the keys that sign the archive";
        return Err(TomlError::at(text, deb.signed_by.span(), message));
    }
    let directories = wire.directories.into_iter().map(|(path, mode)| Ok((path, parse_mode(text, &mode)?)));
    let layer = LayerSource {
        directories: directories.collect::<Result<_, TomlError>>()?,
        deb: wire.deb.map(DebWire::into_model),
        go: wire.go.map(|go| GoSource { toolchain: go.toolchain, into: go.into }),
        npm: wire
            .npm
            .into_iter()
            .map(|(package, npm)| NpmSource { package, version: npm.version, platform: npm.platform, place: npm.place })
            .collect(),
        program: wire.program.map(|program| program_of(text, program)).transpose()?,
        links: wire.links,
        files: wire.files,
        concat: wire.concat.into_iter().map(|(path, glob)| (path, glob.into_inner())).collect(),
    };
    Ok(ImageDefinition {
        name,
        from: wire.from,
        platforms: wire.platforms,
        source_date_epoch: wire.source_date_epoch,
        config: wire.config.map(ConfigWire::into_model),
        layer,
    })
}

/// Computes what a lock holds to tell whether it is stale.
///
/// Hash rule: SHA-256 over the RFC 8785 JSON array of the composition's definitions, lowest first, every field present;
/// the platforms are reduced to the one that is composed for, so that what concerns another one makes no lock stale.
/// Comments, white space and the order of keys in the files do not count.
///
/// # Panics
/// Never: the wire type holds strings, integers, lists and maps with text keys.
#[must_use]
#[expect(clippy::expect_used, reason = "a definition holds strings and integers")]
pub fn checksum(composition: &Composition) -> Sha256 {
    let parts: Vec<_> = composition.parts.iter().map(|part| canonical(part, composition.platform)).collect();
    Sha256::of(&serde_json_canonicalizer::to_vec(&parts).expect("a definition has a canonical form"))
}

fn canonical(definition: &ImageDefinition, platform: ImagePlatform) -> CanonicalWire<'_> {
    let layer = &definition.layer;
    CanonicalWire {
        name: definition.name.as_str(),
        from: definition.from.iter().map(ImageName::as_str).collect(),
        platform: definition.platforms.as_ref().map(|_| platform.to_string()),
        source_date_epoch: definition.source_date_epoch,
        config: definition.config.as_ref().map(ConfigWire::of),
        deb: layer.deb.as_ref().map(DebWire::of),
        go: layer.go.as_ref().map(|go| GoWire { toolchain: go.toolchain.clone(), into: go.into.clone() }),
        npm: (layer.npm.iter())
            .map(|npm| {
                (
                    npm.package.as_str(),
                    NpmWire { version: npm.version.clone(), platform: npm.platform, place: npm.place.clone() },
                )
            })
            .collect(),
        program: layer.program.as_ref().map(ProgramWire::of),
        links: &layer.links,
        directories: layer.directories.iter().map(|(path, mode)| (path.as_str(), format!("{mode:04o}"))).collect(),
        files: &layer.files,
        concat: &layer.concat,
    }
}

impl ConfigWire {
    pub(crate) fn of(config: &ImageConfig) -> Self {
        Self { env: config.env.clone(), cmd: config.cmd.clone() }
    }

    pub(crate) fn into_model(self) -> ImageConfig {
        ImageConfig { env: self.env, cmd: self.cmd }
    }
}

impl ProgramWire {
    fn of(program: &GoProgram) -> Self {
        let GoProgram { module, version, packages, main_module, image, into, ldflags, tags } = program.clone();
        let package = match <[String; 1]>::try_from(packages) {
            Ok([one]) => OneOrMore::One(one),
            Err(packages) => OneOrMore::More(packages),
        };
        Self { module, version, package, main_module, image, into, ldflags, tags }
    }
}

/// Everything of a program ends up in a shell line or in a path, so it has to be plain.
fn program_of(text: &str, wire: Spanned<ProgramWire>) -> Result<GoProgram, TomlError> {
    let span = wire.span();
    let ProgramWire { module, version, package, main_module, image, into, ldflags, tags } = wire.into_inner();
    let packages = match package {
        OneOrMore::One(one) => vec![one],
        OneOrMore::More(packages) => packages,
    };
    if packages.is_empty() {
        return Err(TomlError::at(
            text,
            span,
            "`package` names no program: expected at least one folder of the module",
        ));
    }
    let plain =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/+~=,:".contains(&b));
    for part in [&module, &version].into_iter().chain(&packages).chain(&ldflags).chain(&tags) {
        if !plain(part) || part.split('/').any(|segment| segment == "..") {
            let message =
                format!("invalid part of a program `{part}`: expected letters, digits and ._-/+~=,: without `..`");
            return Err(TomlError::at(text, span, message));
        }
    }
    Ok(GoProgram { module, version, packages, main_module, image, into, ldflags, tags })
}

impl DebWire {
    fn of(deb: &DebSource) -> Self {
        Self {
            suites: deb.suites.clone(),
            signed_by: Spanned::new(0..0, deb.signed_by.clone()),
            packages: deb.packages.clone(),
            merged_usr: deb.merged_usr.clone(),
            strip: spanned(&deb.strip),
            keep: spanned(&deb.keep),
            database: deb.database,
        }
    }

    fn into_model(self) -> DebSource {
        DebSource {
            suites: self.suites,
            signed_by: self.signed_by.into_inner(),
            packages: self.packages,
            merged_usr: self.merged_usr,
            strip: self.strip.into_iter().map(Spanned::into_inner).collect(),
            keep: self.keep.into_iter().map(Spanned::into_inner).collect(),
            database: self.database,
        }
    }
}

/// Returns texts that come from no file a place, which nothing reads.
fn spanned(texts: &[String]) -> Vec<Spanned<String>> {
    texts.iter().map(|text| Spanned::new(0..0, text.clone())).collect()
}

fn parse_mode(text: &str, mode: &Spanned<String>) -> Result<u32, TomlError> {
    let bits = u32::from_str_radix(mode.as_ref(), 8).ok().filter(|bits| *bits <= 0o1777 && mode.as_ref().len() == 4);
    bits.ok_or_else(|| {
        let message = format!("invalid folder mode `{}`: expected four octal digits up to 1777", mode.as_ref());
        TomlError::at(text, mode.span(), message)
    })
}

fn check_glob(text: &str, glob: &Spanned<String>) -> Result<(), TomlError> {
    PathGlob::new(glob.as_ref()).map(drop).map_err(|error| TomlError::at(text, glob.span(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        version = 1
        platforms = ["linux/amd64"]
        source_date_epoch = 5
        config = { env = { PATH = "/bin" }, cmd = ["/bin/sh"] }
        [links]
        "usr/bin/awk" = "mawk"
        [directories]
        "tmp" = "1777"
    "#;

    fn compose(text: &str) -> Composition {
        let name: ImageName = "small".parse().expect("a good name");
        let definition = parse(name.clone(), text).expect("parses");
        Composition::of(&name, &BTreeMap::from([(name.clone(), definition)]), ImagePlatform::LinuxAmd64)
            .expect("composes")
    }

    #[test]
    fn the_checksum_sees_meaning_and_nothing_else() {
        let plain = checksum(&compose(SMALL));
        assert_eq!(checksum(&compose(&format!("# a comment\n{SMALL}"))), plain);
        for (from, to) in [("mawk", "gawk"), ("1777", "0755"), ("= 5", "= 6"), ("/bin/sh", "/bin/bash")] {
            assert_ne!(checksum(&compose(&SMALL.replace(from, to))), plain, "{from}");
        }
    }

    #[test]
    fn mistakes_are_placed_and_say_what_was_expected() {
        let wrong = |text: &str| parse("small".parse().expect("a good name"), text).expect_err(text).to_string();
        assert_eq!(wrong("version = 2"), "1:11: image version 2 is not known: expected 1");
        assert!(wrong("version = 1\nfrm = []").starts_with("2:1: unknown field `frm`"));
        assert!(wrong("version = 1\n[links]\n\"/etc\" = \"x\"").starts_with("3:1: invalid path in a tree `/etc`"));
        assert!(wrong("version = 1\n[directories]\ntmp = \"4755\"").contains("3:7: invalid folder mode `4755`"));
        let deb = "version = 1\n[deb]\nsuites = []\npackages = []";
        assert!(wrong(deb).contains("missing field `signed_by`"));
        assert!(wrong(&format!("{deb}\nsigned_by = []")).starts_with("5:13: `signed_by` is empty"));
        assert!(wrong(&format!("{deb}\nsigned_by = ['ab']")).starts_with("5:13: invalid fingerprint `ab`"));
        assert!(wrong("version = 1\nplatforms = [\"windows\"]").starts_with("2:13: invalid platform `windows`"));
    }
}

//! Several definitions as one image, for one platform.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::definition::{DefinitionError, ImageConfig, ImageDefinition, ImageName, ImagePlatform};

/// An image's definition together with all that it is composed of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composition {
    /// The name of the outermost definition.
    pub name: ImageName,
    /// The machine that the image is for.
    pub platform: ImagePlatform,
    /// The time of every file, in seconds since 1970.
    pub source_date_epoch: u64,
    /// What a container starts with.
    pub config: ImageConfig,
    /// The definitions, each once, what is composed of others after them; the image's own is the last. What is for
    /// other platforms only is left out.
    pub parts: Vec<ImageDefinition>,
}

impl Composition {
    /// Returns the platforms that an image is for.
    ///
    /// # Errors
    /// [`DefinitionError`] when nothing sets them, or two definitions do otherwise.
    pub fn platforms(
        name: &ImageName,
        definitions: &BTreeMap<ImageName, ImageDefinition>,
    ) -> Result<BTreeSet<ImagePlatform>, DefinitionError> {
        agreed(name, set_by(&ordered(name, definitions)?, |part| part.platforms.clone()), "platforms")
    }

    /// Puts a definition and what it is composed of in order, for one platform: depth first, each once, where it is first
    /// named.
    ///
    /// # Errors
    /// [`DefinitionError`] for a circle, a missing part, an unset field, a disagreement or another platform.
    pub fn of(
        name: &ImageName,
        definitions: &BTreeMap<ImageName, ImageDefinition>,
        platform: ImagePlatform,
    ) -> Result<Self, DefinitionError> {
        let known = Self::platforms(name, definitions)?;
        if !known.contains(&platform) {
            return Err(DefinitionError::NotFor { name: name.clone(), wanted: platform, known });
        }
        let mut parts = ordered(name, definitions)?;
        for part in &mut parts {
            part.layer.npm.retain(|npm| npm.platform.is_none_or(|only| only == platform));
        }
        Ok(Self {
            name: name.clone(),
            platform,
            source_date_epoch: agreed(name, set_by(&parts, |part| part.source_date_epoch), "source_date_epoch")?,
            config: config(name, &parts)?,
            parts,
        })
    }

    /// Returns the definitions that make a layer, lowest first.
    pub fn layers(&self) -> impl Iterator<Item = &ImageDefinition> {
        self.parts.iter().filter(|part| !part.layer.is_empty())
    }

    /// Returns the image's own definition.
    #[must_use]
    pub fn own(&self) -> &ImageDefinition {
        self.parts.last().expect("a composition holds the image's own definition")
    }
}

fn ordered(
    name: &ImageName,
    definitions: &BTreeMap<ImageName, ImageDefinition>,
) -> Result<Vec<ImageDefinition>, DefinitionError> {
    let mut parts = Vec::new();
    collect(name, name, definitions, &mut Vec::new(), &mut parts)?;
    Ok(parts)
}

fn collect(
    name: &ImageName,
    parent: &ImageName,
    definitions: &BTreeMap<ImageName, ImageDefinition>,
    open: &mut Vec<ImageName>,
    parts: &mut Vec<ImageDefinition>,
) -> Result<(), DefinitionError> {
    if open.contains(name) {
        return Err(DefinitionError::Circle { name: name.clone() });
    }
    if parts.iter().any(|part| part.name == *name) {
        return Ok(());
    }
    let definition = definitions
        .get(name)
        .ok_or_else(|| DefinitionError::MissingPart { name: parent.clone(), part: name.clone() })?;
    open.push(name.clone());
    for below in &definition.from {
        collect(below, name, definitions, open, parts)?;
    }
    open.pop();
    parts.push(definition.clone());
    Ok(())
}

/// Gives the config of a definition, which comes last: its own, which is meant to replace those below it, or that of the definitions that it
/// names in `from`, which then have to agree.
fn config(name: &ImageName, parts: &[ImageDefinition]) -> Result<ImageConfig, DefinitionError> {
    let own = parts.last().expect("the image's own definition was collected");
    if let Some(config) = &own.config {
        return Ok(config.clone());
    }
    let mut taken: Vec<(&ImageName, ImageConfig)> = Vec::new();
    for below in &own.from {
        let upto = parts.iter().position(|part| part.name == *below).expect("all parts were collected");
        taken.push((below, config(name, &parts[..=upto])?));
    }
    agreed(name, taken, "config")
}

fn set_by<T>(parts: &[ImageDefinition], get: impl Fn(&ImageDefinition) -> Option<T>) -> Vec<(&ImageName, T)> {
    parts.iter().filter_map(|part| get(part).map(|value| (&part.name, value))).collect()
}

fn agreed<T: PartialEq>(
    name: &ImageName,
    set: Vec<(&ImageName, T)>,
    field: &'static str,
) -> Result<T, DefinitionError> {
    let mut set = set.into_iter();
    let (one, value) = set.next().ok_or_else(|| DefinitionError::Unset { name: name.clone(), field })?;
    match set.find(|(_, other)| *other != value) {
        Some((other, _)) => {
            Err(DefinitionError::Disagree { name: name.clone(), field, one: one.clone(), other: other.clone() })
        }
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::definition::LayerSource;

    fn definition(name: &str, from: &[&str]) -> ImageDefinition {
        ImageDefinition {
            name: name.parse().expect("a good name"),
            from: from.iter().map(|part| part.parse().expect("a good name")).collect(),
            platforms: (name == "base").then(|| [ImagePlatform::LinuxAmd64].into()),
            source_date_epoch: (name == "base").then_some(0),
            config: (name == "base").then(ImageConfig::default),
            layer: LayerSource::default(),
        }
    }

    fn compose(name: &str, all: &[ImageDefinition]) -> Result<Composition, DefinitionError> {
        let all = all.iter().map(|one| (one.name.clone(), one.clone())).collect();
        Composition::of(&name.parse().expect("a good name"), &all, ImagePlatform::LinuxAmd64)
    }

    #[test]
    fn a_diamond_holds_its_base_once() {
        let all = [
            definition("base", &[]),
            definition("go", &["base"]),
            definition("node", &["base"]),
            definition("both", &["go", "node"]),
        ];
        let names: Vec<_> =
            compose("both", &all).expect("composes").parts.iter().map(|part| part.name.to_string()).collect();
        assert_eq!(names, ["base", "go", "node", "both"]);
    }

    #[test]
    fn a_config_replaces_those_below_it_for_all_above() {
        let set = |one: ImageDefinition, cmd: &str| ImageDefinition {
            config: Some(ImageConfig { cmd: vec![cmd.to_owned()], ..ImageConfig::default() }),
            ..one
        };
        let all = [
            definition("base", &[]),
            set(definition("go", &["base"]), "go"),
            definition("tool", &["go"]),
            definition("node", &["base"]),
            definition("both", &["go", "node"]),
            set(definition("said", &["go", "node"]), "said"),
        ];
        let cmd = |name: &str| compose(name, &all).expect("composes").config.cmd;
        assert_eq!(
            [cmd("base"), cmd("go"), cmd("tool"), cmd("said")],
            [vec![], vec!["go".to_owned()], vec!["go".to_owned()], vec!["said".to_owned()]]
        );
        let error = compose("both", &all).expect_err("two configs").to_string();
        assert!(error.starts_with("image `both`: `config` differs between `go` and `node`"), "{error}");
    }

    #[test]
    fn circles_gaps_and_quarrels_are_named() {
        let circle = [definition("a", &["b"]), definition("b", &["a"])];
        assert!(matches!(compose("a", &circle), Err(DefinitionError::Circle { .. })));
        assert!(matches!(compose("a", &[definition("a", &["b"])]), Err(DefinitionError::MissingPart { .. })));
        assert!(matches!(compose("a", &[definition("a", &[])]), Err(DefinitionError::Unset { .. })));
        let mut late = definition("late", &["base"]);
        late.source_date_epoch = Some(1);
        let late = [definition("base", &[]), late];
        let quarrel = compose("late", &late);
        assert!(matches!(quarrel, Err(DefinitionError::Disagree { field: "source_date_epoch", .. })));
        let all = BTreeMap::from([("base".parse().expect("a name"), definition("base", &[]))]);
        let other =
            Composition::of(&"base".parse().expect("a name"), &all, ImagePlatform::LinuxArm64).expect_err("amd64 only");
        assert_eq!(other.to_string(), "image `base` is not for linux/arm64: its `platforms` are linux/amd64");
    }
}

//! Why two builds of a release image differ: the layer, the line of the Dockerfile that made it, and each file's difference.

use std::fmt;

use super::difference::Explained;
use crate::content::name::Name;

/// An instruction of a Dockerfile, for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct StepLine {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What is written there, up to the line's end.
    pub text: String,
}

/// The instruction behind a layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct LayerOrigin {
    /// The instruction.
    pub step: StepLine,
    /// The stage that a `COPY --from` takes from, where it is one of the Dockerfile's.
    pub stage: Option<String>,
    /// The steps of that stage, in their order: `RUN`, `COPY` and `ADD`.
    pub steps: Vec<StepLine>,
}

/// A layer of an image, and where it comes from as far as that can be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct MadeLayer {
    /// Its place among the image's layers, from 1, the lowest first.
    pub layer: usize,
    /// How many layers the image has.
    pub layers: usize,
    /// The Dockerfile, relative to the source's root.
    pub dockerfile: String,
    /// The instruction; none for what lies below the Dockerfile's own.
    pub origin: Option<LayerOrigin>,
}

impl fmt::Display for MadeLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, layers, dockerfile, origin } = self;
        write!(f, "layer {layer} of {layers}")?;
        let Some(LayerOrigin { step, stage, steps }) = origin else { return Ok(()) };
        write!(f, ", {dockerfile}:{} `{}`", step.line, step.text)?;
        if let Some(stage) = stage {
            write!(f, ", which takes it from stage `{stage}`")?;
        }
        for (number, StepLine { line, text }) in steps.iter().enumerate() {
            write!(f, "{} {dockerfile}:{line} `{text}`", if number == 0 { ":" } else { "," })?;
        }
        Ok(())
    }
}

/// What differs between two builds of an image, in one layer or in its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedImage {
    /// The image, by its name in the plan.
    pub image: Name,
    /// The platform, where it is another one than the machine's.
    pub platform: Option<String>,
    /// Which two builds these are.
    pub builds: ComparedBuilds,
    /// The layer; none for settings, and where the layers are not in the store.
    pub made: Option<MadeLayer>,
    /// One entry per difference.
    pub differences: Vec<Explained>,
}

/// Which builds of an image are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparedBuilds {
    /// The first build of each side.
    BothSides,
    /// The two builds of the first side.
    OfA,
    /// The two builds of the second side.
    OfB,
}

impl fmt::Display for ExplainedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "release image {}", self.image)?;
        if let Some(platform) = &self.platform {
            write!(f, " for {platform}")?;
        }
        f.write_str(match self.builds {
            ComparedBuilds::BothSides => "",
            ComparedBuilds::OfA => ", the two builds of A",
            ComparedBuilds::OfB => ", the two builds of B",
        })?;
        self.made.as_ref().map_or(Ok(()), |made| write!(f, ", {made}"))
    }
}

//! The release's images by their records: judged, pushed as they were certified, and held against what a registry serves.

use std::sync::Arc;

use crate::workspace::Workspace;
use rcrepro_images::registry::{Registry, RegistryEvent};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_store::fs::FsStore;

mod bill;
mod certified;
mod checks;
mod compare;
mod delta;
pub mod error;
mod push;
mod validate;

/// What images are pushed and compared with.
#[derive(Clone, Copy)]
pub struct Publishing<'a> {
    /// The plan as the commit has it.
    pub workspace: &'a Workspace,
    /// Holds the images' blobs; takes the evidence, and what is pulled.
    pub store: &'a Arc<FsStore>,
    /// Reaches registries.
    pub registry: &'a Registry,
    /// The day on which waivers have to count.
    pub today: CivilDate,
    /// The machine that the image has to be for, where one was asked for.
    pub platform: Option<ImagePlatform>,
    /// Receives what happens.
    pub on_event: &'a (dyn Fn(RegistryEvent) + Sync),
}

//! Images that are in the engine for a while: loaded under a tag of their own, and gone with the value that holds them.

use std::time::SystemTime;

use super::held_tag::tag;
use super::load;
use crate::docker::DockerEngine;
use crate::docker::container::removal::remove_image;
use crate::docker::fault::{limited, status};
use crate::docker::pump::PumpHandle;
use crate::{BuiltTarget, EngineError, TaggedArchive};
use rcrepro_model::content::digest::Sha256;

/// A tag that this process made; dropping it removes it, and the image if nothing else names it.
struct HeldTag {
    tag: String,
    pump: PumpHandle,
}

impl Drop for HeldTag {
    fn drop(&mut self) {
        let (tag, pump) = (std::mem::take(&mut self.tag), self.pump.clone());
        let _detached = self.pump.spawn(async move { remove_image(&pump.client, &tag).await });
    }
}

impl DockerEngine {
    /// Loads an image under a tag that is made for it. One that the engine has without any tag stays as it is: a tag that is taken away again
    /// would take the image with it.
    pub(super) async fn hold(
        &self,
        label: &str,
        config: Sha256,
        archive: TaggedArchive,
    ) -> Result<BuiltTarget, EngineError> {
        let asked = async {
            match self.client.inspect_image(&config.to_oci()).await {
                Err(error) if status(&error) == Some(404) => Ok(None),
                answer => answer.map(Some),
            }
        };
        let known = limited(label, "inspect the image", asked).await?;
        if let Some(image) = known
            && image.repo_tags.is_none_or(|tags| tags.is_empty())
            && let Some(id) = image.id
        {
            return Ok(BuiltTarget::new(id, Vec::new(), ()));
        }
        let tag = tag(&self.owner, SystemTime::now(), config);
        // Held from before the load on, so that whatever breaks it off leaves nothing.
        let held = HeldTag { tag: tag.clone(), pump: self.pump.handle().clone() };
        let id = load(&self.client, label, archive(tag)).await?;
        Ok(BuiltTarget::new(id, Vec::new(), held))
    }
}

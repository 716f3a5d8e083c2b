//! Docker and Podman as a host of images.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use super::{export, load};
use crate::docker::DockerEngine;
use crate::docker::dialect::Dialect;
use crate::{
    ArchiveStream, BuildEnd, BuildRequest, BuiltTarget, EngineError, ImageHost, ImageStart, StartEnd, TaggedArchive,
};
use rcrepro_model::content::digest::Sha256;
use rcrepro_store::BlobStore;

#[async_trait]
impl ImageHost for DockerEngine {
    async fn load_image(&self, label: &str, archive: ArchiveStream) -> Result<String, EngineError> {
        load(&self.client, label, archive).await
    }

    async fn image_id(&self, reference: &str) -> Result<Option<String>, EngineError> {
        export::id(&self.client, reference).await
    }

    fn export_image<'a>(&'a self, id: &'a str) -> BoxStream<'a, Result<Bytes, EngineError>> {
        export::export(&self.client, id).boxed()
    }

    fn cannot_build(&self) -> Option<&str> {
        match self.pump.handle().dialect {
            Dialect::Docker => None,
            Dialect::Podman(_) => Some("Podman builds with another builder than Docker, which has not been tried"),
        }
    }

    async fn build_image(
        &self,
        request: &BuildRequest<'_>,
        context: ArchiveStream,
        cancel: &CancellationToken,
    ) -> Result<BuildEnd, EngineError> {
        self.build_target(request, context, cancel).await
    }

    async fn hold_image(
        &self,
        label: &str,
        config: Sha256,
        archive: TaggedArchive,
    ) -> Result<BuiltTarget, EngineError> {
        self.hold(label, config, archive).await
    }

    async fn start_image(&self, start: &ImageStart<'_>, store: &dyn BlobStore) -> Result<StartEnd, EngineError> {
        self.start(start, store).await
    }
}

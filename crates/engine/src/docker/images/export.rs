//! Streams an image out of the engine.

use bollard::Docker;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use crate::EngineError;
use crate::docker::fault::{call, limited, status};

/// Returns the id by which the engine knows an image: by a name, an id or a digest.
///
/// # Errors
/// [`EngineError::Call`]; an image that is not there is `None`.
pub(crate) async fn id(client: &Docker, reference: &str) -> Result<Option<String>, EngineError> {
    let asked = async {
        match client.inspect_image(reference).await {
            Err(error) if status(&error) == Some(404) => Ok(None),
            answer => answer.map(|image| image.id),
        }
    };
    limited(reference, "inspect the image", asked).await
}

/// Streams an image as an archive, as `docker save` writes it.
pub(crate) fn export(client: &Docker, id: &str) -> impl Stream<Item = Result<Bytes, EngineError>> {
    let failed = call(id, "export the image");
    client.export_image(id).map(move |piece| piece.map_err(&failed))
}

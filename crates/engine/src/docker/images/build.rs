//! Builds targets of Dockerfiles, with no network and nothing of the engine's cache.
//!
//! The classic builder is asked (version 1 of the API's build call): it is in every Docker Engine, and it takes an image's id
//! in `FROM`, so that an engine never looks a name up. Each step leaves an image behind. All of them are written down from
//! what the engine says as it goes, and dropping [`BuiltTarget`] removes them, the last one first; what was there before the
//! build is never among them. What a killed process leaves carries our labels from the first step on that sets them.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use bollard::errors::Error;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion, ListImagesOptions};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::docker::DockerEngine;
use crate::docker::container::removal::remove_image;
use crate::docker::fault::{call, limited, refuse};
use crate::docker::pump::PumpHandle;
use crate::{ArchiveStream, BuildEnd, BuildRequest, BuiltTarget, EngineError, ImageHost as _};

/// How long a build may be needed, for its deadline label.
const LIFETIME: Duration = Duration::from_secs(2 * 3600);
/// The memory of a step in bytes, swap included: the most that the client can say.
const MEMORY: i32 = i32::MAX;
/// The most characters that are kept of what a build says.
const LOG_LIMIT: usize = 256 << 10;
/// What the classic builder writes before the id of the image that a step made.
const MADE: &str = " ---> ";

/// The images of a build's steps.
struct Steps {
    ids: Vec<String>,
    pump: PumpHandle,
}

impl Drop for Steps {
    fn drop(&mut self) {
        let (ids, pump) = (std::mem::take(&mut self.ids), self.pump.clone());
        if ids.is_empty() {
            return;
        }
        let _detached = self.pump.spawn(async move {
            for id in ids.iter().rev() {
                remove_image(&pump.client, id).await;
            }
        });
    }
}

impl DockerEngine {
    /// Builds a target from a context, which is a tar.
    ///
    /// # Errors
    /// [`EngineError`] when nothing can be said of the target. One that cannot be built is a result.
    pub(crate) async fn build_target(
        &self,
        request: &BuildRequest<'_>,
        context: ArchiveStream,
        cancel: &CancellationToken,
    ) -> Result<BuildEnd, EngineError> {
        let label = request.label;
        if let Some(reason) = self.cannot_build() {
            return Err(refuse(label, "build an image", reason));
        }
        let before = self.image_ids(label).await?;
        let mut steps = Steps { ids: Vec::new(), pump: self.pump.handle().clone() };
        let mut said = Said::default();
        let ended = {
            let body = bollard::body_try_stream(context);
            let mut answers = std::pin::pin!(self.client.build_image(self.options(request), None, Some(body)));
            let mut until = std::pin::pin!(tokio::time::sleep(request.timeout));
            loop {
                let answer = tokio::select! {
                    answer = answers.next() => answer,
                    () = cancel.cancelled() => break Err(EngineError::Interrupted { label: label.to_owned() }),
                    () = &mut until => {
                        break Ok(Some(format!("it was not built within {} s", request.timeout.as_secs())));
                    }
                };
                match answer {
                    None => break Ok(None),
                    Some(Ok(info)) => {
                        said.take(info.stream.as_deref().unwrap_or_default(), info.aux.and_then(|id| id.id))
                    }
                    Some(Err(Error::DockerStreamError { error })) => break Ok(Some(error)),
                    // The Dockerfile cannot be read.
                    Some(Err(Error::DockerResponseServerError { status_code: 400, message })) => {
                        break Ok(Some(message));
                    }
                    Some(Err(error)) => break Err(call(label, "build an image")(error)),
                }
            }
        };
        // Whatever the end, what the steps made is ours to remove.
        let after = self.image_ids(label).await?;
        let ours =
            |short: &String| after.iter().find(|id| id.contains(short.as_str()) && !before.contains(*id)).cloned();
        for id in said.made.iter().filter_map(ours) {
            if !steps.ids.contains(&id) {
                steps.ids.push(id);
            }
        }
        if let Some(reason) = ended? {
            return Ok(BuildEnd::Failed { reason: reason.trim().to_owned(), log: said.log });
        }
        match said.id {
            Some(id) if after.contains(&id) => Ok(BuildEnd::Built(BuiltTarget::new(id, steps.ids.clone(), steps))),
            _ => Err(refuse(label, "build an image", "it does not say what it built")),
        }
    }

    fn options(&self, request: &BuildRequest<'_>) -> BuildImageOptions {
        let arguments = request.arguments.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        BuildImageOptions {
            dockerfile: request.dockerfile.to_owned(),
            target: request.target.to_owned(),
            nocache: request.cache.is_empty(),
            cachefrom: (!request.cache.is_empty()).then(|| request.cache.to_vec()),
            rm: true,
            forcerm: true,
            memory: Some(MEMORY),
            memswap: Some(MEMORY),
            buildargs: Some(arguments),
            networkmode: Some("none".to_owned()),
            labels: Some(self.owner.labels(request.label, SystemTime::now(), LIFETIME)),
            version: BuilderVersion::BuilderV1,
            ..BuildImageOptions::default()
        }
    }

    /// Lists the ids of all images, those of steps among them.
    async fn image_ids(&self, label: &str) -> Result<BTreeSet<String>, EngineError> {
        let options = ListImagesOptions { all: true, ..ListImagesOptions::default() };
        let listed = limited(label, "list the images", self.client.list_images(Some(options))).await?;
        Ok(listed.into_iter().map(|image| image.id).collect())
    }
}

/// Collects what a build says.
#[derive(Default)]
struct Said {
    log: String,
    line: String,
    /// The shortened ids of the images of steps, in their order.
    made: Vec<String>,
    id: Option<String>,
}

impl Said {
    fn take(&mut self, text: &str, id: Option<String>) {
        self.id = id.or(self.id.take());
        if self.log.len() < LOG_LIMIT {
            self.log.push_str(text);
        }
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            if !self.line.ends_with('\n') {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let short = line.strip_prefix(MADE).map(str::trim).unwrap_or_default();
            if short.len() == 12 && short.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                self.made.push(short.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_of_steps_are_read_from_what_a_build_says() {
        let mut said = Said::default();
        for text in [
            "Step 1/3 : FROM x\n",
            " ---> 0123456789ab\n",
            "Step 2/3 : RUN true\n ---> Running in 9876543210fe\n",
            " ---> abc",
            "def012345\n",
        ] {
            said.take(text, None);
        }
        said.take("", Some("sha256:1".to_owned()));
        said.take("Successfully built abcdef012345\n ---> no id at all\n", None);
        assert_eq!(said.made, ["0123456789ab", "abcdef012345"]);
        assert_eq!(said.id.as_deref(), Some("sha256:1"));
        assert!(said.log.starts_with("Step 1/3"));
    }
}

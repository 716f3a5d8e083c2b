//! The logs of image builds.

pub(crate) mod buildkit;
pub(crate) mod docker_build;

//! `rcrepro image ls`.

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::print;
use crate::app::image::ImageError;
use crate::app::image::folder::ImageFolder;

/// Lists the folder's images and what they are locked to.
pub fn ls(folder: &ImageFolder) -> Result<Exit, Failure> {
    for name in folder.names()? {
        let locked = folder.compose(&name).and_then(|composition| folder.lock(&composition));
        let state = match locked {
            Ok(lock) => {
                let identity = lock.identity();
                format!("{}  {} layers", identity.config.to_oci(), identity.diff_ids.len())
            }
            Err(error @ ImageError::StaleLock { .. }) => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        print(format!("{name}  {state}\n").as_bytes())?;
    }
    Ok(Exit::Success)
}

//! Images whose layers were laid over each other already: the second build of an image, which as a rule is the first one again, is not unpacked
//! again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::Parts;

/// What makes an image what it is, once it is known.
type Known = Arc<Mutex<Option<Parts>>>;

/// What makes images what they are, by the digests of their manifests, which name their configurations and layers.
#[derive(Default)]
pub(crate) struct FoldedImages(Mutex<BTreeMap<Digest, Known>>);

impl FoldedImages {
    /// Gives what is known of a manifest, or has it found out. Who asks for the same one meanwhile waits.
    ///
    /// # Errors
    /// As `fold` gives it; the next one who asks tries again.
    pub(super) fn of<E>(&self, manifest: Digest, fold: impl FnOnce() -> Result<Parts, E>) -> Result<Parts, E> {
        // What a panic leaves is whole: an entry is set at once or not at all.
        let known = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(manifest).or_default().clone()
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some(parts) => Ok(parts),
            None => Ok(*known.insert(fold()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_folded_once_and_one_that_failed_again() {
        let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let parts = |tree| Parts { tree, config: one, owners: one, manifest: None, image_config: None };
        let folded = FoldedImages::default();
        assert_eq!(folded.of(one, || Err("no")), Err("no"));
        assert_eq!(folded.of(one, || Ok::<_, ()>(parts(one))), Ok(parts(one)));
        assert_eq!(folded.of(one, || Err("not asked")), Ok(parts(one)));
        assert_eq!(folded.of(other, || Ok::<_, ()>(parts(other))), Ok(parts(other)));
    }
}

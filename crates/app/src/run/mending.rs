//! Work that begins again when it met a damaged blob of the store, which was set aside and can be had again: sources come from
//! git, layers and frozen inputs by their locks, streams from the commands.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use rcrepro_model::execution::event::RunEvent;
use rcrepro_store::fs::FsStore;

/// Does the work, and once more for each damaged blob that it ends by. A blob that is damaged again ends it: the disk is to
/// blame then.
///
/// # Errors
/// What the work said last.
pub(crate) async fn mending<T, E>(
    store: &FsStore,
    observe: &(dyn Fn(RunEvent) + Sync),
    cancel: &CancellationToken,
    mut work: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut met = BTreeSet::new();
    loop {
        let result = work().await;
        let mut new = false;
        for blob in store.take_set_aside() {
            new |= met.insert(blob);
            observe(RunEvent::Mending { blob, folder: store.root().join("damaged").display().to_string() });
        }
        if result.is_ok() || !new || cancel.is_cancelled() {
            return result;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use rcrepro_model::content::digest::Digest;
    use rcrepro_store::{BlobStore as _, StoreError};

    /// Puts a blob with other bytes of the same size into a store.
    fn damage(store: &FsStore, bytes: &[u8]) -> Digest {
        let digest = store.put(bytes).expect("stored");
        let path = store.local_path(digest).expect("a file");
        std::fs::remove_file(&path).expect("our own file");
        std::fs::write(&path, vec![b'!'; bytes.len()]).expect("damaged");
        digest
    }

    #[tokio::test]
    async fn work_goes_on_as_long_as_it_meets_other_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FsStore::open_mending(folder.path()).expect("a store");
        let damaged: Vec<Digest> = [&b"one"[..], b"other"].into_iter().map(|bytes| damage(&store, bytes)).collect();
        let told = Mutex::new(Vec::new());
        let observe = |event| told.lock().expect("nobody panicked").push(event);
        let work = async || {
            store.put(b"one")?;
            store.put(b"other")?;
            damaged.iter().try_for_each(|digest| store.get(*digest).map(drop))
        };
        mending(&store, &observe, &CancellationToken::new(), work).await.expect("it can be had again");
        let told = told.into_inner().expect("nobody panicked");
        let kept = folder.path().join("damaged");
        let event = |blob: &Digest| RunEvent::Mending { blob: *blob, folder: kept.display().to_string() };
        assert_eq!(told, damaged.iter().map(event).collect::<Vec<_>>());
        assert_eq!(std::fs::read(kept.join(damaged[1].hash.to_string())).expect("kept"), b"!!!!!");
    }

    #[tokio::test]
    async fn what_cannot_be_had_again_ends_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = FsStore::open_mending(folder.path()).expect("a store");
        let digest = damage(&store, b"lost");
        let mut rounds = 0;
        let work = async || {
            rounds += 1;
            store.get(digest).map(drop)
        };
        let ended = mending(&store, &|_| {}, &CancellationToken::new(), work).await;
        assert!(matches!(ended, Err(StoreError::Missing { .. })), "{ended:?}");
        assert_eq!(rounds, 2);
        let again = async || {
            damage(&store, b"lost");
            store.get(digest).map(drop)
        };
        let ended = mending(&store, &|_| {}, &CancellationToken::new(), again).await;
        assert!(matches!(ended, Err(StoreError::Damaged { .. })), "a disk that damages it again: {ended:?}");
    }
}

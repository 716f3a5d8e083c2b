//! Carries a container's streams into the store without ever holding the container up.
//!
//! Two stages. The *drain* runs on the pump and does nothing but read frames and append them to two unlinked temporary
//! files: between the socket and the page cache there is no consumer, channel or lock that something else holds, so memory
//! stays small and a slow store cannot cause back-pressure. The *copiers*, a thread for each stream, follow those files
//! into the store at whatever pace it takes. What remains is the disk itself: when one append takes longer than
//! [`STALL_LIMIT`], bytes may have been lost at the container's exit without any sign, so the result is not believed.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::query_parameters::AttachContainerOptions;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::docker::fault::{incomplete, limited, refuse};
use crate::docker::pump::PumpHandle;
use crate::secrets::{Redaction, StepSecrets};
use crate::{EngineError, OutputTail};
use rcrepro_model::content::digest::Digest;
use rcrepro_store::{BlobStore, BlobWriter, StoreError};

/// The daemon closes a container's streams two seconds after its exit, whether they were read or not.
const STALL_LIMIT: Duration = Duration::from_millis(1_500);

/// The most that one stream may hold, in bytes: 16 GiB. A command that writes without end must not fill the disk.
pub(crate) const STREAM_LIMIT: u64 = 16 << 30;

/// A running drain. Dropped, it keeps nothing and reads no further: the streams of a container that is removed before
/// its start never end.
pub(crate) struct Drain {
    task: AbortOnDropHandle<Result<(), String>>,
    received: Arc<AtomicU64>,
    tail: Arc<SpoolTail>,
    /// Cancelled when a stream is longer than it may be. What follows is read and dropped: a daemon whose stream nobody reads does not
    /// even kill the container.
    too_long: CancellationToken,
    whole: bool,
    stdout: Copier,
    stderr: Copier,
    /// Kept open until the end: a daemon may take its closing for the end of the whole connection.
    input: Input,
}

type Output = Pin<Box<dyn Stream<Item = Result<LogOutput, bollard::errors::Error>> + Send>>;
type Input = Pin<Box<dyn AsyncWrite + Send>>;

impl Drain {
    /// Attaches to a container that has not been started, and begins to drain it; each stream may hold `most` bytes.
    pub async fn attach(
        pump: &PumpHandle,
        label: &str,
        container: &str,
        (gate, most): (bool, u64),
        store: &dyn BlobStore,
        spool_dir: &Path,
        secrets: Option<&StepSecrets>,
    ) -> Result<Self, EngineError> {
        let (stdout, to_stdout) = Copier::start(store.writer()?, spool_dir, most)?;
        let (stderr, to_stderr) = Copier::start(store.writer()?, spool_dir, most)?;
        let (client, container) = (pump.client.clone(), container.to_owned());
        let options = AttachContainerOptions {
            stream: true,
            stdin: gate,
            stdout: true,
            stderr: true,
            ..AttachContainerOptions::default()
        };
        // On the pump, so that the connection belongs to the pump's runtime.
        let attached = pump.spawn(async move { client.attach_container(&container, Some(options)).await });
        let attached = async { attached.await.unwrap_or_else(|error| Err(io::Error::other(error).into())) };
        let AttachContainerResults { output, input } = limited(label, "attach to the container", attached).await?;
        let received = Arc::new(AtomicU64::new(0));
        let tail = Arc::new(SpoolTail { stdout: to_stdout, stderr: to_stderr, is_stderr: AtomicBool::new(false) });
        let hiding = [Redaction::of(secrets), Redaction::of(secrets)];
        let too_long = CancellationToken::new();
        let task = pump.spawn(drain(output, tail.clone(), (received.clone(), too_long.clone()), hiding));
        let task = AbortOnDropHandle::new(task);
        Ok(Self { task, received, tail, too_long, whole: false, stdout, stderr, input })
    }

    /// Gives the way to the end of what has come so far.
    pub fn tail(&self) -> Arc<dyn OutputTail> {
        self.tail.clone()
    }

    /// Gives what is cancelled when a stream is longer than it may be.
    pub const fn too_long(&self) -> &CancellationToken {
        &self.too_long
    }

    /// Lets a container that waits at its gate go.
    ///
    /// # Errors
    /// [`EngineError::Call`] when the daemon does not take the byte.
    pub async fn open_gate(&mut self, label: &str) -> Result<(), EngineError> {
        let sent = async {
            self.input.write_all(b"!").await?;
            self.input.flush().await
        };
        sent.await.map_err(|error| refuse(label, "open the container's gate", error.to_string()))
    }

    /// Awaits the end of both streams; may be dropped and called again.
    ///
    /// # Errors
    /// [`EngineError::Incomplete`] when a stream broke off.
    pub async fn ended(&mut self, label: &str) -> Result<(), EngineError> {
        if self.whole {
            return Ok(());
        }
        match (&mut self.task).await {
            Ok(Ok(())) => {
                self.whole = true;
                Ok(())
            }
            Ok(Err(reason)) => Err(incomplete(label, reason)),
            Err(error) => Err(incomplete(label, format!("the drain ended: {error}"))),
        }
    }

    /// Awaits the end of both streams of a container that has exited. `patience` runs from the last byte on.
    ///
    /// # Errors
    /// [`EngineError::Incomplete`] when a stream broke off, or does not end.
    pub async fn end_within(&mut self, label: &str, patience: Duration) -> Result<(), EngineError> {
        loop {
            let seen = self.received.load(Ordering::Relaxed);
            match tokio::time::timeout(patience, self.ended(label)).await {
                Ok(ended) => return ended,
                Err(_) if self.received.load(Ordering::Relaxed) > seen => {}
                Err(_) => return Err(incomplete(label, "the streams do not end although the container has")),
            }
        }
    }

    /// Makes both streams visible in the store; only for a result that is believed.
    pub async fn keep(self) -> Result<(Digest, Digest), EngineError> {
        Ok((self.stdout.keep().await?, self.stderr.keep().await?))
    }
}

/// Reads frames until the end. Nothing here waits for anything but the socket and the page cache.
async fn drain(
    mut output: Output,
    to: Arc<SpoolTail>,
    (received, too_long): (Arc<AtomicU64>, CancellationToken),
    [mut of_stdout, mut of_stderr]: [Redaction; 2],
) -> Result<(), String> {
    let mut stopped = None;
    while let Some(frame) = output.next().await {
        let (is_stderr, bytes): (bool, Bytes) = match frame {
            Ok(LogOutput::StdOut { message }) => (false, message),
            Ok(LogOutput::StdErr { message }) => (true, message),
            // bollard hands out what it cannot frame, such as a frame that was cut, under these names.
            Ok(LogOutput::Console { message } | LogOutput::StdIn { message }) => {
                return Err(format!("{} bytes of the streams are not a whole frame", message.len()));
            }
            Err(error) => return Err(format!("the streams broke off: {error}")),
        };
        received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if stopped.is_some() {
            continue;
        }
        let began = Instant::now();
        let appended = if is_stderr {
            to.stderr.append(&of_stderr.push(&bytes))
        } else {
            to.stdout.append(&of_stdout.push(&bytes))
        };
        match appended {
            Err(AppendError::TooLong(most)) => {
                stopped = Some(format!("a stream is longer than {most} bytes"));
                too_long.cancel();
            }
            appended => appended.map_err(|error| error.to_string())?,
        }
        to.is_stderr.store(is_stderr, Ordering::Relaxed);
        let took = began.elapsed();
        if took > STALL_LIMIT {
            return Err(format!("the disk held the streams up for {} ms; bytes may be lost", took.as_millis()));
        }
    }
    if let Some(reason) = stopped {
        return Err(reason);
    }
    let finished = to.stdout.append(&of_stdout.finish()).and_then(|()| to.stderr.append(&of_stderr.finish()));
    finished.map_err(|error| error.to_string())
}

/// The spools of both streams, and which of them was written to last.
struct SpoolTail {
    stdout: Arc<Spool>,
    stderr: Arc<Spool>,
    is_stderr: AtomicBool,
}

/// Reads what is in the page cache already; the drain waits for nobody who looks.
impl OutputTail for SpoolTail {
    fn end(&self, most: usize) -> Vec<u8> {
        let spool = if self.is_stderr.load(Ordering::Relaxed) { &self.stderr } else { &self.stdout };
        let written = spool.state().written;
        let from = written.saturating_sub(most as u64);
        let mut bytes = vec![0; usize::try_from(written - from).unwrap_or(most)];
        // What cannot be read is not shown; the copier reports it.
        if spool.file.read_exact_at(&mut bytes, from).is_ok() { bytes } else { Vec::new() }
    }
}

/// Why bytes of a stream were not appended.
#[derive(Debug, thiserror::Error)]
enum AppendError {
    /// They are more than the stream may hold.
    #[error("a stream is longer than {0} bytes")]
    TooLong(u64),
    /// The file failed.
    #[error("the spool cannot be written: {0}")]
    Write(io::Error),
}

/// A file that one side appends to while the other follows.
struct Spool {
    file: File,
    /// How many bytes it may hold.
    most: u64,
    state: Mutex<SpoolState>,
    changed: Condvar,
}

#[derive(Default)]
struct SpoolState {
    written: u64,
    verdict: Option<Verdict>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Keep,
    Discard,
}

impl Spool {
    fn state(&self) -> MutexGuard<'_, SpoolState> {
        // The state is two plain values, whole at every moment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, bytes: &[u8]) -> Result<(), AppendError> {
        let at = self.state().written;
        if at + bytes.len() as u64 > self.most {
            return Err(AppendError::TooLong(self.most));
        }
        self.file.write_all_at(bytes, at).map_err(AppendError::Write)?;
        self.state().written = at + bytes.len() as u64;
        self.changed.notify_one();
        Ok(())
    }

    fn decide(&self, verdict: Verdict) {
        self.state().verdict.get_or_insert(verdict);
        self.changed.notify_one();
    }

    /// Follows the file into the writer until the verdict is known; gives the digest when the blob is kept.
    fn follow(&self, mut writer: Box<dyn BlobWriter>) -> Result<Option<Digest>, StoreError> {
        let failed = |doing| move |source| StoreError::Io { doing, path: PathBuf::from("the streams' spool"), source };
        let mut buffer = vec![0; 256 << 10];
        let mut copied = 0;
        loop {
            let (written, verdict) = {
                let waiting = self.state();
                let state = self
                    .changed
                    .wait_while(waiting, |state| state.written == copied && state.verdict.is_none())
                    .unwrap_or_else(PoisonError::into_inner);
                (state.written, state.verdict)
            };
            match verdict {
                Some(Verdict::Discard) => return Ok(None),
                Some(Verdict::Keep) if written == copied => return writer.commit().map(Some),
                _ => {}
            }
            while copied < written {
                let want = usize::try_from(written - copied).map_or(buffer.len(), |left| left.min(buffer.len()));
                self.file.read_exact_at(&mut buffer[..want], copied).map_err(failed("read"))?;
                writer.write_all(&buffer[..want]).map_err(failed("copy"))?;
                copied += want as u64;
            }
        }
    }
}

/// A thread that follows a spool into the store.
struct Copier {
    spool: Arc<Spool>,
    result: oneshot::Receiver<Result<Option<Digest>, StoreError>>,
}

impl Copier {
    fn start(writer: Box<dyn BlobWriter>, spool_dir: &Path, most: u64) -> Result<(Self, Arc<Spool>), StoreError> {
        let failed = |source| StoreError::Io { doing: "make a spool in", path: spool_dir.to_owned(), source };
        let file = tempfile::tempfile_in(spool_dir).map_err(failed)?;
        let spool = Arc::new(Spool { file, most, state: Mutex::default(), changed: Condvar::new() });
        let (answer, result) = oneshot::channel();
        let followed = spool.clone();
        std::thread::Builder::new()
            .name("rcrepro-copier".to_owned())
            .spawn(move || drop(answer.send(followed.follow(writer))))
            .map_err(failed)?;
        Ok((Self { spool: spool.clone(), result }, spool))
    }

    async fn keep(mut self) -> Result<Digest, StoreError> {
        self.spool.decide(Verdict::Keep);
        let lost = |reason: &str| StoreError::Io {
            doing: "copy",
            path: PathBuf::from("the streams' spool"),
            source: io::Error::other(reason.to_owned()),
        };
        match (&mut self.result).await {
            Ok(Ok(Some(digest))) => Ok(digest),
            Ok(Ok(None)) => Err(lost("it was discarded")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(lost("its thread ended")),
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.spool.decide(Verdict::Discard);
    }
}

//! The engine's own threads, which nothing else may hold up.
//!
//! A container's output is lost, without any error, when its reader stalls across the container's exit: the daemon waits
//! about two seconds for its copiers and then closes them. So the attach streams are read here, on a runtime of their own
//! with a client of its own, where no consumer, store or progress display can block them. Uploads, downloads and removals
//! run here too: they go on when the future that asked for them is dropped.

use std::future::Future;
use std::io;
use std::time::Duration;

use bollard::Docker;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::TaskTracker;

use super::dialect::Dialect;

/// Two, so that a drain goes on while another one waits for the disk.
const THREADS: usize = 2;

/// How long an engine that is dropped without `close` waits for its removals.
const LAST_MOMENT: Duration = Duration::from_secs(20);

/// Owns the runtime. [`Pump::idle`] awaits what runs there; dropping it does so for [`LAST_MOMENT`] at most.
pub(crate) struct Pump {
    runtime: Option<Runtime>,
    handle: PumpHandle,
}

/// Starts tasks on the pump; cheap to clone.
#[derive(Clone)]
pub(crate) struct PumpHandle {
    runtime: Handle,
    tracker: TaskTracker,
    /// The pump's own client: its connections live on the pump's runtime.
    pub client: Docker,
    /// Which engine the client talks to.
    pub dialect: Dialect,
}

impl Pump {
    /// Starts the threads.
    pub fn start(client: Docker, dialect: Dialect) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("rcrepro-pump").enable_all().build()?;
        let handle = PumpHandle { runtime: runtime.handle().clone(), tracker: TaskTracker::new(), client, dialect };
        Ok(Self { runtime: Some(runtime), handle })
    }

    pub fn handle(&self) -> &PumpHandle {
        &self.handle
    }

    /// Awaits every task, and those that they start.
    pub async fn idle(&self) {
        self.handle.tracker.close();
        self.handle.tracker.wait().await;
        self.handle.tracker.reopen();
    }
}

impl Drop for Pump {
    /// Gives removals that are under way a moment to end, also when `close` was not called, such as after a panic.
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        let tracker = self.handle.tracker.clone();
        tracker.close();
        if tracker.is_empty() {
            // A runtime must not be dropped inside another one's task; this way never blocks.
            return runtime.shutdown_background();
        }
        // A plain thread may block on a runtime where this one, which may belong to another runtime, may not.
        let last = std::thread::spawn(move || {
            runtime.block_on(async { drop(tokio::time::timeout(LAST_MOMENT, tracker.wait()).await) });
            runtime.shutdown_background();
        });
        drop(last.join());
    }
}

impl PumpHandle {
    /// Starts a task that [`Pump::idle`] awaits.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tracker.spawn_on(task, &self.runtime)
    }

    /// Starts blocking work that [`Pump::idle`] awaits.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.tracker.spawn_blocking_on(work, &self.runtime)
    }
}

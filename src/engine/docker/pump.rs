//! The engine's own threads, which nothing else may hold up.
//!
//! A container's output is lost, without any error, when its reader stalls across the container's exit: the daemon waits
//! about two seconds for its copiers and then closes them. So the attach streams are read here, on a runtime of their own
//! with a client of its own, where no consumer, store or progress display can block them. Uploads, downloads and removals
//! run here too: they go on when the future that asked for them is dropped.

use std::future::Future;
use std::io;

use bollard::Docker;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::TaskTracker;

/// Two, so that a drain goes on while another one waits for the disk.
const THREADS: usize = 2;

/// Owns the runtime. Dropping it stops what still runs there; [`Pump::idle`] awaits it first.
pub(super) struct Pump {
    runtime: Option<Runtime>,
    handle: PumpHandle,
}

/// Starts tasks on the pump; cheap to clone.
#[derive(Clone)]
pub(super) struct PumpHandle {
    runtime: Handle,
    tracker: TaskTracker,
    /// The pump's own client: its connections live on the pump's runtime.
    pub client: Docker,
}

impl Pump {
    /// Starts the threads.
    pub fn start(client: Docker) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("rcrepro-pump")
            .enable_all()
            .build()?;
        let handle = PumpHandle { runtime: runtime.handle().clone(), tracker: TaskTracker::new(), client };
        Ok(Self { runtime: Some(runtime), handle })
    }

    /// Gives what starts tasks.
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
    fn drop(&mut self) {
        // A runtime must not be dropped inside another one's task; this way never blocks.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
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

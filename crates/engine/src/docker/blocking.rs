//! Blocking work inside async functions.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does blocking work inside an async function without holding up the runtime's other tasks, where the runtime allows it.
/// The store is only borrowed, so the work cannot move to a thread that outlives the call.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Does work that waits for a runtime's channel on a thread of its own: a runtime's thread must not block on one. The error
/// is a panic of the work.
pub(crate) fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> std::thread::Result<T> {
    std::thread::scope(|scope| scope.spawn(work).join())
}

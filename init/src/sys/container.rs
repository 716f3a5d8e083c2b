//! This process among those of its container. The safety argument is that of the module above.
#![expect(unsafe_code, reason = "system calls; see the safety argument of `sys`")]

use std::ffi::{CStr, CString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::result::{check, check_long};

/// Puts this process out of reach of others of the same user: no other reads or writes its memory, takes its descriptors
/// or traces it, also where the kernel has no further rule about that.
pub fn hide() -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) }).map(drop)
}

/// Whether this process, and so every one of the same user, may execute a file.
pub fn may_execute(path: &CStr) -> bool {
    // SAFETY: the path ends with a zero byte.
    unsafe { libc::access(path.as_ptr(), libc::X_OK) == 0 }
}

/// Reads all limits of this process, the soft and the hard one of each.
pub fn limits() -> Vec<(u64, u64)> {
    let read = |resource: u32| {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: the kernel fills a structure of this size, or says that there is no such limit.
        let result = unsafe { libc::getrlimit(resource as _, &raw mut limit) };
        check(result).map_or((0, 0), |_| (limit.rlim_cur, limit.rlim_max))
    };
    (0..LIMITS).map(read).collect()
}

/// How many limits the kernel knows.
const LIMITS: u32 = 16;

/// Undoes [`hide`], in a child that its parent has to look into.
pub fn show() -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) }).map(drop)
}

/// Ends every other process of a container and collects them; does nothing unless this is the container's first process.
pub fn end_all_others() {
    // SAFETY: numbers only, and a null pointer where the status is not wanted. The kernel sends the signal to everybody at
    // once, so that none forks away from it.
    unsafe {
        if libc::getpid() != 1 {
            return;
        }
        libc::kill(-1, libc::SIGKILL);
        while libc::waitpid(-1, std::ptr::null_mut(), 0) > 0 {}
    }
}

/// Reads an extended attribute of what a path leads to.
pub fn attribute(path: &Path, name: &CStr) -> io::Result<Vec<u8>> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)?;
    let mut value = [0u8; 64];
    // SAFETY: both texts end with a zero byte, and the kernel writes no more than the array's length.
    let length = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    let length = usize::try_from(check_long(length as i64)?).map_err(io::Error::other)?;
    Ok(value[..length].to_vec())
}

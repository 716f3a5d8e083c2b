//! Every call to the system that the standard library does not offer. The only module, with those
//! below it, that has `unsafe`.
//!
//! Safety argument for all of it: the process has one thread; every pointer handed to the kernel is to a live value of the
//! size that the call documents; results are checked before they are used. After `fork` the child, a copy of a process of
//! one thread, calls nothing that takes a lock.
#![expect(unsafe_code, reason = "system calls; see the module's safety argument")]

mod container;
mod result;
mod seccomp;
mod stub_code;

pub mod calls;

use std::ffi::{CStr, CString, c_int, c_void};
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

use self::result::{check, check_long};

pub use self::container::{attribute, end_all_others, hide, limits, may_execute, show};
pub use self::seccomp::{
    FilterInstruction, Notification, SystemCallAnswer, answer, install_filter, receive, replace_descriptor,
    still_waits, wake_at_once,
};
pub use self::stub_code::{StubEntries, clamp_code, stub_code, stub_entries};

/// Returns the address at which the kernel put the vDSO.
pub fn own_vdso() -> usize {
    // SAFETY: reads the auxiliary vector.
    usize::try_from(unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) }).unwrap_or(0)
}

/// Reads a clock in nanoseconds.
pub fn clock(number: c_int) -> io::Result<u64> {
    // SAFETY: the kernel fills a timespec.
    unsafe {
        let mut time: libc::timespec = zeroed();
        check(libc::clock_gettime(number, &raw mut time))?;
        Ok(time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned())
    }
}

/// The end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub pid: i32,
    /// Its exit code, or 128 and the number of the signal that ended it.
    pub code: i32,
}

/// Collects one process that has ended; `None` when there is none at the moment.
pub fn reap() -> Option<Ended> {
    let mut status = 0;
    // SAFETY: the kernel fills the status.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then(|| Ended {
        pid,
        code: if libc::WIFSIGNALED(status) { 128 + libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) },
    })
}

/// Blocks every signal and gives a descriptor on which they can be read.
pub fn signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is filled before it is used.
    unsafe {
        let mut set: libc::sigset_t = zeroed();
        libc::sigfillset(&raw mut set);
        check(libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()))?;
        Ok(OwnedFd::from_raw_fd(check(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?))
    }
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    pub number: c_int,
    /// Whether a process sent it that this one's name space does not hold: one outside of the container.
    pub from_outside: bool,
}

/// Takes the next signal that came.
pub fn next_signal(signals: &OwnedFd) -> Option<Signal> {
    // SAFETY: the kernel fills a struct of this size.
    unsafe {
        let mut info: libc::signalfd_siginfo = zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        let read = libc::read(signals.as_raw_fd(), (&raw mut info).cast::<c_void>(), size);
        // Codes above zero are the kernel's own, such as that a child has ended.
        (read == size.cast_signed()).then(|| Signal {
            number: info.ssi_signo.cast_signed(),
            from_outside: info.ssi_code <= 0 && info.ssi_pid == 0,
        })
    }
}

/// Sends a signal; a process that has ended needs none.
pub fn kill(pid: i32, signal: c_int) {
    // SAFETY: numbers only.
    unsafe { libc::kill(pid, signal) };
}

/// Waits until one of the descriptors can be read; says which.
pub fn wait_readable<const N: usize>(descriptors: [RawFd; N], milliseconds: c_int) -> [bool; N] {
    let mut polled = descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    // SAFETY: the array lives until the call returns.
    unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, milliseconds) };
    polled.map(|one| one.revents & (libc::POLLIN | libc::POLLHUP | libc::POLLERR) != 0)
}

/// Forks; `None` in the child.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: the process has one thread.
    let pid = check(unsafe { libc::fork() })?;
    Ok((pid > 0).then_some(pid))
}

/// Puts the child into a process group of its own, resets its signals and executes its program. Returns only with what went wrong.
pub fn become_program(program: &[CString]) -> io::Error {
    let mut argv: Vec<*const libc::c_char> = program.iter().map(|word| word.as_ptr()).collect();
    argv.push(std::ptr::null());
    // SAFETY: `argv` ends with a null pointer and its words live as long as the program.
    unsafe {
        libc::setpgid(0, 0);
        // What the standard library or the starter of this process ignores, a program would ignore too.
        for number in 1..=libc::SIGRTMAX() {
            libc::signal(number, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
        libc::execvp(argv[0], argv.as_ptr());
    }
    io::Error::last_os_error()
}

/// Makes the kernel end this process when its parent ends.
pub fn end_with_parent() {
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
}

/// Ends at once, without anything that runs at a usual end.
pub fn exit(code: c_int) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(code) }
}

pub fn umask(mask: u32) {
    // SAFETY: a number.
    unsafe { libc::umask(mask) };
}

/// Makes `from` the standard input.
pub fn replace_stdin(from: &OwnedFd) -> io::Result<()> {
    // SAFETY: both are descriptors of this process.
    check(unsafe { libc::dup2(from.as_raw_fd(), 0) }).map(|_| ())
}

const CONTROL: usize = 32;
/// The flags with which a new process hands its listener over. A call that is watched would wait for a supervisor that does
/// not have the listener yet, so the filter lets these through. The kernel passes over all but the first of them on such a
/// socket, and no program that means anything writes them.
pub const HANDOVER: i32 = 0x4000 | 0x800 | 0x1600;

/// Hands a descriptor to the other end of a socket pair.
pub fn send_descriptor(socket: &OwnedFd, descriptor: &OwnedFd) -> io::Result<()> {
    // SAFETY: the header describes buffers that live until the call returns; 32 bytes hold one descriptor's message.
    unsafe {
        let (mut byte, mut control) = (0u8, [0u64; CONTROL / 8]);
        let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let mut header: libc::msghdr = zeroed();
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = libc::CMSG_SPACE(size_of::<c_int>() as u32) as usize;
        let message = libc::CMSG_FIRSTHDR(&raw const header);
        (*message).cmsg_level = libc::SOL_SOCKET;
        (*message).cmsg_type = libc::SCM_RIGHTS;
        (*message).cmsg_len = libc::CMSG_LEN(size_of::<c_int>() as u32) as usize;
        libc::CMSG_DATA(message).cast::<c_int>().write_unaligned(descriptor.as_raw_fd());
        check_long(libc::sendmsg(socket.as_raw_fd(), &raw const header, HANDOVER) as i64).map(|_| ())
    }
}

/// Takes a descriptor from the other end of a socket pair.
pub fn receive_descriptor(socket: &OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: as above; the message is checked before its descriptor is taken.
    unsafe {
        let (mut byte, mut control) = (0u8, [0u64; CONTROL / 8]);
        let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        let mut header: libc::msghdr = zeroed();
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = CONTROL;
        check_long(libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC) as i64)?;
        let message = libc::CMSG_FIRSTHDR(&raw const header);
        if message.is_null() || (*message).cmsg_type != libc::SCM_RIGHTS {
            return Err(io::Error::other("the child handed no descriptor over"));
        }
        Ok(OwnedFd::from_raw_fd(libc::CMSG_DATA(message).cast::<c_int>().read_unaligned()))
    }
}

/// Reads the mask of processors that a thread may use (0 is this one); gives how many bytes the kernel knows.
pub fn affinity(pid: i32, mask: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the kernel writes no more than the slice's length.
    let written = unsafe { libc::syscall(libc::SYS_sched_getaffinity, pid, mask.len(), mask.as_mut_ptr()) };
    usize::try_from(check_long(written)?).map_err(io::Error::other)
}

/// Reads another process's memory; what is behind the last page that is there is left out.
pub fn peek(pid: u32, address: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let ours = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let theirs = libc::iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
    // SAFETY: the kernel writes no more than the slice's length; the other address is the other process's.
    let read = unsafe { libc::process_vm_readv(pid.cast_signed(), &raw const ours, 1, &raw const theirs, 1, 0) };
    if let Ok(read) = usize::try_from(read) {
        return Ok(read);
    }
    // A profile may forbid the call, and allows the file all the same. It reads up to the end of a page.
    use std::os::unix::fs::FileExt as _;
    let most = bytes.len().min(PAGE - usize::try_from(address).map_err(io::Error::other)? % PAGE);
    std::fs::File::open(format!("/proc/{pid}/mem"))?.read_at(&mut bytes[..most], address)
}

const PAGE: usize = 4096;

/// Writes into another process's memory where that process itself may.
pub fn poke(pid: u32, address: u64, bytes: &[u8]) -> io::Result<()> {
    let ours = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let theirs = libc::iovec { iov_base: address as *mut c_void, iov_len: bytes.len() };
    // SAFETY: the kernel reads no more than the slice's length; the other address is the other process's.
    let written = unsafe { libc::process_vm_writev(pid.cast_signed(), &raw const ours, 1, &raw const theirs, 1, 0) };
    match usize::try_from(written) {
        Ok(written) if written == bytes.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::WriteZero.into()),
        Err(_) => {
            let error = io::Error::last_os_error();
            // A profile may forbid the call, and allows the file all the same.
            if error.raw_os_error() == Some(libc::EFAULT) {
                return Err(error);
            }
            use std::os::unix::fs::FileExt as _;
            std::fs::OpenOptions::new().write(true).open(format!("/proc/{pid}/mem"))?.write_all_at(bytes, address)
        }
    }
}

/// Sets the times of a file as `utimensat` does: two structures of seconds and nanoseconds.
pub fn set_times(path: &CStr, times: &[u8; 32], flags: c_int) -> io::Result<()> {
    // SAFETY: the path ends with a zero byte, and the kernel reads two structures of sixteen bytes.
    let result = unsafe { libc::syscall(libc::SYS_utimensat, libc::AT_FDCWD, path.as_ptr(), times.as_ptr(), flags) };
    check_long(result).map(drop)
}

/// Asks for a file as `newfstatat` does; the answer has the kernel's own form.
pub fn stat(path: &CStr, flags: c_int, answer: &mut [u8]) -> io::Result<()> {
    assert!(answer.len() >= size_of::<libc::stat>(), "room for the kernel's answer");
    // SAFETY: the path ends with a zero byte, and the kernel writes no more than the structure that there is room for.
    let result =
        unsafe { libc::syscall(libc::SYS_newfstatat, libc::AT_FDCWD, path.as_ptr(), answer.as_mut_ptr(), flags) };
    check_long(result).map(drop)
}

/// Asks for a file as `statx` does; the answer has the kernel's own form.
pub fn statx(path: &CStr, flags: c_int, mask: u32, answer: &mut [u8]) -> io::Result<()> {
    assert!(answer.len() >= size_of::<libc::statx>(), "room for the kernel's answer");
    // SAFETY: as above.
    let result =
        unsafe { libc::syscall(libc::SYS_statx, libc::AT_FDCWD, path.as_ptr(), flags, mask, answer.as_mut_ptr()) };
    check_long(result).map(drop)
}

/// Takes a copy of another process's descriptor, which shares its place in the directory.
pub fn borrow_descriptor(pid: i32, descriptor: u64) -> io::Result<OwnedFd> {
    // SAFETY: numbers only; what is returned is a new descriptor.
    unsafe {
        let process = check_long(libc::syscall(libc::SYS_pidfd_open, pid, 0))?;
        let process = OwnedFd::from_raw_fd(RawFd::try_from(process).map_err(io::Error::other)?);
        let taken = check_long(libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0))?;
        Ok(OwnedFd::from_raw_fd(RawFd::try_from(taken).map_err(io::Error::other)?))
    }
}

/// Reads entries of a directory; negative results are the kernel's error numbers.
pub fn read_directory(directory: &OwnedFd, buffer: &mut [u8]) -> i64 {
    // SAFETY: the kernel writes no more than the slice's length.
    let read = unsafe { libc::syscall(libc::SYS_getdents64, directory.as_raw_fd(), buffer.as_mut_ptr(), buffer.len()) };
    if read < 0 { -i64::from(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)) } else { read }
}

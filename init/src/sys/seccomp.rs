//! The seccomp filter and its listener. The safety argument is that of the module above.
#![expect(unsafe_code, reason = "system calls; see the safety argument of `sys`")]

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

use super::result::{check, check_long};

/// One instruction of a seccomp filter (`struct sock_filter`).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterInstruction {
    pub code: u16,
    pub jt: u8,
    pub jf: u8,
    pub k: u32,
}

const NOTIF_RECV: u64 = 0xc050_2100;
const NOTIF_SEND: u64 = 0xc018_2101;
const NOTIF_ID_VALID: u64 = 0x4008_2102;
const NOTIF_ADDFD: u64 = 0x4018_2103;
const NOTIF_SET_FLAGS: u64 = 0x4008_2104;
/// A descriptor is put at a number of our choice (Linux 5.9).
const SET_DESCRIPTOR: u32 = 1;
const SET_MODE_FILTER: u64 = 1;
const FLAG_NEW_LISTENER: u64 = 1 << 3;
/// A program that was already heard waits for its answer whatever signals come (Linux 5.19).
const FLAG_WAIT_KILLABLE: u64 = 1 << 5;
const CONTINUE: u32 = 1;

/// A system call that waits for an answer.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Notification {
    /// Names the waiting call.
    pub id: u64,
    /// The thread.
    pub pid: u32,
    flags: u32,
    /// The call's number.
    pub call: i32,
    /// Whose table the number is of.
    pub architecture: u32,
    /// Where the program goes on.
    pub instruction: u64,
    /// The call's arguments.
    pub arguments: [u64; 6],
}

#[repr(C)]
struct AddedDescriptor {
    id: u64,
    flags: u32,
    ours: u32,
    theirs: u32,
    descriptor_flags: u32,
}

#[repr(C)]
struct Response {
    id: u64,
    value: i64,
    error: i32,
    flags: u32,
}

/// What a waiting call gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemCallAnswer {
    /// The kernel does the call, and its result holds.
    Kernel,
    /// What the call returns; the kernel does not do it. Negative values are error numbers.
    Value(i64),
}

/// Gives up all further privileges and installs a filter on this process and its children; returns the listener.
pub fn install_filter(filter: &[FilterInstruction]) -> io::Result<OwnedFd> {
    #[repr(C)]
    struct Program {
        length: u16,
        filter: *const FilterInstruction,
    }
    let length = u16::try_from(filter.len()).map_err(|_| io::Error::other("the filter is too long"))?;
    let program = Program { length, filter: filter.as_ptr() };
    // SAFETY: `program` and the filter live until the call returns.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        let install =
            |flags: u64| check_long(libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, flags, &raw const program));
        let fd = install(FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE).or_else(|_| install(FLAG_NEW_LISTENER))?;
        Ok(OwnedFd::from_raw_fd(RawFd::try_from(fd).map_err(io::Error::other)?))
    }
}

/// Asks the kernel to hand the processor over with each question; older kernels cannot.
pub fn wake_at_once(listener: &OwnedFd) {
    // SAFETY: the argument is a number.
    unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_SET_FLAGS, 1u64) };
}

/// Takes the next waiting call; `None` when it has gone meanwhile.
pub fn receive(listener: &OwnedFd) -> Option<Notification> {
    // SAFETY: the kernel wants a zeroed struct of this size (80 bytes) and fills it.
    unsafe {
        let mut notification: Notification = zeroed();
        let result = libc::ioctl(listener.as_raw_fd(), NOTIF_RECV, &raw mut notification);
        (result == 0).then_some(notification)
    }
}

/// Whether the call still waits: only then is its thread the one that asked.
pub fn still_waits(listener: &OwnedFd, id: u64) -> bool {
    // SAFETY: the kernel reads eight bytes.
    unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_ID_VALID, &raw const id) == 0 }
}

/// Answers a waiting call; one that has gone needs no answer.
pub fn answer(listener: &OwnedFd, id: u64, answer: SystemCallAnswer) {
    let (value, flags) = match answer {
        SystemCallAnswer::Kernel => (0, CONTINUE),
        SystemCallAnswer::Value(value) => (value, 0),
    };
    let response = Response { id, value, error: 0, flags };
    // SAFETY: the kernel reads a struct of this size (24 bytes).
    unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_SEND, &raw const response) };
}

/// Replaces a descriptor of the process whose call waits by one of this process.
pub fn replace_descriptor(
    listener: &OwnedFd,
    id: u64,
    ours: &OwnedFd,
    theirs: u64,
    close_on_exec: bool,
) -> io::Result<()> {
    let ours = ours.as_raw_fd().cast_unsigned();
    let theirs = u32::try_from(theirs).map_err(io::Error::other)?;
    let flags = if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 };
    let added = AddedDescriptor { id, flags: SET_DESCRIPTOR, ours, theirs, descriptor_flags: flags };
    // SAFETY: the kernel reads a struct of this size (24 bytes).
    check_long(unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_ADDFD, &raw const added) }.into()).map(drop)
}

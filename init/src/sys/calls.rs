//! The numbers of the watched calls, and the architecture as seccomp names it.

pub use self::machine::*;

#[cfg(target_arch = "x86_64")]
mod machine {
    pub const ARCHITECTURE: u32 = 0xc000_003e;
    pub const BRK: u32 = 12;
    pub const CONNECT: u32 = 42;
    pub const SENDTO: u32 = 44;
    pub const SENDMSG: u32 = 46;
    pub const SENDMMSG: u32 = 307;
    pub const IO_URING_SETUP: u32 = 425;
    pub const GETTIMEOFDAY: u32 = 96;
    pub const ARCH_PRCTL: Option<u32> = Some(158);
    pub const ARCH_SET_FS: u32 = 0x1002;
    pub const TIME: Option<u32> = Some(201);
    pub const FUTEX: u32 = 202;
    pub const SCHED_GETAFFINITY: u32 = 204;
    pub const GETDENTS64: u32 = 217;
    pub const CLOCK_GETTIME: u32 = 228;
    pub const CLOCK_NANOSLEEP: u32 = 230;
    pub const TIMER_SETTIME: u32 = 223;
    pub const STAT: Option<u32> = Some(4);
    pub const FSTAT: u32 = 5;
    pub const LSTAT: Option<u32> = Some(6);
    pub const NEWFSTATAT: u32 = 262;
    pub const UTIMENSAT: u32 = 280;
    pub const STATX: u32 = 332;
    pub const MQ_TIMEDSEND: u32 = 242;
    pub const MQ_TIMEDRECEIVE: u32 = 243;
    pub const TIMERFD_SETTIME: u32 = 286;
    pub const FUTEX_WAITV: u32 = 449;
    pub const FUTEX_WAIT: u32 = 455;
    /// Further calls that programs begin with, where the thread pointer is set without the kernel.
    pub const FIRST: &[u32] = &[];
}

#[cfg(target_arch = "aarch64")]
mod machine {
    pub const ARCHITECTURE: u32 = 0xc000_00b7;
    pub const BRK: u32 = 214;
    pub const CONNECT: u32 = 203;
    pub const SENDTO: u32 = 206;
    pub const SENDMSG: u32 = 211;
    pub const SENDMMSG: u32 = 269;
    pub const IO_URING_SETUP: u32 = 425;
    pub const GETTIMEOFDAY: u32 = 169;
    pub const ARCH_PRCTL: Option<u32> = None;
    pub const ARCH_SET_FS: u32 = 0;
    pub const TIME: Option<u32> = None;
    pub const FUTEX: u32 = 98;
    pub const SCHED_GETAFFINITY: u32 = 123;
    pub const GETDENTS64: u32 = 61;
    pub const CLOCK_GETTIME: u32 = 113;
    pub const CLOCK_NANOSLEEP: u32 = 115;
    pub const TIMER_SETTIME: u32 = 110;
    pub const STAT: Option<u32> = None;
    pub const FSTAT: u32 = 80;
    pub const LSTAT: Option<u32> = None;
    pub const NEWFSTATAT: u32 = 79;
    pub const UTIMENSAT: u32 = 88;
    pub const STATX: u32 = 291;
    pub const MQ_TIMEDSEND: u32 = 182;
    pub const MQ_TIMEDRECEIVE: u32 = 183;
    pub const TIMERFD_SETTIME: u32 = 86;
    pub const FUTEX_WAITV: u32 = 449;
    pub const FUTEX_WAIT: u32 = 455;
    /// `set_tid_address` (musl) and `sched_getaffinity` (Go).
    pub const FIRST: &[u32] = &[96, SCHED_GETAFFINITY];
}

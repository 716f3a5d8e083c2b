//! The numbers of the watched calls, and the architectures as seccomp names them.

pub use self::machine::*;

/// The calls of the machine's other, 32-bit table, by which programs may call the same kernel.
pub struct Narrow {
    /// How seccomp names that architecture.
    pub architecture: u32,
    /// Calls that connect or send.
    pub connect: u32,
    pub sendto: u32,
    pub sendmsg: u32,
    pub sendmmsg: u32,
    /// One call for everything about sockets, and which of its own numbers are looked at.
    pub socketcall: Option<u32>,
    pub io_uring_setup: u32,
    /// Calls that set limits and places of other processes.
    pub about_others: &'static [u32],
    /// Calls that read a wall clock or times of files.
    pub clocks: &'static [u32],
    /// `execve` and `execveat`.
    pub exec: [u32; 2],
    /// `brk`, with which every program of the GNU C library begins.
    pub brk: u32,
}

/// The numbers below `socketcall`.
pub mod socketcall {
    pub const CONNECT: u32 = 3;
    pub const SENDTO: u32 = 11;
    pub const SENDMSG: u32 = 16;
    pub const SENDMMSG: u32 = 20;
}

#[cfg(target_arch = "x86_64")]
mod machine {
    pub const ARCHITECTURE: u32 = 0xc000_003e;
    pub const BRK: u32 = 12;
    pub const CONNECT: u32 = 42;
    pub const SENDTO: u32 = 44;
    pub const SENDMSG: u32 = 46;
    pub const SENDMMSG: u32 = 307;
    pub const SETSOCKOPT: u32 = 54;
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
    pub const ADJTIMEX: u32 = 159;
    pub const CLOCK_ADJTIME: u32 = 305;
    pub const PRCTL: u32 = 157;
    pub const SECCOMP: u32 = 317;
    pub const EXECVE: u32 = 59;
    pub const EXECVEAT: u32 = 322;
    /// How ELF files name the machine.
    pub const ELF_MACHINE: u16 = 62;
    pub const PRLIMIT: u32 = 302;
    /// `sched_setparam`, `sched_setscheduler`, `sched_setaffinity`, `sched_setattr`.
    pub const SCHEDULING: [u32; 4] = [142, 144, 203, 314];
    /// Further calls that programs begin with, where the thread pointer is set without the kernel.
    pub const FIRST: &[u32] = &[];
    /// Of i386. The clocks: `oldstat`, `oldfstat`, `oldlstat`, `stat`, `lstat`, `fstat`, `stat64`, `lstat64`, `fstat64`,
    /// `fstatat64`, `statx`; `time`, `gettimeofday`, `adjtimex`, `clock_gettime`, `clock_adjtime`, both with 64 bits;
    /// `set_thread_area`.
    pub const NARROW: super::Narrow = super::Narrow {
        architecture: 0x4000_0003,
        connect: 362,
        sendto: 369,
        sendmsg: 370,
        sendmmsg: 345,
        socketcall: Some(102),
        io_uring_setup: 425,
        about_others: &[340, 154, 156, 241, 351],
        clocks: &[18, 28, 84, 106, 107, 108, 195, 196, 197, 300, 383, 13, 78, 124, 265, 343, 403, 405, 243],
        exec: [11, 358],
        brk: 45,
    };
}

#[cfg(target_arch = "aarch64")]
mod machine {
    pub const ARCHITECTURE: u32 = 0xc000_00b7;
    pub const BRK: u32 = 214;
    pub const CONNECT: u32 = 203;
    pub const SENDTO: u32 = 206;
    pub const SENDMSG: u32 = 211;
    pub const SENDMMSG: u32 = 269;
    pub const SETSOCKOPT: u32 = 208;
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
    pub const ADJTIMEX: u32 = 171;
    pub const CLOCK_ADJTIME: u32 = 266;
    pub const PRCTL: u32 = 167;
    pub const SECCOMP: u32 = 277;
    pub const EXECVE: u32 = 221;
    pub const EXECVEAT: u32 = 281;
    /// How ELF files name the machine.
    pub const ELF_MACHINE: u16 = 183;
    pub const PRLIMIT: u32 = 261;
    /// `sched_setparam`, `sched_setscheduler`, `sched_setaffinity`, `sched_setattr`.
    pub const SCHEDULING: [u32; 4] = [118, 119, 122, 274];
    /// `set_tid_address` (musl) and `sched_getaffinity` (Go).
    pub const FIRST: &[u32] = &[96, SCHED_GETAFFINITY];
    /// Of 32-bit ARM. The clocks: `stat64`, `lstat64`, `fstat64`, `fstatat64`, `statx`; `gettimeofday`, `adjtimex`,
    /// `clock_gettime`, `clock_adjtime`, both with 64 bits; `set_tls`.
    pub const NARROW: super::Narrow = super::Narrow {
        architecture: 0x4000_0028,
        connect: 283,
        sendto: 290,
        sendmsg: 296,
        sendmmsg: 374,
        socketcall: None,
        io_uring_setup: 425,
        about_others: &[369, 154, 156, 241, 380],
        clocks: &[195, 196, 197, 327, 397, 78, 124, 263, 372, 403, 405, 0x0f_0005],
        exec: [11, 387],
        brk: 45,
    };
}

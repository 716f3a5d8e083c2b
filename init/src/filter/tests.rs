use super::*;

/// The number of instructions and their digest, for each setting of the test below.
#[cfg(target_arch = "x86_64")]
const PINNED: [(usize, u64); 10] = [
    (71, 0x00fa_68f2_d6e4_f9a1),
    (84, 0xa59d_653e_d010_3eae),
    (236, 0x2028_11f5_40bd_8c72),
    (113, 0xbabd_b52c_dfc6_0516),
    (73, 0xf347_f2a0_0b98_5270),
    (73, 0xd52b_18a8_af02_0575),
    (114, 0x7c42_d03d_b3d8_9a84),
    (249, 0x8f92_aea7_dd47_a4dd),
    (338, 0x4c73_e11a_da20_b6e2),
    (338, 0x334b_cabf_bf0f_fd0e),
];
#[cfg(target_arch = "aarch64")]
const PINNED: [(usize, u64); 10] = [
    (71, 0x544d_e02f_4457_03b8),
    (83, 0xe561_0616_cdf1_ccfe),
    (220, 0x7748_f108_4fad_6a63),
    (84, 0xffee_b406_3da4_1908),
    (73, 0x8d68_9c78_2ce3_e142),
    (73, 0xc4d7_1984_c273_1724),
    (106, 0xb4cc_947e_a95b_0f27),
    (232, 0xe47d_2dea_38c0_0039),
    (284, 0xd1d8_57ab_cfc7_806c),
    (284, 0x3ee3_d9d3_7afd_86c0),
];

#[test]
fn numbers_are_those_of_the_c_library() {
    let ours = [
        calls::BRK,
        calls::GETTIMEOFDAY,
        calls::FUTEX,
        calls::SCHED_GETAFFINITY,
        calls::GETDENTS64,
        calls::CLOCK_GETTIME,
        calls::CLOCK_NANOSLEEP,
        calls::TIMER_SETTIME,
        calls::TIMERFD_SETTIME,
        calls::MQ_TIMEDSEND,
        calls::MQ_TIMEDRECEIVE,
        calls::FUTEX_WAITV,
        calls::FSTAT,
        calls::NEWFSTATAT,
        calls::STATX,
        calls::UTIMENSAT,
        calls::CONNECT,
        calls::SENDTO,
        calls::SENDMSG,
        calls::SENDMMSG,
        calls::IO_URING_SETUP,
        calls::SETSOCKOPT,
        calls::ADJTIMEX,
        calls::CLOCK_ADJTIME,
        calls::PRCTL,
        calls::SECCOMP,
        calls::EXECVE,
        calls::EXECVEAT,
        calls::PRLIMIT,
        calls::SCHEDULING[0],
        calls::SCHEDULING[1],
        calls::SCHEDULING[2],
        calls::SCHEDULING[3],
    ];
    let theirs = [
        libc::SYS_brk,
        libc::SYS_gettimeofday,
        libc::SYS_futex,
        libc::SYS_sched_getaffinity,
        libc::SYS_getdents64,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_timer_settime,
        libc::SYS_timerfd_settime,
        libc::SYS_mq_timedsend,
        libc::SYS_mq_timedreceive,
        libc::SYS_futex_waitv,
        libc::SYS_fstat,
        libc::SYS_newfstatat,
        libc::SYS_statx,
        libc::SYS_utimensat,
        libc::SYS_connect,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_io_uring_setup,
        libc::SYS_setsockopt,
        libc::SYS_adjtimex,
        libc::SYS_clock_adjtime,
        libc::SYS_prctl,
        libc::SYS_seccomp,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_prlimit64,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setattr,
    ];
    assert_eq!(ours.map(i64::from), theirs);
    #[cfg(target_arch = "x86_64")]
    assert_eq!(
        [calls::ARCH_PRCTL, calls::TIME, calls::STAT, calls::LSTAT].map(|number| number.map(i64::from)),
        [libc::SYS_arch_prctl, libc::SYS_time, libc::SYS_stat, libc::SYS_lstat].map(Some)
    );
    #[cfg(target_arch = "aarch64")]
    assert_eq!(calls::FIRST.first().copied(), u32::try_from(libc::SYS_set_tid_address).ok());
}

/// FNV-1a over the eight bytes of each instruction, as the kernel is given them.
fn digest(program: &[FilterInstruction]) -> u64 {
    let bytes = program.iter().flat_map(|instruction| {
        let FilterInstruction { code, jt, jf, k } = *instruction;
        [&code.to_le_bytes()[..], &[jt, jf], &k.to_le_bytes()].concat()
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_instruction_is_pinned() {
    let none = Watched::default();
    let all =
        Watched { programs: true, wall_clocks: true, files: true, processors: true, directories: true, network: true };
    let settings = [
        (none, 1),
        (Watched { programs: true, ..none }, 1),
        (Watched { wall_clocks: true, ..none }, 1),
        (Watched { files: true, ..none }, 1),
        (Watched { processors: true, ..none }, 1),
        (Watched { directories: true, ..none }, 1),
        (Watched { network: true, ..none }, 1),
        (Watched { programs: true, wall_clocks: true, ..none }, 1),
        (all, 1),
        (all, 4242),
    ];
    let found = settings.map(|(watched, own)| {
        let program = program(watched, own);
        (program.len(), digest(&program))
    });
    assert_eq!(found, PINNED);
}

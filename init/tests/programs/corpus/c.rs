//! Programs in C: readings of clocks, waits with a deadline, and other ways in which the kernel tells the time.

use super::row::{Row, Section, Way};

const BOTH: &[Way] = &[Way::C, Way::StaticC];

const READINGS: &[Row] = &[
    Row::same(
        "agree",
        "`clock_gettime`, `gettimeofday` and `time`, by vDSO and by system call, lie between each other",
    ),
    Row::same("order", "three thousand readings by vDSO and by system call never go backwards"),
    Row::fails("coarse", "`CLOCK_REALTIME_COARSE` has to move on in 300 ms"),
    Row::fails("tai", "`CLOCK_TAI` is ahead by whole seconds, and has to move on"),
    Row::fails("rate", "what has passed by the wall clock is compared with monotonic time"),
    Row::fails("stopwatch", "the difference of two `gettimeofday` is how long it slept"),
    Row::same("child", "parent and child read in turn, and never see an earlier time"),
    Row::same(
        "executed",
        "a program executed after `fork` or `vfork` reads what lies between two readings of its parent",
    ),
    Row::same("threads", "four threads read in turn, and never see an earlier time"),
    Row::same("uptime", "`sysinfo`, `/proc/uptime` and `CLOCK_BOOTTIME` are the machine's own"),
    Row::same("used", "processor time and the ticks of `times` pass"),
];

const WAITS: &[Row] = &[
    Row::same("semaphore", "`sem_timedwait`: a deadline that is over, one that comes, one an hour away and a post"),
    Row::fails("semaphore-reached", "after the wait the wall clock has to have reached the deadline"),
    Row::same("condition", "`pthread_cond_timedwait`, as above"),
    Row::same("mutex", "`pthread_mutex_timedlock`, as above"),
    Row::same("rwlock", "`pthread_rwlock_timedwrlock`, as above"),
    Row::same("futex", "`FUTEX_WAIT_BITSET` with `FUTEX_CLOCK_REALTIME`, as above"),
    Row::same("futexes", "`futex_waitv` on `CLOCK_REALTIME`, as above"),
    Row::same("join", "`pthread_timedjoin_np`, as above"),
    Row::same("sleep", "`clock_nanosleep` with `TIMER_ABSTIME`: a deadline that is over, and one that comes"),
    Row::fails("sleep-reached", "after the sleep the wall clock has to have reached the deadline"),
    Row::same("queues", "`mq_timedreceive` and `mq_timedsend`, as above"),
    Row::same("relative", "`poll`, `select`, `epoll_wait`, `sigtimedwait`, `semtimedop`, `usleep` are told how long"),
];

const MEMORY: &[Row] = &[
    Row::same("futex", "a call that is over at once leaves alone what the program then keeps where its deadline was"),
    Row::same("sleep", "the same, for `clock_nanosleep` with a deadline that is over"),
    Row::same("timerfd", "the same, for `timerfd_settime`"),
    Row::same("timer", "the same, for `timer_settime`"),
    Row::same("queue", "the same, for `mq_timedreceive` with a message that is there"),
    Row::same("semaphore", "the same, for `sem_timedwait` that another thread ends when it begins"),
    Row::same("shared", "four threads wait for one deadline, which stays as it is"),
    Row::same("many", "two hundred calls with a deadline that do not wait take no time"),
];

const BUSY: &[Row] = &[
    Row::same("semaphore", "`sem_timedwait` beside twenty threads that want the same processor"),
    Row::same("sleep", "`clock_nanosleep`, beside them"),
    Row::same("timer", "`timerfd_settime`, beside them"),
    Row::same("threads", "eight threads wait for ten milliseconds again and again"),
];

/// Signals come every millisecond: a call that waits until PID 1 learns of it can be interrupted.
const INTERRUPTED: &[Row] = &[
    Row::hangs("signals-semaphore", "each time that it is interrupted the deadline is as far away as before"),
    Row::hangs("signals-sleep", "the same"),
    Row::hangs("signals-same", "the same, with the deadline where the last one was"),
    Row::same("interrupted", "calls that wait for nothing never say `EINTR`"),
];

const SYSTEM: &[Row] = &[
    Row::fails("adjustment", "`adjtimex` gives the machine's time").differs(),
    Row::fails("datagram", "`SO_TIMESTAMPNS` gives when a datagram came by the machine's time").differs(),
    Row::fails("semaphores", "`semctl` gives when a System V semaphore was used by the machine's time").differs(),
    Row::fails("boot", "`btime` in `/proc/stat` is when the machine began by its own time").differs(),
    Row::same("ticks", "the kernel counts when a process began in ticks since the machine began"),
];

/// Returns the sections; the last one begins with a program that differs.
pub fn sections() -> Vec<Section> {
    let section = |title, source, rows| Section { title, source, ways: BOTH, of_files: false, rows };
    vec![
        section("C: readings", "readings.c", READINGS),
        section("C: waits", "waits.c", WAITS),
        section("C: memory of deadlines", "memory.c", MEMORY),
        section("C: waits on a busy processor", "busy.c", BUSY),
        section("C: what the kernel says in other ways", "system.c", SYSTEM),
    ]
}

/// Returns programs that a thousand signals a second interrupt.
pub fn interrupted() -> Section {
    Section { title: "C: signals", source: "busy.c", ways: BOTH, of_files: false, rows: INTERRUPTED }
}

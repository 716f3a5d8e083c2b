//! Programs in C that set timers and alarms.

use super::row::{Row, Section, Way};

const TIMERS: &[Row] = &[
    Row::same("fd-relative", "`timerfd_settime` that is told how long"),
    Row::same("fd-absolute", "`timerfd_settime` with `TFD_TIMER_ABSTIME` on `CLOCK_REALTIME` comes when it should"),
    Row::fails("fd-reached", "when the timer has come, the wall clock has to have reached its time"),
    Row::same("fd-over", "a timer whose time is over comes at once"),
    Row::same("fd-periodic", "a timer begins at a time and comes again and again"),
    Row::same("fd-left", "`timerfd_gettime` says what is left of 100 s"),
    Row::same("fd-cancel", "`TFD_TIMER_CANCEL_ON_SET`: nobody sets the clock"),
    Row::same("fd-inherited", "a child waits for its parent's timer"),
    Row::same("posix-relative", "`timer_settime` that is told how long"),
    Row::same(
        "posix-absolute",
        "`timer_settime` with `TIMER_ABSTIME` on `CLOCK_REALTIME`, one to come and one that is over",
    ),
    Row::fails("posix-reached", "when the signal has come, the wall clock has to have reached the timer's time"),
    Row::same("posix-left", "`timer_gettime` says what is left of 100 s"),
    Row::same("posix-thread", "`SIGEV_THREAD` at a time by the wall clock"),
    Row::same("interval", "`setitimer` with an interval, by `SIGALRM`"),
    Row::same("alarm", "`alarm` and `sigtimedwait`"),
    Row::same("alarm-kills", "`alarm` ends a program that has no handler").ends_with(128 + 14),
];

pub fn sections() -> Vec<Section> {
    vec![Section {
        title: "C: timers",
        source: "timers.c",
        ways: &[Way::C, Way::StaticC],
        of_files: false,
        rows: TIMERS,
    }]
}

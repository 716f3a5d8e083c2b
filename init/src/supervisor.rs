//! The one loop of PID 1: answers waiting calls, hands signals on, collects the dead, until the command has ended.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use crate::clocks::waiting::Waiting;
use crate::clocks::wall::CommandClock;
use crate::clocks::{by_call, file_times};
use crate::machine::processors::ProcessorCount;
use crate::machine::{directories, processors};
use crate::network::NetworkWatch;
use crate::network::attempts::End;
use crate::options::Order;
use crate::programs::Programs;
use crate::programs::begun::{self, Begun};
use crate::programs::clamp::Clamp;
use crate::sys::{self, Notification, SystemCallAnswer, calls};

/// How long the loop waits at most while clocks are held, in milliseconds.
const LOOK_EVERY: i32 = 100;

/// What the loop works with.
pub struct Supervisor {
    pub programs: Programs,
    pub network: NetworkWatch,
    pub begun: Begun,
    pub clamp: Clamp,
    pub clock: Option<CommandClock>,
    pub cpus: Option<ProcessorCount>,
    pub directories: Option<Order>,
    /// The descriptor on which signals are read.
    pub signals: OwnedFd,
    /// The last signal that came from outside the container; 0 where none did.
    pub from_outside: i32,
}

impl Supervisor {
    /// Waits for the end of `command`.
    pub fn run(&mut self, listener: Option<OwnedFd>, command: i32) -> End {
        let mut waiting = Waiting::default();
        let listener_number = listener.as_ref().map_or(-1, |listener| listener.as_raw_fd());
        loop {
            let patience = if self.programs.holds_any() { LOOK_EVERY } else { -1 };
            let [asked, signalled] = sys::wait_readable([listener_number, self.signals.as_raw_fd()], patience);
            if self.programs.holds_any() {
                waiting.look(&self.programs);
            }
            if let Some(listener) = listener.as_ref().filter(|_| asked) {
                // A listener whose last program is gone stays readable; the end of the command is then a signal away.
                match sys::receive(listener) {
                    Some(call) => self.answer(listener, &call),
                    None if !signalled => sys::wait_readable([self.signals.as_raw_fd()], 1).iter().for_each(drop),
                    None => {}
                }
            }
            if signalled && let Some(code) = self.take_signals(command) {
                if let Some(reason) = self.begun.end(&self.programs) {
                    self.network.attempts.note_unpinned(reason);
                }
                return End { code, signal: self.from_outside };
            }
        }
    }

    /// Hands signals on to the command; gives its exit code when it has ended.
    fn take_signals(&mut self, command: i32) -> Option<i32> {
        let mut code = None;
        while let Some(signal) = sys::next_signal(&self.signals) {
            if signal.number != libc::SIGCHLD {
                if signal.from_outside {
                    self.from_outside = signal.number;
                }
                sys::kill(command, signal.number);
            }
        }
        while let Some(ended) = sys::reap() {
            if ended.pid == command {
                code = Some(ended.code);
            }
        }
        code
    }

    /// Answers one call. Where a process may not be looked into, the kernel's own answer holds, and is counted.
    fn answer(&mut self, listener: &OwnedFd, call: &Notification) {
        let number = call.call.cast_unsigned();
        if NetworkWatch::is_about(call) {
            self.network.see(listener, call);
            return sys::answer(listener, call.id, SystemCallAnswer::Kernel);
        }
        if Begun::is_about(call) {
            if let Some(reason) = self.begun.expect(call, &self.programs) {
                self.network.attempts.note_unpinned(reason);
            }
            return sys::answer(listener, call.id, SystemCallAnswer::Kernel);
        }
        if call.architecture != calls::ARCHITECTURE {
            self.network.attempts.note_unpinned(begun::NARROW);
            return sys::answer(listener, call.id, SystemCallAnswer::Kernel);
        }
        if number == calls::SCHED_GETAFFINITY && !calls::FIRST.is_empty() && self.programs.any() {
            let rewritten = self.rewrite(call.pid);
            self.count(listener, call, rewritten.is_ok(), true);
        }
        let answer = match (number, &self.clock) {
            (calls::CLOCK_GETTIME, Some(clock)) => by_call::clock_gettime(call, clock),
            (calls::GETTIMEOFDAY, Some(clock)) => by_call::gettimeofday(call, clock),
            (number, Some(clock)) if Some(number) == calls::TIME => by_call::time(call, clock),
            (calls::ADJTIMEX | calls::CLOCK_ADJTIME, _) => {
                self.network.attempts.note_unpinned("a program asked for the machine's clock by `adjtimex`");
                Ok(SystemCallAnswer::Kernel)
            }
            (calls::SETSOCKOPT, _) => {
                self.network.attempts.note_unpinned("a program had packets stamped with the machine's clock");
                Ok(SystemCallAnswer::Kernel)
            }
            (calls::SECCOMP | calls::PRCTL, _) => {
                self.network.attempts.note_unpinned("a program put a filter of system calls before the one of PID 1");
                Ok(SystemCallAnswer::Kernel)
            }
            (number, Some(clock)) if by_call::is_wait(number) => match by_call::wait(listener, call, clock) {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            (number, Some(clock)) if file_times::is_about(number) => file_times::serve(call, clock),
            (calls::SCHED_GETAFFINITY, _) => processors::serve(call, self.cpus),
            (calls::GETDENTS64, _) => match self.directories {
                Some(order) => directories::serve(listener, call, order).map(SystemCallAnswer::Value),
                None => Ok(SystemCallAnswer::Kernel),
            },
            _ => self.rewrite(call.pid).map(|()| SystemCallAnswer::Kernel),
        };
        if self.clock.is_some() && Clamp::is_about(call) {
            // A program that cannot be rewritten reads the times that all others do.
            drop(self.clamp.rewrite(call));
        }
        let tells_time = !matches!(number, calls::SCHED_GETAFFINITY | calls::GETDENTS64);
        self.count(listener, call, answer.is_ok(), tells_time);
        sys::answer(listener, call.id, answer.unwrap_or(SystemCallAnswer::Kernel));
    }

    /// Rewrites a program that has begun.
    fn rewrite(&mut self, process: u32) -> io::Result<()> {
        self.programs.rewrite(process)?;
        self.begun.rewritten(process);
        Ok(())
    }

    /// Counts a call that should have been answered and could not be. Nothing was left unanswered to a process that is gone.
    fn count(&mut self, listener: &OwnedFd, call: &Notification, answered: bool, tells_time: bool) {
        if answered || !sys::still_waits(listener, call.id) {
            return;
        }
        self.network.attempts.note_unanswered();
        if tells_time && self.clock.is_some() {
            self.network.attempts.note_unpinned("a process could not be looked into, and had the machine's clock");
        }
    }
}

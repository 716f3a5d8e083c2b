//! The one loop of PID 1: answers waiting calls, hands signals on, collects the dead, until the command has ended.

use std::os::fd::{AsRawFd as _, OwnedFd};

use crate::network::Network;
use crate::processors::Processors;
use crate::programs::Programs;
use crate::settings::Order;
use crate::sys::{self, Answer, Notification, calls};
use crate::waiting::Waiting;
use crate::wall::WallClock;
use crate::{clocks, directories, files, processors};

/// How long the loop waits at most while clocks are held, in milliseconds.
const LOOK_EVERY: i32 = 100;

/// Is what the loop works with.
pub struct Supervisor {
    pub programs: Programs,
    pub network: Network,
    pub clock: Option<WallClock>,
    pub cpus: Option<Processors>,
    pub directories: Option<Order>,
    /// The descriptor on which signals are read.
    pub signals: OwnedFd,
}

impl Supervisor {
    /// Waits for the end of `command`, and gives its exit code.
    pub fn run(&mut self, listener: Option<OwnedFd>, command: i32) -> i32 {
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
            if signalled && let Some(code) = self.hear_signals(command) {
                return code;
            }
        }
    }

    /// Hands signals on to the command; gives its exit code when it has ended.
    fn hear_signals(&self, command: i32) -> Option<i32> {
        let mut code = None;
        while let Some(signal) = sys::next_signal(&self.signals) {
            if signal != libc::SIGCHLD {
                sys::kill(command, signal);
            }
        }
        while let Some(ended) = sys::reap() {
            if ended.pid == command {
                code = Some(ended.code);
            }
        }
        code
    }

    /// Answers one call. Where a process may not be looked into, the kernel's own answer stands, and is counted.
    fn answer(&mut self, listener: &OwnedFd, call: &Notification) {
        let number = call.call.cast_unsigned();
        if Network::is_about(number) {
            self.network.see(listener, call);
            return sys::answer(listener, call.id, Answer::Kernel);
        }
        if number == calls::SCHED_GETAFFINITY && !calls::FIRST.is_empty() && self.programs.any() {
            drop(self.programs.rewrite(call.pid));
        }
        let answer = match (number, &self.clock) {
            (calls::CLOCK_GETTIME, Some(clock)) => clocks::clock_gettime(call, clock),
            (calls::GETTIMEOFDAY, Some(clock)) => clocks::gettimeofday(call, clock),
            (number, Some(clock)) if Some(number) == calls::TIME => clocks::time(call, clock),
            (number, Some(clock)) if clocks::is_wait(number) => match clocks::wait(listener, call, clock) {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            (number, Some(clock)) if files::is_about(number) => files::serve(call, clock),
            (calls::SCHED_GETAFFINITY, _) => processors::serve(call, self.cpus),
            (calls::GETDENTS64, _) => match self.directories {
                Some(order) => directories::serve(listener, call, order).map(Answer::Value),
                None => Ok(Answer::Kernel),
            },
            _ => self.programs.rewrite(call.pid).map(|()| Answer::Kernel),
        };
        let answer = answer.unwrap_or_else(|_| {
            // Nothing was left unanswered to a process that is gone.
            if sys::still_waits(listener, call.id) {
                self.network.attempts.note_unanswered();
            }
            Answer::Kernel
        });
        sys::answer(listener, call.id, answer);
    }
}

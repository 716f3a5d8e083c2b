//! The thread of a Go program that watches over the others (`sysmon`): the first that the program starts.

/// Where that thread is, as far as a look at its process tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Its readings of clocks come from this part of its stack.
    Stack { lowest: u64, span: u64 },
    /// It has not begun, or runs at the moment.
    NotYet,
    /// The process is gone.
    Gone,
}

/// It sleeps by these calls: `nanosleep`, `futex`.
#[cfg(target_arch = "x86_64")]
const SLEEPS: [&str; 2] = ["35", "202"];
#[cfg(target_arch = "aarch64")]
const SLEEPS: [&str; 2] = ["101", "98"];

/// How far its readings are below and above the place at which it sleeps, in bytes; its whole stack has 16 KiB.
const BELOW: u64 = 3072;
const ABOVE: u64 = 1024;

/// Looks for the thread of a process.
#[must_use]
pub fn stack_of(pid: u32) -> Found {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Found::Gone };
    let others = threads.flatten().filter_map(|thread| thread.file_name().to_str()?.parse::<u32>().ok());
    let Some(first) = others.filter(|thread| *thread != pid).min() else { return Found::NotYet };
    let call = std::fs::read_to_string(format!("/proc/{pid}/task/{first}/syscall")).unwrap_or_default();
    match sleeps_at(&call) {
        Some(stack) => Found::Stack { lowest: stack - BELOW, span: BELOW + ABOVE },
        None => Found::NotYet,
    }
}

/// Reads the stack pointer of a thread that sleeps: the call's number, six arguments, the stack pointer, the place.
fn sleeps_at(call: &str) -> Option<u64> {
    let fields: Vec<&str> = call.split_ascii_whitespace().collect();
    let stack = fields.get(7).filter(|_| SLEEPS.contains(&fields[0]))?;
    u64::from_str_radix(stack.strip_prefix("0x")?, 16).ok().filter(|stack| *stack > BELOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_threads_stack_is_read() {
        let line = format!("{} 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffe0000 0x401000\n", SLEEPS[0]);
        assert_eq!(sleeps_at(&line), Some(0x7ffe_0000));
        assert_eq!(sleeps_at("running\n"), None);
        assert_eq!(sleeps_at("0 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffe0000 0x401000\n"), None);
        assert_eq!(stack_of(u32::MAX - 1), Found::Gone);
    }
}

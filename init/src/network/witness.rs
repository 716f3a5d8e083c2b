//! Witnesses beside the watch: what the kernel itself counted of ways out of the container, and whether limits were set on
//! this process. A call that was not seen, whatever kept it from being seen, is in the first nevertheless.

use std::fs;
use std::io;

use crate::sys;

/// Where the kernel counts packets that no route leads out for, by protocol: the file, the prefix of its lines, the counter.
const COUNTERS: [&str; 2] = ["/proc/self/net/snmp", "/proc/self/net/snmp6"];

/// What was found when the command had not begun.
pub struct Witness {
    unrouted: Option<u64>,
    limits: Vec<(u64, u64)>,
}

/// What the witnesses say at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// How many calls led to an address that no route leads to; `None` where the kernel does not say.
    pub unrouted: Option<u64>,
    /// Whether this process has other limits than it had.
    pub limited: bool,
}

impl Witness {
    /// Looks before the command begins.
    pub fn begin() -> Self {
        Self { unrouted: unrouted().ok(), limits: sys::limits() }
    }

    /// Looks again at the end.
    pub fn end(&self) -> Said {
        let unrouted = self.unrouted.zip(unrouted().ok()).and_then(|(before, now)| now.checked_sub(before));
        Said { unrouted, limited: self.limits != sys::limits() }
    }
}

/// Counts, over both versions of the internet's protocol, what was to leave this network name space and could not.
fn unrouted() -> io::Result<u64> {
    let [first, second] = COUNTERS;
    let table = fs::read_to_string(first)?;
    let fourth = in_table(&table).ok_or_else(|| io::Error::other("there is no counter `OutNoRoutes`"))?;
    // A kernel without the sixth version has no such file.
    let sixth = match fs::read_to_string(second) {
        Ok(list) => in_list(&list).ok_or_else(|| io::Error::other("there is no counter `Ip6OutNoRoutes`"))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(fourth + sixth)
}

/// Reads a table of two lines for each protocol: the names, and below them the numbers.
fn in_table(table: &str) -> Option<u64> {
    let mut lines = table.lines().filter_map(|line| line.strip_prefix("Ip: "));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let at = names.split_ascii_whitespace().position(|name| name == "OutNoRoutes")?;
    numbers.split_ascii_whitespace().nth(at)?.parse().ok()
}

/// Reads a list whose lines are a name and a number.
fn in_list(list: &str) -> Option<u64> {
    list.lines().find_map(|line| line.strip_prefix("Ip6OutNoRoutes"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_counters_are_read() {
        let table = "Ip: Forwarding OutDiscards OutNoRoutes ReasmTimeout\nIp: 1 2 37 4\nIcmp: InMsgs\nIcmp: 9\n";
        assert_eq!((in_table(table), in_table("Ip: Forwarding\nIp: 1\n"), in_table("")), (Some(37), None, None));
        assert_eq!(in_list("Ip6InReceives   \t3\nIp6OutNoRoutes   \t12\n"), Some(12));
        assert_eq!(in_list("Ip6InReceives 3\n"), None);
        assert!(unrouted().is_ok(), "this machine's own");
        let witness = Witness::begin();
        assert!(!witness.end().limited && witness.limits.iter().any(|limit| limit.0 > 0));
    }
}

//! Attempts at the network → lines that people read.

use rcrepro_model::execution::attempt::Watch;

/// How many attempts of one command are shown.
const SHOWN: usize = 10;

/// Writes what was seen of a command, a line each.
#[must_use]
pub fn lines(id: &str, watch: &Watch) -> Vec<String> {
    let line = |what: String| row!("network", "{id}  {what}");
    let seen = match watch {
        Watch::Unknown { reason } => return vec![line(format!("attempts are unknown: {reason}"))],
        Watch::Seen(seen) => seen,
    };
    let mut lines: Vec<String> = seen.attempts.iter().take(SHOWN).map(|attempt| line(attempt.to_string())).collect();
    let further = seen.further + seen.attempts.iter().skip(SHOWN).map(|attempt| attempt.count).sum::<u64>();
    for (count, what) in [
        (further, "further attempts"),
        (seen.unread, "calls that could not be looked at"),
        (seen.unanswered, "calls for the pinned world that the machine answered"),
    ] {
        lines.extend((count > 0).then(|| line(format!("and {count} {what}"))));
    }
    lines.extend(seen.blind.iter().map(|reason| line(format!("attempts may have gone unseen: {reason}"))));
    lines.extend(seen.unpinned.iter().map(|reason| line(format!("the clock is unconfirmed: {reason}"))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::execution::attempt::{NetworkAttempt, Sightings};

    #[test]
    fn many_attempts_are_summed_up() {
        let attempt = |port| NetworkAttempt {
            process: "node".into(),
            protocol: "tcp".into(),
            address: "192.0.2.1".into(),
            port,
            name: None,
            count: 2,
        };
        let attempts: Vec<NetworkAttempt> = (1..=12).map(attempt).collect();
        let seen = Watch::Seen(Sightings { attempts, unread: 3, ..Sightings::default() });
        let lines = lines("vitest", &seen);
        assert_eq!(lines.len(), 12);
        assert_eq!(lines[0], "   network  vitest  node → 192.0.2.1:1 tcp ×2");
        assert_eq!(lines[10], "   network  vitest  and 4 further attempts");
        assert!(super::lines("x", &Watch::default()).is_empty());
    }
}

//! A sign of life where no bar is shown: a line now and then while something works, so that a host that ends silent jobs does
//! not end this one.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says what works, once each interval, from a thread of its own, until it is dropped.
pub struct Pulse {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    working: BTreeMap<String, Instant>,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    /// Begins to say lines to `say`.
    pub fn new(interval: Duration, say: impl Fn(&str) + Send + 'static) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), ended: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let beat = move || {
            let mut state = of_thread.lock();
            while !state.ended {
                let waited = of_thread.ended.wait_timeout(state, interval).unwrap_or_else(PoisonError::into_inner);
                state = waited.0;
                let working = state.working.iter().map(|(what, since)| (what.as_str(), since.elapsed()));
                if let Some(line) = line(working).filter(|_| waited.1.timed_out() && !state.ended) {
                    say(&line);
                }
            }
        };
        // Without a thread there is no sign of life, and the work goes on.
        let thread = std::thread::Builder::new().name("pulse".to_owned()).spawn(beat).ok();
        Self { shared, thread }
    }

    /// Takes something as at work from now on.
    pub fn begin(&self, what: &str) {
        self.shared.lock().working.insert(what.to_owned(), Instant::now());
    }

    /// Takes it as done.
    pub fn end(&self, what: &str) {
        self.shared.lock().working.remove(what);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.ended.notify_all();
        // It only prints, and so cannot fail to end.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Names what works and for how long the longest of it has; none when nothing does.
fn line<'a>(working: impl Iterator<Item = (&'a str, Duration)>) -> Option<String> {
    let (names, times): (Vec<&str>, Vec<Duration>) = working.unzip();
    let longest = times.iter().max()?.as_secs();
    let time = if longest < 60 { format!("{longest} s") } else { format!("{} min", longest / 60) };
    Some(row!("working", "{} ({time})", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_line_names_what_works_and_how_long() {
        let at = |seconds| Duration::from_secs(seconds);
        assert_eq!(line([].into_iter()), None);
        assert_eq!(line([("go-test", at(59))].into_iter()).as_deref(), Some("   working  go-test (59 s)"));
        let two = [("go-test", at(180)), ("vitest", at(61))];
        assert_eq!(line(two.into_iter()).as_deref(), Some("   working  go-test, vitest (3 min)"));
    }

    #[test]
    fn lines_come_while_something_works_and_none_afterwards() {
        let (say, said) = mpsc::channel();
        let pulse = Pulse::new(Duration::from_millis(1), move |line| drop(say.send(line.to_owned())));
        pulse.begin("slow");
        for _ in 0..3 {
            assert!(said.recv().expect("a line").contains("slow"));
        }
        pulse.end("slow");
        drop(pulse);
        while let Ok(line) = said.recv() {
            assert!(line.contains("slow"), "what was said before the end: {line}");
        }
    }
}

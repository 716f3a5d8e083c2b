//! A sign of life where no bar is shown: now and then, what works, how long it has and what it wrote last, so that people see
//! that it goes on and a host that ends silent jobs does not end this one.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says what works, once each interval, from a thread of its own, until it is dropped.
pub struct Pulse {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Something that is at work, or waits to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// What it is, such as a command.
    pub what: String,
    /// Since when it works or waits.
    pub time: Duration,
    /// What it is doing now.
    pub state: BeatState,
}

/// What something is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeatState {
    /// It works; the last line that it wrote, if any, as it came.
    Works(Option<String>),
    /// It builds, and this is the step that it takes.
    Steps(String),
    /// It is ready and waits, in words.
    Waits(String),
}

struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    working: BTreeMap<String, (Instant, BeatState)>,
    ended: bool,
}

impl State {
    fn beats(&self) -> Vec<Beat> {
        let beat = |(what, (since, state)): (&String, &(Instant, BeatState))| Beat {
            what: what.clone(),
            time: since.elapsed(),
            state: state.clone(),
        };
        self.working.iter().map(beat).collect()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    /// Begins to say what is at work to `say`, as long as anything is.
    pub fn new(interval: Duration, say: impl Fn(&[Beat]) + Send + 'static) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), ended: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let beat = move || {
            let mut next = Instant::now() + interval;
            let mut state = of_thread.lock();
            while !state.ended {
                let left = next.saturating_duration_since(Instant::now());
                let waited = of_thread.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
                state = waited.0;
                if waited.1.timed_out() && !state.ended {
                    next = Instant::now() + interval;
                    let beats = state.beats();
                    if !beats.is_empty() {
                        say(&beats);
                    }
                }
            }
        };
        // Without a thread there is no sign of life, and the work goes on.
        let thread = std::thread::Builder::new().name("pulse".to_owned()).spawn(beat).ok();
        Self { shared, thread }
    }

    /// Takes something as at work from now on.
    pub fn begin(&self, what: &str) {
        self.shared.lock().working.insert(what.to_owned(), (Instant::now(), BeatState::Works(None)));
    }

    /// Takes something as ready and waiting.
    pub fn wait(&self, what: &str, says: &str) {
        let mut state = self.shared.lock();
        let (_, now) = state.working.entry(what.to_owned()).or_insert_with(|| (Instant::now(), BeatState::Works(None)));
        *now = BeatState::Waits(says.to_owned());
    }

    /// Notes the last line of what is at work.
    pub fn wrote(&self, what: &str, line: &str) {
        if let Some((_, BeatState::Works(last))) = self.shared.lock().working.get_mut(what) {
            *last = Some(line.to_owned());
        }
    }

    /// Notes the step that is taken by what is at work.
    pub fn step(&self, what: &str, step: &str) {
        if let Some((_, state)) = self.shared.lock().working.get_mut(what) {
            *state = BeatState::Steps(step.to_owned());
        }
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn beats_come_while_something_works_and_none_afterwards() {
        let (say, said) = mpsc::channel();
        let pulse = Pulse::new(Duration::from_millis(1), move |beats| drop(say.send(beats.to_vec())));
        pulse.begin("slow");
        pulse.wrote("slow", "ok pkg/x");
        let last = BeatState::Works(Some("ok pkg/x".to_owned()));
        for _ in 0..3 {
            assert_eq!(said.recv().expect("a beat")[0].what, "slow");
        }
        assert!(said.iter().take(100).any(|beats| beats[0].state == last), "the last line comes");
        pulse.end("slow");
        drop(pulse);
        while let Ok(beats) = said.recv() {
            assert!(beats[0].what == "slow", "what was said before the end: {beats:?}");
        }
    }

    #[test]
    fn who_waits_says_for_what_and_since_when_it_works_counts_from_its_beginning() {
        let (say, said) = mpsc::channel();
        let pulse = Pulse::new(Duration::from_millis(50), move |beats| drop(say.send(beats.to_vec())));
        pulse.wait("large", "waits for memory");
        pulse.wrote("large", "nothing yet");
        let waits = said.recv().expect("a beat").remove(0);
        assert_eq!(waits.state, BeatState::Waits("waits for memory".to_owned()));
        assert!(waits.time >= Duration::from_millis(50));
        pulse.begin("large");
        let works = said.recv().expect("a beat").remove(0);
        assert_eq!(works.state, BeatState::Works(None));
    }
}

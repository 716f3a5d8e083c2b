//! Run events → progress bars on a terminal, plain lines elsewhere.

#![expect(clippy::disallowed_methods, reason = "bars, whose text is made harmless here")]

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use self::pulse::Pulse;
use crate::network;
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::execution::event::{ImageEvent, RunEvent};
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;

pub mod images;
mod pulse;

/// How often a sign of life is given where there are no bars.
const INTERVAL: Duration = Duration::from_secs(60);

/// Shows events on standard error.
pub struct Progress {
    bars: Option<MultiProgress>,
    /// Prints one line per minute if there are no bars.
    pulse: Option<Pulse>,
    open: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Progress {
    /// Shows bars when standard error is a terminal, and lines otherwise.
    #[must_use]
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        let say = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
        let pulse = bars.is_none().then(|| Pulse::new(INTERVAL, say));
        Self { bars, pulse, open: Mutex::default() }
    }

    /// Shows one event.
    pub fn hear(&self, event: &RunEvent) {
        match event {
            RunEvent::Preparing { what } => self.open(what),
            RunEvent::Prepared { what, how } => self.close(what, &row!("ready", "{what}: {how}")),
            RunEvent::Image(event) => self.image(event),
            RunEvent::Planned { .. } => {}
            RunEvent::Started { id } => self.open(id.as_str()),
            RunEvent::Finished { id, exit_code, ended, duration, equality } => {
                // Whether it failed is for its evidence to say: a tool that could not do its work gives no verdict.
                let word = equality.map_or(if *exit_code == 0 { "ran" } else { "ended" }, Equality::as_str);
                let how = if ended == "exit code 0" { String::new() } else { format!(", {ended}") };
                self.close(id.as_str(), &format!("{word:>10}  {id} ({}{how})", seconds(*duration)));
            }
            RunEvent::TakenOver { id, run } => self.close(id.as_str(), &row!("taken over", "{id} from run {run}")),
            RunEvent::Network { id, attempts } => {
                network::lines(id.as_str(), attempts).iter().for_each(|line| self.close("", line));
            }
            RunEvent::Retrying { id, attempt, of, ended } => {
                let line = row!("again", "{id}: attempt {attempt} of {of} failed, {ended}");
                self.close("", &line);
            }
            RunEvent::Mending { blob, folder } => {
                let line = row!("mending", "blob {blob} was damaged in the store, kept in `{folder}`");
                self.close("", &line);
            }
            RunEvent::Compared { parts } => self.close("", &row!("compared", "{parts}")),
            RunEvent::Probing { id, world } => self.open(&format!("{id} with {world}")),
            RunEvent::Probed { id, world, duration, equality } => {
                let what = format!("{id} with {world}");
                self.close(&what, &row!(equality.as_str(), "{what} ({})", seconds(*duration)));
            }
            RunEvent::Trying { id, world } => self.open(&format!("{id} with {world}")),
            RunEvent::Tried { id, world, passed, duration } => {
                let what = format!("{id} with {world}");
                let how = passed.map_or("undecided", |passed| if passed { "passes" } else { "fails" });
                self.close(&what, &format!("{how:>10}  {what} ({})", seconds(*duration)));
            }
            RunEvent::Skipped { id, because } => {
                self.close(id.as_str(), &row!("undecided", "{id}: `{because}` failed"));
            }
        }
    }

    /// Says what an image waits for, which may take minutes.
    fn image(&self, event: &ImageEvent) {
        let line = match event {
            ImageEvent::Fetching { layer, files, .. } => {
                row!("fetching", "{} for layer {layer}", counted(*files, "file"))
            }
            ImageEvent::Compiling { program, .. } => row!("compiling", "{program}"),
            ImageEvent::Assembling { layer } => row!("assembling", "layer {layer}"),
            ImageEvent::Fetched { .. } | ImageEvent::Compiled { .. } | ImageEvent::Assembled { .. } => return,
        };
        self.close("", &line);
    }

    fn open(&self, what: &str) {
        if let Some(pulse) = &self.pulse {
            pulse.begin(what);
        }
        let Some(bars) = &self.bars else { return };
        let style = ProgressStyle::with_template("{spinner:>10}  {msg} {elapsed}").expect("a constant template");
        let bar =
            bars.add(ProgressBar::new_spinner().with_style(style).with_message(printable::line(what).into_owned()));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.lock().insert(what.to_owned(), bar);
    }

    fn close(&self, what: &str, line: &str) {
        if let Some(pulse) = &self.pulse {
            pulse.end(what);
        }
        if let Some(bar) = self.lock().remove(what) {
            bar.finish_and_clear();
        }
        let line = printable::line(line);
        match &self.bars {
            // A closed terminal is no reason to stop a run.
            Some(bars) => drop(bars.println(line)),
            None => drop(writeln!(std::io::stderr(), "{line}")),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, ProgressBar>> {
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a duration in seconds to two places.
fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

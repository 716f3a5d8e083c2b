//! Run events → progress bars on a terminal, plain lines elsewhere, or lines of JSON.

#![expect(clippy::disallowed_methods, reason = "bars, whose text is made harmless here")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use self::pulse::{Beat, BeatState, Pulse};
use crate::network;
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::execution::event::{ImageEvent, RunEvent, Shortage};
use rcrepro_model::text::amount::elapsed;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;

mod events;
pub mod images;
mod pulse;
#[cfg(test)]
mod tests;

/// How often a sign of life is given where there are no bars.
const INTERVAL: Duration = Duration::from_secs(60);
/// The most that is shown of a line that a command wrote, in characters. A bar cuts it to the terminal's width.
const SHOWN: usize = 160;

/// The same of a line of a reason, which stays.
const SHOWN_OF_REASON: usize = 600;

/// Shows events on standard error.
pub struct Progress {
    medium: Medium,
    open: Mutex<BTreeMap<String, ProgressBar>>,
    /// What was said to wait, where lines stay: once for each, although what it waits for changes.
    waiting: Mutex<BTreeSet<String>>,
}

enum Medium {
    /// Bars on a terminal.
    Bars(MultiProgress),
    /// Lines for people, and one a minute for whatever works.
    Lines(Pulse),
    /// Lines of JSON, likewise.
    Json(Pulse),
}

impl Progress {
    /// Shows lines of JSON if they are wanted, else bars when standard error is a terminal, and lines otherwise.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let medium = if json {
            Medium::Json(Pulse::new(INTERVAL, |beats| beats.iter().for_each(|beat| say_json(&events::beat(beat)))))
        } else if std::io::stderr().is_terminal() {
            Medium::Bars(MultiProgress::new())
        } else {
            Medium::Lines(Pulse::new(INTERVAL, |beats| beats.iter().for_each(|beat| say(&beat_line(beat)))))
        };
        Self { medium, open: Mutex::default(), waiting: Mutex::default() }
    }

    /// Shows one event.
    pub fn hear(&self, event: &RunEvent) {
        if let Medium::Json(_) = self.medium
            && let Some(document) = events::event(event)
        {
            say_json(&document);
        }
        match event {
            RunEvent::Preparing { what } => self.open(what),
            RunEvent::Prepared { what, how } => self.close(what, &row!("ready", "{what}: {how}")),
            RunEvent::NotBuilt { what, how, why } => {
                self.close(what, &row!("failed", "{what}: {how}"));
                why.iter().for_each(|line| self.print(&row!("", "{}", cut(line, SHOWN_OF_REASON))));
            }
            RunEvent::Stepped { what, step } => self.stepped(what, &shown(step)),
            RunEvent::Image(event) => self.image(event),
            RunEvent::Planned { .. } => {}
            RunEvent::Waiting { id, shortage } => self.wait(id.as_str(), shortage),
            RunEvent::Started { id } => self.open(id.as_str()),
            RunEvent::Wrote { id, line } => self.wrote(id.as_str(), line),
            RunEvent::Finished { id, exit_code, ended, duration, equality } => {
                // Whether it failed is for its evidence to say: a tool that could not do its work gives no verdict.
                let word = equality.map_or(if *exit_code == 0 { "ran" } else { "ended" }, Equality::as_str);
                let how = if ended == "exit code 0" { String::new() } else { format!(", {ended}") };
                self.close(id.as_str(), &format!("{word:>10}  {id} ({}{how})", seconds(*duration)));
            }
            RunEvent::TakenOver { id, run } => self.close(id.as_str(), &row!("taken over", "{id} from run {run}")),
            RunEvent::Network { id, attempts } => {
                network::lines(id.as_str(), attempts).iter().for_each(|line| self.print(line));
            }
            RunEvent::Retrying { id, attempt, of, ended } => {
                self.print(&row!("again", "{id}: attempt {attempt} of {of} failed, {ended}"));
            }
            RunEvent::Mending { blob, folder } => {
                self.print(&row!("mending", "blob {blob} was damaged in the store, kept in `{folder}`"));
            }
            RunEvent::Compared { parts } => self.print(&row!("compared", "{parts}")),
            RunEvent::Probing { id, world } | RunEvent::Trying { id, world } => {
                self.open(&format!("{id} with {world}"))
            }
            RunEvent::Probed { id, world, duration, equality } => {
                let what = format!("{id} with {world}");
                self.close(&what, &row!(equality.as_str(), "{what} ({})", seconds(*duration)));
            }
            RunEvent::Tried { id, world, passed, duration } => {
                let what = format!("{id} with {world}");
                let how = passed.map_or("undecided", |passed| if passed { "passes" } else { "fails" });
                self.close(&what, &format!("{how:>10}  {what} ({})", seconds(*duration)));
            }
            RunEvent::Skipped { id, because } => {
                self.close(id.as_str(), &row!("undecided", "{id}: `{because}` failed"));
            }
            RunEvent::Stopped { id, because } => {
                self.close(id.as_str(), &row!("undecided", "{id}: not started, `{because}` failed (--fail-fast)"));
            }
            RunEvent::PacketSkipped { packet, because } => {
                self.print(&row!("undecided", "{packet}: not run, it needs {because}"));
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
        self.print(&line);
    }

    /// Shows that something works from now on.
    fn open(&self, what: &str) {
        match &self.medium {
            Medium::Lines(pulse) | Medium::Json(pulse) => pulse.begin(what),
            Medium::Bars(bars) => {
                // One that waited begins to count anew.
                self.bar(bars, what, "{spinner:>10}  {prefix} {elapsed} {wide_msg}").reset_elapsed();
            }
        }
    }

    /// Shows what something waits for. A lane becomes free soon, and is not worth a line that stays.
    fn wait(&self, what: &str, shortage: &Shortage) {
        let says = shortage.to_string();
        match &self.medium {
            Medium::Lines(pulse) => {
                pulse.wait(what, &says);
                let is_new = || lock(&self.waiting).insert(what.to_owned());
                if matches!(shortage, Shortage::Memory { .. }) && is_new() {
                    say(&row!("waiting", "{what}: {says}"));
                }
            }
            Medium::Json(pulse) => pulse.wait(what, &says),
            Medium::Bars(bars) => {
                self.bar(bars, what, "{spinner:>10}  {prefix} {wide_msg}").set_message(shown(&says));
            }
        }
    }

    fn wrote(&self, what: &str, line: &str) {
        match &self.medium {
            Medium::Lines(pulse) | Medium::Json(pulse) => pulse.wrote(what, &shown(line)),
            Medium::Bars(_) => self.beside(what, shown(line)),
        }
    }

    fn stepped(&self, what: &str, step: &str) {
        match &self.medium {
            Medium::Lines(pulse) | Medium::Json(pulse) => pulse.step(what, step),
            Medium::Bars(_) => self.beside(what, step.to_owned()),
        }
    }

    /// Shows a text beside an open bar.
    fn beside(&self, what: &str, text: String) {
        if let Some(bar) = lock(&self.open).get(what) {
            bar.set_message(text);
        }
    }

    /// Gives the bar of something, with a style from now on; makes one where there is none.
    fn bar(&self, bars: &MultiProgress, what: &str, template: &'static str) -> ProgressBar {
        let style = ProgressStyle::with_template(template).expect("a constant template");
        let mut open = lock(&self.open);
        let bar = open.entry(what.to_owned()).or_insert_with(|| {
            let bar = bars.add(ProgressBar::new_spinner().with_prefix(printable::line(what).into_owned()));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        bar.set_style(style);
        bar.set_message("");
        bar.clone()
    }

    /// Shows that something is done, and how.
    fn close(&self, what: &str, line: &str) {
        if let Medium::Lines(pulse) | Medium::Json(pulse) = &self.medium {
            pulse.end(what);
        }
        if let Some(bar) = lock(&self.open).remove(what) {
            bar.finish_and_clear();
        }
        self.print(line);
    }

    /// Prints a line that stays; JSON has said it already.
    fn print(&self, line: &str) {
        match &self.medium {
            // A closed terminal is no reason to stop a run.
            Medium::Bars(bars) => drop(bars.println(printable::line(line))),
            Medium::Lines(_) => say(line),
            Medium::Json(_) => {}
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a line to standard error. A run goes on when it is closed.
fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{}", printable::line(line)));
}

fn say_json(document: &serde_json::Value) {
    drop(writeln!(std::io::stderr(), "{}", printable::json(&document.to_string())));
}

/// Writes what works or waits as the line that comes each minute.
fn beat_line(beat: &Beat) -> String {
    let (what, time) = (&beat.what, elapsed(beat.time));
    match &beat.state {
        BeatState::Works(Some(last)) => row!("running", "{what}: {time}, last: {last}"),
        BeatState::Works(None) => row!("running", "{what}: {time}"),
        BeatState::Steps(step) => row!("running", "{what}: {time}, {step}"),
        BeatState::Waits(says) => row!("waiting", "{what}: {time}, {says}"),
    }
}

/// Makes a line that a command wrote harmless and short, tabs as spaces.
fn shown(line: &str) -> String {
    cut(line, SHOWN)
}

fn cut(line: &str, most: usize) -> String {
    let line: String = line.chars().map(|character| if character == '\t' { ' ' } else { character }).collect();
    let harmless = printable::line(&line);
    match harmless.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &harmless[..end]),
        None => harmless.into_owned(),
    }
}

/// Writes a duration in seconds to two places.
fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

//! What happens to images → progress bars on a terminal, plain lines elsewhere, or lines of JSON.

#![expect(clippy::disallowed_methods, reason = "bars, whose text is made harmless here")]

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::say_json;
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;

/// Shows image events on standard error: one bar for each layer that is worked on.
pub struct ImageProgress {
    bars: Option<MultiProgress>,
    json: bool,
    open: Mutex<BTreeMap<ImageName, ProgressBar>>,
}

impl ImageProgress {
    /// Shows lines of JSON if they are wanted, else bars when standard error is a terminal, and lines otherwise.
    #[must_use]
    pub fn new(json: bool) -> Self {
        let bars = (!json && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Self { bars, json, open: Mutex::default() }
    }

    /// Shows one event.
    pub fn hear(&self, event: &ImageEvent) {
        match event {
            ImageEvent::Fetching { layer, files, bytes } => {
                let size = if *bytes == 0 { String::new() } else { format!(", {} MB", bytes / 1_000_000) };
                self.open(
                    layer,
                    "fetching",
                    &format!("{} for layer {layer}{size}", counted(*files, "file")),
                    *files as u64,
                );
            }
            ImageEvent::Fetched { layer, .. } => {
                if let Some(bar) = self.lock().get(layer) {
                    bar.inc(1);
                }
            }
            ImageEvent::Compiling { layer, program } => self.open(layer, "compiling", program, 0),
            ImageEvent::Assembling { layer } => self.open(layer, "assembling", &format!("layer {layer}"), 0),
            ImageEvent::Compiled { layer } | ImageEvent::Assembled { layer, .. } => {
                if let Some(bar) = self.lock().remove(layer) {
                    bar.finish_and_clear();
                }
            }
        }
    }

    fn open(&self, layer: &ImageName, verb: &str, what: &str, length: u64) {
        if self.json {
            return say_json(&json!({ "event": verb, "layer": layer.as_str(), "what": what }));
        }
        let what = printable::line(what);
        let Some(bars) = &self.bars else {
            // A closed terminal is no reason to stop.
            return drop(writeln!(std::io::stderr(), "{verb:>10}  {what}"));
        };
        let template = match length {
            0 => "{prefix:>10}  {msg} {spinner} {elapsed}",
            _ => "{prefix:>10}  {msg} [{bar:24}] {pos}/{len} {elapsed}",
        };
        let style = ProgressStyle::with_template(template).expect("a constant template");
        let bar = if length == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(length) };
        let bar = bars.add(bar.with_style(style).with_prefix(verb.to_owned()).with_message(what.into_owned()));
        bar.enable_steady_tick(Duration::from_millis(120));
        if let Some(before) = self.lock().insert(layer.clone(), bar) {
            before.finish_and_clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ImageName, ProgressBar>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

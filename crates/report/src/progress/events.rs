//! Run events as lines of JSON, for programs that watch a run.

use std::time::Duration;

use serde_json::{Value, json};

use super::pulse::{Beat, BeatState};
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::execution::event::{ImageEvent, RunEvent, Shortage};

/// Describes an event; none for those that come too often: what a command writes, and the step of a build, is in [`beat`].
#[must_use]
pub fn event(event: &RunEvent) -> Option<Value> {
    let ms = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Some(match event {
        RunEvent::Preparing { what } => json!({ "event": "preparing", "what": what }),
        RunEvent::Prepared { what, how } => json!({ "event": "prepared", "what": what, "how": how }),
        RunEvent::NotBuilt { what, how, why } => {
            json!({ "event": "prepared", "what": what, "how": how, "why": why })
        }
        RunEvent::Image(event) => return image(event),
        RunEvent::Planned { commands } => json!({ "event": "planned", "commands": commands }),
        RunEvent::Started { id } => json!({ "event": "started", "command": id }),
        RunEvent::TakenOver { id, run } => json!({ "event": "taken-over", "command": id, "run": run }),
        RunEvent::Waiting { id, shortage } => waiting(id.as_str(), shortage),
        RunEvent::Wrote { .. } | RunEvent::Stepped { .. } => return None,
        RunEvent::Finished { id, exit_code, ended, duration, equality } => json!({
            "event": "finished", "command": id, "exit_code": exit_code, "ended": ended, "duration_ms": ms(duration),
            "equality": equality.map(Equality::as_str),
        }),
        RunEvent::Network { id, attempts } => json!({ "event": "network", "command": id, "attempts": attempts }),
        RunEvent::Retrying { id, attempt, of, ended } => {
            json!({ "event": "retrying", "command": id, "attempt": attempt, "of": of, "ended": ended })
        }
        RunEvent::Probing { id, world } => json!({ "event": "probing", "command": id, "world": world }),
        RunEvent::Probed { id, world, duration, equality } => json!({
            "event": "probed", "command": id, "world": world, "duration_ms": ms(duration),
            "equality": equality.as_str(),
        }),
        RunEvent::Trying { id, world } => json!({ "event": "trying", "command": id, "world": world }),
        RunEvent::Tried { id, world, passed, duration } => json!({
            "event": "tried", "command": id, "world": world, "passed": passed, "duration_ms": ms(duration),
        }),
        RunEvent::Skipped { id, because } => json!({ "event": "skipped", "command": id, "because": because }),
        RunEvent::Stopped { id, because } => json!({ "event": "stopped", "command": id, "because": because }),
        RunEvent::PacketSkipped { packet, because } => {
            json!({ "event": "packet-skipped", "packet": packet, "because": because })
        }
        RunEvent::Mending { blob, folder } => {
            json!({ "event": "mending", "blob": blob.to_string(), "folder": folder })
        }
        RunEvent::Compared { parts } => json!({ "event": "compared", "says": parts.to_string() }),
    })
}

fn waiting(id: &str, shortage: &Shortage) -> Value {
    let says = shortage.to_string();
    match shortage {
        Shortage::Lane { lanes, taken_by } => json!({
            "event": "waiting", "command": id, "for": "lane", "lanes": lanes, "taken_by": taken_by, "says": says,
        }),
        Shortage::Memory { taken, of, taken_by } => json!({
            "event": "waiting", "command": id, "for": "memory", "taken": taken, "of": of, "taken_by": taken_by,
            "says": says,
        }),
    }
}

fn image(event: &ImageEvent) -> Option<Value> {
    Some(match event {
        ImageEvent::Fetching { layer, files, bytes } => {
            json!({ "event": "fetching", "layer": layer.to_string(), "files": files, "bytes": bytes })
        }
        ImageEvent::Compiling { layer, program } => {
            json!({ "event": "compiling", "layer": layer.to_string(), "program": program })
        }
        ImageEvent::Assembling { layer } => json!({ "event": "assembling", "layer": layer.to_string() }),
        ImageEvent::Fetched { .. } | ImageEvent::Compiled { .. } | ImageEvent::Assembled { .. } => return None,
    })
}

/// Describes what works or waits, for the line that comes each minute.
#[must_use]
pub fn beat(beat: &Beat) -> Value {
    let seconds = beat.time.as_secs();
    match &beat.state {
        BeatState::Works(last) => json!({ "event": "running", "what": beat.what, "seconds": seconds, "last": last }),
        BeatState::Steps(step) => json!({ "event": "running", "what": beat.what, "seconds": seconds, "step": step }),
        BeatState::Waits(says) => json!({ "event": "waits", "what": beat.what, "seconds": seconds, "says": says }),
    }
}

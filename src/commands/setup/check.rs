//! `rcrepro check`.

use std::path::Path;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{complain, print, print_json};
use crate::today::today;
use crate::uncommitted;
use rcrepro_app::board::exceptions;
use rcrepro_app::frozen::lock_path;
use rcrepro_app::workspace::missing::{missing, stale};
use rcrepro_app::workspace::source;
use rcrepro_format::plan::frozen_toml;
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::FrozenKind;
use rcrepro_model::text::plural::counted;
use rcrepro_report as report;
use rcrepro_store::door;

/// Reads the plan, counts what it holds, and says what it names that is not there yet; reads the source of HEAD, and says what
/// in it no run could survive.
pub fn check(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let plan = &workspace.plan;
    let (missing, stale) = (missing(&workspace), stale(&workspace));
    let uncommitted = uncommitted::files(&workspace, "HEAD");
    // The plan may be right before there is anything to record: what could not be looked at is said.
    let looked = source::look(&workspace, "HEAD").map_err(Failure::from);
    let look = looked.as_ref().map(|look| report::source::SourceFaults {
        commit: &look.commit,
        refused: &look.refused,
        notes: &look.notes,
    });
    let look = look.map_err(Failure::words);
    let notes = exceptions::of_plan(&workspace, "HEAD", today());
    let commands = plan.sets.values().map(Vec::len).sum::<usize>();
    if context.json {
        let document = serde_json::json!({
            "plan": workspace.plan_digest().to_string(), "name": plan.name, "images": plan.images.len(),
            "frozen": plan.frozen.len(), "commands": commands, "packets": plan.packets.len(), "missing": missing, "stale": stale, "notes": notes,
            "uncommitted": uncommitted.as_ref().ok(),
            "source": report::source::json(&look),
        });
        print_json(&document)?;
    } else {
        let text = format!(
            "plan `{}` is sound: {}, {}, {}, {}\n",
            plan.name,
            counted(plan.images.len(), "image"),
            counted(plan.frozen.len(), "frozen input"),
            counted(commands, "command"),
            counted(plan.packets.len(), "packet")
        );
        print(text)?;
        for (name, input) in &plan.frozen {
            if let Some(front) = input.kind.front() {
                print(fronted(&workspace.folder, name, input.kind, front))?;
            }
        }
        for lacks in &missing {
            print(format!("  missing: {}: {}\n", lacks.what, lacks.hint))?;
        }
        for lock in &stale {
            print(format!("  stale: {}: {}\n", lock.what, lock.hint))?;
        }
        complain(&uncommitted::warning(&uncommitted));
        for note in &notes {
            print(format!("  note: {note}\n"))?;
        }
        print(report::source::text(&look))?;
    }
    Ok(if !stale.is_empty() || look.is_ok_and(|look| !look.refused.is_empty()) { Exit::Plan } else { Exit::Success })
}

/// Describes a frozen input whose wrapper runs instead of a client's own program, which no line of the plan shows, and the
/// age of its data.
fn fronted(folder: &Path, name: &Name, kind: FrozenKind, front: &str) -> String {
    let lock = door::read_text(&lock_path(folder, name), door::RECORD_LIMIT).ok();
    let data = lock.and_then(|text| frozen_toml::decode(&text).ok()).and_then(|lock| lock.data);
    let of = data.map_or_else(
        || format!("not locked yet: rcrepro lock {name}"),
        |data| format!("of {}, {}", data.date, counted(data.entries, "entry")),
    );
    format!("  {name}: {} {of}; commands that use it run /deps/{name}/bin/{front} as `{front}`\n", kind.as_str())
}

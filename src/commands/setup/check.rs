//! `rcrepro check`.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{complain, print, print_json, say};
use crate::today::today;
use crate::uncommitted;
use rcrepro_app::workspace::PLAN_FILE;
use rcrepro_app::workspace::check::{self, AdvisoryFront, PlanCheck};
use rcrepro_app::workspace::next::next_command;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;
use rcrepro_report as report;
use rcrepro_report::row;

/// Reads the plan, counts what it holds, and says what it names that is not there yet; reads the source of HEAD, and says what
/// in it no run could survive.
pub fn check(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let checked = check::check(&workspace, today());
    let exit = if checked.is_refused() { Exit::Plan } else { Exit::Success };
    let PlanCheck { commands, fronts, missing, stale, uncommitted, notes, todos, source } = checked;
    let next = next_command(&workspace);
    let source = source.map_err(|error| Failure::from(error).words());
    let look = source.as_ref().map_err(String::clone).map(|look| report::source::SourceFaults {
        commit: &look.commit,
        refused: &look.refused,
        notes: &look.notes,
    });
    let plan = &workspace.plan;
    if context.json {
        let document = serde_json::json!({
            "plan": workspace.plan_digest().to_string(), "name": plan.name, "images": plan.images.len(),
            "frozen": plan.frozen.len(), "commands": commands, "packets": plan.packets.len(), "missing": missing, "stale": stale, "notes": notes,
            "todos": todos, "next": next,
            "uncommitted": uncommitted.as_ref().ok(),
            "source": report::source::json(&look),
        });
        print_json(&document)?;
    } else {
        let text = format!(
            "plan `{}` is sound: {}, {}, {}, {}\n",
            printable::line(&plan.name),
            counted(plan.images.len(), "image"),
            counted(plan.frozen.len(), "frozen input"),
            counted(commands, "command"),
            counted(plan.packets.len(), "packet")
        );
        print(text)?;
        for front in &fronts {
            print(front_line(front))?;
        }
        for thing in &missing {
            print(format!("  missing: {}: {}\n", thing.what, thing.hint))?;
        }
        for lock in &stale {
            print(format!("  stale: {}: {}\n", lock.what, lock.hint))?;
        }
        for (line, todo) in &todos {
            print(format!("  to do: {PLAN_FILE}:{line}: {todo}\n"))?;
        }
        complain(&uncommitted::warning(&uncommitted));
        for note in &notes {
            print(format!("  note: {note}\n"))?;
        }
        print(report::source::text(&look))?;
    }
    say_next(next);
    Ok(exit)
}

/// Says which command comes next, as long as a packet is not recorded.
pub fn say_next(next: Option<String>) {
    if let Some(next) = next {
        say!("{}", row!("next", "{next}"));
    }
}

/// Says what comes before a client's own program, because no line of the plan does, and how old the data is.
fn front_line(front: &AdvisoryFront) -> String {
    let AdvisoryFront { input, kind, program, data } = front;
    let of = data.as_ref().map_or_else(
        || format!("not locked yet: rcrepro lock {input}"),
        |data| format!("of {}, {}", data.date, counted(data.entries, "entry")),
    );
    format!("  {input}: {} {of}; commands that use it run /deps/{input}/bin/{program} as `{program}`\n", kind.as_str())
}

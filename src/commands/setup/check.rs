//! `rcrepro check`.

use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::folder;
use crate::output::{complain, print, print_json, say};
use crate::today::today;
use crate::uncommitted;
use rcrepro_app::workspace::check::{self, AdvisoryFront, PlanCheck};
use rcrepro_app::workspace::next::next_command;
use rcrepro_app::workspace::{PLAN_FILE, Workspace};
use rcrepro_model::plan::Plan;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;
use rcrepro_report as report;
use rcrepro_report::row;

/// What comes next where a run would be refused.
const MEND: &str = "mend and commit what is refused, then rcrepro check";

/// Reads the plan, counts what it holds, and says what it names that is not there yet; reads the source of HEAD, and says what
/// in it no run could survive.
pub fn check(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let checked = check::check(&workspace, today());
    let next = next(&workspace, &checked);
    let unread = checked.source.as_ref().err().map(Failure::of_workspace);
    let look = match (&checked.source, &unread) {
        (Ok(look), _) => {
            Ok(report::source::SourceFaults { commit: &look.commit, refused: &look.refused, notes: &look.notes })
        }
        (Err(_), why) => Err(why.as_ref().map(Failure::words).unwrap_or_default()),
    };
    if context.json {
        print_json(&document(&workspace, &checked, next.as_deref(), report::source::json(&look)))?;
    } else {
        print_check(&workspace.plan, &checked)?;
        print(report::source::text(&look))?;
    }
    // Before the first commit there is a next step all the same.
    tell(next);
    match unread {
        _ if checked.is_refused() => Ok(Exit::Plan),
        None => Ok(Exit::Success),
        Some(failure) => {
            let undecided = if failure.exit == Exit::Undecided { "nothing was decided: " } else { "" };
            let message = format!("{undecided}the source was not looked at: {}", failure.words());
            Err(Failure::plain(failure.exit, message, failure.hint))
        }
    }
}

fn document(workspace: &Workspace, checked: &PlanCheck, next: Option<&str>, source: Value) -> Value {
    let PlanCheck { commands, missing, faulty, stale, uncommitted, notes, todos, .. } = checked;
    let plan = &workspace.plan;
    json!({
        "plan": workspace.plan_digest().to_string(), "name": plan.name, "images": plan.images.len(),
        "frozen": plan.frozen.len(), "commands": commands, "packets": plan.packets.len(), "missing": missing,
        "faulty": faulty, "stale": stale, "notes": notes, "todos": todos, "next": next,
        "uncommitted": uncommitted.as_ref().ok(),
        "source": source,
    })
}

/// Prints what was counted and found, less what is in the source.
fn print_check(plan: &Plan, checked: &PlanCheck) -> Result<(), Failure> {
    let PlanCheck { commands, fronts, missing, faulty, stale, uncommitted, notes, todos, source } = checked;
    let sound = if checked.is_refused() || source.is_err() { "was read" } else { "is sound" };
    let text = format!(
        "plan `{}` {sound}: {}, {}, {}, {}\n",
        printable::line(&plan.name),
        counted(plan.images.len(), "image"),
        counted(plan.frozen.len(), "frozen input"),
        counted(*commands, "command"),
        counted(plan.packets.len(), "packet")
    );
    print(text)?;
    for front in fronts {
        print(front_line(front))?;
    }
    for thing in missing {
        print(format!("  missing: {}: {}\n", thing.what, folder::hint(&thing.hint)))?;
    }
    for definition in faulty {
        print(format!("  refused: {}\n", definition.what))?;
        if !definition.hint.is_empty() {
            print(format!("    hint: {}\n", folder::hint(&definition.hint)))?;
        }
    }
    for lock in stale {
        print(format!("  stale: {}: {}\n", lock.what, folder::hint(&lock.hint)))?;
    }
    for (line, todo) in todos {
        print(format!("  to do: {PLAN_FILE}:{line}: {todo}\n"))?;
    }
    complain(&uncommitted::warning(uncommitted));
    for note in notes {
        print(format!("  note: {note}\n"))?;
    }
    Ok(())
}

/// Names the command that comes next, as long as a packet is not recorded.
fn next(workspace: &Workspace, checked: &PlanCheck) -> Option<String> {
    let next = next_command(workspace)?;
    Some(if checked.is_refused() && next.starts_with("rcrepro run") { MEND.to_owned() } else { next })
}

/// Says which command comes next, as long as a packet is not recorded: none that would be refused.
pub fn say_next(workspace: &Workspace) {
    tell(next(workspace, &check::check(workspace, today())));
}

fn tell(next: Option<String>) {
    if let Some(next) = next {
        say!("{}", row!("next", "{}", folder::hint(&next)));
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

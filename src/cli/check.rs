//! `rcrepro check`.

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;

/// Reads the plan and counts what it holds.
pub fn check(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let plan = &workspace.plan;
    let commands = plan.sets.values().map(Vec::len).sum::<usize>();
    if context.json {
        let document = serde_json::json!({
            "plan": workspace.plan_digest().to_string(), "name": plan.name, "images": plan.images.len(),
            "frozen": plan.frozen.len(), "commands": commands, "packets": plan.packets.len(),
        });
        print(format!("{document}\n").as_bytes())?;
    } else {
        let text = format!(
            "plan `{}` is sound: {} images, {} frozen inputs, {commands} commands, {} packets\n",
            plan.name,
            plan.images.len(),
            plan.frozen.len(),
            plan.packets.len()
        );
        print(text.as_bytes())?;
    }
    Ok(Exit::Success)
}

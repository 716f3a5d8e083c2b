//! The next command on the way to a recorded packet.

use super::Workspace;
use super::missing::{Missing, missing, stale};

/// Commands that do all of their kind at once.
const FOR_ALL: [&str; 2] = ["rcrepro image lock", "rcrepro lock"];

/// Names the command that comes next, from a plan to a recorded packet; none once every packet with commands has a manifest.
#[must_use]
pub fn next_command(workspace: &Workspace) -> Option<String> {
    let missing: Vec<Missing> = missing(workspace).into_iter().chain(stale(workspace)).collect();
    if let Some(first) = missing.first() {
        // What a person has to bring comes before the command that would read it.
        let brought = missing.iter().find(|thing| thing.hint.starts_with("put it there"));
        let all = FOR_ALL.into_iter().find(|all| first.hint.starts_with(&format!("{all} ")));
        return Some(match (all, brought) {
            (Some("rcrepro lock"), Some(brought)) => format!("{}: {}", brought.what, brought.hint),
            (Some(all), _) => all.to_owned(),
            (None, _) => first.hint.clone(),
        });
    }
    if workspace.uncommitted().is_ok_and(|files| !files.is_empty()) {
        return Some("git add -A && git commit".to_owned());
    }
    let plan = &workspace.plan;
    let open = plan
        .packets
        .iter()
        .find(|(id, packet)| plan.commands(packet).next().is_some() && !workspace.manifest_path(id).exists());
    open.map(|(id, _)| format!("rcrepro run {id}"))
}

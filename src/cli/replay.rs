//! `rcrepro replay`.

use std::path::PathBuf;

use super::args::{ExecutionArgs, LookArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use super::run::{beside, lanes};
use super::today::today;
use crate::app::replay;
use crate::app::run::RunOptions;
use crate::model::compare::Equality;
use crate::model::finding::Severity;
use crate::model::plan::PacketId;
use crate::report::progress::Progress;
use crate::report::{json, release, text};

/// Replays a packet's committed manifest, or a manifest file.
pub async fn replay(
    context: &Context,
    target: &str,
    look: LookArgs,
    execution: &ExecutionArgs,
) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let path = match target.parse::<PacketId>() {
        Ok(id) => {
            workspace.packet(&id)?;
            workspace.manifest_path(&id)
        }
        Err(_) => PathBuf::from(target),
    };
    let progress = Progress::new();
    let observe = |event| progress.hear(&event);
    context
        .with_session(execution.staging, async |session, cancel| {
            let options = RunOptions {
                revision: &execution.rev,
                lanes: lanes(execution),
                second_look: !look.no_second_look,
                today: today(),
                observe: &observe,
                cancel,
            };
            let replayed = replay::replay(session, &workspace, &path, options).await?;
            let (recorded, found) = (&replayed.recorded, &replayed.found.manifest);
            let beside = beside(&replayed.found);
            if context.json {
                let digests = (replayed.recorded_digest, replayed.found.digest);
                let mut document = json::comparison(digests.0, digests.1, recorded, &replayed.comparison, &beside);
                document["images"] = release::json(replayed.found.images.as_ref());
                print(format!("{document}\n").as_bytes())?;
            } else {
                let text = text::comparison(recorded, found, &replayed.comparison, &beside, &*session.store);
                print(text.as_bytes())?;
                print(text::findings(&replayed.found.findings).as_bytes())?;
                print(release::text(&found.packet, replayed.found.images.as_ref()).as_bytes())?;
            }
            let images = replayed.found.images.iter().flat_map(|images| &images.findings);
            let quiet = replayed.found.findings.iter().chain(images).map(|finding| finding.name.severity()).min();
            Ok(match replayed.comparison.equality() {
                Equality::Bitwise | Equality::Canonical => quiet.map_or(Exit::Success, Exit::from),
                Equality::Divergent | Equality::Failed => Exit::Divergent,
                Equality::Undecided if quiet == Some(Severity::Failed) => Exit::Divergent,
                Equality::Undecided => worst(&replayed.comparison),
            })
        })
        .await
}

/// A command that did not run because another failed is that failure; one that did not run for any other reason leaves
/// everything undecided.
fn worst(comparison: &crate::model::compare::Comparison) -> Exit {
    if comparison.count(Equality::Failed) > 0 { Exit::Divergent } else { Exit::Undecided }
}

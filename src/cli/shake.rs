//! `rcrepro shake`.

use std::collections::BTreeSet;

use super::args::ShakeArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{print, print_json};
use super::run::lanes;
use crate::app::shake::propose::{ProposeOptions, propose};
use crate::app::shake::{self, ShakeOptions};
use crate::model::compare::Equality;
use crate::model::plan::PacketId;
use crate::model::shake::variation::Variation;
use crate::report::progress::Progress;
use crate::report::shake as report;

/// Runs a packet in deliberately different worlds and says what changes which output.
pub async fn shake(context: &Context, packet: &PacketId, args: &ShakeArgs) -> Result<Exit, Failure> {
    let workspace = context.committed(&args.execution.rev)?;
    let progress = Progress::new();
    let observe = |event| progress.hear(&event);
    let variations: BTreeSet<Variation> = match args.vary.is_empty() {
        true => Variation::ALL.into(),
        false => args.vary.iter().copied().collect(),
    };
    context
        .with_session(args.execution.staging, async |session, cancel| {
            if args.propose {
                let options = ProposeOptions {
                    revision: workspace.revision(),
                    commands: &args.command,
                    repeat: usize::from(args.repeat),
                    observe: &observe,
                    cancel,
                };
                let found = propose(session, &workspace, packet, options).await?;
                match context.json {
                    true => print_json(&report::propose::document(&found))?,
                    false => print(report::propose::text(&found))?,
                }
                return Ok(exit(found.equality()));
            }
            let options = ShakeOptions {
                revision: workspace.revision(),
                lanes: lanes(&args.execution),
                commands: &args.command,
                variations: &variations,
                worlds: usize::from(args.worlds),
                repeat: usize::from(args.repeat),
                seed: args.seed,
                observe: &observe,
                cancel,
            };
            let shaken = shake::shake(session, &workspace, packet, options).await?;
            if context.json {
                print_json(&report::json::document(&shaken, &*session.store))?;
            } else {
                print(report::text(&shaken, &*session.store))?;
            }
            Ok(exit(shaken.equality()))
        })
        .await
}

const fn exit(equality: Equality) -> Exit {
    match equality {
        Equality::Bitwise | Equality::Canonical => Exit::Success,
        Equality::Divergent | Equality::Failed => Exit::Divergent,
        Equality::Undecided => Exit::Undecided,
    }
}

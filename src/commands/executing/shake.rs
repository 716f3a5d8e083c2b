//! `rcrepro shake`.

use std::collections::BTreeSet;

use super::run::lanes;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use rcrepro_app::run::shake::propose::{ProposeOptions, propose};
use rcrepro_app::run::shake::{self, ShakeOptions};
use rcrepro_arguments::ShakeArgs;
use rcrepro_model::plan::PacketId;
use rcrepro_model::shake::variation::Variation;
use rcrepro_model::standing::Standing;
use rcrepro_report::progress::Progress;
use rcrepro_report::shake as report;

/// Runs a packet in deliberately different worlds and says what changes which output.
pub async fn shake(context: &Context, packet: &PacketId, args: &ShakeArgs) -> Result<Exit, Failure> {
    let workspace = context.committed(&args.execution.rev)?;
    let progress = Progress::new(context.json);
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
                };
                let found = propose(session.context(&observe, cancel), &workspace, packet, options).await?;
                match context.json {
                    true => print_json(&report::propose::document(&found))?,
                    false => print(report::propose::text(&found))?,
                }
                return Ok(Standing::from(found.equality()).into());
            }
            let options = ShakeOptions {
                revision: workspace.revision(),
                lanes: lanes(&args.execution),
                commands: &args.command,
                variations: &variations,
                worlds: usize::from(args.worlds),
                repeat: usize::from(args.repeat),
                seed: args.seed,
            };
            let shaken = shake::shake(session.context(&observe, cancel), &workspace, packet, options).await?;
            if context.json {
                print_json(&report::json::document(&shaken, &*session.store))?;
            } else {
                print(report::text(&shaken, &*session.store))?;
            }
            Ok(Standing::from(shaken.equality()).into())
        })
        .await
}

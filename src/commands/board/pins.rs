//! `rcrepro pins`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::commands::scans::findings::form;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use rcrepro_app::board::pins::pins as judge;
use rcrepro_arguments::scans::FindingsFormat;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_report::{pins as report, pins_sarif};

/// Looks for references, and says which of them keep the pins from holding.
pub fn pins(
    context: &Context,
    revision: &str,
    look_alikes: bool,
    format: Option<FindingsFormat>,
) -> Result<Exit, Failure> {
    let format = form(format, context.json)?;
    let workspace = context.committed(revision)?;
    let pinned = judge(&workspace, revision, today()?)?;
    let judgement = &pinned.judgement;
    match format {
        FindingsFormat::Json => print_json(&report::json(&pinned.commit, &workspace.plan.pins, judgement))?,
        FindingsFormat::Sarif => print_json(&pins_sarif::log(judgement))?,
        FindingsFormat::Text => {
            print(report::text(&pinned.commit, &workspace.plan.pins, judgement, look_alikes))?;
        }
    }
    Ok(judgement.standing().into())
}

/// Gives the day in UTC, on which waivers have to count.
fn today() -> Result<CivilDate, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds.and_then(CivilDate::of_unix_seconds).ok_or_else(|| {
        Failure::plain(Exit::Undecided, "the machine's clock tells no date that waivers could be compared with", None)
    })
}

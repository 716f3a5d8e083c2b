//! `rcrepro advisories`.

use std::time::SystemTime;

use serde_json::json;

use crate::commands::executing::run::lanes;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use crate::today::today;
use rcrepro_app::advisories::rescan::rescan;
use rcrepro_app::frozen::today::{AdvisoryAge, MirrorToday, ages};
use rcrepro_app::run::RunOptions;
use rcrepro_app::run::execute::OnFailure;
use rcrepro_app::workspace::Workspace;
use rcrepro_arguments::ExecutionArgs;
use rcrepro_arguments::scans::AdvisoriesArgs;
use rcrepro_model::advisory::rescan::Rescan;
use rcrepro_model::advisory::{AdvisoryDelta, AdvisoryEntries};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;
use rcrepro_report::progress::Progress;
use rcrepro_report::today::rescan as report;
use rcrepro_store::fs::FsStore;

/// Says how old the frozen advisory data is, and what its mirror has that it lacks; or scans with the data of today.
pub async fn advisories(context: &Context, arguments: &AdvisoriesArgs) -> Result<Exit, Failure> {
    let workspace = context.committed(&arguments.execution.rev)?;
    if arguments.scan {
        return scan(context, &workspace, &arguments.execution).await;
    }
    let store = FsStore::open(&context.store)?;
    let ages = ages(&workspace, &store, SystemTime::now())?;
    if context.json {
        print_json(&ages.iter().map(document).collect::<serde_json::Value>())?;
    } else {
        print(ages.iter().map(text).collect::<String>())?;
    }
    Ok(Exit::Success)
}

async fn scan(context: &Context, workspace: &Workspace, execution: &ExecutionArgs) -> Result<Exit, Failure> {
    let progress = Progress::new(context.json);
    let observe = |event| progress.hear(&event);
    let records = context
        .with_session(execution.staging, async |session, cancel| {
            let options = RunOptions {
                revision: workspace.revision(),
                lanes: lanes(execution),
                commands: &[],
                second_look: false,
                on_failure: OnFailure::KeepGoing,
                fresh: true,
                today: today(),
            };
            Ok(rescan(session.context(&observe, cancel), workspace, options).await?)
        })
        .await?;
    if context.json {
        let records: Vec<&Rescan> = records.iter().map(|(_, record)| record).collect();
        print_json(&json!(records))?;
    } else {
        for (path, record) in &records {
            print(format!("{}written: {}\n", report(record), path.display()))?;
        }
    }
    let commands = records.iter().flat_map(|(_, record)| &record.commands);
    Ok(Standing::of_evidence(commands.map(|command| &command.today.outcome)).into())
}

fn parts(delta: &AdvisoryDelta) -> [(&'static str, &AdvisoryEntries); 3] {
    [("new", &delta.added), ("changed", &delta.changed), ("gone", &delta.removed)]
}

fn text(each: &AdvisoryAge) -> String {
    let days = each.days().map_or_else(|| "of the future".to_owned(), |days| format!("{} old", counted(days, "day")));
    let AdvisoryAge { name, kind, locked, .. } = each;
    let mut text =
        format!("{name}: {} of {}, {days}, {}\n", kind.as_str(), locked.date, counted(locked.entries, "entry"));
    let MirrorToday { data, delta, by_date, .. } = match &each.today {
        Ok(today) => today,
        Err(why) => return format!("{text}  not asked today: {}\n", printable::line(why)),
    };
    let counts = parts(delta).map(|(word, entries)| format!("{} {word}", entries.len())).join(", ");
    let by_date = if *by_date { " by their dates: the store does not have the locked data" } else { "" };
    text.push_str(&format!("  its mirror is of {}: {counts}{by_date}\n", data.date));
    for (word, entries) in parts(delta) {
        for (id, entry) in entries {
            let line = format!("{word:>10}  {id}  {}", entry.packages.join(", "));
            text.push_str(&format!("{}\n", printable::line(&line)));
        }
    }
    text
}

fn document(each: &AdvisoryAge) -> serde_json::Value {
    let today = each.today.as_ref().ok().map(|MirrorToday { data, delta, .. }| {
        let list = |entries: &AdvisoryEntries| -> serde_json::Value {
            entries.iter().map(|(id, entry)| json!({ "id": id, "packages": entry.packages })).collect()
        };
        let [added, changed, removed] = parts(delta).map(|(_, entries)| list(entries));
        json!({ "date": data.date, "entries": data.entries, "new": added, "changed": changed, "gone": removed })
    });
    json!({
        "name": each.name.to_string(), "kind": each.kind.as_str(), "date": each.locked.date,
        "entries": each.locked.entries, "age_days": each.days(), "mirror": today,
        "not_asked": each.today.as_ref().err(),
    })
}

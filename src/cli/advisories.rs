//! `rcrepro advisories`.

use std::time::SystemTime;

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::app::frozen::today::{AdvisoryAge, ages};
use crate::model::advisory::{AdvisoryDelta, AdvisoryEntries};
use crate::store::fs::FsStore;

/// Says how old the frozen advisory data is, and what its mirror has that it lacks.
pub fn advisories(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let store = FsStore::open(&context.store)?;
    let ages = ages(&workspace, &store, SystemTime::now())?;
    if context.json {
        print(format!("{}\n", ages.iter().map(document).collect::<serde_json::Value>()).as_bytes())?;
    } else {
        print(ages.iter().map(text).collect::<String>().as_bytes())?;
    }
    Ok(Exit::Success)
}

fn days(age: &AdvisoryAge) -> Option<u64> {
    age.age.map(|age| age.as_secs() / 86_400)
}

fn parts(delta: &AdvisoryDelta) -> [(&'static str, &AdvisoryEntries); 3] {
    [("new", &delta.added), ("changed", &delta.changed), ("gone", &delta.removed)]
}

fn text(each: &AdvisoryAge) -> String {
    let days = days(each).map_or_else(|| "of the future".to_owned(), |days| format!("{days} days old"));
    let AdvisoryAge { name, kind, locked, .. } = each;
    let mut text = format!("{name}: {} of {}, {days}, {} entries\n", kind.as_str(), locked.date, locked.entries);
    let Some((data, delta)) = &each.today else { return text };
    let counts = parts(delta).map(|(word, entries)| format!("{} {word}", entries.len())).join(", ");
    text.push_str(&format!("  its mirror is of {}: {counts}\n", data.date));
    for (word, entries) in parts(delta) {
        for (id, entry) in entries {
            text.push_str(&format!("{word:>10}  {id}  {}\n", entry.packages.join(", ")));
        }
    }
    text
}

fn document(each: &AdvisoryAge) -> serde_json::Value {
    let today = each.today.as_ref().map(|(data, delta)| {
        let list = |entries: &AdvisoryEntries| -> serde_json::Value {
            entries.iter().map(|(id, entry)| json!({ "id": id, "packages": entry.packages })).collect()
        };
        let [added, changed, removed] = parts(delta).map(|(_, entries)| list(entries));
        json!({ "date": data.date, "entries": data.entries, "new": added, "changed": changed, "gone": removed })
    });
    json!({
        "name": each.name.to_string(), "kind": each.kind.as_str(), "date": each.locked.date,
        "entries": each.locked.entries, "age_days": days(each), "mirror": today,
    })
}

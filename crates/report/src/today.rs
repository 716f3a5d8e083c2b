//! What is known of today beside the frozen advisory data, and the scans that ran with it.

use std::fmt::Write as _;

use crate::text::put;
use rcrepro_model::advisory::policy::Effect;
use rcrepro_model::advisory::rescan::Rescan;
use rcrepro_model::advisory::time_split::{TimeSplit, Today, judge_today};
use rcrepro_model::decision::board::Board;
use rcrepro_model::decision::verdict::judge;
use rcrepro_model::text::plural::counted;

/// Writes the age of the data, what is newer, what was waived, the conditions, and both halves of the verdict.
#[must_use]
pub fn split(board: &Board, split: &TimeSplit) -> String {
    let mut text = String::new();
    for input in &split.inputs {
        let age =
            input.age_days.map_or_else(|| "of the future".to_owned(), |days| format!("{} old", counted(days, "day")));
        put(&mut text, format_args!("advisory data `{}` ({}) of {}, {age}", input.name, input.kind, input.frozen));
        put(&mut text, format_args!("    {}", today(&input.today)));
    }
    for judged in &split.judged {
        let line = judged.line();
        match (&judged.waived, judged.effect) {
            (Some(waived), _) => put(&mut text, format_args!("waived: {line} ({waived})")),
            (None, Effect::Nothing) => put(&mut text, format_args!("ignored, as the plan says: {line}")),
            (None, Effect::Condition) => put(&mut text, format_args!("condition: {line}")),
            (None, Effect::NoGo) => put(&mut text, format_args!("no go, as the plan says: {line}")),
        }
    }
    let Some(oldest) = split.oldest() else { return text };
    put(&mut text, format_args!("with the frozen data of {oldest}: {}", judge(board, &[]).as_str()));
    let silent = split.not_asked();
    let half = match silent.len() {
        0 => judge_today(board, split).as_str().to_owned(),
        all if all == split.inputs.len() => format!("not asked ({})", silent.join(", ")),
        _ => format!("{} (not asked: {})", judge_today(board, split).as_str(), silent.join(", ")),
    };
    put(&mut text, format_args!("with the data of today: {half}"));
    text
}

fn today(today: &Today) -> String {
    match today {
        Today::NotAsked { why } => format!("not asked today: {why}"),
        Today::Asked { date, newer, by_date, unrelated, scanned } => {
            let mut text = format!("today's is of {date}");
            match (newer, unrelated) {
                (Some(0), _) => text.push_str(": no entry is new or changed"),
                (Some(newer), Some(unrelated)) => {
                    let concern = if *unrelated == 1 { "does not concern" } else { "do not concern" };
                    let newer = counted(*newer, "entry");
                    let _ = write!(text, ": {newer} new or changed, {unrelated} of them {concern} this source");
                }
                _ => {}
            }
            if *by_date {
                text.push_str(" (by their dates: the store does not have the locked data)");
            }
            if let Some(scanned) = scanned {
                let _ = write!(text, "; the scans with it: {scanned}");
            }
            text
        }
    }
}

/// Writes what each scan said then and says today, a line each.
#[must_use]
pub fn rescan(record: &Rescan) -> String {
    let mut text = String::new();
    for (name, data) in &record.data {
        let today = match (&data.today, &data.not_asked) {
            (Some(state), _) if state.root == data.then.root => "the same today".to_owned(),
            (Some(state), _) => format!("today's of {}", state.date),
            (None, why) => format!("not asked today: {}", why.as_deref().unwrap_or("nobody says why")),
        };
        put(&mut text, format_args!("{} data `{name}` of {}, {today}", record.packet, data.then.date));
    }
    for command in &record.commands {
        let (then, today) = (&command.then.outcome, &command.today.outcome);
        put(&mut text, format_args!("{} {}: then {then}; today {today}", record.packet, command.id));
    }
    text
}

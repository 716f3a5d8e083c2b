//! What shaking a packet found: the table, the evidence, proposals for quarantine, and the verdict last.

use comfy_table::{Table, presets};

use super::text::put;
use rcrepro_model::evidence::compare::Equality;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::shake::inquiry::{Flowing, Inquiry, ShakeCause, ShakeFinding, UnsteadyPart};
use rcrepro_model::shake::observation::{Facet, Level};
use rcrepro_model::shake::shaken::{Shaken, ShakenCommand, ShakenPacket};
use rcrepro_model::shake::table::{Cell, FacetRow, rows};
use rcrepro_model::shake::variation::{Variation, describe};
use rcrepro_model::text::plural::counted;
use rcrepro_store::BlobStore;

mod evidence;
pub mod json;
pub mod propose;
mod quarantine;
#[cfg(test)]
mod tests;

/// How the table shows a cell, so that it is readable without colour.
const fn sign(cell: Cell) -> &'static str {
    match cell {
        Cell::Equal => "=",
        Cell::Canonical => "~",
        Cell::Differs => "DIFF",
        Cell::Unknown => "?",
        Cell::NotApplied => "n/a",
        Cell::NotVaried => "-",
    }
}

const LEGEND: &str =
    "= equal   ~ canonical: equal after the plan's normalizers   DIFF differs   ? flaky without any variation
n/a not applied by the engine   - not varied, or pinned by the plan";

/// Writes everything.
#[must_use]
pub fn text(shaken: &ShakenPacket, store: &dyn BlobStore) -> String {
    let mut text = String::new();
    text.push_str(&format!("{}\n{LEGEND}\n\n", table(shaken)));
    for command in &shaken.commands {
        match &command.result {
            Shaken::Asked(inquiry) => write_findings(&mut text, command, inquiry, store),
            Shaken::Failed { ended, .. } => put(
                &mut text,
                format_args!("{}: {ended} in its own world; there is nothing to compare with", command.id),
            ),
            Shaken::Skipped => {
                put(&mut text, format_args!("{}: did not run: a command that it needs failed", command.id))
            }
        }
    }
    text.push_str(&quarantine::proposals(shaken));
    write_not_applied(&mut text, shaken);
    verdict(&mut text, shaken);
    text
}

/// Draws part by variation, for every command; parts that fared alike and well share a line.
fn table(shaken: &ShakenPacket) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let names = Variation::ALL.map(|variation| variation.as_str().to_owned());
    let head = ["command", "part", "nothing"].map(str::to_owned);
    table.set_header(head.into_iter().chain(names));
    for command in &shaken.commands {
        let Shaken::Asked(inquiry) = &command.result else {
            table.add_row([command.id.as_str(), "undecided"]);
            continue;
        };
        let (bad, good): (Vec<FacetRow>, Vec<FacetRow>) = rows(inquiry).into_iter().partition(FacetRow::has_difference);
        let all = if bad.is_empty() { "all" } else { "others" };
        let good = good.first().map(|row| (format!("{all} ({})", good.len()), row));
        let lines = bad.iter().map(|row| (row.facet.to_string(), row)).chain(good);
        for (index, (part, row)) in lines.enumerate() {
            let id = if index == 0 { command.id.to_string() } else { String::new() };
            let cells = row.cells.values().map(|cell| sign(*cell).to_owned());
            table.add_row([id, part, sign(row.nothing).to_owned()].into_iter().chain(cells));
        }
    }
    table.trim_fmt()
}

fn write_findings(text: &mut String, command: &ShakenCommand, inquiry: &Inquiry, store: &dyn BlobStore) {
    for finding in &inquiry.findings {
        for cause in finding.causes.iter().filter(|cause| !is_told_already(inquiry, finding, cause)) {
            if inquiry.fails_standing().is_some() && cause.is_standing_clock() {
                if finding.facet == Facet::Ending {
                    fails_standing(text, command, inquiry.clock, cause);
                }
                continue;
            }
            let how = match finding.level {
                Level::Canonical => "differs",
                Level::Raw => "differs before the normalizers",
            };
            put(
                text,
                format_args!(
                    "{} {}: {how} with {} ({} of {})",
                    command.id,
                    finding.facet,
                    describe(&cause.setup),
                    cause.differing,
                    counted(cause.runs, "run")
                ),
            );
            evidence::write(text, &finding.facet, finding.level, [&cause.baseline, &cause.found], store);
        }
        let canonical = inquiry.finding(&finding.facet, Level::Canonical).filter(|_| finding.level == Level::Raw);
        let is_told = canonical.is_some_and(|canonical| canonical.flowing.is_some());
        if let Some(found) = finding.flowing.as_ref().filter(|_| !is_told) {
            flowing(text, command, finding, found, store);
        }
        if let Some(flake) = finding.flake.as_ref().filter(|_| !is_flake_told_already(inquiry, finding)) {
            let how = if finding.level == Level::Raw { " before the normalizers" } else { "" };
            put(
                text,
                format_args!(
                    "{} {}: differs{how} from run to run with {} varied ({} of {})",
                    command.id,
                    finding.facet,
                    describe(&flake.setup),
                    flake.differing,
                    counted(flake.runs, "run")
                ),
            );
            evidence::write(text, &finding.facet, finding.level, [&flake.evidence[0], &flake.evidence[1]], store);
        }
    }
}

/// Writes that a command fails if its clock stands still; its streams and outputs follow from that.
fn fails_standing(text: &mut String, command: &ShakenCommand, clock: ClockMode, cause: &ShakeCause) {
    put(
        text,
        format_args!(
            "{}: fails if the clock stands still ({}; {} of {}), and passes while it flows: clock = \"{}\"",
            command.id,
            cause.found.evidence(Level::Canonical),
            cause.differing,
            counted(cause.runs, "run"),
            clock.as_str(),
        ),
    );
}

/// Says what differs because the clock flows. That is a matter of the plan, and of no quarantine.
fn flowing(text: &mut String, command: &ShakenCommand, finding: &ShakeFinding, found: &Flowing, store: &dyn BlobStore) {
    let how = if finding.level == Level::Raw { " before the normalizers" } else { "" };
    let with = match found.flake.setup.is_empty() {
        true => String::new(),
        false => format!(" with {}", describe(&found.flake.setup)),
    };
    let because = if found.clock == ClockMode::Stands {
        "the clock flows"
    } else {
        "the times of files flow on while the clock stands"
    };
    let Flowing { flake, equal, clock } = found;
    let (clock, UnsteadyPart { differing, runs, .. }) = (clock.as_str(), flake);
    put(
        text,
        format_args!(
            "{} {}: differs{how}{with} because {because}: clock = \"{clock}\" ({differing} of {}; {equal} of {equal} are \
             equal while it {clock})",
            command.id,
            finding.facet,
            counted(*runs, "run")
        ),
    );
    evidence::write(text, &finding.facet, finding.level, found.flake.evidence.each_ref(), store);
}

/// Tells whether the canonical form has the same cause: then the raw form need not be spoken of.
fn is_told_already(inquiry: &Inquiry, finding: &ShakeFinding, cause: &ShakeCause) -> bool {
    let canonical = inquiry.finding(&finding.facet, Level::Canonical).filter(|_| finding.level == Level::Raw);
    canonical.is_some_and(|canonical| canonical.causes.iter().any(|other| other.setup == cause.setup))
}

fn is_flake_told_already(inquiry: &Inquiry, finding: &ShakeFinding) -> bool {
    let canonical = inquiry.finding(&finding.facet, Level::Canonical).filter(|_| finding.level == Level::Raw);
    canonical.is_some_and(|canonical| canonical.flake.is_some())
}

/// Says which variations the engine left out, and for which commands.
fn write_not_applied(text: &mut String, shaken: &ShakenPacket) {
    for variation in Variation::ALL {
        let left_out = |command: &&ShakenCommand| match &command.result {
            Shaken::Asked(inquiry) => inquiry.not_applied.contains(&variation),
            Shaken::Failed { .. } | Shaken::Skipped => false,
        };
        let commands: Vec<&str> = shaken.commands.iter().filter(left_out).map(|command| command.id.as_str()).collect();
        if !commands.is_empty() {
            let commands = commands.join(", ");
            put(text, format_args!("{variation} was asked for, and the engine did not carry it out: {commands}"));
        }
    }
}

fn verdict(text: &mut String, shaken: &ShakenPacket) {
    let runs: usize = shaken
        .commands
        .iter()
        .map(|command| match &command.result {
            Shaken::Asked(inquiry) => inquiry.runs,
            Shaken::Failed { .. } => 1,
            Shaken::Skipped => 0,
        })
        .sum();
    let words = match shaken.equality() {
        Equality::Bitwise | Equality::Canonical => "is the same in every world",
        Equality::Divergent => "is NOT the same in every world",
        Equality::Failed => "FAILED",
        Equality::Undecided => "is UNDECIDED",
    };
    let count = |equality| shaken.count(equality);
    put(
        text,
        format_args!(
            "{} {words}: of {} {} bitwise, {} canonical, {} divergent, {} failed, {} undecided ({}, seed {})",
            shaken.packet,
            counted(shaken.commands.len(), "command"),
            count(Equality::Bitwise),
            count(Equality::Canonical),
            count(Equality::Divergent),
            count(Equality::Failed),
            count(Equality::Undecided),
            counted(runs, "run"),
            shaken.seed,
        ),
    );
}

//! Proposals for quarantine: a part that is different from run to run in one and the same world, with the evidence.
//!
//! Owner and expiry are for a person to fill in: a quarantine without them is a way to forget.

use std::fmt::Write as _;

use rcrepro_model::shake::inquiry::UnsteadyPart;
use rcrepro_model::shake::observation::{Facet, Level};
use rcrepro_model::shake::shaken::{Shaken, ShakenPacket};
use rcrepro_model::shake::variation::describe;
use rcrepro_model::text::plural::counted;

/// Writes a table for every flaky part, ready to be pasted. What normalizers take away needs no quarantine.
pub fn proposals(shaken: &ShakenPacket) -> String {
    let mut text = String::new();
    for command in &shaken.commands {
        let Shaken::Asked(inquiry) = &command.result else { continue };
        let flaky = inquiry.findings.iter().filter(|finding| finding.level == Level::Canonical);
        for (facet, flake) in flaky.filter_map(|finding| Some((&finding.facet, finding.flake.as_ref()?))) {
            if text.is_empty() {
                text.push_str("proposed for quarantine; fill in `owner` and `expires`:\n");
            }
            text.push('\n');
            text.push_str(&proposal(&command.id.to_string(), facet, flake));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn proposal(command: &str, facet: &Facet, flake: &UnsteadyPart) -> String {
    let world = match flake.setup.is_empty() {
        true => "in the plan's own world".to_owned(),
        false => format!("with {}", describe(&flake.setup)),
    };
    let (differing, runs) = (flake.differing, flake.runs);
    let reason = format!("{facet}: {differing} of {} {world} differ from the first one", counted(runs, "run"));
    let evidence = flake.evidence.each_ref().map(|seen| quoted(&seen.evidence(Level::Canonical)));
    let mut text = "[[quarantine]]\n".to_owned();
    for evidence in evidence {
        writeln!(text, "# seen: {evidence}").expect("a string takes everything");
    }
    for (key, value) in [("command", quoted(command)), ("reason", quoted(&reason)), ("owner", quoted(""))] {
        writeln!(text, "{key} = {value}").expect("a string takes everything");
    }
    // A day is over before anybody has read it: nothing passes until a person has written another.
    text.push_str("expires = 1970-01-01\n");
    text
}

/// Writes a TOML string on one line, which is also what a comment can hold.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

//! Proposals for quarantine: a part that is different from run to run in one and the same world, with the evidence.
//!
//! Owner and expiry are for a person to fill in: a quarantine without them is a way to forget.

use std::fmt::Write as _;

use crate::model::shake::inquiry::Flake;
use crate::model::shake::observation::{Facet, Level};
use crate::model::shake::shaken::{Shaken, ShakenPacket};
use crate::model::shake::variation::describe;

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

fn proposal(command: &str, facet: &Facet, flake: &Flake) -> String {
    let world = match flake.setup.is_empty() {
        true => "in the plan's own world".to_owned(),
        false => format!("with {}", describe(&flake.setup)),
    };
    let reason = format!("{} of {} runs {world} differ from the first one", flake.differing, flake.runs);
    let evidence = flake.evidence.each_ref().map(|seen| quoted(&seen.evidence(Level::Canonical)));
    let mut text = "[[quarantine]]\n".to_owned();
    for (key, value) in [
        ("command", quoted(command)),
        ("part", quoted(&facet.to_string())),
        ("reason", quoted(&reason)),
        ("evidence", format!("[{}]", evidence.join(", "))),
        ("owner", quoted("")),
        ("expires", quoted("")),
    ] {
        writeln!(text, "{key} = {value}").expect("a string takes everything");
    }
    text
}

/// Writes a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

//! Findings on the terminal.

use crate::text::put;
use rcrepro_model::advisory::findings::Findings;
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::decision::proposal::Proposal;
use rcrepro_model::text::plural::counted;

/// Writes one paragraph per finding, then what each scan reported.
#[must_use]
pub fn findings(findings: &Findings) -> String {
    let mut text = String::new();
    for (finding, by) in &findings.found {
        put(&mut text, format_args!("{}", head(finding)));
        let about = finding.about();
        let fixed = finding.fixed.as_ref().map_or_else(|| "not fixed".to_owned(), |fixed| format!("fixed in {fixed}"));
        match about.is_empty() {
            true => {}
            false => put(&mut text, format_args!("    {about}, {fixed}")),
        }
        if let Some(waiver) = findings.waiver(finding) {
            put(&mut text, format_args!("    waived by {waiver}"));
        }
        let by: Vec<String> = by.iter().map(|(packet, command)| format!("{packet}/{command}")).collect();
        let place = finding.place();
        let place = if place.is_empty() { "at a place that the evidence does not name".to_owned() } else { place };
        put(&mut text, format_args!("    {place}, found by {}", by.join(", ")));
    }
    for scan in &findings.scans {
        let outcome =
            scan.outcome.as_ref().map_or_else(|| "no evidence of this source".to_owned(), ToString::to_string);
        let origin = scan.origin.as_ref().map_or_else(String::new, |origin| format!(" ({origin})"));
        put(&mut text, format_args!("{}/{}: {outcome}{origin}", scan.packet, scan.command));
        for condition in &scan.conditions {
            put(&mut text, format_args!("    {condition}"));
        }
    }
    for note in &findings.notes {
        put(&mut text, format_args!("note: {note}"));
    }
    let (all, open) = (findings.found.len(), findings.open().len());
    let waived = if all == open { String::new() } else { format!(", {} of them waived", all - open) };
    put(&mut text, format_args!("{}{waived}", counted(all, "finding")));
    text
}

fn head(finding: &ScanFinding) -> String {
    let says = if finding.says.is_empty() { String::new() } else { format!("  {}", finding.says) };
    format!("{:<7}  {}{says}", finding.class_word(), finding.name())
}

/// Writes what is proposed below a board, a line each.
#[must_use]
pub fn proposals(proposals: &[Proposal]) -> String {
    if proposals.is_empty() {
        return String::new();
    }
    let mut text =
        "\nopen findings that no packet claims; rcrepro status --propose prints packets for the plan:\n".to_owned();
    for proposal in proposals {
        let needs: Vec<String> = proposal.needs.iter().map(ToString::to_string).collect();
        let needs = if needs.is_empty() { String::new() } else { format!(", needs {}", needs.join(", ")) };
        put(&mut text, format_args!("  {}  {} ({}{needs})", proposal.id, proposal.title, proposal.class));
        for criterion in &proposal.exit {
            put(&mut text, format_args!("         must show: {}", criterion.says));
        }
    }
    text
}

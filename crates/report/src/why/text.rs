//! `rcrepro why` on a terminal: side by side, as wide as the terminal is, and readable without colour.

use std::collections::BTreeMap;

use crate::text::put;
use rcrepro_model::text::plural::counted;
use rcrepro_model::text::printable;
use rcrepro_model::why::Why;
use rcrepro_model::why::difference::Explained;

/// The width when nobody says one, and the smallest in which two columns make sense.
const WIDTHS: (usize, usize) = (100, 60);
/// How many differences of one kind are shown at one place; JSON and HTML have all of them.
const SHOWN: usize = 12;
/// How many lines of diffoscope's text are shown.
const DIFFOSCOPE: usize = 60;

/// Writes everything that differs, and the counts last.
#[must_use]
pub fn text(why: &Why, width: Option<usize>) -> String {
    let width = width.unwrap_or(WIDTHS.0).max(WIDTHS.1);
    let mut text = String::new();
    let indent = why.packet.to_string().len();
    put(&mut text, format_args!("{}: A is {}", why.packet, why.sides[0].name));
    put(&mut text, format_args!("{:indent$}  B is {}", "", why.sides[1].name));
    section(&mut text, "inputs", &why.inputs, width);
    section(&mut text, "endings", &why.endings, width);
    for part in &why.parts {
        let title = format!("{} {}, {}", part.command, part.part, part.equality.as_str());
        section(&mut text, &title, &part.differences, width);
        if let Some(diffoscope) = &part.diffoscope {
            text.push_str("  diffoscope:\n");
            let mut lines = diffoscope.lines();
            for line in lines.by_ref().take(DIFFOSCOPE) {
                put(&mut text, format_args!("    {}", cut(&printable::line(line), width - 4)));
            }
            let more = lines.count();
            if more > 0 {
                put(&mut text, format_args!("    and {}: --json and --html have them", counted(more, "more line")));
            }
        }
    }
    for image in &why.images {
        section(&mut text, &printable::line(&image.to_string()), &image.differences, width);
    }
    for missing in &why.missing {
        text.push('\n');
        put(&mut text, format_args!("missing: {}, blob {}", missing.what, missing.digest));
    }
    text.push('\n');
    for (class, count) in why.classes() {
        let differences = why.differences().filter(|one| one.class == class && !one.follows);
        let mut remedies: Vec<&str> = differences.filter_map(|one| one.remedy.as_deref()).collect();
        remedies.sort_unstable();
        remedies.dedup();
        let remedies = if remedies.is_empty() { "no remedy is known".to_owned() } else { remedies.join("; or ") };
        put(&mut text, format_args!("{count:>6}  {class:<14}  {remedies}"));
    }
    put(&mut text, format_args!("{}", why.counts));
    let all = why.differences().filter(|one| !one.follows).count();
    let following = why.differences().filter(|one| one.follows).count();
    let found = match (all, following) {
        (all, 0) => format!("{} found", counted(all, "difference")),
        (1, following) => format!("1 difference found, and {following} more that {} from it", follow(following)),
        (all, following) => {
            format!("{} found, and {following} more that {} from them", counted(all, "difference"), follow(following))
        }
    };
    let mut verdict = if why.is_equal() { "no differences found".to_owned() } else { found };
    let missing = (why.missing.len(), format!("{} missing", counted(why.missing.len(), "blob")));
    let cuts = (why.cuts(), format!("{} not compared further", counted(why.cuts(), "place")));
    let lacks: Vec<String> =
        [missing, cuts].into_iter().filter(|(count, _)| *count > 0).map(|(_, says)| says).collect();
    if !lacks.is_empty() {
        verdict = format!("{verdict}; UNDECIDED: {}", lacks.join(", "));
    }
    put(&mut text, format_args!("{}: {verdict}", why.packet));
    text
}

const fn follow(count: usize) -> &'static str {
    if count == 1 { "follows" } else { "follow" }
}

fn section(text: &mut String, title: &str, differences: &[Explained], width: usize) {
    if differences.is_empty() {
        return;
    }
    text.push('\n');
    put(text, format_args!("{title}"));
    // Differences of one kind stand together; the kinds come in the order in which the first of each stands.
    let mut kinds: Vec<(&Explained, Vec<&Explained>)> = Vec::new();
    let mut known = BTreeMap::new();
    for one in differences {
        let kind = (one.class, &one.cause, &one.remedy, one.follows);
        let at = *known.entry(kind).or_insert(kinds.len());
        match kinds.get_mut(at) {
            Some((_, members)) => members.push(one),
            None => kinds.push((one, vec![one])),
        }
    }
    for (kind, members) in kinds {
        let follows = if kind.follows { ", follows from the others" } else { "" };
        put(text, format_args!("  {}{follows}: {}", kind.class, kind.cause));
        if let Some(remedy) = &kind.remedy {
            put(text, format_args!("    remedy: {remedy}"));
        }
        for one in members.iter().take(SHOWN) {
            side_by_side(text, one, width);
        }
        if members.len() > SHOWN {
            put(text, format_args!("    and {} more of this kind: --json has all of them", members.len() - SHOWN));
        }
    }
}

/// Writes the place, and the two sides in columns; in one line where they fit.
fn side_by_side(text: &mut String, one: &Explained, width: usize) {
    let column = (width - 4 - 3) / 2;
    put(text, format_args!("    {}", cut(&printable::line(&one.at), width - 4)));
    let (left, right) = (fold(&one.left, column), fold(&one.right, column));
    for line in 0..left.len().max(right.len()) {
        let side = |lines: &[String]| lines.get(line).cloned().unwrap_or_default();
        let (l, r) = (side(&left), side(&right));
        let padding = " ".repeat(column.saturating_sub(l.chars().count()));
        put(text, format_args!("    {l}{padding} | {r}"));
    }
}

fn fold(text: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return vec!["(nothing)".to_owned()];
    }
    characters.chunks(width).map(|line| line.iter().collect()).collect()
}

fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width.saturating_sub(1)) {
        Some((end, _)) if text.chars().count() > width => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

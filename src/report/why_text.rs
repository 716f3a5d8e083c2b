//! `rcrepro why` on a terminal: side by side, as wide as the terminal is, and readable without colour.

use std::fmt::Write as _;

use crate::model::difference::Explained;
use crate::model::why::Why;

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
    let mut text = format!(
        "{}: A is {}\n{:width_of_name$}  B is {}\n",
        why.packet,
        why.sides[0].name,
        "",
        why.sides[1].name,
        width_of_name = why.packet.to_string().len()
    );
    section(&mut text, "inputs", &why.inputs, width);
    section(&mut text, "endings", &why.endings, width);
    for part in &why.parts {
        let title = format!("{} {}, {}", part.command, part.part, part.equality.as_str());
        section(&mut text, &title, &part.differences, width);
        if let Some(diffoscope) = &part.diffoscope {
            text.push_str("  diffoscope:\n");
            let mut lines = diffoscope.lines();
            for line in lines.by_ref().take(DIFFOSCOPE) {
                writeln!(text, "    {}", cut(line, width - 4)).expect("a string takes everything");
            }
            let more = lines.count();
            if more > 0 {
                writeln!(text, "    and {more} more lines: --json and --html have them")
                    .expect("a string takes everything");
            }
        }
    }
    for missing in &why.missing {
        writeln!(text, "\nmissing: {}, blob {}", missing.what, missing.digest).expect("a string takes everything");
    }
    text.push('\n');
    for (class, count) in why.classes() {
        let differences = why.differences().filter(|one| one.class == class && !one.follows);
        let mut remedies: Vec<&str> = differences.filter_map(|one| one.remedy.as_deref()).collect();
        remedies.sort_unstable();
        remedies.dedup();
        let remedies = if remedies.is_empty() { "no remedy is known".to_owned() } else { remedies.join("; or ") };
        writeln!(text, "{count:>6}  {class:<14}  {remedies}").expect("a string takes everything");
    }
    writeln!(text, "{}", why.counts).expect("a string takes everything");
    let all = why.differences().filter(|one| !one.follows).count();
    let following = why.differences().filter(|one| one.follows).count();
    let verdict = match (why.is_equal(), why.missing.len()) {
        (true, _) => "no differences".to_owned(),
        (false, 0) => format!("{all} differences, and {following} that follow from them"),
        (false, missing) => {
            format!("{all} differences, and {following} that follow from them; UNDECIDED: {missing} blobs are missing")
        }
    };
    writeln!(text, "{} {verdict}", why.packet).expect("a string takes everything");
    text
}

fn section(text: &mut String, title: &str, differences: &[Explained], width: usize) {
    if differences.is_empty() {
        return;
    }
    writeln!(text, "\n{title}").expect("a string takes everything");
    // Differences of one kind stand together; the kinds come in the order in which the first of each stands.
    let mut kinds: Vec<(&Explained, Vec<&Explained>)> = Vec::new();
    for one in differences {
        let same = |kind: &Explained| {
            (kind.class, &kind.cause, &kind.remedy, kind.follows) == (one.class, &one.cause, &one.remedy, one.follows)
        };
        match kinds.iter_mut().find(|(kind, _)| same(kind)) {
            Some((_, members)) => members.push(one),
            None => kinds.push((one, vec![one])),
        }
    }
    for (kind, members) in kinds {
        let follows = if kind.follows { ", follows from the others" } else { "" };
        writeln!(text, "  {}{follows}: {}", kind.class, kind.cause).expect("a string takes everything");
        if let Some(remedy) = &kind.remedy {
            writeln!(text, "    remedy: {remedy}").expect("a string takes everything");
        }
        for one in members.iter().take(SHOWN) {
            side_by_side(text, one, width);
        }
        if members.len() > SHOWN {
            writeln!(text, "    and {} more of this kind: --json has all of them", members.len() - SHOWN)
                .expect("a string takes everything");
        }
    }
}

/// Writes the place, and the two sides in columns; in one line where they fit.
fn side_by_side(text: &mut String, one: &Explained, width: usize) {
    let column = (width - 4 - 3) / 2;
    writeln!(text, "    {}", cut(&one.at, width - 4)).expect("a string takes everything");
    let (left, right) = (fold(&one.left, column), fold(&one.right, column));
    for line in 0..left.len().max(right.len()) {
        let side = |lines: &[String]| lines.get(line).cloned().unwrap_or_default();
        let (l, r) = (side(&left), side(&right));
        let padding = " ".repeat(column.saturating_sub(l.chars().count()));
        writeln!(text, "    {l}{padding} | {r}").expect("a string takes everything");
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

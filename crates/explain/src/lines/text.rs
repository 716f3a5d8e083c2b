//! Streams and text files: lines that moved, lines that correspond, lines of one side only.

use std::collections::{BTreeMap, BTreeSet};

use super::token::{TokenKind, tokens};
use crate::Hints;
use crate::budget::of_alignment;
use crate::formats::json;
use crate::lines::context::LineContext;
use crate::lines::pair::{explain_line, is_verdict, order_remedy};
use rcrepro_difference::{Stretch, unique_first};
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// The most lines of a side that are aligned; beyond it, lines are paired by their number.
const LINES: usize = 20_000;

/// The most lines that are looked at one by one, both sides together, once equal beginnings and ends are left out.
const DIFFERING: usize = 400_000;
/// Which share of all pairs of lines an alignment looks at, at worst.
const SHARE: u64 = 32;
/// The most that an alignment costs: larger ones are done by number.
const LINES_WORK: u64 = (LINES * LINES) as u64 / SHARE;

/// How npm begins each line of a warning, later versions and earlier ones.
const NPM_WARNS: [&str; 2] = ["npm warn ", "npm WARN "];

/// Explains two texts line by line.
#[must_use]
pub fn explain_text(at: &str, left: &str, right: &str, hints: &Hints<'_>) -> Vec<Explained> {
    let (a, b): (Vec<&str>, Vec<&str>) = (lines(left), lines(right));
    let mut found = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let start = a.iter().zip(&b).take_while(|(l, r)| l == r).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(l, r)| l == r).count();
    let differing = a.len() + b.len() - 2 * (start + end);
    if differing > DIFFERING || !hints.spend(of_alignment(&a, &b, SHARE).min(LINES_WORK) + differing as u64) {
        let side = |lines: &[&str]| lines.get(start).copied().unwrap_or_default().to_owned();
        return vec![Explained::cut(&format!("{at}:{}", start + 1), [&side(&a), &side(&b)])];
    }
    let hunk_of = hunks(&a, &b, &mut gone, &mut come);
    found.extend(moved(at, &a, &b, &mut gone, &mut come, hints));
    let heads = heads(&a);
    let (matched, whole) = matched(&a, &b, &mut gone, &mut come, &hunk_of, hints);
    let mut furthest = None;
    let mut crossed = Vec::new();
    for (l, r) in matched {
        if furthest.is_some_and(|before| r < before) {
            crossed.push((l, r));
        }
        furthest = furthest.max(Some(r));
        let place = place(at, l, r);
        let around = LineContext { hints, key: None, heads: &heads };
        found.extend(match json::explain_object_line(&place, a[l], b[r], hints) {
            Some(of_json) => of_json,
            None => explain_line(&place, bare(a[l]), bare(b[r]), around),
        });
        if found.last().is_some_and(Explained::is_cut) {
            break;
        }
    }
    if !whole || found.last().is_some_and(Explained::is_cut) {
        let (l, r) = (gone.first().copied(), come.first().copied());
        let side = |lines: &[&str], at: Option<usize>| at.map(|at| lines[at].to_owned()).unwrap_or_default();
        let line = l.or(r).map_or_else(|| at.to_owned(), |line| format!("{at}:{}", line + 1));
        found.retain(|one| !one.is_cut());
        found.push(Explained::cut(&line, [&side(&a, l), &side(&b, r)]));
        return found;
    }
    if let [(l, r), ..] = crossed[..] {
        let cause = format!("{} lines are in another order, and differ as well", crossed.len());
        let remedy = order_remedy("", hints);
        found.push(Explained::new(&place(at, l, r), DifferenceClass::Order, [a[l], b[r]], cause, remedy));
    }
    for l in gone {
        found.push(Explained::real(&format!("{at}:{}", l + 1), [a[l], ""], "a line of the first side only"));
    }
    for r in come {
        found.push(Explained::real(&format!("{at}:{}", r + 1), ["", b[r]], "a line of the second side only"));
    }
    if found.is_empty() && left != right {
        found.push(Explained::real(at, ["", ""], "other line ends"));
    }
    found
}

/// Maps the side and number of each differing line to its hunk, and adds it to its side's list.
fn hunks(a: &[&str], b: &[&str], gone: &mut Vec<usize>, come: &mut Vec<usize>) -> Hunks {
    let mut hunk_of = Hunks::new();
    for (hunk, stretch) in align(a, b).into_iter().enumerate().filter(|(_, stretch)| !stretch.is_equal) {
        for l in stretch.left {
            gone.push(l);
            hunk_of.insert((false, l), hunk);
        }
        for r in stretch.right {
            come.push(r);
            hunk_of.insert((true, r), hunk);
        }
    }
    hunk_of
}

/// The hunk of each differing line, by whether it is of the second side and its number.
type Hunks = BTreeMap<(bool, usize), usize>;

/// Aligns two lists of lines; what is equal at both ends costs nothing.
fn align(a: &[&str], b: &[&str]) -> Vec<Stretch> {
    let start = a.iter().zip(b).take_while(|(l, r)| l == r).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(l, r)| l == r).count();
    if a.len().max(b.len()) - start - end <= LINES {
        return unique_first(a, b);
    }
    let both = a.len().min(b.len()) - end;
    let replaced = |left, right| Stretch { left, right, is_equal: false };
    let mut stretches: Vec<Stretch> =
        (start..both).filter(|i| a[*i] != b[*i]).map(|i| replaced(i..i + 1, i..i + 1)).collect();
    let (left, right) = (both..a.len() - end, both..b.len() - end);
    if left.len() + right.len() > 0 {
        stretches.push(replaced(left, right));
    }
    stretches
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn bare(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

fn place(at: &str, l: usize, r: usize) -> String {
    if l == r { format!("{at}:{}", l + 1) } else { format!("{at}:{}→{}", l + 1, r + 1) }
}

/// Takes lines that are on both sides at other places out of both lists, and explains them as an order.
///
/// A line belongs to the less indented one above it, and only moves with it; a bare verdict or number says nothing without
/// what is beside it, and never counts as moved.
fn moved(
    at: &str,
    a: &[&str],
    b: &[&str],
    gone: &mut Vec<usize>,
    come: &mut Vec<usize>,
    hints: &Hints<'_>,
) -> Option<Explained> {
    let (above_a, above_b) = (owners(a), owners(b));
    let mut free: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
    for r in come.iter().rev().filter(|r| speaks(b[**r])) {
        free.entry((above_b[*r].map(|above| b[above]), bare(b[*r]))).or_default().push(*r);
    }
    let mut pairs = Vec::new();
    for l in gone.iter().filter(|l| speaks(a[**l])) {
        if let Some(r) = free.get_mut(&(above_a[*l].map(|above| a[above]), bare(a[*l]))).and_then(Vec::pop) {
            pairs.push((*l, r));
        }
    }
    let (first, last) = (pairs.first()?, pairs.last()?);
    let (ls, rs): (BTreeSet<usize>, BTreeSet<usize>) = pairs.iter().copied().unzip();
    gone.retain(|l| !ls.contains(l));
    come.retain(|r| !rs.contains(r));
    // Blank lines go where the lines go that they stand between.
    gone.retain(|l| !a[*l].trim().is_empty());
    come.retain(|r| !b[*r].trim().is_empty());
    let span = match pairs.len() {
        1 => place(at, first.0, first.1),
        _ => format!("{at}:{}-{}", first.0 + 1, last.0 + 1),
    };
    let in_order = |lines: &[&str], of: &BTreeSet<usize>| {
        of.iter().map(|i| bare(lines[*i]).trim()).collect::<Vec<_>>().join(" | ")
    };
    let cause = format!("{} lines are on both sides, in another order", pairs.len());
    let warns = ls.iter().all(|l| NPM_WARNS.iter().any(|prefix| a[*l].starts_with(prefix)));
    let remedy = if warns { Some("normalize.stderr = [\"npm-warnings\"]") } else { order_remedy("", hints) };
    Some(Explained::new(&span, DifferenceClass::Order, [&in_order(a, &ls), &in_order(b, &rs)], cause, remedy))
}

/// Whether a line says something by itself.
fn speaks(line: &str) -> bool {
    let mut words = line.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    words.any(|word| !is_verdict(word) && word.chars().any(char::is_alphabetic))
}

/// Returns for each line the nearest less indented one above it.
fn owners(lines: &[&str]) -> Vec<Option<usize>> {
    let mut stack: Vec<(usize, usize)> = Vec::new();
    let mut owners = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if line.trim().is_empty() {
            owners.push(None);
            continue;
        }
        while stack.last().is_some_and(|(of, _)| *of >= indent) {
            stack.pop();
        }
        owners.push(stack.last().map(|(_, above)| *above));
        stack.push((indent, index));
    }
    owners
}

/// Pairs lines that correspond and takes them out of both lists: those of one shape first, wherever they are,
/// then those that resemble each other within one hunk. In the order of the first side, and whether all were looked at.
fn matched(
    a: &[&str],
    b: &[&str],
    gone: &mut Vec<usize>,
    come: &mut Vec<usize>,
    hunk_of: &Hunks,
    hints: &Hints<'_>,
) -> (Vec<(usize, usize)>, bool) {
    let bytes = |lines: &[&str], of: &[usize]| of.iter().map(|at| lines[*at].len() as u64).sum::<u64>();
    if !hints.spend(bytes(a, gone) + bytes(b, come)) {
        return (Vec::new(), false);
    }
    let (of_shape, mut whole) = of_one_shape([a, b], [gone, come], hunk_of, hints);
    take_out(gone, come, &of_shape);
    let mut near_by = Vec::new();
    let mut of_hunk: BTreeMap<Option<&usize>, (usize, BTreeSet<usize>)> = BTreeMap::new();
    gone.iter().for_each(|l| of_hunk.entry(hunk_of.get(&(false, *l))).or_default().0 += 1);
    for r in come.iter() {
        of_hunk.entry(hunk_of.get(&(true, *r))).or_default().1.insert(*r);
    }
    for l in gone.iter().copied().take_while(|_| whole) {
        let Some((lines, near)) = of_hunk.get_mut(&hunk_of.get(&(false, l))) else { continue };
        let alone = near.len() == 1 && *lines == 1;
        // Each is cut into tokens, and these are held against those of the other.
        let work = |r: &usize| ((a[l].len() + b[*r].len()) as u64).pow(2) / 16;
        if !hints.spend(near.iter().map(work).fold(0, u64::saturating_add)) {
            whole = false;
            break;
        }
        let best =
            near.iter().map(|r| (likeness(a[l], b[*r]), *r)).max_by_key(|(likeness, r)| (*likeness, usize::MAX - r));
        if let Some((_, r)) = best.filter(|(likeness, _)| alone || *likeness >= 50) {
            near.remove(&r);
            *lines -= 1;
            near_by.push((l, r));
        }
    }
    take_out(gone, come, &near_by);
    let mut pairs = [of_shape, near_by].concat();
    pairs.sort_unstable();
    (pairs, whole)
}

/// Pairs lines of one shape, those of one hunk first; returns whether all were looked at, too.
fn of_one_shape(
    [a, b]: [&[&str]; 2],
    [gone, come]: [&[usize]; 2],
    hunk_of: &Hunks,
    hints: &Hints<'_>,
) -> (Vec<(usize, usize)>, bool) {
    let mut pairs = Vec::new();
    let mut free: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for r in come.iter().rev() {
        free.entry(shape(b[*r])).or_default().push(*r);
    }
    for l in gone.iter().copied() {
        let Some(same) = free.get_mut(&shape(a[l])) else { continue };
        // One of the same hunk is nearer than one from elsewhere; the nearest is at the end.
        let hunk = hunk_of.get(&(false, l));
        let near = |r: &usize| hunk_of.get(&(true, *r)) == hunk;
        if !same.last().is_some_and(near) && !hints.spend(same.len() as u64) {
            return (pairs, false);
        }
        let index = same.iter().rposition(near).unwrap_or(same.len().wrapping_sub(1));
        if index < same.len() {
            pairs.push((l, same.remove(index)));
        }
    }
    (pairs, true)
}

/// Takes the lines of pairs out of the lists of those that have none.
fn take_out(gone: &mut Vec<usize>, come: &mut Vec<usize>, pairs: &[(usize, usize)]) {
    let (ls, rs): (BTreeSet<usize>, BTreeSet<usize>) = pairs.iter().copied().unzip();
    gone.retain(|l| !ls.contains(l));
    come.retain(|r| !rs.contains(r));
}

/// Returns a line with everything hidden that varies by its nature.
fn shape(line: &str) -> String {
    tokens(bare(line)).iter().map(|token| token.shape()).collect()
}

/// Returns the percentage of two lines' tokens that are of one shape.
fn likeness(left: &str, right: &str) -> usize {
    let shapes = |line: &str| {
        let tokens = tokens(bare(line));
        tokens.iter().filter(|t| t.kind != TokenKind::Space).map(|t| t.shape()).collect::<Vec<_>>()
    };
    let (l, r) = (shapes(left), shapes(right));
    let mut rest = r.clone();
    let common = l
        .iter()
        .filter(|shape| rest.iter().position(|other| other == *shape).map(|at| rest.remove(at)).is_some())
        .count();
    if l.len() + r.len() == 0 { 0 } else { 200 * common / (l.len() + r.len()) }
}

/// Returns the column heads when the text begins with a line of upper-case words, as tables of processes do.
fn heads<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let words: Vec<&str> = lines.first().map(|line| line.split_whitespace().collect()).unwrap_or_default();
    let upper = |word: &&str| word.bytes().all(|b| b.is_ascii_uppercase() || b"%_-".contains(&b));
    if words.len() >= 2 && words.iter().all(upper) { words } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;

    /// Explains within a budget; gives the differences and the work that was done.
    fn worked(left: &str, right: &str) -> (Vec<Explained>, u64) {
        const ALLOWED: u64 = 2_000_000;
        let budget = Budget::new(ALLOWED);
        let found = explain_text("x", left, right, &Hints::of("").within(&budget));
        (found, ALLOWED - budget.left())
    }

    #[test]
    fn hostile_texts_end_in_one_cut_and_keep_what_was_found() {
        let lines = |word: &str| (0..3_000).map(|i| format!("{word}{} {word}\n", i * i)).collect::<String>();
        let cases = [
            ("a ".repeat(40_000), "b ".repeat(40_000)),
            ("[".repeat(20_000), "{\"a\":".repeat(20_000)),
            (lines("one"), lines("two three")),
            ("x\n".repeat(300_000), "y\n".repeat(300_000)),
            (format!("[{}]", "1,".repeat(20_000)), format!("[{}]", "2,".repeat(30_000))),
        ];
        for (index, (left, right)) in cases.iter().enumerate() {
            let (found, _) = worked(left, right);
            assert_eq!(found.iter().filter(|one| one.is_cut()).count(), 1, "case {index}");
            assert!(found.last().is_some_and(Explained::is_cut), "case {index}");
        }
        let (found, work) = worked("one 1\ntwo\n", "one 2\ntwo\n");
        assert!(!found.iter().any(Explained::is_cut) && work < 1_000, "{work}: {found:?}");
    }

    #[test]
    fn warnings_of_npm_in_another_order_name_their_normalizer() {
        let remedy = |prefix: &str, line: &str| {
            let text = |first: &str, second: &str| {
                format!("{prefix} deprecated {first}: not maintained\n{prefix} deprecated {second}: not maintained\n")
            };
            let found = explain_text("x", &text("a@1", "b@1"), &text("b@1", "a@1"), &Hints::of(line));
            assert_eq!(found.iter().map(|one| one.class).collect::<Vec<_>>(), [DifferenceClass::Order], "{found:?}");
            found[0].remedy.clone().unwrap_or_default()
        };
        for prefix in ["npm warn", "npm WARN"] {
            assert_eq!(remedy(prefix, "cd web && npm ci"), "normalize.stderr = [\"npm-warnings\"]");
        }
        assert!(!remedy("npm error", "npm ci").contains("npm-warnings"));
    }

    #[test]
    fn work_grows_with_the_text_and_not_with_its_square() {
        let text = |count: usize, end: &str| (0..count).map(|i| format!("line {i} took {end}\n")).collect::<String>();
        let work = |count| worked(&text(count, "1 ms"), &text(count, "2 ms")).1;
        let (small, large) = (work(500), work(1_000));
        assert!(large < small * 3, "{small}, then {large}");
    }
}

//! Streams and text files: lines that moved, lines that stand for each other, lines of one side only.

use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::line::{Around, explain_line, is_verdict, order_remedy};
use super::token::{Kind, tokens};
use super::{Hints, json};
use crate::model::difference::{Class, Explained};

/// The most lines of a side that are aligned; beyond it, lines stand for each other by their number.
const LINES: usize = 20_000;

/// Explains two texts line by line.
#[must_use]
pub fn explain_text(at: &str, left: &str, right: &str, hints: &Hints<'_>) -> Vec<Explained> {
    let (a, b): (Vec<&str>, Vec<&str>) = (lines(left), lines(right));
    let mut found = Vec::new();
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let ops = align(&a, &b);
    let mut hunk_of: BTreeMap<(bool, usize), usize> = BTreeMap::new();
    for (hunk, op) in ops.iter().enumerate().filter(|(_, op)| !matches!(op, DiffOp::Equal { .. })) {
        for l in op.old_range() {
            gone.push(l);
            hunk_of.insert((false, l), hunk);
        }
        for r in op.new_range() {
            come.push(r);
            hunk_of.insert((true, r), hunk);
        }
    }
    found.extend(moved(at, &a, &b, &mut gone, &mut come, hints));
    let heads = heads(&a);
    let matched = matched(&a, &b, &mut gone, &mut come, &hunk_of);
    let mut furthest = None;
    let mut crossed = Vec::new();
    for (l, r) in matched {
        if furthest.is_some_and(|before| r < before) {
            crossed.push((l, r));
        }
        furthest = furthest.max(Some(r));
        let place = place(at, l, r);
        let around = Around { hints, key: None, heads: &heads };
        found.extend(match json::explain_object_line(&place, a[l], b[r], hints) {
            Some(of_json) => of_json,
            None => explain_line(&place, bare(a[l]), bare(b[r]), around),
        });
    }
    if let [(l, r), ..] = crossed[..] {
        let cause = format!("{} lines stand in another order, and differ in themselves too", crossed.len());
        let remedy = order_remedy("", hints);
        found.push(Explained::new(&place(at, l, r), Class::Order, [a[l], b[r]], cause, remedy));
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

/// Aligns two lists of lines; what is equal at both ends costs nothing.
fn align(a: &[&str], b: &[&str]) -> Vec<DiffOp> {
    let start = a.iter().zip(b).take_while(|(l, r)| l == r).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(l, r)| l == r).count();
    if a.len().max(b.len()) - start - end <= LINES {
        return capture_diff_slices(Algorithm::Patience, a, b);
    }
    let both = a.len().min(b.len()) - end;
    let mut ops: Vec<DiffOp> = (start..both)
        .filter(|i| a[*i] != b[*i])
        .map(|i| DiffOp::Replace { old_index: i, old_len: 1, new_index: i, new_len: 1 })
        .collect();
    let (old_len, new_len) = (a.len() - end - both, b.len() - end - both);
    if old_len + new_len > 0 {
        ops.push(DiffOp::Replace { old_index: both, old_len, new_index: both, new_len });
    }
    ops
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

/// Takes lines that stand on both sides at other places out of both lists, and explains them as an order.
///
/// A line belongs to the less indented one above it, and only moves with it; a bare verdict or number says nothing without
/// what stands beside it, and never counts as moved.
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
    let cause = format!("{} lines stand on both sides, in another order", pairs.len());
    let remedy = order_remedy("", hints);
    Some(Explained::new(&span, Class::Order, [&in_order(a, &ls), &in_order(b, &rs)], cause, remedy))
}

/// Tells whether a line says something by itself.
fn speaks(line: &str) -> bool {
    let mut words = line.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    words.any(|word| !is_verdict(word) && word.chars().any(char::is_alphabetic))
}

/// Gives for each line the nearest less indented one above it.
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

/// Pairs lines that stand for each other and takes them out of both lists: those of one shape first, wherever they stand,
/// then those that resemble each other within one hunk. In the order of the first side.
fn matched(
    a: &[&str],
    b: &[&str],
    gone: &mut Vec<usize>,
    come: &mut Vec<usize>,
    hunk_of: &BTreeMap<(bool, usize), usize>,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut take = |gone: &mut Vec<usize>, come: &mut Vec<usize>, l: usize, r: usize| {
        gone.retain(|other| *other != l);
        come.retain(|other| *other != r);
        pairs.push((l, r));
    };
    let mut free: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for r in come.iter().rev() {
        free.entry(shape(b[*r])).or_default().push(*r);
    }
    for l in gone.clone() {
        let Some(same) = free.get_mut(&shape(a[l])) else { continue };
        // One of the same hunk is nearer than one from elsewhere.
        let hunk = hunk_of.get(&(false, l));
        let index = same.iter().rposition(|r| hunk_of.get(&(true, *r)) == hunk).unwrap_or(same.len().wrapping_sub(1));
        if index < same.len() {
            let r = same.remove(index);
            take(gone, come, l, r);
        }
    }
    for l in gone.clone() {
        let hunk = hunk_of.get(&(false, l));
        let near: Vec<usize> = come.iter().copied().filter(|r| hunk_of.get(&(true, *r)) == hunk).collect();
        let alone = near.len() == 1 && gone.iter().filter(|other| hunk_of.get(&(false, **other)) == hunk).count() == 1;
        let best =
            near.into_iter().map(|r| (likeness(a[l], b[r]), r)).max_by_key(|(likeness, r)| (*likeness, usize::MAX - r));
        if let Some((_, r)) = best.filter(|(likeness, _)| alone || *likeness >= 50) {
            take(gone, come, l, r);
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Gives a line with everything hidden that varies by its nature.
fn shape(line: &str) -> String {
    tokens(bare(line)).iter().map(|token| token.shape()).collect()
}

/// Says in percent how many of two lines' tokens are of one shape.
fn likeness(left: &str, right: &str) -> usize {
    let shapes = |line: &str| {
        let tokens = tokens(bare(line));
        tokens.iter().filter(|t| t.kind != Kind::Space).map(|t| t.shape()).collect::<Vec<_>>()
    };
    let (l, r) = (shapes(left), shapes(right));
    let mut rest = r.clone();
    let common = l
        .iter()
        .filter(|shape| rest.iter().position(|other| other == *shape).map(|at| rest.remove(at)).is_some())
        .count();
    if l.len() + r.len() == 0 { 0 } else { 200 * common / (l.len() + r.len()) }
}

/// Gives the column heads when the text begins with a line of upper-case words, as tables of processes do.
fn heads<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let words: Vec<&str> = lines.first().map(|line| line.split_whitespace().collect()).unwrap_or_default();
    let upper = |word: &&str| word.bytes().all(|b| b.is_ascii_uppercase() || b"%_-".contains(&b));
    if words.len() >= 2 && words.iter().all(upper) { words } else { Vec::new() }
}

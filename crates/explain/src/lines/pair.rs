//! Two lines that correspond, token by token.

use std::collections::BTreeSet;

use super::classify::classify;
use super::context::{LineContext, PairContext, Reason};
use super::token::{Token, TokenKind, tokens};
use crate::Hints;
use crate::budget::of_alignment;
use rcrepro_difference::fewest_changes;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// Which share of all pairs of tokens an alignment looks at, at worst.
const SHARE: u64 = 4;

/// Explains every differing token of two lines.
#[must_use]
pub fn explain_line(at: &str, left: &str, right: &str, around: LineContext<'_>) -> Vec<Explained> {
    if left == right {
        return Vec::new();
    }
    let length = (left.len() + right.len()) as u64;
    if !around.hints.spend(length) {
        return vec![Explained::cut(at, [left, right])];
    }
    if let Some(cause) = permuted(left, right) {
        let remedy = order_remedy(left, around.hints);
        return vec![Explained::new(at, DifferenceClass::Order, [left, right], cause, remedy)];
    }
    let (a, b) = (tokens(left), tokens(right));
    let mut found: Vec<Explained> = Vec::new();
    let mut spaces = Vec::new();
    let Some(pairs) = pairs(&a, &b, around.hints) else { return vec![Explained::cut(at, [left, right])] };
    for (l, r) in pairs {
        let (text_l, text_r) = (joined(left, &a[l.clone()]), joined(right, &b[r.clone()]));
        if text_l == text_r {
            continue;
        }
        if text_l.trim().is_empty() && text_r.trim().is_empty() {
            spaces.push((text_l, text_r));
            continue;
        }
        // Rules look at what is around a token.
        if !around.hints.spend(length) {
            found.push(Explained::cut(at, [text_l, text_r]));
            break;
        }
        let place =
            PairContext { around, lines: [left, right], tokens: [&a, &b], spans: [l, r], texts: [text_l, text_r] };
        let Reason { class, cause, remedy } = classify(&place);
        found.push(Explained::new(at, class, [text_l, text_r], cause, remedy));
    }
    for (l, r) in spaces {
        // Columns move with their content; white space alone has no such excuse.
        found.push(if found.is_empty() {
            Explained::real(at, [l, r], "other white space, and nothing else on the line differs")
        } else {
            Explained::following(at, [l, r], "white space that aligns what differs on the line")
        });
    }
    found
}

type Span = std::ops::Range<usize>;

/// Aligns the tokens of two lines and gives the spans that are not equal.
///
/// None when that would take too much work.
fn pairs(a: &[Token<'_>], b: &[Token<'_>], hints: &Hints<'_>) -> Option<Vec<(Span, Span)>> {
    let same_kinds = a.len() == b.len() && a.iter().zip(b).all(|(l, r)| same_kind(l, r));
    if same_kinds {
        return Some((0..a.len()).filter(|i| a[*i].text != b[*i].text).map(|i| (i..i + 1, i..i + 1)).collect());
    }
    let shapes = |tokens: &[Token<'_>]| tokens.iter().map(Token::shape).collect::<Vec<_>>();
    let (shapes_a, shapes_b) = (shapes(a), shapes(b));
    if !hints.spend(of_alignment(&shapes_a, &shapes_b, SHARE)) {
        return None;
    }
    let mut found = Vec::new();
    for stretch in fewest_changes(&shapes_a, &shapes_b) {
        match stretch.left.len() == stretch.right.len() {
            true => found.extend(stretch.left.zip(stretch.right).map(|(l, r)| (l..l + 1, r..r + 1))),
            false => found.push((stretch.left, stretch.right)),
        }
    }
    Some(found)
}

fn same_kind(l: &Token<'_>, r: &Token<'_>) -> bool {
    match (l.kind, r.kind) {
        (TokenKind::Mark | TokenKind::Escape, _) | (_, TokenKind::Mark | TokenKind::Escape) => l.text == r.text,
        (TokenKind::Space, other) | (other, TokenKind::Space) => other == TokenKind::Space,
        _ => true,
    }
}

fn joined<'a>(line: &'a str, tokens: &[Token<'_>]) -> &'a str {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => &line[first.at..last.at + last.text.len()],
        _ => "",
    }
}

/// Whether two lines hold the same elements of a list in another order, and are equal around it.
///
/// Only whole elements count: `1 passed, 0 failed` and `0 passed, 1 failed` are not a permutation.
fn permuted(left: &str, right: &str) -> Option<&'static str> {
    let brackets = [('{', '}'), ('[', ']'), ('(', ')')];
    for (open, close) in brackets {
        let (Some((before, l, after)), Some(r)) = (inner(left, open, close), inner(right, open, close)) else {
            continue;
        };
        if (before, after) == (r.0, r.2) && same_elements(&elements(l), &elements(r.1)) {
            return Some("the same elements of a list in another order");
        }
    }
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (l, r) = (words(left), words(right));
    let names = |words: &[String]| {
        words.len() >= 3
            && words.iter().all(|w| w.chars().any(char::is_alphabetic) && !is_verdict(w) && !w.ends_with([':', ',']))
    };
    let distinct = l.iter().collect::<BTreeSet<_>>().len() == l.len();
    (names(&l) && distinct && same_elements(&l, &r)).then_some("the same names in another order")
}

/// Whether a word is a verdict, which says nothing without the words beside it.
pub fn is_verdict(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_ascii_lowercase();
    const WORDS: [&str; 22] = [
        "ok", "fail", "failed", "pass", "passed", "error", "errors", "true", "false", "yes", "no", "skip", "skipped",
        "warning", "success", "failure", "not", "done", "good", "bad", "null", "none",
    ];
    WORDS.contains(&word.as_str())
}

fn inner(line: &str, open: char, close: char) -> Option<(&str, &str, &str)> {
    let (start, end) = (line.find(open)?, line.rfind(close)?);
    (start < end).then(|| (&line[..=start], &line[start + 1..end], &line[end..]))
}

#[expect(clippy::expect_used, reason = "the list begins with one piece")]
fn elements(list: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut depth = 0i32;
    for character in list.chars() {
        depth += match character {
            '{' | '[' | '(' => 1,
            '}' | ']' | ')' => -1,
            _ => 0,
        };
        match character {
            ',' if depth == 0 => found.push(String::new()),
            character => found.last_mut().expect("it begins with one").push(character),
        }
    }
    found.iter().map(|element| element.trim().to_owned()).collect()
}

fn same_elements(left: &[String], right: &[String]) -> bool {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    left.len() > 1 && left != right && sorted(left) == sorted(right)
}

/// Returns what gives a list one order.
pub fn order_remedy(line: &str, hints: &Hints<'_>) -> Option<&'static str> {
    if hints.runs(&["python", "python3", "pytest", "pip"]) {
        let bracketed = line.contains('{') || line.contains('[');
        return Some(if bracketed {
            "PYTHONHASHSEED=0 in the command's env, or sorted(…) in the program"
        } else {
            "PYTHONHASHSEED=0 in the command's env where sets or dicts are walked, sorted(os.listdir(…)) where folders are"
        });
    }
    let tests = hints.line.contains("test");
    let known = [
        (hints.runs(&["ls"]), "ls without -U or -f, under LC_ALL=C"),
        (hints.runs(&["find"]), "find … -print0 | LC_ALL=C sort -z"),
        (hints.runs(&["xargs", "parallel"]), "xargs -P 1, or parallel --keep-order"),
        (hints.runs(&["make"]), "make -O (output by target), or make -j1"),
        (hints.runs(&["go"]) && tests, "normalize.stdout = [\"go-test\"], or go test -p 1 -parallel 1"),
        (hints.runs(&["vitest"]), "normalize.stdout = [\"vitest\"]"),
        (hints.runs(&["gitleaks"]), "a normalizer for gitleaks reports, or jq 'sort_by(.Fingerprint)'"),
        (hints.runs(&["govulncheck"]), "govulncheck -format sarif, whose order is fixed"),
        (hints.runs(&["tar", "zip", "ar"]), "names sorted under LC_ALL=C"),
    ];
    let usual = "LC_ALL=C sort, where the order means nothing; one worker, where it comes from several";
    Some(known.iter().find(|(fits, _)| *fits).map_or(usual, |(_, remedy)| *remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(line: &str, left: &str, right: &str) -> Vec<(DifferenceClass, String, String)> {
        let hints = Hints::of(line);
        let around = LineContext { hints: &hints, key: None, heads: &[] };
        explain_line("x", left, right, around).into_iter().map(|one| (one.class, one.left, one.right)).collect()
    }

    fn one(line: &str, left: &str, right: &str) -> DifferenceClass {
        let found = classes(line, left, right);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].0
    }

    #[test]
    fn verdicts_are_never_taken_for_an_order() {
        assert_eq!(one("", "{'b', 'a'}", "{'a', 'b'}"), DifferenceClass::Order);
        assert_eq!(one("", "a b c", "b a c"), DifferenceClass::Order);
        for (left, right) in
            [("[1 passed, 0 failed]", "[0 passed, 1 failed]"), ("1 passed, 0 failed", "0 passed, 1 failed")]
        {
            assert!(classes("", left, right).iter().all(|(class, ..)| *class == DifferenceClass::Real), "{left}");
        }
    }

    #[test]
    fn each_token_is_judged_by_itself() {
        let found = classes("", "2026-11-23 00:13:01 took 12ms ok", "2026-11-23 00:13:02 took 15ms FAIL");
        assert_eq!(
            found.iter().map(|one| one.0).collect::<Vec<_>>(),
            [DifferenceClass::Clock, DifferenceClass::Duration, DifferenceClass::Real]
        );
    }

    #[test]
    fn numbers_need_a_reason() {
        assert_eq!(one("", "12 files", "13 files"), DifferenceClass::Real);
        assert_eq!(one("", "1763856781 bytes", "1763856790 bytes"), DifferenceClass::Real);
        assert_eq!(one("date +%s", "1763856781", "1763856790"), DifferenceClass::Clock);
        assert_eq!(one("", "worker[123]: ready", "worker[456]: ready"), DifferenceClass::AddressOrPid);
        assert_eq!(one("", "error 0x80070005", "error 0x80070006"), DifferenceClass::Real);
        assert_eq!(one("", "at 0x7fd4c09e1d10>", "at 0x7f8a12345d10>"), DifferenceClass::AddressOrPid);
    }
}

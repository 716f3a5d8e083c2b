//! JSON documents and lines, by pointer.

use serde_json::Value;

use crate::Hints;
use crate::lines::context::LineContext;
use crate::lines::pair::explain_line;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// Explains two JSON documents; `None` when one of them is not JSON, or when they are equal as JSON and no reason is found.
#[must_use]
pub fn explain_json(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>) -> Option<Vec<Explained>> {
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let (l, r) = (parse(left)?, parse(right)?);
    let mut found = Vec::new();
    if l == r {
        let marks = |bytes: &[u8]| {
            let mut marks: Vec<u8> = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            marks.sort_unstable();
            marks
        };
        if marks(left) == marks(right) && compact(left) != compact(right) {
            let remedy = "sorted keys: json.dumps(sort_keys=True), jq -S, or an ordered map";
            let sides = ["the keys of its objects", "the same keys in another order"];
            found.push(Explained::new(
                &format!("{at}#"),
                DifferenceClass::Order,
                sides,
                "equal as JSON, keys in another order",
                Some(remedy),
            ));
        } else {
            found.push(Explained::real(&format!("{at}#"), ["", ""], "equal as JSON, written otherwise"));
        }
        return Some(found);
    }
    walk(&format!("{at}#"), None, &l, &r, &Siblings::default(), hints, &mut found);
    Some(found)
}

/// Explains two lines of a text when both are JSON objects, as `go test -json` writes them.
#[must_use]
pub fn explain_object_line(at: &str, left: &str, right: &str, hints: &Hints<'_>) -> Option<Vec<Explained>> {
    let object = |line: &str| line.starts_with('{') && line.trim_end().ends_with('}');
    if !object(left) || !object(right) {
        return None;
    }
    explain_json(at, left.as_bytes(), right.as_bytes(), hints)
}

fn compact(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect()
}

type Object = serde_json::Map<String, Value>;

/// The kind of object that holds a value.
#[derive(Debug, Clone, Copy, Default)]
struct Siblings {
    /// It has a version and a checksum or source: a locked package.
    package: bool,
}

fn walk(
    at: &str,
    key: Option<&str>,
    l: &Value,
    r: &Value,
    siblings: &Siblings,
    hints: &Hints<'_>,
    found: &mut Vec<Explained>,
) {
    if l == r {
        return;
    }
    if found.last().is_some_and(Explained::is_cut) {
        return;
    }
    match (l, r) {
        (Value::Object(a), Value::Object(b)) => objects(at, a, b, hints, found),
        (Value::Array(a), Value::Array(b)) => arrays(at, key, a, b, hints, found),
        _ => {
            if siblings.package
                && matches!(key, Some("version" | "integrity" | "resolved" | "checksum" | "sha256" | "purl"))
            {
                let remedy = "a lock file, and a frozen input of it";
                let cause = "a package that a registry gave in another version";
                found.push(Explained::new(
                    at,
                    DifferenceClass::RegistryDrift,
                    [&shown(l), &shown(r)],
                    cause,
                    Some(remedy),
                ));
                return;
            }
            let around = LineContext { hints, key, heads: &[] };
            match (l, r) {
                (Value::String(a), Value::String(b)) => {
                    for (a, b) in a.lines().zip(b.lines()) {
                        found.extend(explain_line(at, a, b, around));
                    }
                    if a.lines().count() != b.lines().count() {
                        found.push(Explained::real(at, [a, b], "texts of other lengths"));
                    }
                }
                (Value::Number(a), Value::Number(b)) => {
                    found.extend(explain_line(at, &a.to_string(), &b.to_string(), around))
                }
                _ => found.push(Explained::real(at, [&shown(l), &shown(r)], "no rule gives a reason for it")),
            }
        }
    }
}

/// Pairs the values of two objects by their keys.
fn objects(at: &str, a: &Object, b: &Object, hints: &Hints<'_>, found: &mut Vec<Explained>) {
    let is_package = |map: &Object| {
        let checksums = ["integrity", "resolved", "checksum", "sha256", "purl"];
        map.contains_key("version") && checksums.iter().any(|key| map.contains_key(*key))
    };
    let siblings = Siblings { package: is_package(a) && is_package(b) };
    for (key, one) in a {
        let at = format!("{at}/{}", escaped(key));
        match b.get(key) {
            Some(other) => walk(&at, Some(key), one, other, &siblings, hints, found),
            None => only(&at, one, true, found),
        }
    }
    for (key, other) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
        only(&format!("{at}/{}", escaped(key)), other, false, found);
    }
}

/// Pairs the elements of two arrays: equal ones first, wherever they are, then the others in their order.
fn arrays(at: &str, key: Option<&str>, a: &[Value], b: &[Value], hints: &Hints<'_>, found: &mut Vec<Explained>) {
    let mut free: Vec<usize> = (0..b.len()).collect();
    let (mut places, mut rest) = (Vec::new(), Vec::new());
    for (index, one) in a.iter().enumerate() {
        if !hints.spend(free.len() as u64) {
            found.push(Explained::cut(&format!("{at}/{index}"), [&shown(one), ""]));
            return;
        }
        // The element at the same place is nearer than an equal one elsewhere.
        let same =
            free.iter().position(|r| *r == index && b[*r] == *one).or_else(|| free.iter().position(|r| b[*r] == *one));
        match same {
            Some(same) => places.push(free.remove(same)),
            None => rest.push(index),
        }
    }
    if places.windows(2).any(|pair| pair[0] > pair[1]) {
        let remedy = crate::lines::pair::order_remedy("[", hints);
        let cause = format!("{} equal elements in another order", places.len());
        let show = |list: &[Value]| list.iter().map(shown).collect::<Vec<_>>().join(", ");
        found.push(Explained::new(at, DifferenceClass::Order, [&show(a), &show(b)], cause, remedy));
    }
    let pairs = rest.len().min(free.len());
    for (l, r) in rest.iter().zip(&free) {
        let place = if l == r { format!("{at}/{l}") } else { format!("{at}/{l}→{r}") };
        walk(&place, key, &a[*l], &b[*r], &Siblings::default(), hints, found);
    }
    rest[pairs..].iter().for_each(|l| only(&format!("{at}/{l}"), &a[*l], true, found));
    free[pairs..].iter().for_each(|r| only(&format!("{at}/{r}"), &b[*r], false, found));
}

fn only(at: &str, value: &Value, first: bool, found: &mut Vec<Explained>) {
    let text = shown(value);
    let (sides, which) = if first { ([text.as_str(), ""], "first") } else { (["", text.as_str()], "second") };
    found.push(Explained::real(at, sides, format!("on the {which} side only")));
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Escapes a key for a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

//! Whether two globs can match one path: what a packet may change against what is protected.
//!
//! Grammar: `*` and `?` within a segment, `**` over segments, everything else is literal. Braces and classes count as
//! `*`, so that an overlap is never missed, at the price of a false one.

/// Whether some path is matched by both globs.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (simple(one), simple(other));
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    segments(&one, &other)
}

/// Writes `*` for every class and every brace.
fn simple(glob: &str) -> String {
    let mut text = String::new();
    let mut rest = glob.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '[' => text.push(rest.by_ref().find(|letter| *letter == ']').map_or('[', |_| '*')),
            '{' => text.push(rest.by_ref().find(|letter| *letter == '}').map_or('{', |_| '*')),
            other => text.push(other),
        }
    }
    text
}

fn segments(one: &[&str], other: &[&str]) -> bool {
    match (one, other) {
        ([], []) => true,
        (["**", rest @ ..], other) => segments(rest, other) || (!other.is_empty() && segments(one, &other[1..])),
        (_, ["**", ..]) => segments(other, one),
        ([a, one @ ..], [b, other @ ..]) => characters(a.as_bytes(), b.as_bytes()) && segments(one, other),
        _ => false,
    }
}

fn characters(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([b'*', rest @ ..], other) => characters(rest, other) || (!other.is_empty() && characters(one, &other[1..])),
        (_, [b'*', ..]) => characters(other, one),
        ([a, one @ ..], [b, other @ ..]) => (a == b || *a == b'?' || *b == b'?') && characters(one, other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn globs_overlap_when_a_path_matches_both() {
        for (one, other) in [
            ("internal/api/**", "internal/api/auth.go"),
            ("internal/**/auth*.go", "internal/api/a/auth_test.go"),
            ("**", "a/b/c"),
            ("**/rbac/**", "internal/**"),
            ("src/*.go", "src/auth.*"),
            ("src/{a,b}.go", "src/b.go"),
            ("src/[ab]?.go", "src/b1.go"),
        ] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("internal/api/signup*.go", "internal/api/auth.go"),
            ("src/*.go", "src/a/b.go"),
            ("docs/**", "src/**"),
            ("a", "a/b"),
            ("*.md", "*.go"),
        ] {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }
}

//! Paths that differ: temporary names that were drawn, folders in which the same thing lies.

use super::context::{PairContext, Reason};
use super::token::TokenKind;
use rcrepro_model::why::difference::DifferenceClass;

/// Explains two paths, as far as they agree in what matters.
#[must_use]
pub fn paths(place: &PairContext<'_>) -> Option<Reason> {
    let is_path = |side: usize| {
        let tokens = &place.tokens[side][place.spans[side].clone()];
        tokens.iter().any(|token| token.kind == TokenKind::Path)
    };
    let [l, r] = place.texts;
    if !is_path(0) || !is_path(1) {
        return None;
    }
    judge(l, r)
}

/// Explains two texts that are paths.
#[must_use]
pub fn judge(l: &str, r: &str) -> Option<Reason> {
    let verdict = |class, cause: String, remedy| Some(Reason { class, cause, remedy: Some(remedy) });
    let (a, b): (Vec<&str>, Vec<&str>) = (l.split('/').collect(), r.split('/').collect());
    let temporary =
        |path: &str| ["/tmp/", "/var/tmp/", "/dev/shm/", "/var/folders/"].iter().any(|folder| path.starts_with(folder));
    if a.len() == b.len() {
        let differing: Vec<(&str, &str)> = a.iter().zip(&b).filter(|(x, y)| x != y).map(|(x, y)| (*x, *y)).collect();
        if let [(x, y)] = differing[..]
            && temporary(l)
            && temporary(r)
            && let Some(stem) = drawn_names(x, y)
        {
            let cause = format!("names of temporary files: `{stem}` and drawn characters");
            return verdict(
                DifferenceClass::Randomness,
                cause,
                "a fixed name below $TMPDIR, or one that is not printed",
            );
        }
    }
    // What lies at the end of both is the same thing in two folders.
    let common = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y && !x.is_empty()).count();
    let rooted = l.starts_with('/') && r.starts_with('/');
    let whole = common > 0 && (common < a.len() && common < b.len());
    if rooted && whole {
        let tail = a[a.len() - common..].join("/");
        let cause = format!("`{tail}` in two folders");
        let remedy = "one folder for both, as rcrepro's /work; -trimpath for Go, -ffile-prefix-map=$PWD=. for C";
        return verdict(DifferenceClass::Path, cause, remedy);
    }
    None
}

/// Returns what two names have in common when the rest of both looks drawn: letters and digits or cases mixed, and as long on both
/// sides, or digits alone. Plain words do not: `output` and `report` are two names.
fn drawn_names(x: &str, y: &str) -> Option<String> {
    let stem: String = x.chars().zip(y.chars()).take_while(|(p, q)| p == q).map(|(p, _)| p).collect();
    let (p, q) = (&x[stem.len()..], &y[stem.len()..]);
    let any = |text: &str, is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
    let mixed = |text: &str| {
        let word = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let (lower, upper) = (any(text, u8::is_ascii_lowercase), any(text, u8::is_ascii_uppercase));
        word && text.len() >= 4 && ((lower && upper) || ((lower || upper) && any(text, u8::is_ascii_digit)))
    };
    let digits = |text: &str| text.len() >= 4 && text.bytes().all(|b| b.is_ascii_digit());
    let as_long = x.len() == y.len() && mixed(p) && mixed(q);
    (as_long || (digits(p) && digits(q))).then_some(stem)
}

/// Names the flag that keeps a compiler from writing its folder.
#[must_use]
pub const fn remedy_of_compilers(go: bool) -> &'static str {
    if go { "go build -trimpath" } else { "-ffile-prefix-map=$PWD=. (or -fdebug-prefix-map, -fmacro-prefix-map)" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_names_and_folders_have_reasons_and_other_names_have_none() {
        let class = |l, r| judge(l, r).map(|verdict| verdict.class);
        assert_eq!(class("/tmp/tmp.AbC123xyZ9", "/tmp/tmp.QqR7s8tUv0"), Some(DifferenceClass::Randomness));
        assert_eq!(class("/tmp/go-build123456/b001/x", "/tmp/go-build98765/b001/x"), Some(DifferenceClass::Randomness));
        assert_eq!(class("/home/a/src/main.c", "/srv/main.c"), Some(DifferenceClass::Path));
        assert_eq!(class("/work/one.c", "/work/two.c"), None);
        assert_eq!(class("src/one/a.c", "src/two/a.c"), None);
        assert_eq!(class("/tmp/output", "/tmp/report"), None);
    }
}

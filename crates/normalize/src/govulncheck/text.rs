//! `-format text`: which package of the standard library is named.
//!
//! A vulnerability in several packages of the standard library is told under one of them, whichever the scanner
//! came to first. The traces below name the functions that are really reached, and those stay.

use crate::normalizer::Normalizer;
use crate::syntax::token::map_lines;

/// The normalizer `govulncheck-text`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "govulncheck-text", version: 1, rules: RULES, apply };

const RULES: &str = r#"Below a line "  Standard library", up to the next line that does not begin with four spaces, PACKAGE in a line that
fits place-line becomes "<package>". Nothing else changes; no line is dropped or moved.
place-line = "    " ( "Found in: " | "Fixed in: " ) PACKAGE "@" VERSION
PACKAGE    = one or more bytes, none of them white space or "@"
VERSION    = one or more bytes, none of them white space or "@"
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut standard = false;
    map_lines(stream, |line, out| {
        standard = line == b"  Standard library" || (standard && line.starts_with(b"    "));
        let Some((before, after)) = place_line(line).filter(|_| standard) else { return false };
        for piece in [before, b"<package>", after] {
            out.extend_from_slice(piece);
        }
        true
    })
}

/// Splits a line around the package that it names.
fn place_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let place = line.strip_prefix(b"    Found in: ").or_else(|| line.strip_prefix(b"    Fixed in: "))?;
    let at = place.iter().position(|byte| *byte == b'@').filter(|at| *at > 0 && *at + 1 < place.len())?;
    let fits = !place.iter().any(u8::is_ascii_whitespace) && !place[at + 1..].contains(&b'@');
    fits.then(|| (&line[..line.len() - place.len()], &place[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_the_standard_library_go() {
        let raw = "  Standard library\n    Found in: net/http@go1.26.8\n    Fixed in: net/http@go1.99\n    Example traces found:\n\
                   \n    Found in: a@v1\n  Module: a\n    Found in: a@v1\n";
        let expected = raw.replace("net/http@", "<package>@");
        assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), expected);
        for line in
            ["Found in: a@", "Found in: @v1", "Found in: a b@v1", "Found in: a@b@c", "Seen in: a@v1", "Found in: a"]
        {
            let raw = format!("  Standard library\n    {line}\n");
            assert_eq!(String::from_utf8_lossy(&apply(raw.as_bytes())), raw);
        }
    }
}

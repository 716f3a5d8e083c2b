//! The warnings of `npm ci` and `npm install`: only their order.
//!
//! npm warns of a deprecated package once it has unpacked it, and unpacks many side by side. Shapes from recorded runs of npm 9
//! and 11: each line of a warning has the prefix `npm warn` (before npm 10.6 `npm WARN`) and the warning's code.

use crate::normalizer::Normalizer;
use crate::syntax::token::split_once;

/// The normalizer `npm-warnings`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "npm-warnings", version: 1, rules: RULES, apply };

const RULES: &str = r#"In each unbroken run of warn-lines the warnings are sorted (bytes), each keeping its lines in their order. A warning
is a first-line with the lines of the run that follow it up to the next first-line. Lines of a run before its first first-line
stay before it. The last line, if it lacks its line feed, belongs to no run. Nothing else is moved, nothing is dropped or changed.
warn-line   = PREFIX TEXT LF
first-line  = PREFIX ( deprecation | other ) LF
deprecation = "deprecated " WORD "@" WORD ": " TEXT
other       = CODE SPACE TEXT, where CODE is not "deprecated" and TEXT begins neither with white space nor with "}"
PREFIX      = "npm warn " | "npm WARN "
CODE        = two or more small letters, digits, "-" and "_", or two or more capital letters, digits and "_"
WORD        = one or more bytes, none of them white space
TEXT        = any bytes but a line feed
"#;

fn apply(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stream.len());
    let mut warnings: Vec<Vec<u8>> = Vec::new();
    for line in stream.split_inclusive(|&byte| byte == b'\n') {
        match warning(line) {
            Some(text) if is_first(text) => warnings.push(line.to_vec()),
            Some(_) if !warnings.is_empty() => {
                if let Some(above) = warnings.last_mut() {
                    above.extend_from_slice(line);
                }
            }
            Some(_) => out.extend_from_slice(line),
            None => {
                push_sorted(&mut warnings, &mut out);
                out.extend_from_slice(line);
            }
        }
    }
    push_sorted(&mut warnings, &mut out);
    out
}

fn push_sorted(warnings: &mut Vec<Vec<u8>>, out: &mut Vec<u8>) {
    warnings.sort_unstable();
    warnings.drain(..).for_each(|warning| out.extend_from_slice(&warning));
}

/// Returns what follows the prefix of a finished warn-line.
fn warning(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_suffix(b"\n")?;
    text.strip_prefix(b"npm warn ").or_else(|| text.strip_prefix(b"npm WARN "))
}

/// Whether a warning begins with this text.
fn is_first(text: &[u8]) -> bool {
    let Some((code, text)) = split_once(text, b" ") else { return false };
    if code == b"deprecated" {
        let name = split_once(text, b": ").map(|(name, _)| name);
        return name.is_some_and(is_name_and_version);
    }
    let small = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    let capital = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let is_code = code.len() > 1 && (code.iter().all(small) || code.iter().all(capital));
    is_code && !text.first().is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'}')
}

/// Whether a text is `NAME@VERSION`; the name of a package with a scope begins with an `@` itself.
fn is_name_and_version(text: &[u8]) -> bool {
    let at = text.iter().rposition(|byte| *byte == b'@');
    at.is_some_and(|at| at > 0 && at + 1 < text.len()) && !text.iter().any(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn each_run_is_sorted_by_whole_warnings() {
        let raw = "npm warn   of no warning\nnpm warn deprecated b@1: two\nnpm warn deprecated lines: of it\nnpm warn deprecated @a/a@1: one\n\
                   npm warn Found: of it\nnpm warn tarball x\n\nnpm warn deprecated b@1: z\nnpm error x\nnpm warn deprecated a@1: y";
        let expected = "npm warn   of no warning\nnpm warn deprecated @a/a@1: one\nnpm warn Found: of it\nnpm warn deprecated b@1: two\n\
                        npm warn deprecated lines: of it\nnpm warn tarball x\n\nnpm warn deprecated b@1: z\nnpm error x\nnpm warn deprecated a@1: y";
        assert_eq!(canonical(raw), expected);
        assert_eq!(canonical("npm WARN deprecated b@1: x\nnpm WARN deprecated a@1: x\n").find("a@1"), Some(20));
    }

    #[test]
    fn what_fits_no_form_keeps_its_place() {
        for raw in [
            "npm error b x\nnpm error a x\n",
            "npm notice b x\nnpm notice a x\n",
            "npm Warn deprecated b@1: x\nnpm Warn deprecated a@1: x\n",
            " npm warn deprecated b@1: x\n npm warn deprecated a@1: x\n",
            "npm warn deprecated b@1: x\nnpm warn\nnpm warn deprecated a@1: x\n",
            "npm warn deprecated b@1: x\nnpm warn deprecated a@1: x",
        ] {
            assert_eq!(canonical(raw), raw);
        }
    }

    /// Which package wants which engine is in the lines of one warning.
    #[test]
    fn lines_of_one_warning_stay_with_it() {
        let engine = |package: &str, node: &str| {
            format!(
                "npm warn EBADENGINE Unsupported engine {{\nnpm warn EBADENGINE   package: '{package}',\n\
                     npm warn EBADENGINE   required: {{ node: '{node}' }}\nnpm warn EBADENGINE }}\n"
            )
        };
        let pair = |one: &str, other: &str| engine("a@1", one) + &engine("b@1", other);
        assert_eq!(canonical(&(engine("b@1", "98") + &engine("a@1", "99"))), pair("99", "98"));
        assert_ne!(canonical(&pair("98", "99")), canonical(&pair("99", "98")));
    }
}

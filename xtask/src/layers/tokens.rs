//! Rust source to the paths that it names: a scanner, no parser.
//!
//! Comments and literals are left out, so that a link in a doc comment imports nothing. What a macro makes up at compile
//! time is not seen.

/// A piece of source that matters to paths, with its line (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// A path as the source names it, groups spelled out: `use a::{b, c::d};` gives `a::b` and `a::c::d`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// How many inline `mod NAME { … }` the path is in.
    pub inline_modules: usize,
}

/// Words that may stand right before a path and are not part of it.
const KEYWORDS: &[&str] = &[
    "use", "as", "in", "for", "impl", "dyn", "mut", "return", "else", "match", "if", "while", "where", "move", "break",
];

/// Cuts source into identifiers, `::` and single marks.
pub fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let (mut at, mut line) = (0, 1);
    let mut found = Vec::new();
    while at < bytes.len() {
        let start = at;
        let rest = &bytes[at..];
        let mut token = None;
        if rest.starts_with(b"//") {
            at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at += block_comment(rest);
        } else if let Some(length) = literal(rest) {
            at += length;
        } else if ident_start(rest[0]) {
            at += rest.iter().position(|&byte| !ident_part(byte)).unwrap_or(rest.len());
            token = Some(at);
        } else if rest.starts_with(b"::") {
            at += 2;
            token = Some(at);
        } else {
            at += 1;
            token = (!rest[0].is_ascii_whitespace() && rest[0].is_ascii()).then_some(at);
        }
        if let Some(end) = token {
            found.push(Token { text: source[start..end].to_owned(), line });
        }
        line += bytes[start..at].iter().filter(|&&byte| byte == b'\n').count();
    }
    found
}

fn ident_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn ident_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Measures a string, byte string, C string, raw string or character at the front; a lifetime is measured too.
fn literal(rest: &[u8]) -> Option<usize> {
    let prefix = rest.iter().take(2).take_while(|byte| b"bcr".contains(byte)).count();
    let body = &rest[prefix..];
    let raw = prefix > 0 && rest[prefix - 1] == b'r';
    match body.first()? {
        b'"' if !raw => Some(prefix + quoted(body, b'"')),
        b'"' | b'#' if raw => {
            let hashes = body.iter().take_while(|&&byte| byte == b'#').count();
            let open = prefix + hashes + 1;
            if body.get(hashes) != Some(&b'"') {
                return None;
            }
            let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
            let length = rest[open..].windows(close.len()).position(|window| window == close);
            Some(length.map_or(rest.len(), |length| open + length + close.len()))
        }
        b'\'' if !raw => {
            let lifetime = prefix == 0 && ident_start(*body.get(1)?) && body.get(2) != Some(&b'\'');
            Some(if lifetime { 1 } else { prefix + quoted(body, b'\'') })
        }
        _ => None,
    }
}

fn quoted(body: &[u8], mark: u8) -> usize {
    let mut at = 1;
    while at < body.len() {
        match body[at] {
            b'\\' => at += 2,
            byte if byte == mark => return at + 1,
            _ => at += 1,
        }
    }
    body.len()
}

/// Finds every path; a name alone counts only after `use` or `extern crate`.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    let mut open_modules = Vec::new();
    let (mut depth, mut at) = (0, 0);
    while at < tokens.len() {
        match text(at) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if open_modules.last() == Some(&depth) {
                    open_modules.pop();
                }
            }
            "mod" if text(at + 2) == "{" => open_modules.push(depth),
            _ if begins_path(tokens, at) => {
                let (line, inline_modules) = (tokens[at].line, open_modules.len());
                at = tree(tokens, at, &mut Vec::new(), &mut |segments| {
                    found.push(Path { segments: segments.to_vec(), line, inline_modules });
                });
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether a path begins here that has more than one segment, begins at the outermost root or is imported.
fn begins_path(tokens: &[Token], at: usize) -> bool {
    let back = |steps: usize| at.checked_sub(steps).map_or("", |at| tokens[at].text.as_str());
    let is_name = |text: &str| text.bytes().next().is_some_and(ident_start) && !KEYWORDS.contains(&text);
    let imported = |text: &str| ["use", "crate"].contains(&text);
    if !is_name(&tokens[at].text) || back(1) == "." {
        return false;
    }
    if back(1) == "::" {
        // `::clap::Parser` begins here, `a::clap` and `<T>::clap` have begun before.
        return !(is_name(back(2)) || back(2) == ">");
    }
    tokens.get(at + 1).is_some_and(|next| next.text == "::") || imported(back(1))
}

/// Walks one path or group from `at`, hands on each whole path, and returns the index behind it.
fn tree(tokens: &[Token], mut at: usize, segments: &mut Vec<String>, found: &mut impl FnMut(&[String])) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let length = segments.len();
    loop {
        match text(at) {
            "{" => {
                at += 1;
                while !["}", ""].contains(&text(at)) {
                    let next = tree(tokens, at, segments, found);
                    // Something odd inside a group (a macro's own marks): step over it.
                    at = if next == at { at + 1 } else { next };
                    while text(at) == "," {
                        at += 1;
                    }
                    if text(at) == "as" {
                        at += 2;
                    }
                }
                segments.truncate(length);
                return at + 1;
            }
            word if word == "*" || word.bytes().next().is_some_and(ident_start) => {
                segments.push(word.to_owned());
                at += 1;
            }
            _ => break,
        }
        if text(at) != "::" {
            break;
        }
        at += 1;
        if !(text(at) == "{" || text(at) == "*" || text(at).bytes().next().is_some_and(ident_start)) {
            // A turbofish: the path proper ends here.
            break;
        }
    }
    if segments.len() > length {
        found(segments);
    }
    segments.truncate(length);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        paths(&tokens(source)).iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn groups_are_spelled_out() {
        assert_eq!(
            found("use crate::{model::{digest::Sha256, tree as t}, store::*};\nuse bollard;\nextern crate clap;"),
            ["crate::model::digest::Sha256", "crate::model::tree", "crate::store::*", "bollard", "clap"]
        );
    }

    #[test]
    fn expressions_types_and_attributes_count() {
        assert_eq!(
            found(
                "#[derive(clap::Parser)] fn f(a: &std::fs::File) -> Vec<crate::model::A> { x.y::<u8>(); a::b::<c::D>() }"
            ),
            ["clap::Parser", "std::fs::File", "crate::model::A", "a::b", "c::D"]
        );
        assert_eq!(found("let x: ::clap::Parser = 1;"), ["clap::Parser"]);
    }

    #[test]
    fn comments_and_literals_do_not() {
        let source = "// use crate::a;\n/* crate::b /* nested crate::c */ crate::d */ /// crate::e\nlet a = \"crate::f \\\" crate::g\";\n\
                      let b = r#\"crate::h \" crate::i\"#; let c = b'\\''; let d = '\"'; fn e<'a>(_: &'a crate::real::J) {} let f = br\"crate::k\";";
        assert_eq!(found(source), ["crate::real::J"]);
    }

    #[test]
    fn inline_modules_are_counted_and_lines_kept() {
        let all = paths(&tokens(
            "use a::b;\nmod tests {\n  use super::*;\n  mod deep { use super::super::c; }\n}\nuse d::e;",
        ));
        let short: Vec<_> = all.iter().map(|p| (p.segments.join("::"), p.line, p.inline_modules)).collect();
        let expected = [("a::b", 1, 0), ("super::*", 3, 1), ("super::super::c", 4, 2), ("d::e", 6, 0)];
        assert_eq!(short, expected.map(|(path, line, depth)| (path.to_owned(), line, depth)));
    }
}

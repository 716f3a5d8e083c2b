//! What `go build` and `go vet` say: the order of packages that were built side by side, and names of temporary folders.
//!
//! Shapes from recorded runs of Go 1.26: `go build -v` names packages as it begins them, downloads are told as they
//! begin, and the errors of each package are together under its `# ` line. `go vet` writes its findings with no such
//! line, those of one package in any order. What `-x` prints is left alone: its order is a schedule, its lines a script.

use crate::normalizer::Normalizer;
use crate::syntax::token::digits;

/// The normalizer `go-build`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "go-build", version: 1, rules: RULES, apply };

const RULES: &str = r##"In every line, DIGITS directly behind "/tmp/go-build" or "/tmp/go-link-" become "<temp>". Then lines are moved:
The last line, if it lacks its line feed, stays last. The head is what stands before the first header; each header
begins a block. Blocks are sorted by their header (bytes, stable), each keeping its lines in their order.
In the head, each unbroken run of download-lines is sorted, each unbroken run of package-lines, and each unbroken run
of findings (bytes). Nothing is dropped, nothing else is moved.
header        = "# " WORD [ " [" WORD "]" ]
download-line = "go: downloading " WORD SPACE WORD
package-line  = ( LETTER | "_" ) { LETTER | DIGIT | "." | "_" | "~" | "/" | "-" | "+" }
finding       = finding-line { TAB TEXT LF }
finding-line  = PATH ":" DIGITS ":" DIGITS ": " TEXT
WORD          = one or more bytes, none of them white space
PATH          = one or more bytes, none of them white space or ":"
TEXT          = any bytes but a line feed
"##;

fn apply(stream: &[u8]) -> Vec<u8> {
    let stream = without_temporary_names(stream);
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let unfinished = usize::from(lines.last().is_some_and(|line| !line.ends_with(b"\n")));
    let (lines, tail) = lines.split_at(lines.len() - unfinished);
    let (head, body) = lines.split_at(lines.iter().position(|line| is_header(line)).unwrap_or(lines.len()));

    let mut out = Vec::with_capacity(stream.len());
    push_head(head, &mut out);
    let mut blocks: Vec<&[&[u8]]> = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let end = rest.iter().skip(1).position(|line| is_header(line)).map_or(rest.len(), |at| at + 1);
        let (block, after) = rest.split_at(end);
        blocks.push(block);
        rest = after;
    }
    blocks.sort_by_key(|block| block[0]);
    blocks.into_iter().flatten().chain(tail).for_each(|line| out.extend_from_slice(line));
    out
}

/// Replaces the number in the name of a temporary folder.
fn without_temporary_names(stream: &[u8]) -> Vec<u8> {
    let names: [&[u8]; 2] = [b"/tmp/go-build", b"/tmp/go-link-"];
    let mut out = Vec::with_capacity(stream.len());
    let mut rest = stream;
    while let Some(byte) = rest.first() {
        let found = names.iter().find_map(|name| Some((name, digits(rest.strip_prefix(*name)?)?)));
        if let Some((name, after)) = found {
            out.extend_from_slice(name);
            out.extend_from_slice(b"<temp>");
            rest = after;
        } else {
            out.push(*byte);
            rest = &rest[1..];
        }
    }
    out
}

/// The kinds of lines in the head that may change places with their like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Download,
    Package,
    Finding,
}

/// Appends the head with each run of one kind sorted.
fn push_head(head: &[&[u8]], out: &mut Vec<u8>) {
    let mut run: Vec<Vec<u8>> = Vec::new();
    let mut kind = None;
    for line in head {
        let continues = kind == Some(Kind::Finding) && line.starts_with(b"\t");
        if let (true, Some(finding)) = (continues, run.last_mut()) {
            finding.extend_from_slice(line);
            continue;
        }
        let next = kind_of(line);
        if next.is_none() || next != kind {
            push_run(&mut run, out);
        }
        kind = next;
        if kind.is_some() {
            run.push(line.to_vec());
        } else {
            out.extend_from_slice(line);
        }
    }
    push_run(&mut run, out);
}

fn push_run(run: &mut Vec<Vec<u8>>, out: &mut Vec<u8>) {
    run.sort_unstable();
    run.drain(..).for_each(|line| out.extend_from_slice(&line));
}

fn kind_of(line: &[u8]) -> Option<Kind> {
    let text = line.strip_suffix(b"\n")?;
    if let Some(module) = text.strip_prefix(b"go: downloading ") {
        let mut words = module.split(|&byte| byte == b' ');
        let two = [words.next(), words.next()].iter().all(|word| word.is_some_and(is_word)) && words.next().is_none();
        return two.then_some(Kind::Download);
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._~/-+".contains(byte);
    if text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') && text.iter().all(plain) {
        return Some(Kind::Package);
    }
    let path = text.iter().position(|byte| *byte == b':').filter(|end| *end > 0 && is_word(&text[..*end]))?;
    let column = digits(&text[path + 1..])?.strip_prefix(b":")?;
    digits(column)?.starts_with(b": ").then_some(Kind::Finding)
}

fn is_header(line: &[u8]) -> bool {
    let Some(name) = line.strip_prefix(b"# ").and_then(|rest| rest.strip_suffix(b"\n")) else { return false };
    let mut words = name.split(|&byte| byte == b' ');
    let first = words.next().is_some_and(is_word);
    let variant = words.next();
    let bracketed = |word: &[u8]| word.len() > 2 && word.starts_with(b"[") && word.ends_with(b"]") && is_word(word);
    first && variant.is_none_or(bracketed) && words.next().is_none()
}

fn is_word(text: &[u8]) -> bool {
    !text.is_empty() && !text.iter().any(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> String {
        String::from_utf8(apply(raw.as_bytes())).expect("text in, text out")
    }

    #[test]
    fn runs_and_blocks_are_sorted_and_nothing_else() {
        let raw = "go: downloading b v1\ngo: downloading a v2\nb\na\nWORK=/tmp/go-build123\nz\na/b.go:9:2: late\na/b.go:1:2: early\n\
                   \tmore\nsome words\nq\np\n# b\nb.go:2:1: y\nb.go:1:1: x\n# a [a.test]\na.go:1:1: z\nlast";
        let expected = "go: downloading a v2\ngo: downloading b v1\na\nb\nWORK=/tmp/go-build<temp>\nz\na/b.go:1:2: early\n\tmore\n\
                        a/b.go:9:2: late\nsome words\np\nq\n# a [a.test]\na.go:1:1: z\n# b\nb.go:2:1: y\nb.go:1:1: x\nlast";
        assert_eq!(canonical(raw), expected);
    }

    #[test]
    fn what_fits_no_form_keeps_its_place() {
        for raw in [
            "go: downloading b\ngo: downloading a v1 v2\n",
            "b c\na c\n",
            "b.go:1: x\na.go:1: x\n",
            "#b\n#a\n# b [b c]\n# a b\n",
            "/tmp/go-build/x /tmp/go-buildx1 /tmp/other123\n",
        ] {
            assert_eq!(canonical(raw), raw);
        }
    }
}

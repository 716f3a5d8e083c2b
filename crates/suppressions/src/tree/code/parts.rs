//! What a place of a program is in: code, a comment, or a text that only looks like either.
//!
//! A lexer of a language says so. Where it meets something that its language does not have, either it went wrong or the file is not a
//! program. Then nothing is known of the file, and readers go by what is around a word on its line: no trick hides a comment in a text.

use super::go::GoLexer;
use super::javascript::JsLexer;
use super::language::Language;
use super::part::{Lexer, Part, Region};

/// The parts of a file, asked from its beginning to its end.
pub(super) struct Parts<'a> {
    bytes: &'a [u8],
    /// None where nothing is known.
    regions: Option<Regions<'a>>,
    current: Option<Region>,
    /// Where the first word of the current comment is.
    first_word: usize,
}

/// Regions in their order; a lexer that is at its end is not asked again.
type Regions<'a> = std::iter::Fuse<Box<dyn Iterator<Item = Region> + 'a>>;

/// What is known of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub part: Part,
    /// The region's bounds; those of the file where it is in none.
    pub start: usize,
    pub end: usize,
    /// Whether nothing but marks of a comment is between its beginning and the place.
    pub is_first: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(language: Language, path: &str, bytes: &'a [u8]) -> Self {
        let regions = match language {
            Language::Go => understood(|| GoLexer::new(bytes)),
            Language::JavaScript if !super::language::embeds_scripts(path) => {
                let ending = path.rsplit('.').next().unwrap_or_default();
                let (has_elements, has_types) = (!matches!(ending, "ts" | "mts" | "cts"), ending.contains("ts"));
                understood(|| JsLexer::new(bytes, has_elements, has_types))
            }
            Language::JavaScript | Language::Python | Language::Other => None,
        };
        Self { bytes, regions, current: None, first_word: 0 }
    }

    /// Says what a place is in; places are asked for in their order.
    pub(super) fn at(&mut self, at: usize) -> Place {
        let nowhere = |part| Place { part, start: 0, end: self.bytes.len(), is_first: false };
        let Some(regions) = &mut self.regions else { return nowhere(Part::Unknown) };
        while self.current.is_none_or(|region| region.end <= at) {
            let Some(next) = regions.next() else { return nowhere(Part::Code) };
            self.current = Some(next);
            // The marks in front are looked at once, however many words follow.
            let is_mark = |byte: &u8| matches!(byte, b'/' | b'*' | b' ' | b'\t' | b'\r' | b'\n');
            let marks = self.bytes[next.start..next.end].iter().take_while(|byte| is_mark(byte)).count();
            self.first_word = next.start + marks;
        }
        match self.current {
            Some(Region { start, end, part }) if start <= at => {
                Place { part, start, end, is_first: at <= self.first_word }
            }
            _ => nowhere(Part::Code),
        }
    }
}

/// Tells which places of a program are in a comment; asked from its beginning to its end.
pub(in crate::tree) struct Comments<'a>(Parts<'a>);

impl<'a> Comments<'a> {
    pub(in crate::tree) fn of(path: &str, bytes: &'a [u8]) -> Self {
        Self(Parts::of(Language::of(path), path, bytes))
    }

    /// Whether a place is in a comment; not where nothing is known of the program.
    pub(in crate::tree) fn has(&mut self, at: usize) -> bool {
        self.0.at(at).part == Part::Comment
    }
}

/// Returns a lexer at the beginning, if it understands everything.
fn understood<'a, L: Lexer + 'a>(make: impl Fn() -> L) -> Option<Regions<'a>> {
    let mut trial = make();
    trial.by_ref().for_each(drop);
    let again = || Box::new(make()) as Box<dyn Iterator<Item = Region> + 'a>;
    trial.is_whole().then(|| again().fuse())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks each byte with its part: `.` code, `c` comment, `t` text, `?` unknown.
    fn marked(path: &str, text: &str) -> String {
        let mut parts = Parts::of(Language::of(path), path, text.as_bytes());
        let mark = |at| match parts.at(at).part {
            Part::Code => '.',
            Part::Comment => 'c',
            Part::Text => 't',
            Part::Unknown => '?',
        };
        (0..text.len()).map(mark).collect()
    }

    #[test]
    fn parts_of_go() {
        for (text, expected) in [
            ("a // b\nc", "..cccc.."),
            ("a /* \" */ b", "..ccccccc.."),
            (r#"a "\"//" // "x"#, "..tttttt.ccccc"),
            ("`//\n\"` /*`*/", "tttttt.ccccc"),
            (r"'\'' + '/' // '", "tttt...ttt.cccc"),
            ("a \"b\nc", "??????"),
            ("a /* b", "??????"),
            ("`a", "??"),
        ] {
            assert_eq!(marked("a.go", text), expected, "{text}");
        }
    }

    #[test]
    fn parts_of_javascript() {
        for (text, expected) in [
            ("a // b\nc", "..cccc.."),
            ("a // b\u{2028}c", "..cccc...."),
            ("#!/x '\na", "cccccc.."),
            ("'//' + \"/*\" // '", "tttt...tttt.cccc"),
            ("`a${b + `c`} //` // d", "tttt....tttttttt.cccc"),
            ("'a\\\nb' // c", "tttttt.cccc"),
            ("a / b / c // '", "..........cccc"),
            ("a = /['\"`]/ // '", "....???????.cccc"),
            ("if (a) /`/.b() // '", ".......???.....cccc"),
            ("(a) / b++ / c // '", "..............cccc"),
            ("a.of / 2 // '", ".........cccc"),
            ("a.return / 2 // '", ".............cccc"),
            ("x = \u{a0}/`/ // '", "......???.cccc"),
        ] {
            assert_eq!(marked("a.ts", text), expected, "{text}");
        }
        // What cannot be told is not guessed.
        for text in [
            "f = function () {} / \"/ ` \" // `",
            "of / \"/ `\" // `",
            "a > /`/ // `",
            "a as T<U> / \"/ `\"",
            "a ! / \"/ `\"",
            "a = 1\n--> `\n// b\n--> `",
            "<!-- `\n// b\n<!-- `",
            "a = /[[a]/`]/v // `",
            "a = 'b\n",
            "a = `b",
            "a = (b]",
            "}",
            "{",
        ] {
            assert_eq!(marked("a.ts", text), "?".repeat(text.len()), "{text}");
        }
    }

    #[test]
    fn parts_of_elements() {
        assert!(marked("a.tsx", "type F = <T>(a: T) => T").starts_with('?'));
        assert_eq!(marked("a.tsx", "a < b // '"), "......cccc");
        assert_eq!(marked("a.tsx", "<T,>(a) => `//` // b"), "...........tttt.cccc");
        let text = "a = <b c={`//`} /* d */>'{/* e */}'<c/></b> // f";
        let marks = marked("a.jsx", text);
        let comments: String =
            text.char_indices().filter(|(at, _)| marks.as_bytes()[*at] == b'c').map(|(_, c)| c).collect();
        assert_eq!(comments, "/* d *//* e */// f");
        let texts: String =
            text.char_indices().filter(|(at, _)| marks.as_bytes()[*at] == b't').map(|(_, c)| c).collect();
        assert_eq!(texts, "`//`");
    }
}

//! The declarations of a Go file: as much of the language as it takes to follow names from one function to the next.

use std::ops::Range;

/// What a declaration at the level of the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Method,
    Variable,
}

/// A function, a method or a variable of a package.
#[derive(Debug, Clone)]
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) kind: Kind,
    range: Range<usize>,
}

/// An import of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The name that the file gives it; `None` where the package's own name holds.
    pub(super) alias: Option<String>,
    pub(super) path: String,
}

/// A file of a package.
#[derive(Debug)]
pub(super) struct GoFile {
    /// The folder that holds it.
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) imports: Vec<Import>,
    pub(super) declarations: Vec<Declaration>,
    text: String,
}

impl GoFile {
    pub(super) fn parse(folder: &str, name: &str, text: String) -> Self {
        let mut file = Self {
            folder: folder.to_owned(),
            name: name.to_owned(),
            imports: Vec::new(),
            declarations: Vec::new(),
            text: String::new(),
        };
        for range in split(&text) {
            file.declare(&text, range);
        }
        file.text = text;
        file
    }

    /// Returns the text of a declaration.
    pub(super) fn source(&self, declaration: &Declaration) -> &str {
        &self.text[declaration.range.clone()]
    }

    fn declare(&mut self, text: &str, range: Range<usize>) {
        let tokens: Vec<(usize, &str)> = tokens(&text[range.clone()]).collect();
        let word = |at: usize| tokens.get(at).map_or("", |(_, token)| token);
        match word(0) {
            "import" => self.imports.extend(specifications(&tokens).into_iter().filter_map(import)),
            "func" if word(1) == "(" => {
                let end = tokens.iter().position(|(_, token)| *token == ")").unwrap_or(0);
                self.declarations.push(Declaration { name: word(end + 1).to_owned(), kind: Kind::Method, range });
            }
            "func" => self.declarations.push(Declaration { name: word(1).to_owned(), kind: Kind::Function, range }),
            "var" => {
                for specification in specifications(&tokens) {
                    let (Some(first), Some(last)) = (specification.first(), specification.last()) else { continue };
                    let range = range.start + first.0..range.start + last.0 + last.1.len();
                    let names = specification.iter().map(|(_, token)| *token);
                    let names = names.take_while(|token| *token == "," || is_name(token));
                    for name in names.filter(|token| *token != ",") {
                        let (name, kind) = (name.to_owned(), Kind::Variable);
                        self.declarations.push(Declaration { name, kind, range: range.clone() });
                    }
                }
            }
            _ => {}
        }
    }
}

/// The words with which a declaration begins.
const BEGIN: [&str; 6] = ["const", "func", "import", "package", "type", "var"];

/// Divides a file into its declarations.
fn split(text: &str) -> Vec<Range<usize>> {
    let (mut starts, mut depth, mut fresh) = (Vec::new(), 0_i32, true);
    for (at, token) in tokens(text) {
        if depth == 0 && fresh && BEGIN.contains(&token) {
            starts.push(at);
        }
        depth += nesting(token);
        fresh = matches!(token, "\n" | ";");
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| *start..end).collect()
}

/// Divides `var ( … )` and `import ( … )` into what is declared, one after the other.
fn specifications<'a>(tokens: &[(usize, &'a str)]) -> Vec<Vec<(usize, &'a str)>> {
    let grouped = tokens.get(1).is_some_and(|(_, token)| *token == "(");
    let (mut found, mut depth) = (vec![Vec::new()], 0_i32);
    for (at, token) in tokens.iter().skip(1 + usize::from(grouped)) {
        depth += nesting(token);
        match *token {
            ")" if grouped && depth < 0 => break,
            "\n" | ";" if depth == 0 => found.push(Vec::new()),
            "\n" => {}
            token => found.last_mut().expect("it has one").push((*at, token)),
        }
    }
    found.retain(|specification| !specification.is_empty());
    found
}

fn import(specification: Vec<(usize, &str)>) -> Option<Import> {
    let words: Vec<&str> = specification.into_iter().map(|(_, token)| token).collect();
    let (path, alias) = words.split_last()?;
    let alias = alias.first().map(|alias| (*alias).to_owned());
    path.starts_with(['"', '`']).then(|| Import { alias, path: path.trim_matches(['"', '`']).to_owned() })
}

/// How many brackets a token opens.
pub(super) fn nesting(token: &str) -> i32 {
    match token {
        "(" | "[" | "{" => 1,
        ")" | "]" | "}" => -1,
        _ => 0,
    }
}

/// Whether a token is a name, or a word of the language.
pub(super) fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads tokens with their places: names and numbers, strings and runes, line feeds, and any other character by itself. Comments
/// are left out (the Go specification, "Lexical elements").
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = &text[at..];
            let c = rest.chars().next()?;
            let (length, counts) = match c {
                '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
                '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |end| end + 2), false),
                '`' => (rest[1..].find('`').map_or(rest.len(), |end| end + 2), true),
                '"' | '\'' => (quoted(rest, c), true),
                c if c.is_alphanumeric() || c == '_' => {
                    (rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len()), true)
                }
                c => (c.len_utf8(), c == '\n' || !c.is_whitespace()),
            };
            let begin = at;
            at += length;
            if counts {
                return Some((begin, &rest[..length]));
            }
        }
    })
}

/// Returns the length of a string or rune with its quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if at == 0 => escaped = false,
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_imports_and_declarations() {
        let text = "package a // import \"x\"\n\nimport os \"example.org/x\"\nimport (\n\t\"fmt\"; . \"b\"\n)\n\
                    var exit, _ = os.Exit, `func a() {`\nvar (\n\ta = []int{\n\t\t1,\n\t}\n\tb = 2\n)\n\
                    func TestMain(m *testing.M) {\n\tfunc() {}()\n}; func (s *S[T]) Run(x int) map[string]struct{} {\n}\n\
                    /* func no() {} */ type T struct{}\n";
        let file = GoFile::parse("/work", "a.go", text.to_owned());
        let imports: Vec<String> =
            file.imports.iter().map(|import| format!("{:?} {}", import.alias.as_deref(), import.path)).collect();
        assert_eq!(imports, ["Some(\"os\") example.org/x", "None fmt", "Some(\".\") b"]);
        let names: Vec<String> =
            file.declarations.iter().map(|found| format!("{:?} {}", found.kind, found.name)).collect();
        let expected = ["Variable exit", "Variable _", "Variable a", "Variable b", "Function TestMain", "Method Run"];
        assert_eq!(names, expected);
        assert_eq!(file.source(&file.declarations[3]), "b = 2");
        assert!(file.source(&file.declarations[4]).starts_with("func TestMain"));
    }
}

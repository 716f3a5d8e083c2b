//! What the body of a Go declaration names, and which of it ends the process.

use std::collections::BTreeSet;

use super::source::{Declaration, GoFile, Import, is_name, nesting, tokens};

/// What a name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// Something of the same package, or of the body itself.
    Own(String),
    /// A field or method of some value.
    Of(String),
    /// Something of an imported package, by its path.
    Imported(String, String),
}

/// A name in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) name: Name,
    /// The three tokens behind it.
    behind: String,
    /// Whether it is inside of braces.
    pub(super) nested: bool,
}

/// Functions of other packages that end the process, or put another program in its place.
const ENDS: [(&str, &str); 6] = [
    ("golang.org/x/sys/unix", "Exec"),
    ("golang.org/x/sys/unix", "Exit"),
    ("os", "Exit"),
    ("runtime", "Goexit"),
    ("syscall", "Exec"),
    ("syscall", "Exit"),
];

impl Mention {
    pub(super) fn is_call(&self) -> bool {
        self.behind.starts_with(['(', '['])
    }

    /// Whether it may end the process with 0: an exit whose code is not a number above 0, or that is not called here but handed on.
    pub(super) fn ends(&self, only_calls: bool) -> bool {
        let Name::Imported(path, word) = &self.name else { return false };
        let call = self.behind.strip_prefix('(');
        let code = call.and_then(|code| code.strip_suffix(')'));
        let fails = code.is_some_and(|code| code.parse::<u8>().is_ok_and(|code| code != 0));
        ENDS.contains(&(path.as_str(), word.as_str())) && !fails && (call.is_some() || !only_calls)
    }

    /// Whether it chooses the tests that run.
    pub(super) fn chooses(&self) -> bool {
        let Name::Imported(path, word) = &self.name else { return false };
        let assigned = self.behind.starts_with('=') && !self.behind.starts_with("==");
        matches!((path.as_str(), word.as_str()), ("flag", "Set")) || (path == "os" && word == "Args" && assigned)
    }
}

/// Lists what a declaration of a file names.
pub(super) fn mentions(file: &GoFile, declaration: &Declaration) -> Vec<Mention> {
    let words: Vec<&str> = tokens(file.source(declaration)).map(|(_, token)| token).collect();
    let locals = locals(file, declaration);
    let (mut found, mut depth) = (Vec::new(), 0_i32);
    for (at, word) in words.iter().enumerate() {
        depth += nesting(word) * i32::from(matches!(*word, "{" | "}"));
        if !is_name(word) || LANGUAGE.contains(word) {
            continue;
        }
        let behind = words[at + 1..].iter().take(3).copied().collect::<Vec<_>>().concat();
        let mut add = |name| found.push(Mention { name, behind: behind.clone(), nested: depth > 0 });
        let imported = |import: &Import| Name::Imported(import.path.clone(), (*word).to_owned());
        if at > 1 && words[at - 1] == "." {
            let import = imports(file, words[at - 2], &locals);
            add(import.map_or_else(|| Name::Of((*word).to_owned()), imported));
        } else if !(behind.starts_with('.') && imports(file, word, &locals).is_some()) {
            let dotted = file.imports.iter().filter(|import| import.alias.as_deref() == Some("."));
            dotted.for_each(|import| add(imported(import)));
            add(Name::Own((*word).to_owned()));
        }
    }
    found
}

/// Lists the names that a declaration makes for itself: its parameters, and what is before `:=` or behind `var`.
pub(super) fn locals(file: &GoFile, declaration: &Declaration) -> BTreeSet<String> {
    let words: Vec<&str> = tokens(file.source(declaration)).map(|(_, token)| token).collect();
    let body = words.iter().position(|word| *word == "{").unwrap_or(0);
    let mut found: BTreeSet<String> = words[..body]
        .windows(2)
        .filter(|pair| pair[0] != "." && pair[1] != ".")
        .map(|pair| pair[0].to_owned())
        .collect();
    for at in 1..words.len() {
        if words[at - 1] == "var" {
            found.insert(words[at].to_owned());
        }
        if words[at - 1] == ":" && words[at] == "=" {
            let names = words[..at - 1].iter().rev().take_while(|word| **word == "," || is_name(word));
            found.extend(names.map(|word| (*word).to_owned()));
        }
    }
    found
}

/// Returns the import that a name in front of a dot means.
fn imports<'a>(file: &'a GoFile, name: &str, locals: &BTreeSet<String>) -> Option<&'a Import> {
    let plain = || file.imports.iter().filter(|import| import.alias.is_none());
    let last = |import: &&Import| {
        let mut parts = import.path.rsplit('/').filter(|part| !is_version(part));
        parts.next().is_some_and(|part| part == name)
    };
    // The name of a package need not be the last part of its path.
    let holds = |import: &&Import| {
        let mut parts = import.path.rsplit('/').take(2);
        !is_standard(&import.path) && parts.any(|part| part.replace('-', "").contains(name))
    };
    let guessed = name.len() > 2 && !locals.contains(name);
    let alias = file.imports.iter().find(|import| import.alias.as_deref() == Some(name));
    alias.or_else(|| plain().find(last)).or_else(|| plain().find(|import| guessed && holds(import)))
}

/// Whether it is a package of the standard library: the first part of another's path has a dot, as the go command has it.
pub(super) fn is_standard(path: &str) -> bool {
    path != "C" && !path.split('/').next().unwrap_or_default().contains('.')
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Words of the language, and names that every package has (the Go specification, "Keywords" and "Predeclared identifiers").
#[rustfmt::skip]
const LANGUAGE: [&str; 70] = [
    "break", "case", "chan", "const", "continue", "default", "defer", "else", "fallthrough", "for", "func", "go", "goto",
    "if", "import", "interface", "map", "package", "range", "return", "select", "struct", "switch", "type", "var", "any",
    "bool", "byte", "comparable", "complex64", "complex128", "error", "float32", "float64", "int", "int8", "int16",
    "int32", "int64", "rune", "string", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr", "true", "false", "iota",
    "nil", "append", "cap", "clear", "close", "complex", "copy", "delete", "imag", "len", "make", "max", "min", "new",
    "panic", "print", "println", "real", "recover", "_",
];

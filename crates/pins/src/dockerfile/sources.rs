//! What a build of a Dockerfile by an engine's classic builder would take from elsewhere than its context and the images that it is
//! given. What BuildKit takes is told by [`super::build`].
//!
//! An engine fetches what `FROM`, `COPY --from` and `ADD` name, and no build option keeps it from that: so it is looked for
//! beforehand, and what cannot be told is refused, too. What `RUN` steps execute needs no look, they have no network.

use std::collections::{BTreeMap, BTreeSet};

use crate::dockerfile::lines::{DockerfileInstruction, Word, instructions};
use crate::syntax::expand::expand;

/// Something that the engine would fetch, or that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What it is, and how to mend it.
    pub says: String,
}

/// What a Dockerfile takes, as far as a build with certain arguments is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// What comes from elsewhere.
    pub foreign: Vec<Foreign>,
    /// The build arguments that it declares.
    pub declared: BTreeSet<String>,
}

/// What a build has to hand.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The images that it may build on.
    pub images: BTreeSet<String>,
    /// How one more image is given, to follow the name of one that is not.
    pub remedy: &'static str,
}

/// Reads a Dockerfile that is built with these arguments.
#[must_use]
pub fn sources(text: &str, arguments: &BTreeMap<String, String>, given: &Given) -> Sources {
    let mut reader =
        Reader { arguments, given, values: BTreeMap::new(), stages: Vec::new(), found: Sources::default() };
    for instruction in instructions(text) {
        reader.take(&instruction);
    }
    reader.found
}

struct Reader<'a> {
    arguments: &'a BTreeMap<String, String>,
    given: &'a Given,
    /// The arguments before the first `FROM`, with the values that this build gives them.
    values: BTreeMap<String, String>,
    /// The stages' names in small letters; empty where a stage has none.
    stages: Vec<String>,
    found: Sources,
}

impl Reader<'_> {
    fn take(&mut self, instruction: &DockerfileInstruction) {
        let words = &instruction.words;
        match instruction.name.as_str() {
            "ARG" => words.iter().for_each(|word| self.argument(word)),
            "FROM" => self.from(words),
            "COPY" => instruction.flag("from").iter().for_each(|source| self.source(source, true)),
            "ADD" => self.add(words),
            "RUN" => {
                let options = instruction.flag("mount").into_iter().flat_map(|options| options.split(','));
                options.filter_map(|option| option.after("from=")).for_each(|source| self.source(&source, true));
            }
            _ => {}
        }
    }

    fn argument(&mut self, word: &Word) {
        let (name, default) = word.text.split_once('=').map_or((word.text.as_str(), None), |(n, d)| (n, Some(d)));
        self.found.declared.insert(name.to_owned());
        if self.stages.is_empty() {
            let default = default.and_then(|text| expand(text, &self.values));
            if let Some(value) = self.arguments.get(name).cloned().or(default) {
                self.values.insert(name.to_owned(), value);
            }
        }
    }

    fn from(&mut self, words: &[Word]) {
        let mut words = words.iter().filter(|word| !word.text.starts_with("--"));
        let Some(source) = words.next() else { return };
        self.source(source, false);
        let named = words.next().filter(|word| word.text.eq_ignore_ascii_case("as")).and_then(|_| words.next());
        self.stages.push(named.map(|name| name.text.to_ascii_lowercase()).unwrap_or_default());
    }

    fn source(&mut self, word: &Word, numbers: bool) {
        let Some(text) = expand(&word.text, &self.values) else {
            return self.foreign(word, format!("`{}` has no value in this build", word.text));
        };
        let stage = self.stages.contains(&text.to_ascii_lowercase())
            || (numbers && text.parse::<usize>().is_ok_and(|number| number < self.stages.len()));
        if text != "scratch" && !stage && !self.given.images.contains(&text) {
            self.foreign(word, format!("`{text}` is not an image of the plan: {}", self.given.remedy));
        }
    }

    fn add(&mut self, words: &[Word]) {
        let sources = words.iter().filter(|word| !word.text.starts_with("--"));
        for word in sources {
            let text = word.text.trim_start_matches('[').trim_matches(['"', ',']);
            if text.contains("://") || text.starts_with("git@") || text.contains('$') {
                self.foreign(word, format!("`ADD {text}` may fetch: expected a path, or `COPY`"));
            }
        }
    }

    fn foreign(&mut self, word: &Word, says: String) {
        let (line, column) = word.place();
        self.found.foreign.push(Foreign { line, column, says });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ARG GO=golang:1.26\nARG OS=bookworm\nFROM $GO AS Build\nARG VERSION=1\nCOPY . .\nFROM scratch AS runtime\nCOPY --from=build /a /a\nCOPY --from=0 /b /b\n";

    fn read(text: &str) -> Vec<String> {
        let arguments = BTreeMap::from([("GO".to_owned(), "sha256:1".to_owned())]);
        let given = Given { images: ["sha256:1".to_owned()].into(), ..Given::default() };
        let found = sources(text, &arguments, &given).foreign;
        found.into_iter().map(|f| format!("{}:{}: {}", f.line, f.column, f.says)).collect()
    }

    #[test]
    fn stages_and_given_images_are_no_strangers() {
        assert_eq!(read(TEXT), Vec::<String>::new());
        let declared = sources(TEXT, &BTreeMap::new(), &Given::default()).declared;
        assert_eq!(declared.into_iter().collect::<Vec<_>>(), ["GO", "OS", "VERSION"]);
    }

    #[test]
    fn what_would_be_fetched_is_named() {
        let cases = [
            ("FROM scratch AS", "FROM debian:$OS AS", "6:6: `debian:bookworm` is not an image of the plan"),
            ("FROM $GO AS", "FROM ${BASE} AS", "3:6: `${BASE}` has no value in this build"),
            ("--from=0", "--from=2", "8:13: `2` is not an image of the plan"),
            ("--from=build", "--from=busybox:1", "7:13: `busybox:1` is not an image"),
            ("COPY . .", "ADD https://example.com/x /x", "5:5: `ADD https://example.com/x` may fetch"),
            ("COPY . .", "RUN --mount=type=bind,from=tools:2,target=/t true", "5:28: `tools:2` is not an image"),
            ("COPY . .", "CO\\\nPY --from=busybox:1 /a /b", "6:11: `busybox:1` is not an image"),
            ("COPY . .", "ADD $FILE /x", "5:5: `ADD $FILE` may fetch"),
        ];
        for (from, to, expected) in cases {
            let found = read(&TEXT.replacen(from, to, 1));
            assert!(found.first().is_some_and(|first| first.starts_with(expected)), "{found:?}, expected {expected}");
        }
        let arguments = BTreeMap::new();
        assert_eq!(
            sources(TEXT, &arguments, &Given::default()).foreign.len(),
            1,
            "the default is not an image of the plan"
        );
    }
}

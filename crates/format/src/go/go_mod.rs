//! `go.mod` and `go.sum`: which modules, in which versions, a source is built from.
//!
//! Source: Go Modules Reference, "go.mod files" and "go.sum files". Since Go 1.17 `go.mod` lists every module that the build
//! needs; what is in `go.sum` alone, with the checksum of its content and not only of its `go.mod`, may still be used by a test.

use std::collections::BTreeMap;

use rcrepro_model::advisory::go_version::GoVersion;

/// What a `go.mod` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GoMod {
    /// The required modules with the versions that are used, replacements done; none where a folder replaces it.
    pub required: BTreeMap<String, Option<GoVersion>>,
    /// The toolchain, else the least version of Go.
    pub go: Option<GoVersion>,
}

/// Reads a `go.mod`.
#[must_use]
pub fn decode(text: &str) -> GoMod {
    let mut found = GoMod::default();
    let mut replaced: Vec<(String, Option<String>, Vec<String>)> = Vec::new();
    let (mut least, mut toolchain) = (None, None);
    let mut block: Option<String> = None;
    for line in text.lines() {
        let code = line.split("//").next().unwrap_or_default();
        let mut words: Vec<String> =
            code.split_whitespace().map(|word| word.trim_matches(['"', '`']).to_owned()).collect();
        match &block {
            Some(_) if words.first().is_some_and(|word| word == ")") => {
                block = None;
                continue;
            }
            Some(directive) if !words.is_empty() => words.insert(0, directive.clone()),
            _ => {}
        }
        let directive = words.first().cloned().unwrap_or_default();
        match (directive.as_str(), &words[words.len().min(1)..]) {
            (word, [open]) if open == "(" => block = Some(word.to_owned()),
            ("go", [version]) => least = version.parse().ok(),
            ("toolchain", [version]) => toolchain = version.parse().ok(),
            ("require", [module, version]) => drop(found.required.insert(module.clone(), version.parse().ok())),
            ("replace", rest) => {
                let Some(arrow) = rest.iter().position(|word| word == "=>") else { continue };
                let Some(module) = rest.first() else { continue };
                let only = rest[1..arrow].first().cloned();
                replaced.push((module.clone(), only, rest[arrow + 1..].to_vec()));
            }
            _ => {}
        }
    }
    for (module, only, by) in replaced {
        let used = found.required.get(&module).cloned().flatten();
        let meant = only.is_none_or(|only| only.parse::<GoVersion>().ok() == used);
        if !found.required.contains_key(&module) || !meant {
            continue;
        }
        match &by[..] {
            [other, version] => {
                found.required.remove(&module);
                found.required.insert(other.clone(), version.parse().ok());
            }
            // A folder stands for it: whose version nobody knows.
            _ => drop(found.required.insert(module, None)),
        }
    }
    found.go = toolchain.or(least);
    found
}

/// Reads a `go.sum`: each module whose content has a checksum, in its highest version.
#[must_use]
pub fn sums(text: &str) -> BTreeMap<String, GoVersion> {
    let mut found: BTreeMap<String, GoVersion> = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(module), Some(version)) = (words.next(), words.next()) else { continue };
        // `v1.2.3/go.mod` is the checksum of the file alone.
        let Ok(version) = version.parse::<GoVersion>() else { continue };
        if found.get(module).is_none_or(|known| *known < version) {
            found.insert(module.to_owned(), version);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_with_their_replacements() {
        let text = "module example.com/m\n\ngo 1.26.0\ntoolchain go1.26.8 // pinned\n\nrequire single.example/a v1.0.0\n\
                    require (\n\tblock.example/b v1.2.3 // indirect\n\t\"block.example/c\" v0.0.0-20200101000000-abcdef012345\n\
                    \tblock.example/d v1.0.0\n)\nreplace block.example/b => other.example/b v1.2.4\n\
                    replace (\n\tblock.example/c => ./local\n\tblock.example/d v9.9.9 => other.example/d v1.0.0\n)\n\
                    exclude block.example/x v1.0.0\n";
        let found = decode(text);
        let version = |text: &str| text.parse::<GoVersion>().ok();
        let expected: BTreeMap<String, Option<GoVersion>> = [
            ("single.example/a".to_owned(), version("v1.0.0")),
            ("other.example/b".to_owned(), version("v1.2.4")),
            ("block.example/c".to_owned(), None),
            ("block.example/d".to_owned(), version("v1.0.0")),
        ]
        .into();
        assert_eq!(found.required, expected);
        assert_eq!(found.go, version("1.26.8"));
        assert_eq!(decode("module m\ngo 1.25\n").go, version("1.25"));
        assert_eq!(decode(""), GoMod::default());
    }

    #[test]
    fn sums_give_what_has_content() {
        let text = "a.example/a v1.0.0 h1:x=\na.example/a v1.2.0 h1:x=\na.example/a v1.1.0 h1:x=\n\
                    b.example/b v1.0.0/go.mod h1:x=\n";
        let found = sums(text);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["a.example/a"]);
        assert_eq!(found["a.example/a"].to_string(), "1.2.0");
    }
}

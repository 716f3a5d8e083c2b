//! An edit of `images/NAME.toml` that keeps everything else as people wrote it: order, white space, comments.

use toml_edit::{Array, DocumentMut, Item, Value};

use crate::syntax::toml_place::TomlError;

/// The place of a version in a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionPlace<'a> {
    /// `version` of `[npm.PACKAGE]`.
    Npm {
        /// The package's name.
        package: &'a str,
    },
    /// `version` of `[program]`.
    Program,
    /// `toolchain` of `[go]`.
    Go,
}

impl VersionPlace<'_> {
    fn find<'a>(&self, document: &'a mut DocumentMut) -> Option<&'a mut Value> {
        let (table, key) = match self {
            Self::Npm { package } => (existing(document.get_mut("npm")?, package)?, "version"),
            Self::Program => (document.get_mut("program")?, "version"),
            Self::Go => (document.get_mut("go")?, "toolchain"),
        };
        existing(table, key)?.as_value_mut()
    }
}

/// Looks a key up; [`Item::get_mut`] would make an entry for one that is missing.
fn existing<'a>(table: &'a mut Item, key: &str) -> Option<&'a mut Item> {
    table.as_table_like_mut()?.get_mut(key)
}

/// Puts a version in the place of another. The linker flags of a program that hold its version follow it.
///
/// # Errors
/// [`TomlError`] when the text is not TOML.
pub fn set_version(text: &str, place: VersionPlace<'_>, from: &str, to: &str) -> Result<String, TomlError> {
    let parsed: Result<DocumentMut, _> = text.parse();
    let mut document = parsed.map_err(|error| TomlError::at(text, error.span().unwrap_or(0..0), error.message()))?;
    if let Some(value) = place.find(&mut document) {
        replace(value, to);
    }
    if place == VersionPlace::Program {
        let flags = document.get_mut("program").and_then(|program| existing(program, "ldflags"));
        for flag in flags.and_then(Item::as_array_mut).into_iter().flat_map(Array::iter_mut) {
            let raised = flag.as_str().map(|text| text.replace(bare(from), bare(to)));
            raised.into_iter().for_each(|raised| replace(flag, &raised));
        }
    }
    Ok(document.to_string())
}

/// Returns a version without the `v` that Go writes before it.
#[must_use]
pub fn bare(version: &str) -> &str {
    version.strip_prefix('v').unwrap_or(version)
}

/// Puts a text in the place of another, with what surrounds it: white space and comments.
fn replace(value: &mut Value, text: &str) {
    let around = value.decor().clone();
    *value = text.into();
    *value.decor_mut() = around;
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Why.\n[go]\ntoolchain = \"1.26.8\" # the pin\n[npm.other]\nversion = \"1.9.0\"\n\
        [npm.thing]\nversion = \"1.9.0\"\n[program]\nversion = \"v2.1.0\"\nldflags = [\"-X=main.Version=2.1.0\"]\n";

    #[test]
    fn nothing_but_the_version_changes() {
        let set = |place, from, to| set_version(TEXT, place, from, to).expect("TOML");
        assert_eq!(set(VersionPlace::Go, "1.26.8", "1.26.11"), TEXT.replace("1.26.8", "1.26.11"));
        assert_eq!(set(VersionPlace::Program, "v2.1.0", "v2.3.0"), TEXT.replace("2.1.0", "2.3.0"));
        let thing = |version: &str| format!("[npm.thing]\nversion = \"{version}\"");
        let raised = set(VersionPlace::Npm { package: "thing" }, "1.9.0", "1.10.2");
        assert_eq!(raised, TEXT.replace(&thing("1.9.0"), &thing("1.10.2")));
        assert_eq!(set(VersionPlace::Npm { package: "none" }, "1.9.0", "1.10.2"), TEXT);
        assert_eq!(set_version("a = \n", VersionPlace::Go, "1", "2").expect_err("not TOML").line, 1);
    }
}

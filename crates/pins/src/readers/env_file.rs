//! `.env` files: versions and images in their variables, and what they say to the compose file beside them.
//!
//! Source: Compose Specification, "Interpolation": `NAME=value`, `export` allowed, quotes dropped, `#` after a space.

use std::collections::BTreeMap;

use crate::image;
use crate::reference::{Mention, SourceKind};
use crate::syntax::arguments;

/// Whether a file is one by its name; `.env.example` and its like are, too.
#[must_use]
pub fn is_one(name: &str) -> bool {
    name == ".env" || name.starts_with(".env.") || name.ends_with(".env")
}

/// Returns the variables of the one file that compose reads by itself.
#[must_use]
pub fn variables(path: &str, text: &str) -> Option<BTreeMap<String, String>> {
    let is_read = path.rsplit('/').next() == Some(".env");
    is_read.then(|| assignments(text).map(|found| (found.name.to_owned(), found.value.to_owned())).collect())
}

/// Finds the versions, and the images in variables that are named after one.
#[must_use]
pub fn mentions(text: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    for Assignment { name, value, place } in assignments(text) {
        let is_image = name.to_ascii_uppercase().split('_').any(|word| word == "IMAGE");
        let looks = value.contains([':', '@']) && !value.contains(['$', ' ']) && !value.contains("://");
        if is_image && looks {
            // What cannot be a reference is a picture or a flag.
            let mentions = image::mentions(place, SourceKind::Text, value).into_iter();
            found.extend(mentions.filter(|mention| mention.unclear.is_none()));
        } else {
            found.extend(arguments::of(name, value, place, SourceKind::Text, true));
        }
    }
    found
}

struct Assignment<'a> {
    name: &'a str,
    value: &'a str,
    place: (usize, usize),
}

fn assignments(text: &str) -> impl Iterator<Item = Assignment<'_>> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (name, value) = line.split_once('=')?;
        let name = name.trim().strip_prefix("export ").unwrap_or(name.trim()).trim();
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = value.trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
            _ => value.split(" #").next().unwrap_or_default().trim(),
        };
        let offset = value.as_ptr() as usize - line.as_ptr() as usize;
        let column = line.get(..offset).unwrap_or_default().chars().count() + 1;
        (is_name && !value.is_empty()).then_some(Assignment { name, value, place: (number, column) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::ReferencedTool;

    #[test]
    fn versions_and_images_are_found_and_ports_are_not() {
        let text = "# ours\nGO_VERSION=1.26.8\nexport NODE_VERSION='20.1.0' # x\nDB_IMAGE=\"postgres:16\"\nBUILD_IMAGE=golang:1.26\n\
                    NODE_URL=http://node:3000\nHERO_IMAGE=a.png\nIMAGE=$OTHER\nPORT=3000\n";
        let found: Vec<_> = mentions(text).into_iter().map(|m| (m.line, m.column, m.tool, m.value)).collect();
        let expected = [
            (2, 12, ReferencedTool::Go, "1.26.8"),
            (3, 22, ReferencedTool::Node, "20.1.0"),
            (4, 11, ReferencedTool::Image, "postgres:16"),
            (5, 13, ReferencedTool::Image, "golang:1.26"),
            (5, 13, ReferencedTool::Go, "1.26"),
        ];
        assert_eq!(found, expected.map(|(line, column, tool, value)| (line, column, tool, value.to_owned())));
    }

    #[test]
    fn compose_reads_one_file_and_no_example() {
        assert_eq!(variables("a/.env", "A=1\n#B=2\n").expect("variables")["A"], "1");
        assert!(variables("a/.env.example", "A=1").is_none() && variables("prod.env", "A=1").is_none());
        assert!(is_one(".env.example") && is_one("prod.env") && !is_one("environment"));
    }
}

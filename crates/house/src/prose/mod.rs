//! Prose: sentences that read as if they were translated, and doc comments that say nothing.

pub mod echoes;
mod patterns;
mod rust;
mod text;
mod words;

use std::collections::BTreeMap;

use crate::check::Figure;
use crate::error::HouseError;
use crate::settings::HouseRules;
use crate::sources::Repository;
use patterns::Patterns;
use text::Text;

/// The area of everything in Markdown.
const DOCS: &str = "docs";

/// One figure per area: the documents, and the doc comments and string literals of each package.
///
/// # Errors
/// A pattern that does not compile.
pub fn checks(sources: &Repository, settings: &HouseRules) -> Result<Vec<Figure>, HouseError> {
    let patterns = Patterns::compile(&settings.patterns)?;
    let mut areas: BTreeMap<String, Vec<String>> = BTreeMap::from([(DOCS.to_owned(), Vec::new())]);
    for document in &sources.documents {
        let found = places(&document.path, &[text::of_markdown(&document.text, 1)], &patterns, settings);
        areas.entry(DOCS.to_owned()).or_default().extend(found);
    }
    for file in &sources.rust {
        let found = places(&file.path, &rust::texts(&file.syntax), &patterns, settings);
        areas.entry(file.package.clone()).or_default().extend(found);
    }
    Ok(areas.into_iter().map(|(area, places)| check("prose", &area, places, &settings.ratchets.prose)).collect())
}

/// The check of one area, whose limit is 0 where the ratchets do not name it.
fn check(kind: &str, area: &str, places: Vec<String>, ratchets: &BTreeMap<String, usize>) -> Figure {
    let limit = ratchets.get(area).copied().unwrap_or_default();
    Figure { name: format!("{kind}: {area}"), figure: places.len(), limit, goal: 0, places }
}

fn places(path: &str, texts: &[Text], patterns: &Patterns<'_>, settings: &HouseRules) -> Vec<String> {
    let hits = texts.iter().flat_map(|text| patterns.find(text));
    let wanted = hits.filter(|hit| !settings.prose.iter().any(|right| hit.sentence.contains(&right.name)));
    wanted.map(|hit| format!("{path}:{} [{}] {}", hit.line, hit.pattern, hit.sentence)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Exception, Phrase};
    use crate::sources::{Markdown, samples};

    #[test]
    fn a_sentence_goes_red_in_documents_comments_and_literals() {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.prose.clear();
        settings.patterns = vec![Phrase {
            name: "foo".into(),
            regex: "foo bar".into(),
            except: None,
            instead: "baz".into(),
            doc_comments: false,
            bad: Vec::new(),
            good: Vec::new(),
        }];
        let sentence = "Says foo bar.".to_owned();
        let code = format!("/// {sentence}\nfn f() {{ p!(\"{sentence}\") }} // {sentence}");
        let mut sources = samples::rust(&[("src/a.rs", &code)]);
        sources.documents = vec![Markdown { path: "README.md".into(), text: format!("# A\n\n{sentence}\n") }];
        let figures = |settings: &HouseRules| -> Vec<(String, usize, bool)> {
            let checks = checks(&sources, settings).unwrap().into_iter();
            checks.map(|check| (check.name.clone(), check.figure, check.holds())).collect()
        };
        assert_eq!(figures(&settings), [("prose: docs".into(), 1, false), ("prose: sample".into(), 2, false)]);
        settings.prose.push(Exception { name: sentence, reason: String::new() });
        assert_eq!(figures(&settings), [("prose: docs".into(), 0, true), ("prose: sample".into(), 0, true)]);
    }
}

//! The patterns of `house.toml`, compiled.

use std::ops::Range;

use regex::Regex;

use super::text::Text;
use crate::error::HouseError;
use crate::settings::Phrase;

/// Every pattern, ready to search.
pub(super) struct Patterns<'a>(Vec<Compiled<'a>>);

struct Compiled<'a> {
    pattern: &'a Phrase,
    regex: Regex,
    except: Option<Regex>,
}

/// A sentence that a pattern finds.
pub(super) struct Hit<'a> {
    pub(super) pattern: &'a str,
    pub(super) line: usize,
    pub(super) sentence: String,
}

impl<'a> Patterns<'a> {
    pub(super) fn compile(patterns: &'a [Phrase]) -> Result<Self, HouseError> {
        let compiled = patterns.iter().map(|pattern| {
            let regex = |text: &str| {
                Regex::new(&format!("(?i){}", text.replace(' ', r"\s+")))
                    .map_err(|source| HouseError::Phrase { name: pattern.name.clone(), source })
            };
            let except = pattern.except.as_deref().map(regex).transpose()?;
            Ok(Compiled { pattern, regex: regex(&pattern.regex)?, except })
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// Every place in `text` that should be written otherwise.
    pub(super) fn find(&self, text: &Text) -> Vec<Hit<'a>> {
        let patterns = self.0.iter().filter(|compiled| text.is_doc_comment || !compiled.pattern.doc_comments);
        let hits = patterns.flat_map(|compiled| {
            compiled.ranges(&text.prose).into_iter().map(|range| Hit {
                pattern: &compiled.pattern.name,
                line: text.line_at(range.start),
                sentence: text.sentence_at(range.start),
            })
        });
        hits.collect()
    }
}

impl Compiled<'_> {
    fn ranges(&self, prose: &str) -> Vec<Range<usize>> {
        let hits = self.regex.find_iter(prose).map(|hit| hit.range());
        let Some(except) = &self.except else { return hits.collect() };
        let right: Vec<Range<usize>> = except.find_iter(prose).map(|hit| hit.range()).collect();
        hits.filter(|hit| !right.iter().any(|right| right.start < hit.end && hit.start < right.end)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::HouseRules;

    #[test]
    fn each_pattern_finds_its_bad_sentences_and_leaves_the_good_ones() {
        let settings = HouseRules::committed().unwrap();
        let patterns = Patterns::compile(&settings.patterns).unwrap();
        for compiled in &patterns.0 {
            let Phrase { name, bad, good, .. } = compiled.pattern;
            assert!(!bad.is_empty(), "{name} has no sentence that goes red");
            for sentence in bad {
                assert!(!compiled.ranges(sentence).is_empty(), "{name} does not find: {sentence}");
            }
            for sentence in good.iter().chain([&compiled.pattern.instead]) {
                assert!(compiled.ranges(sentence).is_empty(), "{name} finds: {sentence}");
            }
        }
    }

    #[test]
    fn a_pattern_of_doc_comments_leaves_literals_alone() {
        let mut settings = HouseRules::committed().unwrap();
        settings.patterns.retain(|pattern| pattern.doc_comments);
        let patterns = Patterns::compile(&settings.patterns).unwrap();
        let sentence = &settings.patterns[0].bad[0];
        let mut text = Text::plain(sentence, 1);
        assert!(patterns.find(&text).is_empty());
        text.is_doc_comment = true;
        assert_eq!(patterns.find(&text).len(), 1);
    }

    #[test]
    fn an_invalid_pattern_is_an_error() {
        let mut settings = HouseRules::committed().unwrap();
        settings.patterns[0].regex = "(".into();
        let error = Patterns::compile(&settings.patterns).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("invalid pattern `"), "{error}");
    }
}

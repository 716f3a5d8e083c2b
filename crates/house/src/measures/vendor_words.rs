//! Words of a vendor that only one package may write.

use regex::RegexSet;

use crate::check::Figure;
use crate::error::HouseError;
use crate::settings::HouseRules;
use crate::sources::{Repository, RustFile};

/// The number of Rust files outside the owner's folder that hold one of the words, in code, comments or strings.
///
/// # Errors
/// A word that is not a valid regular expression.
pub fn check(sources: &Repository, settings: &HouseRules) -> Result<Figure, HouseError> {
    let words = RegexSet::new(&settings.vendor_words.words)
        .map_err(|source| HouseError::Phrase { name: "vendor-words".into(), source })?;
    let owner = format!("{}/", settings.vendor_words.owner);
    let outside = sources.rust.iter().filter(|file| !file.path.starts_with(&owner));
    let found: Vec<Vec<String>> = outside.map(|file| places(file, &words)).filter(|found| !found.is_empty()).collect();
    Ok(Figure {
        name: "files that name the engine's vendor".into(),
        figure: found.len(),
        limit: settings.ratchets.vendor_words,
        goal: 0,
        places: found.concat(),
    })
}

fn places(file: &RustFile, words: &RegexSet) -> Vec<String> {
    let lines = file.text.lines().enumerate().filter(|(_, line)| words.is_match(line));
    lines.map(|(index, line)| format!("{}:{} {}", file.path, index + 1, line.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;

    #[test]
    fn a_word_outside_its_package_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.vendor_words = 0;
        settings.vendor_words.owner = "crates/ship".into();
        settings.vendor_words.words = vec!["\\bShip[y]ard\\b".into()];
        let inside = ("crates/ship/src/lib.rs", "struct Shipyard;");
        assert!(check(&samples::rust(&[inside]), &settings).unwrap().holds());
        let red = check(&samples::rust(&[inside, ("src/a.rs", "\n// a Shipyard\n")]), &settings).unwrap();
        assert_eq!((red.holds(), &*red.places), (false, &["src/a.rs:2 // a Shipyard".to_owned()][..]));
    }
}

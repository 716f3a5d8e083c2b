//! Words of a vendor that only one package may write.

use crate::check::Check;
use crate::settings::Settings;
use crate::sources::{RustFile, Sources};

/// The number of Rust files outside the owner's folder that hold one of the words, in code, comments or strings.
#[must_use]
pub fn check(sources: &Sources, settings: &Settings) -> Check {
    let owner = format!("{}/", settings.vendor_words.owner);
    let outside = sources.rust.iter().filter(|file| !file.path.starts_with(&owner));
    let found: Vec<Vec<String>> =
        outside.map(|file| places(file, settings)).filter(|found| !found.is_empty()).collect();
    Check {
        name: "files that name the engine's vendor".into(),
        figure: found.len(),
        limit: settings.ratchets.vendor_words,
        goal: 0,
        places: found.concat(),
    }
}

fn places(file: &RustFile, settings: &Settings) -> Vec<String> {
    let words = &settings.vendor_words.words;
    let lines = file.text.lines().enumerate();
    let hits = lines.filter_map(|(index, line)| {
        let word = words.iter().find(|word| line.contains(word.as_str()))?;
        Some(format!("{}:{} {word}", file.path, index + 1))
    });
    hits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;

    #[test]
    fn a_word_outside_its_package_goes_red() {
        let mut settings = Settings::committed().unwrap();
        settings.ratchets.vendor_words = 0;
        settings.vendor_words.owner = "crates/ship".into();
        settings.vendor_words.words = vec!["Shipyard".into()];
        let inside = ("crates/ship/src/lib.rs", "struct Shipyard;");
        assert!(check(&samples::rust(&[inside]), &settings).holds());
        let red = check(&samples::rust(&[inside, ("src/a.rs", "\n// a Shipyard\n")]), &settings);
        assert_eq!((red.holds(), &*red.places), (false, &["src/a.rs:2 Shipyard".to_owned()][..]));
    }
}

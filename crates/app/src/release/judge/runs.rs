//! Judges the runs of an image by itself.

#![warn(clippy::expect_used)]

use crate::release::error::ReleaseError;
use crate::release::step::finding;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::BuiltEntry;
use rcrepro_model::execution::ending::of_exit_code;
use rcrepro_model::plan::expected_output::ExpectedOutput;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_store::{BlobStore, StoreError};

/// The longest text that is shown.
const SHOWN: usize = 200;

/// Finds runs that did not do as the plan says.
pub(super) fn runs(
    name: &Name,
    image: &ReleaseImage,
    entry: &BuiltEntry,
    store: &dyn BlobStore,
    found: &mut Vec<Finding>,
) -> Result<(), ReleaseError> {
    if entry.runs.len() != image.runs.len() {
        let (wanted, is) = (image.runs.len().to_string(), entry.runs.len().to_string());
        found.push(finding(FindingName::ImageFailed, name, "runs", wanted, is));
    }
    for (index, (wanted, run)) in image.runs.iter().zip(&entry.runs).enumerate() {
        let mut differ = |what: &str, wanted: String, is: String| {
            found.push(finding(FindingName::ImageFailed, name, &format!("runs.{index}.{what}"), wanted, is));
        };
        if wanted.arguments != run.arguments {
            differ("arguments", wanted.arguments.join(" "), run.arguments.join(" "));
        }
        let stdout = unmet(&wanted.stdout, run.stdout, store)?;
        if wanted.exit_code != run.exit_code {
            // What ends otherwise writes something else, too: that is one thing.
            let [more, other] = stdout.map(|texts| texts.map(|text| format!(", stdout {text}"))).unwrap_or_default();
            differ("exit-code", of_exit_code(wanted.exit_code) + &more, of_exit_code(run.exit_code) + &other);
        } else if let Some([expected, is]) = stdout {
            differ("stdout", expected, is);
        }
    }
    Ok(())
}

/// Gives what was expected of a standard output, and what there is of it, where it is not as the plan says.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub(in crate::release) fn unmet(
    expected: &ExpectedOutput,
    stdout: Digest,
    store: &dyn BlobStore,
) -> Result<Option<[String; 2]>, StoreError> {
    let texts = match expected {
        ExpectedOutput::Whole(text) if Digest::of(text.as_bytes()) == stdout => return Ok(None),
        ExpectedOutput::Whole(text) => {
            return Ok(Some([shown(text), shown(&String::from_utf8_lossy(&store.get(stdout)?))]));
        }
        ExpectedOutput::Containing(texts) => texts,
    };
    let written = store.get(stdout)?;
    let written = String::from_utf8_lossy(&written);
    let lacking = texts.iter().filter(|text| !written.contains(text.as_str()));
    let lacking: Vec<String> = lacking.map(|text| format!("{text:?}")).collect();
    Ok((!lacking.is_empty()).then(|| [format!("a text with {}", lacking.join(" and ")), shown(&written)]))
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    #[test]
    fn an_output_is_as_expected_whole_or_by_its_parts() {
        let store = MemoryStore::default();
        let unmet = |expected: &ExpectedOutput, written: &[u8]| {
            unmet(expected, store.put(written).expect("stored"), &store).expect("read")
        };
        let whole = ExpectedOutput::Whole("v\u{fffd}\n".to_owned());
        assert_eq!(unmet(&whole, "v\u{fffd}\n".as_bytes()), None);
        assert!(unmet(&whole, b"v\xff\n").is_some(), "it only looks the same");
        let parts = ExpectedOutput::Containing(vec!["v1".to_owned(), "linux".to_owned(), "\n".to_owned()]);
        assert_eq!(unmet(&parts, b"app v1 of 12ab, linux\n"), None);
        let expected = ["a text with \"linux\" and \"\\n\"", "\"app v1\""].map(str::to_owned);
        assert_eq!(unmet(&parts, b"app v1"), Some(expected));
    }
}

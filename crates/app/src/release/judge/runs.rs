//! Judges the runs of an image by itself.

#![warn(clippy::expect_used)]

use crate::release::error::ReleaseError;
use crate::release::step::finding;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::BuiltEntry;
use rcrepro_model::execution::ending::of_exit_code;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_store::BlobStore;

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
        let stdout = match Digest::of(wanted.stdout.as_bytes()) == run.stdout {
            true => None,
            false => Some([shown(wanted.stdout.as_bytes()), shown(&store.get(run.stdout)?)]),
        };
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

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let short: String = text.chars().take(SHOWN).collect();
    format!("{short:?}")
}

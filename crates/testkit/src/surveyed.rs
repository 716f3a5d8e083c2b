//! Image layouts in memory, and what a validation finds in them.

use std::collections::BTreeMap;

use rcrepro_images::oci::validate::Validation;
use rcrepro_images::oci::validate::judge::judge;
use rcrepro_images::oci::validate::survey::{LayoutSurvey, Surveyed, survey_file};

/// The files of a layout by their paths.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Validates a layout.
pub fn check(files: &Files) -> Validation {
    let mut survey = LayoutSurvey::default();
    for (path, bytes) in files {
        let file = survey_file(&mut bytes.as_slice()).expect("bytes in memory");
        survey.things.insert(path.clone(), Surveyed::File(file));
    }
    judge(&survey, None)
}

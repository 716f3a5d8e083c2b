//! gitleaks: several workers find in any order, and its log has a clock and a duration.
//!
//! Shapes from recorded runs of gitleaks 8.30.1. What is found never changes from run to run: sorted, the reports of all
//! runs were equal byte for byte.

mod csv;
mod json;
mod junit;
mod log;
mod sarif;
mod verbose;

pub(super) use csv::NORMALIZER as CSV;
pub(super) use json::NORMALIZER as JSON;
pub(super) use junit::NORMALIZER as JUNIT;
pub(super) use log::NORMALIZER as LOG;
pub(super) use sarif::NORMALIZER as SARIF;
pub(super) use verbose::NORMALIZER as VERBOSE;

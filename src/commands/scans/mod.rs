//! The scanners' data and findings.

pub(crate) mod advisories;
pub(crate) mod findings;

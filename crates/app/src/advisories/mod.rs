//! Advisories of today beside the frozen ones, and what scans found.

pub mod findings;
pub mod modules;
pub mod rescan;
pub mod rescan_record;
pub mod time_split;

//! rcrepro: a hermetic reproduction runner for release plans.
//!
//! Tiers, each importing only tiers above it: [`model`] (pure values), [`format`](mod@format), [`normalize`], [`proof`],
//! [`scans`], [`explain`], [`documents`] and [`pins`] (bytes, and nothing but bytes), [`store`] and [`engine`] (ports and their
//! adapters). See `docs/design/` for the words, the
//! hashes and the borders.

pub mod app;
pub mod cli;
pub mod documents;
pub mod engine;
pub mod explain;
pub mod format;
pub mod model;
pub mod normalize;
pub mod oci;
pub mod packages;
pub mod pins;
pub mod proof;
pub mod registry;
pub mod report;
pub mod scans;
pub mod store;

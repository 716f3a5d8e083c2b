//! What images are made of: layouts (`oci`), registries, and the packages of distributions and languages.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "it opens what it has just fetched or made")]

pub mod oci;
pub mod packages;
pub mod registry;

//! What images are made of: layouts (`oci`), registries, and the packages of distributions and languages.

pub mod oci;
pub mod packages;
pub mod registry;

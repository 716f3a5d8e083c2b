//! Definitions, locks and bills of materials of images, and the documents of OCI.

pub mod bom_id;
pub mod cyclonedx_json;
pub mod image_edit;
pub mod image_settings;
pub mod image_toml;
pub mod lock_toml;
pub mod oci_document;
pub mod oci_json;
pub mod pulled_toml;
pub mod spdx_found;
pub mod spdx_json;

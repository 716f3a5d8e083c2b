//! The records of rcrepro, each with its one byte form.

pub mod gates_json;
pub mod inspection_json;
pub mod manifest_json;
pub mod release_json;
pub mod run_record_json;
pub mod scope_json;
pub mod suppressions_json;

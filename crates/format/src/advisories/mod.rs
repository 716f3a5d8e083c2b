//! Advisory data as its publishers write it.

pub mod cassette_json;
pub mod osv_json;
pub mod vulndb_json;

//! in-toto statements and the DSSE envelopes that carry them.

pub mod dsse_json;
pub mod statement_json;

//! Keys of people who sign, as PEM files that OpenSSL and others read, and DSSE's signatures by them.
//!
//! Nothing here knows what is signed: bytes go in, and it is said whose word they are.

pub mod algorithm;
pub mod dsse;
pub mod error;
pub mod private_key;
pub mod public_key;
pub mod secret_text;

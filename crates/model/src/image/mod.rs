//! Container images: what they are made of, and what makes two of them the same.

pub mod bom;
pub mod changes;
pub mod composition;
pub mod definition;
pub mod fingerprint;
pub mod identity;
pub mod layer;
pub mod lock;
pub mod pulled;
pub mod purl;
pub mod reference;

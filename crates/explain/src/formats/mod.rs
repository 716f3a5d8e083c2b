//! Files by their format.

pub(crate) mod ar;
pub(crate) mod binary;
pub(crate) mod compressed;
pub(crate) mod elf;
pub(crate) mod image;
pub(crate) mod json;
pub(crate) mod members;
pub(crate) mod pyc;
pub(crate) mod tar;
pub(crate) mod zip;

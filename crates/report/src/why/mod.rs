//! What `rcrepro why` says.

pub mod html;
pub mod json;
pub mod text;

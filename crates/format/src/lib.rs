//! Tier 1: bytes ↔ model. Pure: nothing here reads a file, a clock or the environment.

#![warn(clippy::expect_used)]

pub mod advisories;
pub mod go;
pub mod images;
pub mod plan;
pub mod records;
pub mod syntax;

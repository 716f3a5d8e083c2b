//! Tier 1: every reference to a toolchain version and to a container image in a tracked tree, and how each stands to the
//! plan's pins. Pure: files come in as paths and bytes.
//!
//! One file per kind of source, each a function from text to [`Mention`](reference::Mention)s; [`sweep`] goes over any text
//! for what they did not find; [`survey`] joins them; [`judge`] compares with the pins and makes findings. See
//! `docs/guide/pins.md` for what is read and what is not.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_model as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

pub mod above;
pub mod class;
pub mod dockerfile;
pub mod documents;
pub mod image;
pub mod judge;
pub mod keys;
pub mod readers;
pub mod reference;
pub mod rows;
pub mod survey;
pub mod sweep;
pub mod syntax;
pub mod wanted;

//! Runs real programs of this machine under `rcrepro-init`, and fails when one of them sees what it should not, or is
//! stopped from what it may do. A tool that is missing fails its test and names the Debian package that brings it.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod archives;
mod attempts;
mod blinding;
mod clock;
mod corpus;
mod cost;
mod deadlines;
mod directories;
mod files;
mod gate;
mod held;
mod processors;
mod supervision;
mod support;
mod tracing;

//! Tests against the real engine. They fail, and do not skip, when no engine answers.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod archives;
mod attempts;
mod bench;
mod blinding;
mod cleanup;
mod connecting;
mod endings;
mod file_store;
mod images;
mod inputs;
mod isolation;
mod outputs;
mod podman;
mod proxy;
mod scene;
mod streams;
mod traps;

//! Tests against the real engine. They fail, and do not skip, when no engine answers.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

#[path = "../support/busybox.rs"]
mod busybox;
#[path = "../support/file_store.rs"]
mod file_store;
#[path = "../support/blinding.rs"]
mod programs;
#[path = "../support/proxy.rs"]
mod proxy;
#[path = "../support/second_daemon.rs"]
mod second_daemon;

mod attempts;
mod bench;
mod blinding;
mod cleanup;
mod connecting;
mod endings;
mod images;
mod inputs;
mod isolation;
mod outputs;
mod podman;
mod scene;
mod streams;
mod traps;
mod validate;

//! Tests against the real engine. They fail, and do not skip, when no engine answers.

#[path = "../support/busybox.rs"]
mod busybox;
#[path = "../support/file_store.rs"]
mod file_store;

mod bench;
mod endings;
mod isolation;
mod scene;
mod streams;

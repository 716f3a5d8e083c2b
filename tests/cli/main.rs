//! The program as a user runs it: against a real engine and a real git repository, with a sealed environment.

#[path = "../support/second_daemon.rs"]
mod second_daemon;

mod deaths;
mod determinism;
mod locks;
mod plans;
mod replay;
mod run;
mod scene;
mod tamper;

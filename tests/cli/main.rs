//! The program as a user runs it: against a real engine and a real git repository, with a sealed environment.

#[path = "../registry/debian.rs"]
#[expect(dead_code, reason = "signing in and TLS are for the tests of registries")]
mod debian;
#[path = "../support/second_daemon.rs"]
mod second_daemon;

mod deaths;
mod determinism;
mod flakes;
mod hollow;
mod hollow_tools;
mod locks;
mod plans;
mod pulls;
mod replay;
mod run;
mod scene;
mod shake;
mod tamper;
mod why;

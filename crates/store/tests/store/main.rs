//! The store, from outside: what every store must do, what crashes and other processes may not do to it, and the ways in
//! and out.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod archive;
mod conformance;
mod crosscheck;
mod damage;
mod dir;
mod export;
mod git;
mod nasty;
mod processes;
mod runs;
mod scratch;
mod shallow;
mod speed;

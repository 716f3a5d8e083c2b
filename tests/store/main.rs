//! The store, from outside: what every store must do, what crashes and other processes may not do to it, and the ways in
//! and out.

mod archive;
mod conformance;
mod damage;
mod dir;
mod export;
mod git;
mod nasty;
mod processes;
mod runs;
mod scratch;
mod speed;

//! The store, from outside: what every store must do, what crashes and other processes may not do to it, and the ways in
//! and out.

mod conformance;
mod dir;
mod git;
mod nasty;
mod processes;

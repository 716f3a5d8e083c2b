//! The program as a user runs it: against a real engine and a real git repository, with a sealed environment.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod advisories;
mod board;
mod build_cache;
mod committed;
mod deaths;
mod determinism;
mod documents;
mod findings;
mod fitted;
mod flakes;
mod history;
mod hollow;
mod hollow_tools;
mod hostile;
mod line_ends;
mod locks;
mod manners;
mod mutants;
mod one_scale;
mod overhead;
mod pins;
mod pins_speed;
mod plans;
mod promised;
mod promises;
mod propose;
mod pulls;
mod quiet;
mod releases;
mod replay;
mod repository;
mod run;
mod scene;
mod scope;
mod second_look;
mod sections;
mod shake;
mod source;
mod storage;
mod suppressions;
mod tamper;
mod today;
mod unreadable;
mod why;

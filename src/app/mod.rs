//! Tier 3: one use case a file.

pub mod actions;
pub mod config;
pub mod doctor;
pub mod documents;
pub mod evidence;
pub mod execute;
pub mod files;
pub mod frozen;
pub mod host_network;
pub mod image;
pub mod images;
pub mod latest;
pub mod prepare;
pub mod record;
pub mod replay;
pub mod run;
pub mod scope;
pub mod session;
pub mod shake;
pub mod verify;
pub mod why;
pub mod workspace;

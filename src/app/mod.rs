//! Tier 3: one use case a file.

pub mod actions;
pub mod approve;
pub mod config;
pub mod currency;
pub mod doctor;
pub mod evidence;
pub mod execute;
pub mod files;
pub mod frozen;
pub mod host_network;
pub mod image;
pub mod images;
pub mod latest;
pub mod pins;
pub mod prepare;
pub mod quiet;
pub mod proving;
pub mod record;
pub mod replay;
pub mod run;
pub mod session;
pub mod shake;
pub mod status;
pub mod verify;
pub mod why;
pub mod workspace;

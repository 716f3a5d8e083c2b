//! This machine: its engine, its network, its configuration.

pub(crate) mod access;
pub(crate) mod build_secrets;
pub mod config;
pub mod doctor;
pub(crate) mod host_network;
pub mod session;
pub mod unix_time;

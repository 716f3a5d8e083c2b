//! The files that people write: the plan, the user configuration, and locks of frozen inputs.

pub mod config_toml;
pub mod frozen_toml;
pub mod plan_edit;
pub mod plan_toml;
pub mod proposal_toml;

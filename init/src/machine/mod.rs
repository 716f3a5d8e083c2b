//! What programs would see of the machine: its processors, and the order of its directories.

pub mod directories;
pub mod processors;

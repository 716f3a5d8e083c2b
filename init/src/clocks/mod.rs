//! The clocks that a command sees beside those that new programs read by themselves.

pub mod at_once;
pub mod by_call;
pub mod file_times;
pub mod waiting;
pub mod wall;

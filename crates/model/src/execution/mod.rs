//! One execution of a command: what goes in, what it sees, how it ends.

pub mod action;
pub mod attempt;
pub mod capabilities;
pub mod derive;
pub mod ending;
pub mod event;
pub mod fault;
pub mod kept;
pub mod limits;
pub mod second_look;
pub mod world;

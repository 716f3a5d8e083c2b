//! Deliberately different worlds: what is varied, how a command is put into such a world, and which variation changed what.
//!
//! All of it is pure. [`variation`] names what can be varied and chooses worlds from a seed, [`vary`] derives a command's
//! action and world from its plain ones, [`bisect`] finds the smallest set of variations that is responsible, and
//! [`inquiry`] says, from everything seen so far, what has to be run next or what was found. `app/shake` only runs.

pub mod bisect;
pub mod inquiry;
pub mod observation;
pub mod proposal;
pub mod propose;
pub mod shaken;
pub mod table;
pub mod variation;
pub mod vary;

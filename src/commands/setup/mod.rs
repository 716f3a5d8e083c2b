//! What prepares a run, and says what is missing for it.

pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod lock;

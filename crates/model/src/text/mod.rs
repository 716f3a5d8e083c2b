//! Values as people write and read them.

pub mod address;
pub mod amount;
pub mod causes;
pub mod civil_date;
pub mod hint;
pub mod plural;
pub mod printable;
pub mod unknown;

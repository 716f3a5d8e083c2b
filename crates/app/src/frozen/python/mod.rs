//! What pip and uv need frozen: the wheels that requirement files ask for.

pub(crate) mod requirements;
mod wheels;
#[cfg(test)]
mod wheels_tests;

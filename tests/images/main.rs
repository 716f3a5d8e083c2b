//! Images from locks: the same bytes everywhere, and nothing that the lock does not say.

mod bench;
mod committed;
mod determinism;
mod fetching;
mod fixture;
mod hostile;
mod layers;
mod layout;
mod sbom;
mod tamper;
mod validate;
mod validate_layers;

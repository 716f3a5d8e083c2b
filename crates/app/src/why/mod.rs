//! `rcrepro why`: every difference of two manifests, with its class, its cause and what would remove it.

use self::error::WhyError;
use rcrepro_model::evidence::compare::compare;
use rcrepro_model::why::{Side, Why};
use rcrepro_store::BlobStore;

mod blob;
pub mod diffoscope;
pub mod error;
mod images;
mod inputs;
mod layers;
mod parts;
pub(crate) mod records;
pub mod target;
mod tree;

/// Explains every difference of two sides.
///
/// # Errors
/// [`WhyError`]; a missing blob is not an error, but part of the answer.
pub fn why(sides: [Side; 2], store: &dyn BlobStore) -> Result<Why, WhyError> {
    let [left, right] = [&sides[0].manifest, &sides[1].manifest];
    if left.packet != right.packet {
        return Err(WhyError::Packets { left: left.packet.clone(), right: right.packet.clone() });
    }
    let comparison = compare(left, right);
    let mut missing = Vec::new();
    let inputs = inputs::explain(left, right, store, &mut missing)?;
    let (endings, parts) = parts::explain(left, right, &comparison, store, &mut missing)?;
    let images = records::explained(&sides, store, &mut missing)?;
    missing.dedup();
    let (packet, counts) = (left.packet.clone(), comparison.part_counts());
    Ok(Why { packet, sides, inputs, endings, parts, images, counts, missing })
}

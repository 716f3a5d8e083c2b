//! The order in which the images of a folder can be locked.

use crate::toolchain::ImageError;
use crate::toolchain::folder::ImageFolder;
use rcrepro_model::image::definition::{DefinitionError, ImageName};

/// Gives the images in an order in which each can be locked: what one is composed of comes before it.
///
/// # Errors
/// Whatever reading the definitions gives.
pub fn order(folder: &ImageFolder) -> Result<Vec<ImageName>, ImageError> {
    let mut order = Vec::new();
    for name in folder.names()? {
        visit(folder, &name, &mut order, 0)?;
    }
    Ok(order)
}

fn visit(folder: &ImageFolder, name: &ImageName, order: &mut Vec<ImageName>, depth: usize) -> Result<(), ImageError> {
    // A program compiled in an image that it is part of would never end.
    if depth > 32 {
        return Err(DefinitionError::Circle { name: name.clone() }.into());
    }
    for part in folder.compose(name)?.parts {
        if let Some(program) = &part.layer.program {
            visit(folder, &program.image, order, depth + 1)?;
        }
        if !order.contains(&part.name) {
            order.push(part.name);
        }
    }
    Ok(())
}

//! The images that a plan pulls, read from and written into its text. The text is taken as TOML only, because one in which a
//! reference has no digest is not yet a plan.

use toml_edit::{DocumentMut, Item};

use rcrepro_model::content::name::Name;
use rcrepro_model::image::reference::ImageReference;

/// Why the pulled images of a plan cannot be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanEditError {
    /// The text is not TOML.
    #[error("{0}")]
    Malformed(String),
    /// A name or reference is not valid, or the image is not pulled.
    #[error("images.{name}: {reason}")]
    Image {
        /// As the plan spells it, valid or not.
        name: String,
        /// What is wrong, in words.
        reason: String,
    },
}

/// Lists the images that are pulled and not built, with their references.
///
/// # Errors
/// [`PlanEditError`].
pub fn pulled_images(text: &str) -> Result<Vec<(Name, ImageReference)>, PlanEditError> {
    let document = parse(text)?;
    let images = document.get("images").and_then(Item::as_table_like);
    let mut found = Vec::new();
    for (name, image) in images.into_iter().flat_map(|images| images.iter()) {
        let field = |key: &str| image.get(key).and_then(Item::as_str);
        if let (Some(reference), None) = (field("pull"), field("build")) {
            let wrong =
                |reason: &dyn ToString| PlanEditError::Image { name: name.to_owned(), reason: reason.to_string() };
            let reference = reference.parse().map_err(|error| wrong(&error))?;
            found.push((name.parse().map_err(|error| wrong(&error))?, reference));
        }
    }
    Ok(found)
}

/// Gives an image that is pulled another reference; the rest of the text stays as people wrote it.
///
/// # Errors
/// [`PlanEditError`].
pub fn set_reference(text: &str, name: &Name, reference: &ImageReference) -> Result<String, PlanEditError> {
    let mut document = parse(text)?;
    let images = document.get_mut("images").and_then(Item::as_table_like_mut);
    let image = images.and_then(|images| images.get_mut(name.as_str())).and_then(Item::as_table_like_mut);
    let pull = image.and_then(|image| image.get_mut("pull"));
    let reason = || "expected `pull` and no `build`".to_owned();
    let pull = pull.ok_or_else(|| PlanEditError::Image { name: name.to_string(), reason: reason() })?;
    *pull = toml_edit::value(reference.to_string());
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut, PlanEditError> {
    text.parse().map_err(|error: toml_edit::TomlError| PlanEditError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A plan.\n[images.own]\nbuild = \"images/own.toml\"\npull = \"registry.example/own:1\"\n\
        [images]\ngo = { pull = \"registry.example/go:1\" } # soon\n";

    #[test]
    fn references_are_read_and_replaced() {
        let found = pulled_images(TEXT).expect("TOML");
        let [(name, reference)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((name.as_str(), reference.to_string().as_str()), ("go", "registry.example/go:1"));
        let other = "registry.example/go:2".parse().expect("a reference");
        let text = set_reference(TEXT, name, &other).expect("it is pulled");
        assert_eq!(text, TEXT.replace("go:1", "go:2"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let says = |text| pulled_images(text).expect_err("wrong").to_string();
        assert!(says("[images.go]\npull = \"go:1 2\"\n").starts_with("images.go: "));
        assert!(says("images = \n").contains("line 1"));
        let none = "none".parse().expect("a name");
        let reference = "registry.example/go:2".parse().expect("a reference");
        let error = set_reference(TEXT, &none, &reference).expect_err("no such image");
        assert_eq!(error.to_string(), "images.none: expected `pull` and no `build`");
    }
}

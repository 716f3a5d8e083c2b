//! Whether a stream of a tried image holds a secret that its build was given: in the forms in which layers are searched.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::machine::build_secrets::{self, SecretForms};
use rcrepro_model::plan::release_image::ReleaseImage;

/// How many bytes of a form are looked up; no form is shorter.
const HEAD: usize = 8;

/// The secrets of an image's build that this machine has.
#[derive(Default)]
pub(super) struct SpokenSecrets {
    /// By what each form begins with, the form and the id of its secret.
    forms: HashMap<Vec<u8>, Vec<(Vec<u8>, String)>>,
}

impl SpokenSecrets {
    /// Reads the secrets again, as the build did; relative files are in `folder`.
    ///
    /// # Errors
    /// The id of a secret whose file cannot be read, with the reason.
    pub fn of(image: &ReleaseImage, folder: &Path) -> Result<Self, (String, io::Error)> {
        let Some(buildkit) = &image.buildkit else { return Ok(Self::default()) };
        Ok(Self::new(build_secrets::forms(&buildkit.secrets, folder)?))
    }

    fn new(forms: SecretForms) -> Self {
        let mut found = Self::default();
        for (id, forms) in forms {
            for form in forms.into_iter().filter(|form| form.len() >= HEAD) {
                found.forms.entry(form[..HEAD].to_vec()).or_default().push((form, id.clone()));
            }
        }
        found
    }

    /// Gives the id of a secret that a stream holds.
    pub fn found_in(&self, stream: &[u8]) -> Option<&str> {
        if self.forms.is_empty() {
            return None;
        }
        (0..stream.len().saturating_sub(HEAD - 1)).find_map(|at| {
            let forms = self.forms.get(&stream[at..at + HEAD])?;
            forms.iter().find(|(form, _)| stream[at..].starts_with(form)).map(|(_, id)| id.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::base64;
    use rcrepro_model::plan::release_image::SecretSource;

    #[test]
    fn a_secret_is_found_as_it_is_and_in_base64() {
        let folder = tempfile::tempdir().expect("a folder");
        let content = format!("first-line-of-it\r\nshort\n{}\n", "0123456789abcdef".repeat(8));
        std::fs::write(folder.path().join("key"), &content).expect("written");
        let secrets = [
            ("key".to_owned(), "file:key".parse::<SecretSource>().expect("a source")),
            ("none".to_owned(), "file:none".parse().expect("a source")),
        ];
        let found = SpokenSecrets::new(build_secrets::forms(&secrets.into(), folder.path()).expect("read"));
        let coded = base64::encode(content.as_bytes());
        let lines: Vec<&str> =
            coded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).expect("text")).collect();
        for said in ["first-line-of-it", "x=first-line-of-it;", &coded, &lines.join("\n")] {
            assert_eq!(found.found_in(said.as_bytes()), Some("key"), "{said}");
        }
        for said in ["", "short", "first-line-of-i", "first", "nothing of that kind"] {
            assert_eq!(found.found_in(said.as_bytes()), None, "{said}");
        }
        assert_eq!(SpokenSecrets::default().found_in(b"first-line-of-it"), None);
    }
}

//! What an image's build may know and no record may: read on this machine when the build begins, and handed to the engine beside the
//! action.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::access::words::SecretWords;
use rcrepro_engine::StepSecrets;
use rcrepro_model::content::base64;
use rcrepro_model::plan::release_image::SecretSource;
use rcrepro_store::door;

/// Where the builder finds a secret, by its id: in memory that ends with its container.
pub(crate) const FOLDER: &str = "/dev/shm/rcrepro-secrets";
/// The largest secret, in bytes: BuildKit takes no larger one.
const MOST: u64 = 500 << 10;

/// The shortest line of a secret that is looked for: shorter ones are in any text.
const LINE: usize = 8;
/// How long the lines are into which tools break base64.
const COLUMNS: [usize; 4] = [60, 64, 72, 76];

/// What of a plan's secrets this machine has.
#[derive(Default)]
pub(crate) struct BuildSecrets {
    /// Names each secret that was found.
    pub ids: BTreeSet<String>,
    /// What the engine gets; none when no secret was there.
    pub handed: Option<StepSecrets>,
}

/// Reads the secrets of a plan; one that is not there is left out, and BuildKit says which step needs it. Relative files are in
/// `folder`.
///
/// # Errors
/// The id of a secret whose file cannot be read, with the reason.
pub(crate) fn read(
    secrets: &BTreeMap<String, SecretSource>,
    folder: &Path,
) -> Result<BuildSecrets, (String, io::Error)> {
    let mut script = format!("( umask 077; mkdir -p {FOLDER}\n");
    let (mut found, mut words) = (BuildSecrets::default(), SecretWords::default());
    for (id, source) in secrets {
        let Some(content) = content(source, folder).map_err(|error| (id.clone(), error))? else { continue };
        script.push_str(&format!("base64 -d > {FOLDER}/{id} <<< '{}'\n", base64::encode(&content)));
        for line in content.split(|byte| *byte == b'\n').chain([content.as_slice()]) {
            let line = line.trim_ascii();
            words.add(line);
            words.add(base64::encode(line).as_bytes());
        }
        found.ids.insert(id.clone());
    }
    if !found.ids.is_empty() {
        script.push_str(")\n: > \"$BASH_ENV\"\nunset BASH_ENV\n");
        found.handed = Some(StepSecrets { script: script.into_bytes(), words: words.finish() });
    }
    Ok(found)
}

/// Reads a secret; none where it is not there.
fn content(source: &SecretSource, folder: &Path) -> io::Result<Option<Vec<u8>>> {
    match source {
        SecretSource::Variable(name) => Ok(std::env::var_os(name).map(std::os::unix::ffi::OsStringExt::into_vec)),
        SecretSource::File(path) => match door::read(&folder.join(path), MOST) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        },
    }
}

/// The forms of each secret, by its id.
pub(crate) type SecretForms = BTreeMap<String, Vec<Vec<u8>>>;

/// Lists by id the forms in which a secret is looked for, as the builder does in layers (`holds_a_secret` in `build.sh`): each line of
/// [`LINE`] bytes and more, and the whole in base64, also in lines as tools break it. Relative files are in `folder`.
///
/// # Errors
/// As [`read`].
pub(crate) fn forms(
    secrets: &BTreeMap<String, SecretSource>,
    folder: &Path,
) -> Result<SecretForms, (String, io::Error)> {
    let mut all = BTreeMap::new();
    for (id, source) in secrets {
        let Some(content) = content(source, folder).map_err(|error| (id.clone(), error))? else { continue };
        let plain: Vec<u8> = content.iter().copied().filter(|byte| *byte != b'\r').collect();
        let mut forms: Vec<Vec<u8>> =
            plain.split(|byte| *byte == b'\n').filter(|line| line.len() >= LINE).map(<[u8]>::to_vec).collect();
        if !forms.is_empty() {
            let coded = base64::encode(&content).into_bytes();
            // What follows the secret in a longer text decides its last characters.
            let length = coded.iter().position(|byte| *byte == b'=').unwrap_or(coded.len()).saturating_sub(3);
            forms.push(coded[..length].to_vec());
            for columns in COLUMNS {
                forms.extend(coded.chunks_exact(columns).map(<[u8]>::to_vec));
            }
        }
        all.insert(id.clone(), forms);
    }
    Ok(all)
}

/// Whether this machine has a secret; relative files are in `folder`. What is there and cannot be read is found by [`read`].
#[must_use]
pub(crate) fn is_there(source: &SecretSource, folder: &Path) -> bool {
    match source {
        SecretSource::Variable(name) => std::env::var_os(name).is_some(),
        SecretSource::File(path) => folder.join(path).exists(),
    }
}

/// Says what brings a secret to this machine.
#[must_use]
pub(crate) fn remedy(source: &SecretSource) -> String {
    match source {
        SecretSource::Variable(name) => format!("export {name}=…"),
        SecretSource::File(path) => format!("put it into the file {path}, which no commit holds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_handed_over_and_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("token"), "first-line\nx\n").expect("written");
        let source = |text: &str| text.parse::<SecretSource>().expect(text);
        let secrets = [
            ("token".to_owned(), source("file:token")),
            ("missing".to_owned(), source("file:none")),
            ("unset".to_owned(), source("env:RCREPRO_NO_SUCH_VARIABLE")),
        ];
        let found = read(&secrets.into(), folder.path()).expect("read");
        assert_eq!(found.ids, ["token".to_owned()].into());
        let handed = found.handed.expect("one secret");
        assert!(handed.words.contains(&b"first-line".to_vec()), "each line is hidden");
        assert!(!handed.words.contains(&b"x".to_vec()), "what is in any text is not");
        assert_eq!(read(&BTreeMap::new(), folder.path()).expect("read").handed, None);
        let folder_of = [("token".to_owned(), source("file:."))].into();
        assert_eq!(read(&folder_of, folder.path()).err().expect("a folder cannot be one").0, "token");
    }
}

//! Whose word a manifest has: reads the statements beside it, and holds those of the keys that the reader trusts against what the evidence shows.
//!
//! A statement of a key that is not named counts for nothing, and neither does the name of a key in an envelope. What a statement says
//! counts only where it is about this very manifest, by digest.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::keys::NamedKey;
use super::{folder_of, images_record};
use crate::evidence::verify::Verification;
use rcrepro_format::attestations::dsse_json::{self, ENVELOPE_LIMIT};
use rcrepro_format::attestations::statement_json;
use rcrepro_model::attestation::envelope::{DsseEnvelope, STATEMENT_TYPE};
use rcrepro_model::attestation::replay_result::ReplayResult;
use rcrepro_model::attestation::signed::SignedStatement;
use rcrepro_model::attestation::statement::{Predicate, Statement};
use rcrepro_model::attestation::test_result::{TestResult, configuration};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::evidence::finding::{Finding, FindingName, Note};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_signing::dsse;
use rcrepro_store::door;

/// The place of statements in findings and notes.
const AT: &str = "attestations";
/// The most statements beside a manifest that are looked at: each costs a check of each of its signatures by each key.
const MOST: usize = 256;

/// What the statements beside a manifest come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attestations {
    /// The hash of the record of the release's images.
    images: Option<Sha256>,
    /// What trusted keys have signed about this manifest, and the evidence does not contradict.
    pub signed: Vec<SignedStatement>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What a reader should know.
    pub notes: Vec<Note>,
}

/// Reads the statements beside a manifest. Each of the keys has to have signed one; without keys they are only counted.
///
/// # Errors
/// What the system said of the folder; a statement that cannot be read is a note.
pub fn check(manifest: &Path, verification: &Verification, keys: &[NamedKey]) -> io::Result<Attestations> {
    let mut found = Attestations { images: images_record(manifest)?, ..Attestations::default() };
    let files = match door::list(&folder_of(manifest)) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    if keys.is_empty() {
        if !files.is_empty() {
            let says =
                format!("{}, not looked at: --key FILE.pub names whom you trust", counted(files.len(), "statement"));
            found.notes.push(Note { at: AT.to_owned(), says });
        }
        return Ok(found);
    }
    if files.len() > MOST {
        let expected = format!("at most {MOST} statements, of which each is looked at");
        found.findings.push(finding(FindingName::SignatureMissing, AT, expected, counted(files.len(), "file")));
        return Ok(found);
    }
    let ids: BTreeSet<String> = keys.iter().map(|trusted| trusted.key.id()).collect();
    let first = |id: &String| keys.iter().find(|trusted| trusted.key.id() == *id).cloned();
    // The same key twice is one voice.
    let keys: Vec<NamedKey> = ids.iter().filter_map(first).collect();
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Err(says) = read(&path).map(|envelope| found.envelope(&file, &envelope, verification, &keys)) {
            found.notes.push(Note { at: format!("{AT}.{file}"), says });
        }
    }
    let signed: BTreeSet<&str> = found.signed.iter().map(|one| one.key_id.as_str()).collect();
    let silent = keys.iter().filter(|trusted| !signed.contains(trusted.key.id().as_str()));
    let missing: Vec<Finding> = silent
        .map(|trusted| {
            let expected = format!("a statement that `{}` signed", trusted.path.display());
            finding(FindingName::SignatureMissing, AT, expected, "none about this manifest".to_owned())
        })
        .collect();
    found.findings.extend(missing);
    Ok(found)
}

fn read(path: &Path) -> Result<DsseEnvelope, String> {
    let bytes = door::read(path, ENVELOPE_LIMIT as u64).map_err(|error| format!("not read: {error}"))?;
    dsse_json::decode(&bytes).map_err(|error| format!("not read: {error}"))
}

fn finding(name: FindingName, at: &str, expected: String, found: String) -> Finding {
    Finding { name, at: at.to_owned(), expected, found }
}

impl Attestations {
    /// Judges one envelope.
    fn envelope(&mut self, file: &str, envelope: &DsseEnvelope, verification: &Verification, keys: &[NamedKey]) {
        let at = format!("{AT}.{file}");
        let mut is_signed = false;
        for trusted in keys {
            if dsse::is_signed_by(envelope, &trusted.key) {
                is_signed = true;
                self.statement(file, envelope, verification, trusted);
            } else if envelope.signatures.iter().any(|one| one.key_id == trusted.key.id()) {
                let expected = format!("a signature by `{}`, as it claims", trusted.path.display());
                let found = "a signature by another key, or of other bytes".to_owned();
                self.findings.push(finding(FindingName::SignatureInvalid, &at, expected, found));
                is_signed = true;
            }
        }
        if !is_signed {
            let says = "signed by none of the keys that were named".to_owned();
            self.notes.push(Note { at, says });
        }
    }

    /// Judges what a trusted key signed.
    fn statement(&mut self, file: &str, envelope: &DsseEnvelope, verification: &Verification, trusted: &NamedKey) {
        let at = format!("{AT}.{file}");
        if envelope.payload_type != STATEMENT_TYPE {
            let says = format!("signed, and not an in-toto statement but `{}`", envelope.payload_type);
            return self.notes.push(Note { at, says });
        }
        let statement = match statement_json::decode(&envelope.payload) {
            Ok(statement) => statement,
            Err(error) => return self.notes.push(Note { at, says: format!("signed, and not read: {error}") }),
        };
        if !statement.is_about(verification.manifest.hash) {
            let says = "signed, and about something else than this manifest alone".to_owned();
            return self.notes.push(Note { at, says });
        }
        let says = match self.predicate(&at, &statement, verification, trusted) {
            Some(says) => says,
            None => return,
        };
        self.signed.push(SignedStatement {
            file: file.to_owned(),
            kind: statement.predicate.word().to_owned(),
            says,
            key: trusted.path.display().to_string(),
            key_id: trusted.key.id(),
        });
    }

    /// Holds what is said against the evidence, and says it in a word; none where the two contradict each other.
    fn predicate(
        &mut self,
        at: &str,
        statement: &Statement,
        verification: &Verification,
        trusted: &NamedKey,
    ) -> Option<String> {
        let manifest = verification.parsed.as_ref()?;
        match &statement.predicate {
            Predicate::TestResult(said) => {
                let shown = TestResult::of(manifest, &verification.findings, &verification.flakes, self.images);
                // Where the evidence decides nothing, what it was run with can still be told.
                let (expected, differs) = match &shown {
                    Some(shown) => (shown.result.as_str(), shown != said),
                    None => ("the same configuration", said.configuration != configuration(manifest, self.images)),
                };
                if differs {
                    let found = said.result.as_str();
                    let same = "of other commands, another configuration or other images";
                    let found = if expected == found { format!("{found}, {same}") } else { found.to_owned() };
                    let found =
                        if shown.is_none() { format!("another one, or other images, for {found}") } else { found };
                    self.contradicted(at, expected.to_owned(), found, trusted);
                    return None;
                }
                Some(said.result.as_str().to_owned())
            }
            Predicate::Replay(said) => {
                let own: Vec<String> = manifest.commands.iter().map(|command| command.id.to_string()).collect();
                let commands: Vec<&str> = said.commands.iter().map(|command| command.id.as_str()).collect();
                let is_of_these = said.images.as_ref().is_none_or(|images| Some(images.record) == self.images);
                if own != commands || !is_of_these || said.contradicts_itself() {
                    let images = if is_of_these { "" } else { ", and of other release images" };
                    let found = format!("{} of {}{images}", said.standing, list(&commands, "no command"));
                    self.contradicted(at, format!("a replay of {}", list(&own, "no command")), found, trusted);
                    return None;
                }
                self.replay(at, said, trusted);
                Some(said.standing.to_string())
            }
            // Who signs a refusal in words that are not read here has not vouched for anything.
            Predicate::Other(uri) => {
                let says = format!("signed, and of a type that is not read here: `{uri}`");
                self.notes.push(Note { at: at.to_owned(), says });
                None
            }
        }
    }

    fn contradicted(&mut self, at: &str, expected: String, found: String, trusted: &NamedKey) {
        let found = format!("{found}, as `{}` signed", trusted.path.display());
        self.findings.push(finding(FindingName::StatementDiffers, at, expected, found));
    }

    /// What one saw differ is a finding, also where others saw it equal.
    fn replay(&mut self, at: &str, said: &ReplayResult, trusted: &NamedKey) {
        let name = match said.standing {
            Standing::Passed => return,
            Standing::Undecided => FindingName::ReplayUndecided,
            Standing::Failed | Standing::Tampered => FindingName::ReplayDiffers,
        };
        let unequal = said.commands.iter().filter(|command| !command.equality.is_equal());
        let mut differing: Vec<String> = unequal
            .map(|command| {
                let parts = command.differing.iter().filter(|(_, equality)| !equality.is_equal());
                let parts: Vec<&str> = parts.map(|(part, _)| part.as_str()).collect();
                format!("{} {} ({})", command.id, command.equality.as_str(), list(&parts, "no stream or output"))
            })
            .collect();
        let images = said.images.iter().flat_map(|images| &images.differing);
        differing.extend(images.map(|name| format!("release image {name}")));
        differing.extend(said.inputs.iter().map(|what| format!("{what} differs")));
        let found = format!("{}, as `{}` signed", list(&differing, said.standing.as_str()), trusted.path.display());
        self.findings.push(finding(name, at, "a replay that is equal".to_owned(), found));
    }
}

/// Joins words; without any, says so.
fn list<T: AsRef<str>>(words: &[T], none: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    if words.is_empty() { none.to_owned() } else { words.join(", ") }
}

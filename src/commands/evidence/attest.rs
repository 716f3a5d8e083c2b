//! `rcrepro keygen` and `rcrepro attest`; and the key of a replay that is signed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{say, show};
use crate::today::today;
use rcrepro_app::attest::keys;
use rcrepro_app::attest::sign::{self, Attested};
use rcrepro_arguments::{AttestArgs, KeyAlgorithmName, KeygenArgs};
use rcrepro_model::attestation::statement::Predicate;
use rcrepro_model::plan::PacketId;
use rcrepro_report::row;
use rcrepro_signing::algorithm::KeyAlgorithm;
use rcrepro_signing::private_key::PrivateKey;
use rcrepro_signing::secret_text::SecretText;
use rcrepro_store::door;
use serde_json::{Value, json};

/// Holds a passphrase where no file does.
const VARIABLE: &str = "RCREPRO_PASSPHRASE";
/// What others than the owner may do with a file, as bits of its mode.
const OTHERS: u32 = 0o077;
/// The most bytes of a passphrase's file.
const LIMIT: u64 = 4096;

/// Makes a key.
pub fn keygen(context: &Context, arguments: &KeygenArgs) -> Result<Exit, Failure> {
    let algorithm = match arguments.algorithm {
        KeyAlgorithmName::Ed25519 => KeyAlgorithm::Ed25519,
        KeyAlgorithmName::EcdsaP256 => KeyAlgorithm::EcdsaP256,
    };
    let passphrase = match arguments.unencrypted {
        true => None,
        false => passphrase(context, arguments.passphrase_file.as_deref())?,
    };
    if passphrase.is_none() && !arguments.unencrypted {
        let hint = format!("{VARIABLE}=…, --passphrase-file FILE, or --unencrypted for a key in the clear");
        return Err(Failure::plain(Exit::Usage, "no passphrase for the key", Some(hint)));
    }
    let path = context.path(&arguments.file);
    let made = keys::generate(&path, algorithm, passphrase.as_ref())?;
    let (id, public) = (made.key.id(), made.path.display().to_string());
    let encrypted = passphrase.is_some();
    let document = || {
        json!({
            "algorithm": made.key.algorithm(), "encrypted": encrypted, "key": path.display().to_string(), "keyid": id, "public": public,
        })
    };
    let text = || {
        let clear = if encrypted { "" } else { ", in the clear: all who can read it can sign with it" };
        let key = row!("key", "{}{clear}", path.display());
        format!("{key}\n{}\n{}\n", row!("public", "{public}"), row!("id", "{id}"))
    };
    show(context.json, document, text)?;
    Ok(Exit::Success)
}

/// Signs how a packet's commands ended. What failed is signed as willingly, and the exit code speaks of the signature alone.
pub fn attest(context: &Context, arguments: &AttestArgs) -> Result<Exit, Failure> {
    let path = match arguments.target.parse::<PacketId>() {
        Ok(packet) => {
            let workspace = context.committed("HEAD")?;
            workspace.packet(&packet)?;
            let (path, failed) = (workspace.manifest_path(&packet), workspace.failed_path(&packet));
            if path.exists() || !failed.exists() { path } else { failed }
        }
        Err(_) => context.path(Path::new(&arguments.target)),
    };
    let key = private_key(context, &arguments.key, arguments.passphrase_file.as_deref())?;
    let attested = sign::attest(&path, Some(&context.store), today(), &key)?;
    show(context.json, || document(&attested), || format!("{}\n", line(&attested)))?;
    Ok(Exit::Success)
}

/// Reads a private key.
pub fn private_key(context: &Context, file: &Path, passphrase_file: Option<&Path>) -> Result<PrivateKey, Failure> {
    let (passphrase, path) = (passphrase(context, passphrase_file)?, context.path(file));
    let key = keys::read_private(&path, passphrase.as_ref())?;
    let mode = fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & OTHERS != 0 {
        let file = path.display();
        say!("{}", row!("warning", "others may read or write the private key `{file}`: chmod 600 {file}"));
    }
    Ok(key)
}

/// Describes what was signed.
pub fn document(attested: &Attested) -> Value {
    json!({
        "key": attested.key_id, "path": attested.path.display().to_string(), "says": word(attested),
        "statement": attested.statement.predicate.word(),
    })
}

/// Says what was signed in a line.
pub fn line(attested: &Attested) -> String {
    let (what, path) = (attested.statement.predicate.word(), attested.path.display());
    row!("signed", "{what} {}, by key {}: {path}", word(attested), attested.key_id).to_string()
}

fn word(attested: &Attested) -> &'static str {
    match &attested.statement.predicate {
        Predicate::TestResult(said) => said.result.as_str(),
        Predicate::Replay(said) => said.standing.as_str(),
        Predicate::Other(_) => "",
    }
}

fn passphrase(context: &Context, file: Option<&Path>) -> Result<Option<SecretText>, Failure> {
    let Some(file) = file else {
        return Ok(env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(SecretText::from));
    };
    let path: PathBuf = context.path(file);
    let text = door::read_text(&path, LIMIT).map(SecretText::from).map_err(|error| {
        Failure::plain(Exit::Usage, format!("cannot read the passphrase in `{}`: {error}", path.display()), None)
    })?;
    let empty = || {
        let message = format!("the first line of `{}` is empty: expected a passphrase", path.display());
        Failure::plain(Exit::Usage, message, None)
    };
    text.first_line().map(Some).ok_or_else(empty)
}

//! Keys and credentials by what files hold. A file is read once, in pieces, and none of it is kept.

use std::io::{self, Read};
use std::sync::LazyLock;

use regex::bytes::Regex;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::inspection::KeyKind;
use rcrepro_store::{BlobStore, StoreError};

/// How much of a file is searched at once.
const PIECE: usize = 1 << 20;
/// How much of it is searched again with what follows: more than a key's first lines.
const OVERLAP: usize = 4 << 10;
/// The largest configuration file that is read for credentials.
const SETTINGS: u64 = 1 << 20;

/// The first line of a private key in PEM, OpenSSH's or PGP's form, headers, and the beginning of its body. A program that only names
/// the first line has no body. Line ends may be written as in JSON, and lines may be indented as in YAML.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    let line_end = r"(?:\r?\n|\\r\\n|\\n)[ \t]*";
    let header = format!(r"(?:[A-Za-z-]{{1,30}}: [^\n\\]{{0,150}})?{line_end}");
    let pattern = format!(
        r"-----BEGIN (?:[A-Z]{{2,12}} )?PRIVATE KEY(?: BLOCK)?-----{line_end}(?:{header}){{0,8}}[A-Za-z0-9+/]{{40}}"
    );
    constant(&format!("(?-u){pattern}"))
});
static NPM_TOKEN: LazyLock<Regex> =
    LazyLock::new(|| constant(r"(?m-u)^[^;#\n]*\b_(?:authToken|auth|password)[ \t]*=[ \t]*[^$ \t\r\n]"));
static REGISTRY_LOGIN: LazyLock<Regex> =
    LazyLock::new(|| constant(r#"(?-u)"(?:auth|identitytoken|registrytoken)"\s*:\s*"[^"]"#));
static CLUSTER_LOGIN: LazyLock<Regex> =
    LazyLock::new(|| constant(r#"(?m-u)^[ \t-]*"?(?:client-key-data|token|password)"?[ \t]*:[ \t]*"?[^\s"]"#));

/// Compiles a pattern of this file.
#[expect(clippy::expect_used, reason = "the patterns are constants, and the tests of this file use each")]
fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// Whether a file is read for more than private keys, by its name.
pub(super) fn is_settings(path: &str) -> bool {
    settings(path).is_some()
}

fn settings(path: &str) -> Option<(&'static Regex, KeyKind)> {
    let is = |end: &str| path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    if is(".npmrc") || is("etc/npmrc") {
        Some((&NPM_TOKEN, KeyKind::NpmToken))
    } else if is(".docker/config.json") || is("containers/auth.json") {
        Some((&REGISTRY_LOGIN, KeyKind::RegistryLogin))
    } else if is(".kube/config") || is("kubeconfig") {
        Some((&CLUSTER_LOGIN, KeyKind::ClusterLogin))
    } else {
        None
    }
}

/// Finds the key that a file holds.
///
/// # Errors
/// [`StoreError`] when it cannot be read.
pub(super) fn key(path: &str, digest: Digest, store: &dyn BlobStore) -> Result<Option<KeyKind>, StoreError> {
    if let Some((pattern, kind)) = settings(path)
        && digest.size <= SETTINGS
        && pattern.is_match(&store.get(digest)?)
    {
        return Ok(Some(kind));
    }
    let found = has_private_key(&mut store.reader(digest)?);
    let failed = |source| StoreError::Io { doing: "read", path: path.into(), source };
    Ok(found.map_err(failed)?.then_some(KeyKind::PrivateKey))
}

/// Searches a file to its end, or to the first private key.
fn has_private_key(reader: &mut dyn Read) -> io::Result<bool> {
    let mut buffer = Vec::new();
    loop {
        let read = reader.take(PIECE as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            return Ok(false);
        }
        if PRIVATE_KEY.is_match(&buffer) {
            return Ok(true);
        }
        let searched = buffer.len().saturating_sub(OVERLAP);
        buffer.drain(..searched);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    /// A body that is the key of nothing.
    const BODY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";

    fn found(path: &str, content: &str) -> Option<KeyKind> {
        let store = MemoryStore::default();
        let digest = store.put(content.as_bytes()).expect("stored");
        key(path, digest, &store).expect("read")
    }

    /// Writes the marker in two pieces, so that nobody takes this file for a key.
    fn pem(kind: &str, line_end: &str) -> String {
        format!("-----BEGIN {kind}PRIVATE {}-----{line_end}{BODY}{line_end}-----END", "KEY")
    }

    #[test]
    fn private_keys_are_found_in_each_form_and_anywhere() {
        for text in [
            pem("", "\n"),
            pem("RSA ", "\r\n"),
            pem("OPENSSH ", "\n"),
            pem("ENCRYPTED ", "\n"),
            pem("EC ", "\\n"),
            pem("", "\n    "),
            pem("RSA ", "\n").replace(BODY, &format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{BODY}")),
            pem("PGP ", "\n").replace("KEY-----\n", "KEY BLOCK-----\n\n"),
        ] {
            assert_eq!(found("etc/app/tls", &text), Some(KeyKind::PrivateKey), "{text}");
            for before in [PIECE - 60, PIECE - 1, PIECE, 2 * PIECE - OVERLAP - 20] {
                let far = format!("{}{text}", "x".repeat(before));
                assert_eq!(found("app", &far), Some(KeyKind::PrivateKey), "after {before} bytes");
            }
        }
    }

    #[test]
    fn what_only_names_keys_is_none() {
        let marker = format!("-----BEGIN RSA PRIVATE {}-----", "KEY");
        for text in [
            marker.clone(),
            format!("{marker}\0-----END RSA PRIVATE KEY-----\0expected a key in PEM form, and found another text"),
            format!("write `{marker}`\nand then the key, whose lines are written in base64"),
            pem("", "\n").replace("PRIVATE", "PUBLIC"),
            format!("-----BEGIN CERTIFICATE-----\n{BODY}\n"),
        ] {
            assert_eq!(found("usr/lib/libcrypto.so", &text), None, "{text}");
        }
    }

    #[test]
    fn settings_count_if_they_hold_a_credential() {
        for (path, text, kind) in [
            ("root/.npmrc", "//registry.example/:_authToken=abc\n", Some(KeyKind::NpmToken)),
            ("root/.npmrc", "//registry.example/:_authToken=${NPM_TOKEN}\nfund=false\n", None),
            ("root/.npmrc", "# _authToken=abc\n", None),
            ("root/.docker/config.json", r#"{"auths":{"r":{"auth":"YTpi"}}}"#, Some(KeyKind::RegistryLogin)),
            ("root/.docker/config.json", r#"{"auths":{}}"#, None),
            ("home/a/.kube/config", "users:\n- user:\n    token: abc\n", Some(KeyKind::ClusterLogin)),
            ("home/a/.kube/config", "clusters: []\n", None),
            ("etc/app/settings", "token: abc\n", None),
        ] {
            assert_eq!(found(path, text), kind, "{path}: {text}");
        }
    }
}

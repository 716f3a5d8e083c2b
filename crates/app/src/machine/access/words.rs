//! The words of settings that are secret, in every form in which a client could repeat them.

use std::collections::BTreeSet;

use rcrepro_model::content::base64;

/// Shorter words are in any text; a registry that takes one protects nothing.
const SHORTEST: usize = 4;

/// Words that must not be shown.
#[derive(Debug, Default)]
pub(in crate::machine) struct SecretWords(BTreeSet<Vec<u8>>);

impl SecretWords {
    /// Adds a secret, unchanged.
    pub fn add(&mut self, word: &[u8]) {
        if word.len() >= SHORTEST {
            self.0.insert(word.to_vec());
        }
    }

    /// Adds a password and what a request makes of it; a login with no password is a token.
    pub fn login(&mut self, user: &str, password: &str) {
        let secret = if password.is_empty() { user } else { password };
        let plain = decoded(secret);
        self.add(secret.as_bytes());
        self.add(encoded(&plain).as_bytes());
        self.add(base64::encode(&plain).as_bytes());
        self.add(base64::encode(format!("{}:{}", decoded(user), decoded(password))).as_bytes());
        self.add(plain.as_bytes());
    }

    /// Adds the userinfo of every address in a text; tells whether there is any.
    pub fn of_addresses(&mut self, text: &str) -> bool {
        let mut any = false;
        for (at, _) in text.match_indices("://") {
            if let Some((user, password)) = userinfo(&text[at + 3..]) {
                self.login(user, password);
                any = true;
            }
        }
        any
    }

    /// Returns all of them.
    pub fn finish(self) -> Vec<Vec<u8>> {
        self.0.into_iter().collect()
    }
}

/// Splits the userinfo of an address without its scheme.
pub(super) fn userinfo(address: &str) -> Option<(&str, &str)> {
    let authority = address.split(['/', '?', '#', ',', '|', ' ']).next().unwrap_or_default();
    let (userinfo, _) = authority.rsplit_once('@')?;
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    (!userinfo.is_empty()).then_some((user, password))
}

/// Returns the host, with its port, of an address with credentials in it.
pub(super) fn host_with_credentials(address: &str) -> Option<String> {
    let rest = address.split_once("://")?.1;
    userinfo(rest)?;
    Some(host(rest).to_owned())
}

/// Returns the host, with its port, of an address without its scheme.
pub(super) fn host(address: &str) -> &str {
    let authority = address.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Takes percent signs out of a part of an address.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

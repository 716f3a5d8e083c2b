//! A text that nothing prints and that is cleared when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A passphrase, or a private key in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Returns the text for what opens or writes a key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its first line, if there is something in it.
    #[must_use]
    pub fn first_line(&self) -> Option<Self> {
        self.0.lines().next().filter(|line| !line.is_empty()).map(|line| line.to_owned().into())
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<Zeroizing<String>> for SecretText {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

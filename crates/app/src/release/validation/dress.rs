//! The mode and owner of each path, as a record has them: `0755 0:0`.

use std::collections::BTreeMap;

use rcrepro_format::syntax::canonical_json;
use rcrepro_store::ingest::Dress;

/// The bits that give a program the rights of its file's user or group.
const SET_ID: u32 = 0o6000;

/// The mode and owner of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::release) struct RecordedDress {
    /// The permission bits, set-id and sticky bits among them.
    pub mode: u32,
    pub user: u64,
    pub group: u64,
    /// Whether the file has a capability, which a process that starts it gets.
    pub has_capability: bool,
}

impl RecordedDress {
    /// Gives what counts of a path of layers.
    pub fn of(dress: &Dress) -> Self {
        let has_capability = dress.attributes.contains_key(CAPABILITY.as_bytes());
        Self { mode: dress.mode, user: dress.uid, group: dress.gid, has_capability }
    }

    /// Reads `0755 0:0`, which extended attributes may follow: ` NAME=HEX`.
    pub fn parse(text: &str) -> Option<Self> {
        let (mode, rest) = text.split_once(' ')?;
        let mut words = rest.split(' ');
        let (user, group) = words.next()?.split_once(':')?;
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        let mode = (mode.len() == 4).then(|| u32::from_str_radix(mode, 8).ok()).flatten()?;
        let mut has_capability = false;
        for word in words {
            let (name, value) = word.rsplit_once('=').filter(|(name, _)| !name.is_empty())?;
            if !value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
                return None;
            }
            has_capability |= name == CAPABILITY;
        }
        Some(Self { mode, user: number(user)?, group: number(group)?, has_capability })
    }

    /// Whether who starts the file gets more than who starts it has.
    pub fn is_set_id(self) -> bool {
        self.mode & SET_ID != 0 || self.has_capability
    }
}

impl std::fmt::Display for RecordedDress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let capability = if self.has_capability { ", with a file capability" } else { "" };
        write!(f, "mode {:04o}, owner {}:{}{capability}", self.mode, self.user, self.group)
    }
}

/// The extended attribute that holds a file's capabilities.
const CAPABILITY: &str = "security.capability";

/// Reads the texts of all paths; none for bytes that are not canonical JSON of texts.
pub(in crate::release) fn texts(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    canonical_json::check(bytes).ok().and_then(|()| serde_json::from_slice(bytes).ok())
}

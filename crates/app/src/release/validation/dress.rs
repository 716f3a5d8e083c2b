//! The mode and owner of each path, as a record has them: `0755 0:0`.

use std::collections::BTreeMap;

use rcrepro_format::syntax::canonical_json;

/// The bits that give a program the rights of its file's user or group.
const SET_ID: u32 = 0o6000;

/// The mode and owner of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::release) struct RecordedDress {
    /// The permission bits, set-id and sticky bits among them.
    pub mode: u32,
    pub user: u64,
    pub group: u64,
}

impl RecordedDress {
    /// Reads `0755 0:0`; nothing else is written.
    pub fn parse(text: &str) -> Option<Self> {
        let (mode, ids) = text.split_once(' ')?;
        let (user, group) = ids.split_once(':')?;
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        let mode = (mode.len() == 4).then(|| u32::from_str_radix(mode, 8).ok()).flatten()?;
        Some(Self { mode, user: number(user)?, group: number(group)? })
    }

    pub fn is_set_id(self) -> bool {
        self.mode & SET_ID != 0
    }
}

impl std::fmt::Display for RecordedDress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "mode {:04o}, owner {}:{}", self.mode, self.user, self.group)
    }
}

/// Reads the texts of all paths; none for bytes that are not canonical JSON of texts.
pub(in crate::release) fn texts(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    canonical_json::check(bytes).ok().and_then(|()| serde_json::from_slice(bytes).ok())
}

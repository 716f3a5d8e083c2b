//! What an adapter judges by.

use std::collections::BTreeMap;

use crate::inputs::InputFiles;

/// What a command left behind.
#[derive(Clone, Copy)]
pub struct CommandEvidence<'a> {
    /// The exact shell line.
    pub line: &'a str,
    /// The variables that the command had on top of the fixed ones.
    pub environment: &'a BTreeMap<String, String>,
    /// The exit code; 0 is a pass, as far as that goes.
    pub exit_code: i32,
    /// The whole standard output, raw.
    pub stdout: &'a [u8],
    /// The whole standard error, raw.
    pub stderr: &'a [u8],
    /// The command's input tree.
    pub inputs: &'a dyn InputFiles,
}

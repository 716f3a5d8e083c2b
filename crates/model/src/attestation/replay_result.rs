//! How a replay compared with the manifest that it repeated, signed as willingly when it differs as when it is equal.

use crate::content::digest::Digest;
use crate::evidence::compare::{Comparison, Equality};
use crate::standing::Standing;

/// What a replay came to, and what it differed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayResult {
    /// What it came to: the worst of the commands, of what was noticed beside them, and of release images.
    pub standing: Standing,
    /// Each command by its id, with how it compared.
    pub commands: Vec<ReplayedCommand>,
    /// What of the inputs differs, such as `plan`.
    pub inputs: Vec<String>,
    /// The manifest that the replay came to.
    pub found: Digest,
    /// The program and the machine, such as `Docker 20.10.24` under `engine`.
    pub ran: Vec<(String, String)>,
}

/// How one command of a replay compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedCommand {
    /// The command, by its id in the plan.
    pub id: String,
    /// The worst of its parts.
    pub equality: Equality,
    /// The streams and outputs that are not equal, such as `stdout`, each with how it compared.
    pub differing: Vec<(String, Equality)>,
}

impl ReplayResult {
    /// Takes what a comparison came to.
    #[must_use]
    pub fn of(comparison: &Comparison, standing: Standing, found: Digest, ran: Vec<(String, String)>) -> Self {
        let commands = comparison.commands.iter().map(|command| ReplayedCommand {
            id: command.id.to_string(),
            equality: command.equality,
            differing: command
                .parts
                .iter()
                .filter(|(_, equality)| !equality.is_equal())
                .map(|(part, equality)| (part.to_string(), *equality))
                .collect(),
        });
        let inputs = comparison.inputs.iter().map(|difference| difference.what.clone());
        Self { standing, commands: commands.collect(), inputs: inputs.collect(), found, ran }
    }
}

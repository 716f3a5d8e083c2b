//! How a replay compared with the manifest that it repeated, signed as willingly when it differs as when it is equal.

use std::collections::BTreeSet;

use crate::content::digest::{Digest, Sha256};
use crate::evidence::compare::{Comparison, Equality};
use crate::evidence::finding::Finding;
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
    /// The images of the release; none where the packet has none.
    pub images: Option<ReplayedImages>,
    /// The program and the machine, such as `Docker 20.10.24` under `engine`.
    pub ran: Vec<(String, String)>,
}

/// The images of a release that were built again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedImages {
    /// The hash of the record that they were held against.
    pub record: Sha256,
    /// The images that failed or are not the recorded ones, by name.
    pub differing: Vec<String>,
}

impl ReplayedImages {
    /// Takes what is wrong with images, each at `images.NAME`.
    #[must_use]
    pub fn of(record: Sha256, findings: &[Finding]) -> Self {
        let name = |finding: &Finding| finding.at.split('.').nth(1).unwrap_or_default().to_owned();
        let differing: BTreeSet<String> = findings.iter().map(name).collect();
        Self { record, differing: differing.into_iter().collect() }
    }
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
    pub fn of(
        comparison: &Comparison,
        standing: Standing,
        (found, images): (Digest, Option<ReplayedImages>),
        ran: Vec<(String, String)>,
    ) -> Self {
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
        Self { standing, commands: commands.collect(), inputs: inputs.collect(), found, images, ran }
    }

    /// Whether it calls everything equal, and a part of it not.
    #[must_use]
    pub fn contradicts_itself(&self) -> bool {
        let is_equal = |command: &ReplayedCommand| command.equality.is_equal();
        let parts_differ = |command: &ReplayedCommand| command.differing.iter().any(|(_, part)| !part.is_equal());
        let images_differ = self.images.as_ref().is_some_and(|images| !images.differing.is_empty());
        let is_passed = self.standing == Standing::Passed;
        (is_passed && (images_differ || !self.commands.iter().all(is_equal)))
            || self.commands.iter().any(|command| is_equal(command) && parts_differ(command))
    }
}

//! Exit codes: an API.

use std::process::ExitCode;

use rcrepro_model::standing::Standing;

/// Says how the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Reproduced, recorded, or nothing wrong.
    Success,
    /// Divergent, or a command failed.
    Divergent,
    /// The command line is wrong.
    Usage,
    /// The plan is bad or a lock is stale.
    Plan,
    /// The engine, a registry or the store could not serve.
    Engine,
    /// Nothing could be decided.
    Undecided,
    /// Something was changed after the fact.
    Tampered,
    /// A defect of rcrepro.
    Bug,
    /// The user stopped it.
    Interrupted,
}

impl Exit {
    /// Gives the word that documents use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Divergent => "divergent",
            Self::Usage => "usage",
            Self::Plan => "plan",
            Self::Engine => "engine",
            Self::Undecided => "undecided",
            Self::Tampered => "tampered",
            Self::Bug => "bug",
            Self::Interrupted => "interrupted",
        }
    }

    /// Gives the number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Divergent => 1,
            Self::Usage => 2,
            Self::Plan => 3,
            Self::Engine => 4,
            Self::Undecided => 5,
            Self::Tampered => 6,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

/// The one place where an outcome becomes an exit code. What keeps a command from coming to an outcome is an error and has a
/// code of its own: [`super::failure`].
impl From<Standing> for Exit {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Passed => Self::Success,
            Standing::Undecided => Self::Undecided,
            Standing::Failed => Self::Divergent,
            Standing::Tampered => Self::Tampered,
        }
    }
}

impl Exit {
    /// All of them, by number.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Divergent,
        Self::Usage,
        Self::Plan,
        Self::Engine,
        Self::Undecided,
        Self::Tampered,
        Self::Bug,
        Self::Interrupted,
    ];

    /// What it means, as the table of the documentation says it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "reproduced, recorded, nothing wrong; `GO`",
            Self::Divergent => "divergent, or something failed; `NO_GO` or `GO_WITH_CONDITIONS`",
            Self::Usage => "the command line is wrong",
            Self::Plan => "the plan is invalid, or a lock is stale",
            Self::Engine => "the engine, a registry or the store could not serve; nothing is believed",
            Self::Undecided => {
                "undecided: evidence is missing, cannot be read or shows no work (a hollow pass); or not all output was read"
            }
            Self::Tampered => {
                "tampered: parts of the evidence contradict each other, or a registry sent other bytes than its digest says"
            }
            Self::Bug => "a bug in rcrepro",
            Self::Interrupted => {
                "interrupted by `SIGINT` (Ctrl-C), `SIGTERM`, `SIGHUP`, `SIGQUIT`, `SIGUSR1` or `SIGUSR2`; no container is left"
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Exit;
    use rcrepro_model::standing::Standing;

    /// The table as the documentation has it.
    fn table() -> String {
        let rows = Exit::ALL.map(|exit| format!("| {} | `{}` | {} |\n", exit.code(), exit.as_str(), exit.meaning()));
        format!("| Exit code | Word | Means |\n|---|---|---|\n{}", rows.concat())
    }

    #[test]
    fn an_outcome_has_one_exit_code_and_the_worse_one_wins() {
        let codes = Standing::ALL.map(|standing| Exit::from(standing).code());
        assert_eq!(codes, [0, 5, 1, 6]);
        let pairs = Standing::ALL.iter().flat_map(|one| Standing::ALL.map(|other| (*one, other)));
        for (one, other) in pairs {
            let both = Exit::from(Standing::worst([one, other]));
            assert_eq!(both, Exit::from(one.max(other)), "{one} beside {other}");
        }
    }

    #[test]
    fn the_documented_table_is_that_of_the_code() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let guide = root.join("docs/guide/exit-codes.md");
        let page = if guide.exists() { guide } else { root.join("README.md") };
        let text = std::fs::read_to_string(&page).expect("the page is committed");
        let after = text.split_once("<!-- exit-codes -->\n").expect("the table is marked").1;
        let found = after.split_once("<!-- /exit-codes -->").expect("the table has an end").0;
        assert_eq!(found.trim(), table().trim(), "{}", page.display());
        for exit in Exit::ALL {
            assert!(text.contains(&format!("## {}: ", exit.code())), "{} has a paragraph", exit.code());
        }
    }
}

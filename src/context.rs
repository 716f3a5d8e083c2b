//! What every command has in hand, and the frame around those that run containers.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{complain, say};
use super::{signals, uncommitted};
use rcrepro_app::machine::config::{self, ConfigFile};
use rcrepro_app::machine::session::Session;
use rcrepro_app::workspace::Workspace;
use rcrepro_app::workspace::files::write_new;
use rcrepro_app::workspace::release_commit;
use rcrepro_arguments::StagingName;
use rcrepro_engine::Staging;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_report::row;
use rcrepro_store::door;
use rcrepro_store::fs::FsStore;

/// The global options, resolved.
pub struct Context {
    /// The plan's folder.
    pub directory: PathBuf,
    /// The store's folder.
    pub store: PathBuf,
    /// Where the user configuration is, if anywhere.
    pub config: Option<ConfigFile>,
    /// Whether one JSON document is wanted.
    pub json: bool,
}

fn with_records(workspace: Workspace, revision: &str) -> Result<Workspace, Failure> {
    if revision == "HEAD" { Ok(workspace) } else { Ok(release_commit::with_its_records(workspace)?) }
}

impl Context {
    /// Finds a path of the command line: a relative one is relative to the folder that `-C` names, whatever it is for.
    pub fn path(&self, path: &Path) -> PathBuf {
        if self.directory == Path::new(".") { path.to_owned() } else { self.directory.join(path) }
    }

    /// Writes a file that was asked for by its path: where there is none, or one with these very bytes.
    pub fn write_asked(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.path(path);
        match write_new(&path, bytes) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let limit = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                if door::read(&path, limit).is_ok_and(|found| found == bytes) {
                    return Ok(());
                }
                let hint = Some(format!("name another file, or remove it first: rm {}", path.display()));
                let message = format!("cannot write `{}`: it is there, and holds something else", path.display());
                Err(Failure::plain(Exit::Usage, message, hint))
            }
            written => written.map_err(|error| {
                Failure::plain(Exit::Usage, format!("cannot write `{}`: {error}", path.display()), None)
            }),
        }
    }

    /// Reads the plan as it lies in the working copy: for what prepares a commit.
    pub fn workspace(&self) -> Result<Workspace, Failure> {
        Ok(Workspace::open(&self.directory)?)
    }

    /// Reads the plan as a commit has it: for what is run, judged and decided.
    pub fn committed(&self, revision: &str) -> Result<Workspace, Failure> {
        Ok(Workspace::at(&self.directory, revision)?)
    }

    /// As [`Self::committed`], and says on standard error which files of the working copy do not count because they are not
    /// as the last commit has them.
    pub fn committed_and_told(&self, revision: &str) -> Result<Workspace, Failure> {
        let workspace = self.committed(revision);
        if let Ok(workspace) = &workspace {
            complain(&uncommitted::warning(&uncommitted::files(workspace, revision)));
        }
        workspace
    }

    /// As [`Self::committed`], and lets the records of another commit than the last one count in place of those on disk.
    pub fn recorded(&self, revision: &str) -> Result<Workspace, Failure> {
        with_records(self.committed(revision)?, revision)
    }

    /// As [`Self::recorded`] and [`Self::committed_and_told`].
    pub fn recorded_and_told(&self, revision: &str) -> Result<Workspace, Failure> {
        with_records(self.committed_and_told(revision)?, revision)
    }

    /// Reads the user configuration.
    pub fn config(&self) -> Result<UserConfig, Failure> {
        Ok(self.config.as_ref().map(config::load).transpose()?.unwrap_or_default())
    }

    /// Opens a session, does the work, and closes the session on every way out.
    ///
    /// The first Ctrl-C cancels the work's token and waits for its clean-up; the second one stops waiting.
    pub async fn with_session<T>(
        &self,
        staging: StagingName,
        work: impl AsyncFnOnce(&Session, &CancellationToken) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let staging = match staging {
            StagingName::Auto => Staging::Auto,
            StagingName::Overlay => Staging::Overlay,
            StagingName::Archive => Staging::Archive,
        };
        let (stop, killed) = signals::listen();
        let session = Session::open(&self.store, staging, self.config()?).await?;
        for what in &session.swept {
            say!("{}", row!("removed", "{what}, left by a run that died"));
        }
        let work = async {
            let result = work(&session, &stop).await;
            if let Some(reason) = session.engine.unpinned() {
                say!(
                    "{}",
                    row!("warning", "the clock cannot be pinned here, commands saw the machine's own: {reason}")
                );
            }
            session.close().await;
            set_aside(&session.store);
            result
        };
        let stopping = async {
            stop.cancelled().await;
            say!("{}", row!("stopping", "containers are ended and removed; interrupt again not to wait for it"));
            killed.cancelled().await;
            Failure::plain(Exit::Interrupted, "killed; the next start removes what is left", None)
        };
        let result = tokio::select! {
            result = work => result,
            killed = stopping => Err(killed),
        };
        // Whatever the interrupted work made of it, the reason was the user.
        if stop.is_cancelled() && result.is_err() {
            return Err(Failure::plain(Exit::Interrupted, "interrupted; no container is left", None));
        }
        result
    }
}

/// Says which blobs were found damaged and set aside, and by nobody written again so far.
pub fn set_aside(store: &FsStore) {
    for blob in store.take_set_aside() {
        let kept = store.root().join("damaged");
        say!(
            "{}",
            row!(
                "set aside",
                "damaged blob {blob}, kept in `{}`: the next command that needs it writes it again",
                kept.display()
            )
        );
    }
}

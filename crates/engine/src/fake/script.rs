//! How a scripted execution ends, and what it produces.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::EngineError;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::execution::action::{Ending, Output};
use rcrepro_model::execution::attempt::Watch;

/// How an execution ends, and what it produces.
pub struct Script {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) ending: Ending,
    pub(super) exit_code: i32,
    pub(super) outputs: BTreeMap<TreePath, FakeOutput>,
    pub(super) takes: Duration,
    pub(super) lasts: Option<Duration>,
    pub(super) attempts: Watch,
    pub(super) unkept: BTreeMap<TreePath, String>,
    pub(super) error: Option<Box<dyn Fn() -> EngineError + Send + Sync>>,
}

/// What a script leaves at a path.
pub(super) enum FakeOutput {
    File(Vec<u8>),
    Ready(Output),
}

impl Script {
    /// Exits by itself with a code, and writes nothing.
    #[must_use]
    pub fn exit(code: i32) -> Self {
        Self::ending(Ending::Exited { code }, code)
    }

    /// Ends as said, with the exit code that the engine reports beside it.
    #[must_use]
    pub fn ending(ending: Ending, exit_code: i32) -> Self {
        Self {
            stdout: Vec::new(),
            stderr: Vec::new(),
            ending,
            exit_code,
            outputs: BTreeMap::new(),
            takes: Duration::ZERO,
            lasts: None,
            attempts: Watch::default(),
            unkept: BTreeMap::new(),
            error: None,
        }
    }

    /// Fails: nothing could be decided.
    #[must_use]
    pub fn error(error: impl Fn() -> EngineError + Send + Sync + 'static) -> Self {
        Self { error: Some(Box::new(error)), ..Self::exit(0) }
    }

    /// Writes this to the standard output.
    #[must_use]
    pub fn stdout(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdout = bytes.into();
        self
    }

    /// Writes this to the standard error.
    #[must_use]
    pub fn stderr(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stderr = bytes.into();
        self
    }

    /// Makes a file, relative to the working directory. As with every engine, only declared outputs are collected.
    #[must_use]
    pub fn file(mut self, path: TreePath, content: impl Into<Vec<u8>>) -> Self {
        self.outputs.insert(path, FakeOutput::File(content.into()));
        self
    }

    /// Makes an output whose blobs are already in the store.
    #[must_use]
    pub fn output(mut self, path: TreePath, output: Output) -> Self {
        self.outputs.insert(path, FakeOutput::Ready(output));
        self
    }

    /// Makes an output that cannot be kept, for this reason.
    #[must_use]
    pub fn unkept(mut self, path: TreePath, reason: impl Into<String>) -> Self {
        self.unkept.insert(path, reason.into());
        self
    }

    /// Reports these attempts at the network.
    #[must_use]
    pub fn attempts(mut self, attempts: Watch) -> Self {
        self.attempts = attempts;
        self
    }

    /// Claims to have run for this long, and ends at once.
    #[must_use]
    pub fn lasts(mut self, time: Duration) -> Self {
        self.lasts = Some(time);
        self
    }

    /// Takes this long, unless it is cancelled before.
    #[must_use]
    pub fn takes(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }
}

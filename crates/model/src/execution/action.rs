//! Actions, commands and their results, as REAPI spells them.
//!
//! Hash rules: `Command` and `Action` are encoded with fields in tag order; environment variables, platform properties
//! and output paths are sorted by their UTF-8 bytes and unique. `Action.do_not_cache` is always true: evidence comes from
//! an execution, never from a cache, and a run and its replay must have the same action digest. `ActionResult` leaves out
//! inline streams and execution metadata; output directories are named by their root `Directory`, never by a `Tree`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::protobuf;
use prost::Message as _;

use super::kept;
use crate::content::digest::{Digest, Sha256};
use crate::content::name::TreePath;

/// What is executed: argv, environment, working directory, outputs and platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The argv; the first one is the program.
    pub arguments: Vec<String>,
    /// The whole environment: nothing is inherited from any host.
    pub environment: BTreeMap<String, String>,
    /// The paths, relative to `working_directory`, that are collected when they exist after the run.
    pub output_paths: BTreeSet<TreePath>,
    /// Where the command runs, relative to the input root.
    pub working_directory: TreePath,
    /// What the command runs on.
    pub platform: ActionPlatform,
}

/// The container image and the machine's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPlatform {
    /// The image's name; a comment, the digest decides.
    pub image_name: String,
    /// The OCI manifest's digest.
    pub image_manifest: Sha256,
    /// REAPI's `ISA` property: `x86-64` or `arm-a64`.
    pub isa: String,
}

impl ActionPlatform {
    fn to_reapi(&self) -> reapi::Platform {
        let property = |name: &str, value: String| reapi::platform::Property { name: name.into(), value };
        reapi::Platform {
            properties: vec![
                property("ISA", self.isa.clone()),
                property("OSFamily", "linux".into()),
                property("container-image", format!("docker://{}@{}", self.image_name, self.image_manifest.to_oci())),
            ],
        }
    }
}

impl Command {
    /// Encodes the REAPI `Command`, whose digest is in the action.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        #[expect(
            deprecated,
            reason = "older REAPI servers read the platform from the command; DESIGN wants it in both"
        )]
        let message = reapi::Command {
            arguments: self.arguments.clone(),
            environment_variables: self
                .environment
                .iter()
                .map(|(name, value)| reapi::command::EnvironmentVariable { name: name.clone(), value: value.clone() })
                .collect(),
            output_paths: self.output_paths.iter().map(kept::spelled).collect::<BTreeSet<_>>().into_iter().collect(),
            working_directory: self.working_directory.to_string(),
            platform: Some(self.platform.to_reapi()),
            ..Default::default()
        };
        message.encode_to_vec()
    }

    /// Reads the environment variables off an encoded `Command`; `None` when it is not such a message.
    #[must_use]
    pub fn environment_of(bytes: &[u8]) -> Option<BTreeMap<String, String>> {
        let message = reapi::Command::decode(bytes).ok()?;
        Some(message.environment_variables.into_iter().map(|variable| (variable.name, variable.value)).collect())
    }
}

/// Joins a command with its inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What is executed.
    pub command: Command,
    /// The root `Directory` that is laid over the image's `/`.
    pub input_root: Digest,
    /// How long the plan lets it run; none where the plan says nothing.
    pub timeout: Option<Duration>,
}

/// The time-out that an encoded action names where the plan says nothing: always the same, so that no digest depends on the
/// machine whose default applies. The run record holds what is applied.
pub const UNSET_TIMEOUT: Duration = Duration::from_secs(600);

impl Action {
    /// Encodes the REAPI `Action`; the digest of these bytes is the action digest.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let timeout = self.timeout.unwrap_or(UNSET_TIMEOUT);
        let message = reapi::Action {
            command_digest: Some(Digest::of(&self.command.encode()).to_reapi()),
            input_root_digest: Some(self.input_root.to_reapi()),
            timeout: Some(protobuf::Duration {
                seconds: timeout.as_secs().cast_signed(),
                nanos: timeout.subsec_nanos().cast_signed(),
            }),
            do_not_cache: true,
            platform: Some(self.command.platform.to_reapi()),
            ..Default::default()
        };
        message.encode_to_vec()
    }

    /// Reads the input root out of an encoded REAPI `Action`; `None` for other bytes.
    #[must_use]
    pub fn input_root_of(bytes: &[u8]) -> Option<Digest> {
        Digest::from_reapi(reapi::Action::decode(bytes).ok()?.input_root_digest.as_ref()?).ok()
    }

    /// Computes the action digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }
}

/// What a declared output path turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A regular file.
    File {
        /// The content.
        digest: Digest,
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// A directory, by the digest of its root `Directory`.
    Directory {
        /// The digest of the root `Directory` message.
        root: Digest,
    },
    /// A symbolic link.
    Symlink {
        /// The link's text.
        target: String,
    },
}

/// What an execution produced. Declared outputs that were not made are left out, as in REAPI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionResult {
    /// The exit code; 128 + n when signal n ended the command, as shells and container engines report it.
    pub exit_code: i32,
    /// The whole standard output, raw.
    pub stdout: Digest,
    /// The whole standard error, raw.
    pub stderr: Digest,
    /// The outputs by path, relative to the working directory.
    pub outputs: BTreeMap<TreePath, Output>,
}

impl ActionResult {
    /// Encodes the REAPI `ActionResult` without inline streams and metadata.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut message = reapi::ActionResult {
            exit_code: self.exit_code,
            stdout_digest: Some(self.stdout.to_reapi()),
            stderr_digest: Some(self.stderr.to_reapi()),
            ..Default::default()
        };
        for (path, output) in &self.outputs {
            let path = kept::spelled(path);
            match output {
                Output::File { digest, executable } => message.output_files.push(reapi::OutputFile {
                    path,
                    digest: Some(digest.to_reapi()),
                    is_executable: *executable,
                    ..Default::default()
                }),
                Output::Directory { root } => message.output_directories.push(reapi::OutputDirectory {
                    path,
                    root_directory_digest: Some(root.to_reapi()),
                    ..Default::default()
                }),
                Output::Symlink { target } => message.output_symlinks.push(reapi::OutputSymlink {
                    path,
                    target: target.clone(),
                    ..Default::default()
                }),
            }
        }
        message.encode_to_vec()
    }

    /// Reads exit code, standard output and standard error off an encoded `ActionResult`; `None` when it is not such a message.
    #[must_use]
    pub fn ending_of(bytes: &[u8]) -> Option<(i32, Digest, Digest)> {
        let message = reapi::ActionResult::decode(bytes).ok()?;
        let stdout = Digest::from_reapi(message.stdout_digest.as_ref()?).ok()?;
        let stderr = Digest::from_reapi(message.stderr_digest.as_ref()?).ok()?;
        Some((message.exit_code, stdout, stderr))
    }
}

/// How an execution ended, beside its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The command ended by itself with this code.
    Exited {
        /// The exit code, 0 to 128.
        code: i32,
    },
    /// A signal ended it (an exit code of 128 + n, by the convention of shells).
    Signaled {
        /// The signal's number.
        signal: i32,
    },
    /// The kernel killed a process of the container for want of memory, whatever the exit code says.
    OutOfMemory {
        /// The exit code that the engine reported.
        code: i32,
    },
    /// It ran into its time limit and was killed.
    TimedOut,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> Action {
        Action {
            command: Command {
                arguments: ["/bin/bash", "-c", "true"].map(String::from).to_vec(),
                environment: [("TZ".to_owned(), "UTC".to_owned()), ("HOME".to_owned(), "/tmp".to_owned())].into(),
                output_paths: BTreeSet::new(),
                working_directory: "work".parse().expect("a good path"),
                platform: ActionPlatform {
                    image_name: "go".into(),
                    image_manifest: Sha256::of(b"manifest"),
                    isa: "x86-64".into(),
                },
            },
            input_root: Digest::of(b""),
            timeout: Some(Duration::from_secs(60)),
        }
    }

    #[test]
    fn the_environment_is_read_back() {
        let command = action().command;
        assert_eq!(Command::environment_of(&command.encode()), Some(command.environment));
        assert_eq!(Command::environment_of(b"\x0a\x05cut"), None);
    }

    #[test]
    fn an_action_without_a_timeout_is_the_one_that_manifests_hold() {
        let unset = Action { timeout: None, ..action() };
        let ten_minutes = Action { timeout: Some(Duration::from_secs(600)), ..action() };
        assert_eq!(unset.digest(), ten_minutes.digest());
    }

    #[test]
    fn every_field_of_an_action_counts() {
        let base = action().digest();
        let changes: [fn(&mut Action); 7] = [
            |a| a.command.arguments.push("x".into()),
            |a| {
                a.command.environment.insert("A".into(), "b".into());
            },
            |a| {
                a.command.output_paths.insert("out".parse().expect("a good path"));
            },
            |a| a.command.working_directory = "work/x".parse().expect("a good path"),
            |a| a.command.platform.image_manifest = Sha256::of(b"other"),
            |a| a.input_root = Digest::of(b"x"),
            |a| a.timeout = Some(Duration::from_secs(61)),
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut changed = action();
            change(&mut changed);
            assert_ne!(changed.digest(), base, "change {index}");
        }
    }
}

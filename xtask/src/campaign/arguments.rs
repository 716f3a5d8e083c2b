//! The command line of `cargo xtask campaign`.

use std::path::PathBuf;

use crate::refusal::Refusal;

const USAGE: &str = "usage: cargo xtask campaign [OPTION…] DIR…

Runs the test commands of the checkouts DIR… inside and outside of the pinned world, in one image, and compares each test's verdicts by name.

  --times N            run so often in each world (3)
  --config FILE        TOML with a table for each checkout, by its folder's name: lines, versions, limits (docs/campaign.md)
  --line NAME=LINE     the test line of one checkout
  --inside KEYS        keys of the plan's commands inside, as TOML (nothing: the default world)
  --outside KEYS       their keys outside (world = \"machine\")
  --markdown FILE      write the table there, too
  --rcrepro FILE       take this program instead of building it
";

/// The world outside: the machine's own, in the same container.
const OUTSIDE: &str = "world = \"machine\"";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    pub checkouts: Vec<PathBuf>,
    pub times: usize,
    pub config: Option<PathBuf>,
    /// Test lines by the name of their checkout.
    pub lines: Vec<(String, String)>,
    pub inside: String,
    pub outside: String,
    pub markdown: Option<PathBuf>,
    pub rcrepro: Option<PathBuf>,
}

impl Arguments {
    /// Reads the arguments after the chore's name.
    ///
    /// # Errors
    /// Exit 2 when they are not such.
    pub fn read(arguments: &[&str]) -> Result<Self, Refusal> {
        let mut found = Self {
            checkouts: Vec::new(),
            times: 3,
            config: None,
            lines: Vec::new(),
            inside: String::new(),
            outside: OUTSIDE.to_owned(),
            markdown: None,
            rcrepro: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if !argument.starts_with('-') {
                found.checkouts.push(PathBuf::from(argument));
                continue;
            }
            let value = *rest.next().ok_or_else(|| Refusal::usage(USAGE))?;
            match *argument {
                "--times" => {
                    let times = value.parse().ok().filter(|times| (1..=100).contains(times));
                    found.times = times.ok_or_else(|| Refusal::usage("invalid --times: expected 1 to 100"))?;
                }
                "--config" => found.config = Some(value.into()),
                "--line" => {
                    let (name, line) = value.split_once('=').ok_or_else(|| Refusal::usage(USAGE))?;
                    found.lines.push((name.to_owned(), line.to_owned()));
                }
                "--inside" => found.inside = value.to_owned(),
                "--outside" => found.outside = value.to_owned(),
                "--markdown" => found.markdown = Some(value.into()),
                "--rcrepro" => found.rcrepro = Some(value.into()),
                _ => return Err(Refusal::usage(USAGE)),
            }
        }
        if found.checkouts.is_empty() { Err(Refusal::usage(USAGE)) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_checkouts_are_told_apart() {
        let found = Arguments::read(&["a", "--times", "5", "--line", "b=go test -run X=Y ./...", "c/b"]).unwrap();
        assert_eq!((found.times, found.checkouts.len()), (5, 2));
        assert_eq!(found.lines, [("b".to_owned(), "go test -run X=Y ./...".to_owned())]);
        assert_eq!(found.outside, OUTSIDE);
    }

    #[test]
    fn what_is_not_known_or_not_whole_is_refused() {
        for wrong in [&[][..], &["--times"], &["a", "--times", "0"], &["a", "--line", "x"], &["a", "--what", "x"]] {
            assert!(Arguments::read(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! What PID 1 is asked to do: `rcrepro-init [OPTION…] -- PROGRAM [ARGUMENT…]`, written by the engine, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::clocks::wall::Asked;
use crate::machine::processors::ProcessorCount;

/// How entries of a directory are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By the bytes of their names.
    Sorted,
    /// In an order that follows from a seed.
    Shuffled(u64),
}

/// How the monotonic clocks of executables of one name are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// For how long at most, in nanoseconds.
    pub quantum: u64,
    /// The main package that the executable has to be built from; `None` where its name is enough.
    pub package: Option<String>,
}

/// Everything that the command line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitOptions {
    /// `--gate`: wait for one byte on the standard input before the program begins; its end means that there is nothing to do.
    pub gate: bool,
    /// `--clock=stands:SECONDS` or `--clock=starts:SECONDS`: the wall clock's time since 1970, for ever or at the beginning.
    pub clock: Option<Asked>,
    /// `--quantise=NAME:NANOSECONDS` or `--quantise=NAME:NANOSECONDS:PACKAGE`: executables of this name, built from this main
    /// package of Go, whose monotonic clocks are held, and for how long at most.
    pub quantised: BTreeMap<Vec<u8>, Hold>,
    /// `--clamp-mtime=NAME/NAME…`: executables of these names read no time of a file that is later than the wall clock's.
    pub clamped: BTreeSet<Vec<u8>>,
    /// `--cpus=NUMBER` or `--cpus=most:NUMBER`: how many processors programs are told of, at most or exactly.
    pub cpus: Option<ProcessorCount>,
    /// `--seed=NUMBER`: what every program's start random bytes follow from.
    pub seed: Option<u64>,
    /// `--directories=sorted` or `--directories=shuffled:SEED`.
    pub directories: Option<Order>,
    /// `--umask=OCTAL`.
    pub umask: Option<u32>,
    /// `--load=NUMBER`: processes that burn processor time beside the program.
    pub load: u32,
    /// `--report=PATH`: watch for attempts at the network, and write what was seen into this file at the end.
    pub report: Option<PathBuf>,
    /// The program and its arguments.
    pub program: Vec<CString>,
}

/// Reads the arguments that follow the program's own name.
///
/// # Errors
/// A text that names the argument.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<InitOptions, String> {
    let mut settings = InitOptions::default();
    let mut arguments = arguments.into_iter();
    for argument in arguments.by_ref() {
        if argument == "--" {
            break;
        }
        let text = argument.to_str().ok_or_else(|| format!("invalid option `{}`", argument.display()))?;
        option(&mut settings, text).ok_or_else(|| format!("unknown option `{text}`"))?;
    }
    let word =
        |argument: OsString| CString::new(argument.into_vec()).map_err(|_| "a word holds a zero byte".to_owned());
    settings.program = arguments.map(word).collect::<Result<_, _>>()?;
    if settings.program.first().is_none_or(|program| program.is_empty()) {
        return Err("there is no program after `--`".to_owned());
    }
    Ok(settings)
}

fn option(settings: &mut InitOptions, text: &str) -> Option<()> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match name {
        "--gate" if value.is_empty() => settings.gate = true,
        "--clock" => {
            settings.clock = Some(match value.split_once(':')? {
                ("stands", seconds) => Asked::Stands(seconds.parse().ok()?),
                ("starts", seconds) => Asked::Starts(seconds.parse().ok()?),
                _ => return None,
            });
        }
        "--quantise" => {
            let mut parts = value.splitn(3, ':');
            let (name, quantum) = (parts.next()?, parts.next()?.parse().ok().filter(|quantum| *quantum > 0)?);
            let package = parts.next().map(str::to_owned);
            settings.quantised.insert(name.as_bytes().to_vec(), Hold { quantum, package });
        }
        "--clamp-mtime" => {
            let names = value.split('/').map(|name| name.as_bytes().to_vec());
            settings.clamped = Some(names.collect::<BTreeSet<_>>()).filter(|names| !names.contains(&b""[..]))?;
        }
        "--cpus" => {
            let (capped, number) = value.strip_prefix("most:").map_or((false, value), |number| (true, number));
            let number = number.parse().ok().filter(|cpus| (1..=64).contains(cpus))?;
            settings.cpus = Some(if capped { ProcessorCount::AtMost(number) } else { ProcessorCount::Exactly(number) });
        }
        "--seed" => settings.seed = Some(value.parse().ok()?),
        "--directories" => {
            settings.directories = Some(match value.split_once(':') {
                None if value == "sorted" => Order::Sorted,
                Some(("shuffled", seed)) => Order::Shuffled(seed.parse().ok()?),
                _ => return None,
            });
        }
        "--umask" => settings.umask = Some(u32::from_str_radix(value, 8).ok().filter(|mask| *mask <= 0o777)?),
        "--report" => settings.report = Some(PathBuf::from(value)).filter(|path| path.is_absolute()).map(Some)?,
        "--load" => settings.load = value.parse().ok()?,
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(words: &[&str]) -> Result<InitOptions, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn every_option_is_read() {
        let settings = read(&[
            "--gate",
            "--clock=starts:-7",
            "--quantise=go:300:cmd/go",
            "--quantise=mine:7",
            "--clamp-mtime=tar/zip",
            "--cpus=4",
            "--seed=9",
            "--directories=shuffled:3",
            "--umask=022",
            "--load=2",
            "--report=/said",
            "--",
            "/bin/sh",
            "-c",
            "exit 3",
        ]);
        let settings = settings.expect("good options");
        assert_eq!((settings.gate, settings.cpus, settings.seed), (true, Some(ProcessorCount::Exactly(4)), Some(9)));
        let capped = read(&["--cpus=most:2", "--", "x"]).map(|read| read.cpus);
        assert_eq!(capped, Ok(Some(ProcessorCount::AtMost(2))));
        assert_eq!(settings.clock, Some(Asked::Starts(-7)));
        assert_eq!(read(&["--clock=stands:7", "--", "x"]).map(|read| read.clock), Ok(Some(Asked::Stands(7))));
        assert_eq!((settings.umask, settings.load), (Some(0o22), 2));
        let hold = |name: &[u8]| (settings.quantised[name].quantum, settings.quantised[name].package.as_deref());
        assert_eq!((hold(b"go"), hold(b"mine")), ((300, Some("cmd/go")), (7, None)));
        assert_eq!(settings.clamped, BTreeSet::from([b"tar".to_vec(), b"zip".to_vec()]));
        assert_eq!(settings.directories, Some(Order::Shuffled(3)));
        assert_eq!(settings.report.as_deref(), Some(Path::new("/said")));
        assert_eq!(settings.program.len(), 3);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            &["--clock=now", "--", "x"][..],
            &["--clock=starts:now", "--", "x"],
            &["--clock=7", "--", "x"],
            &["--quantise=go", "--", "x"],
            &["--quantise=go:0", "--", "x"],
            &["--clamp-mtime=", "--", "x"],
            &["--clamp-mtime=tar//zip", "--", "x"],
            &["--cpus=0", "--", "x"],
            &["--cpus=65", "--", "x"],
            &["--cpus=most:0", "--", "x"],
            &["--directories=real", "--", "x"],
            &["--umask=8", "--", "x"],
            &["--gate=1", "--", "x"],
            &["--report=said", "--", "x"],
            &["--other", "--", "x"],
            &["x"],
            &["--"],
            &[],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! Programs that were begun and have not been rewritten: those of 32 bits, and those that begin like no other.
//!
//! The moment in which a program is rewritten is one of its first calls. One that makes none of them keeps the machine's
//! clock, and the report would not say so. So this process is told of each `execve` that the kernel will carry out, and expects
//! one of those calls after it.

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::network::request::Width;
use crate::process::{read_path, thread_group};
use crate::programs::Programs;
use crate::programs::elf::{HEADER, half, word};
use crate::sys::{self, Notification, calls};

/// How many programs are waited for until all are looked at.
const MOST: usize = 1024;
/// How often a script's interpreter may be a script, as the kernel has it.
const SCRIPTS: usize = 5;
/// How much of a file is read for its first line or its headers.
const HEAD: usize = 4096;
/// The size of a segment's entry in an ELF file of 64 bits.
const SEGMENT: usize = 56;

/// What is known of programs that were begun.
#[derive(Default)]
pub struct Begun {
    waited_for: BTreeSet<u32>,
}

/// What a process becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: the kernel will refuse it.
    None,
    /// A program of the machine's own width, or one of which nothing is known.
    Wide,
    /// A program of 32 bits.
    Narrow,
}

/// Why a program's clock is not ours.
pub const NARROW: &str = "a program of 32 bits ran, and has the machine's clock";
pub const UNKNOWN: &str = "a program began in a way that is not known, and may have had the machine's clock";

impl Begun {
    /// Whether a call begins a program.
    #[must_use]
    pub fn is_about(call: &Notification) -> bool {
        let number = call.call.cast_unsigned();
        match Width::of(call) {
            Width::Wide => [calls::EXECVE, calls::EXECVEAT].contains(&number),
            Width::Narrow => calls::NARROW.exec.contains(&number),
        }
    }

    /// Looks at a program that is about to begin; gives why its clock, or that of one before it, is not ours.
    pub fn expect(&mut self, call: &Notification, programs: &Programs) -> Option<&'static str> {
        let process = thread_group(call.pid).unwrap_or(call.pid);
        // What began here before has either failed to begin, or does not do what others do.
        let lost = self.waited_for.remove(&process) && !programs.is_rewritten(process).unwrap_or(false);
        let kind = path(call).and_then(|path| path.map_or(Ok(Kind::Wide), |path| kind(&path, process, SCRIPTS)));
        match kind.unwrap_or(Kind::Wide) {
            Kind::None => {}
            Kind::Narrow => return Some(NARROW),
            Kind::Wide => {
                self.waited_for.insert(process);
            }
        }
        let lost = lost || self.waited_for.len() > MOST && self.settle(programs, false);
        lost.then_some(UNKNOWN)
    }

    /// Notes that a program was rewritten.
    pub fn rewritten(&mut self, process: u32) {
        self.waited_for.remove(&process);
    }

    /// Tells, at the end, whether any program was not rewritten that should have been.
    pub fn end(&mut self, programs: &Programs) -> Option<&'static str> {
        self.settle(programs, true).then_some(UNKNOWN)
    }

    /// Looks at all that are waited for. One that runs may be about to be rewritten, unless this is the end.
    fn settle(&mut self, programs: &Programs, is_end: bool) -> bool {
        let mut lost = false;
        self.waited_for.retain(|process| match programs.is_rewritten(*process) {
            Ok(true) => false,
            Ok(false) => {
                lost |= is_end;
                !is_end
            }
            Err(_) => {
                lost = true;
                false
            }
        });
        lost
    }
}

/// Finds the file that a call leads to; `None` for a path that cannot be told from here.
fn path(call: &Notification) -> io::Result<Option<PathBuf>> {
    let [first, second, _, _, fifth, _] = call.arguments;
    let number = call.call.cast_unsigned();
    let is_at = [calls::EXECVEAT, calls::NARROW.exec[1]].contains(&number) && number != calls::EXECVE;
    let (folder, address, is_itself) = match is_at {
        false => (format!("/proc/{}/cwd", call.pid), first, false),
        true => {
            let descriptor = (first & 0xffff_ffff) as u32;
            let folder = match descriptor.cast_signed() {
                libc::AT_FDCWD => format!("/proc/{}/cwd", call.pid),
                _ => format!("/proc/{}/fd/{descriptor}", call.pid),
            };
            (folder, second, fifth & libc::AT_EMPTY_PATH.unsigned_abs() as u64 != 0)
        }
    };
    let Some(path) = read_path(call.pid, address)? else { return Ok(None) };
    if path.is_empty() {
        return Ok(is_itself.then(|| PathBuf::from(folder)));
    }
    Ok(Some(place(&path, &folder, call.pid)))
}

/// Writes a path as this process finds it: some lead elsewhere for each.
fn place(path: &[u8], folder: &str, pid: u32) -> PathBuf {
    let own = format!("/proc/{pid}/");
    for (theirs, ours) in
        [("/proc/self/", own.clone()), ("/proc/thread-self/", own.clone()), ("/dev/fd/", format!("{own}fd/"))]
    {
        if let Some(rest) = path.strip_prefix(theirs.as_bytes()) {
            return Path::new(&ours).join(OsStr::from_bytes(rest));
        }
    }
    // A path that begins at the root is complete.
    Path::new(folder).join(OsStr::from_bytes(path))
}

/// Returns what a file becomes when it is executed, as the kernel decides it: by its first bytes.
fn kind(path: &Path, process: u32, scripts: usize) -> io::Result<Kind> {
    let name = CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)?;
    if !sys::may_execute(&name) || !path.is_file() {
        return Ok(Kind::None);
    }
    // What may be executed and not read belongs to another user, and becomes a process that cannot be looked into.
    let Ok(file) = File::open(path) else { return Ok(Kind::Wide) };
    let mut head = vec![0; HEAD];
    let mut length = 0;
    while let Ok(count @ 1..) = file.read_at(&mut head[length..], length as u64) {
        length += count;
    }
    head.truncate(length);
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
        let interpreter = line.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        return match interpreter {
            [] => Ok(Kind::None),
            _ if scripts == 0 => Ok(Kind::None),
            _ => kind(&place(interpreter, &format!("/proc/{process}/cwd"), process), process, scripts - 1),
        };
    }
    Ok(elf(&head))
}

fn elf(head: &[u8]) -> Kind {
    let is_program = head.starts_with(b"\x7fELF") && [2, 3].contains(&half(head, 16));
    match (head.get(4), half(head, 18)) {
        (Some(1), _) if is_program => Kind::Narrow,
        (Some(2), machine) if is_program && machine == calls::ELF_MACHINE => {
            // A program whose loader is not there does not begin.
            let size = |word: u64| usize::try_from(word).unwrap_or(usize::MAX);
            let first = size(word(head, 32)).max(HEADER);
            for at in (0..usize::from(half(head, 56))).map(|n| first.saturating_add(n * SEGMENT)) {
                let segment = head.get(at..at.saturating_add(4));
                if segment != Some(&[3, 0, 0, 0]) {
                    continue;
                }
                let (begin, length) = (size(word(head, at + 8)), size(word(head, at + 32)));
                let loader = head.get(begin..begin.saturating_add(length).saturating_sub(1));
                let is_there = loader.is_none_or(|loader| Path::new(OsStr::from_bytes(loader)).exists());
                return if is_there { Kind::Wide } else { Kind::None };
            }
            Kind::Wide
        }
        _ => Kind::None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_a_file_becomes_is_told_by_its_first_bytes() {
        let folder = std::env::temp_dir().join(format!("rcrepro-begun-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let own = std::env::current_exe().expect("one's own");
        let mut narrow = std::fs::read(&own).expect("readable")[..HEAD].to_vec();
        narrow[4] = 1;
        let file = folder.join("file");
        let found = |bytes: &[u8], mode: u32| {
            std::fs::write(&file, bytes).expect("written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("ours");
            kind(&file, std::process::id(), SCRIPTS).expect("a look")
        };
        assert_eq!(kind(&own, 1, SCRIPTS).ok(), Some(Kind::Wide));
        assert_eq!(found(&narrow, 0o755), Kind::Narrow);
        assert_eq!(found(&narrow, 0o644), Kind::None, "it may not be executed");
        assert_eq!(found(b"#!/bin/sh\n", 0o755), Kind::Wide);
        assert_eq!(found(format!("#! {} x\n", file.display()).as_bytes(), 0o755), Kind::None, "its own interpreter");
        assert_eq!(found(b"#!/no/such/program\n", 0o755), Kind::None);
        assert_eq!(found(b"echo a script without a first line\n", 0o755), Kind::None);
        assert_eq!(found(b"", 0o755), Kind::None);
        assert_eq!(kind(&folder, 1, SCRIPTS).ok(), Some(Kind::None), "a folder");
        assert_eq!(kind(&folder.join("none"), 1, SCRIPTS).ok(), Some(Kind::None));
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn paths_that_lead_elsewhere_for_each_are_the_callers() {
        let found = |path: &str| place(path.as_bytes(), "/proc/7/cwd", 7);
        assert_eq!(found("/bin/sh"), Path::new("/bin/sh"));
        assert_eq!(found("./x"), Path::new("/proc/7/cwd/./x"));
        assert_eq!(found("/proc/self/exe"), Path::new("/proc/7/exe"));
        assert_eq!(found("/dev/fd/3"), Path::new("/proc/7/fd/3"));
    }
}

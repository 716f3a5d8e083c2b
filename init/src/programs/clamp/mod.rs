//! Times of files as archivers see them: none is later than the time that the wall clock of the command began with.
//!
//! What a command writes has the machine's time, and an archiver puts it into the archive. So the places of a named program that ask
//! the kernel for a file's times are led through other code, which makes the same call and clamps what comes back. That is done
//! once, when the program has mapped what it consists of, and costs it nothing afterwards: a question that this process answers would
//! take longer than the archiver takes for the file.
//!
//! That code is behind the end of a piece of the program's own code, in the rest of its last page, which nothing else uses.

mod modules;
mod sites;
mod words;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use self::modules::{FileId, Module, Room};
use self::sites::Site;
pub use self::sites::{ClampTimes, IS_POSSIBLE, WORD};
use crate::process::Memory;
use crate::sys::{Notification, calls};

/// The most bytes of one module's code that are searched.
const MOST: u64 = 64 << 20;

/// The programs whose times of files are clamped.
#[derive(Default)]
pub struct Clamp {
    names: BTreeSet<Vec<u8>>,
    times: ClampTimes,
    /// Where code that was searched before has its places, by its file and its length.
    known: RefCell<BTreeMap<(FileId, u64), Vec<Site>>>,
}

impl Clamp {
    /// Prepares it for executables of these names.
    #[must_use]
    pub fn of(names: BTreeSet<Vec<u8>>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Sets what programs read that begin from now on.
    pub fn set(&mut self, times: ClampTimes) {
        self.times = times;
    }

    /// Whether a call is the one at which a program has mapped all that it consists of: it sets its thread pointer.
    #[must_use]
    pub fn is_about(call: &Notification) -> bool {
        IS_POSSIBLE && calls::ARCH_PRCTL == Some(call.call.cast_unsigned())
    }

    /// Rewrites the program that makes such a call, if it is a named one.
    ///
    /// # Errors
    /// What the system says: the process is gone, or may not be looked into.
    pub fn rewrite(&self, call: &Notification) -> io::Result<()> {
        let Some(hands_on) = self.meant(call.pid)? else { return Ok(()) };
        let memory = Memory::open(call.pid)?;
        let modules = modules::of(&std::fs::read_to_string(format!("/proc/{}/maps", call.pid))?, &memory);
        let mut rooms: Vec<Room> = modules.iter().map(|module| module.room).collect();
        let mut all = Vec::new();
        for module in &modules {
            let mut sites = self.sites(module, &memory)?;
            sites.retain(|site| !site.holds(module.text, call.instruction));
            all.push(sites);
        }
        // Where it sets times in a way that is not known, files would get the clamped one.
        if hands_on && !all.iter().flatten().any(Site::sets) {
            return Ok(());
        }
        for (index, (module, sites)) in modules.iter().zip(&all).enumerate().filter(|(_, (_, sites))| !sites.is_empty())
        {
            let code = sites::code(self.times);
            let size = code.len() + sites.iter().map(Site::room).sum::<usize>();
            // The rest of its own last page, or else of another's that is near enough.
            let mut order = std::iter::once(index).chain((0..rooms.len()).filter(|other| *other != index));
            let Some(place) = order.find_map(|at| rooms[at].take(size, module.text)) else { continue };
            let (bytes, doors) = render(sites, module.text, place, code);
            memory.write(place, &bytes)?;
            for (at, door) in doors {
                memory.write(at, &door)?;
            }
        }
        Ok(())
    }

    /// Whether a program is a named one, called in a way in which it does not decide by the times that it reads; and whether it sets
    /// those again.
    fn meant(&self, pid: u32) -> io::Result<Option<bool>> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let executable = std::fs::read_link(format!("/proc/{pid}/exe"))?;
        let name = executable.file_name().unwrap_or_default().as_bytes();
        let line = std::fs::read(format!("/proc/{pid}/cmdline"))?;
        let words: Vec<&[u8]> = line.strip_suffix(b"\0").unwrap_or(&line).split(|byte| *byte == 0).collect();
        let called = words::called(name, &words, &self.names).filter(|(name, rest)| words::packs(name, rest));
        Ok(called.map(|(name, rest)| words::hands_on(name, rest)))
    }

    /// Finds the places of a module; those of one file are searched for once.
    fn sites(&self, module: &Module, memory: &Memory) -> io::Result<Vec<Site>> {
        if module.length > MOST {
            return Ok(Vec::new());
        }
        let key = (module.file.clone(), module.length);
        let known = self.known.borrow().get(&key).cloned();
        if let Some(known) = known
            && known.iter().all(|site| site.is_at(module.text, memory))
        {
            return Ok(known);
        }
        let mut text = vec![0; usize::try_from(module.length).map_err(io::Error::other)?];
        memory.read(module.text, &mut text)?;
        let sites = sites::find(&text);
        self.known.borrow_mut().insert(key, sites.clone());
        Ok(sites)
    }
}

/// Writes the code with the parts of all places behind it, and for each place where its branch goes.
fn render(sites: &[Site], text: u64, place: u64, mut code: Vec<u8>) -> (Vec<u8>, Vec<(u64, Vec<u8>)>) {
    let mut doors = Vec::new();
    for site in sites {
        let (trampoline, door) = site.render(text, place, code.len());
        code.extend(trampoline);
        doors.push((text + site.at as u64, door));
    }
    (code, doors)
}

//! Rewrites the vDSO and the random bytes of a program that has just begun.

pub mod begun;
mod build_info;
pub mod clamp;
mod elf;
pub mod stub;
mod vdso;
mod watcher;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use self::stub::{MARKER, PASSED_AT, Readings, STACK_AT, Stub, Wall};
use self::vdso::{Layout, Patch, VdsoError};
use self::watcher::Found;
use crate::mixing::{Mixer, mix};
use crate::options::Hold;
use crate::process::{Auxiliary, Memory};
use crate::sys;

/// What is done to each new program.
pub struct Programs {
    seed: Option<u64>,
    clock: Option<Clock>,
    /// Programs whose clocks are held, and whose watching thread is not known yet.
    fresh: RefCell<Vec<u32>>,
    holds: Cell<bool>,
}

struct Clock {
    plain: Patch,
    stub: Stub,
    quantised: BTreeMap<Vec<u8>, Hold>,
}

impl Programs {
    /// Prepares the patch from this process's own vDSO, which is every 64-bit program's. With `clock`
    /// programs read our wall clock.
    ///
    /// # Errors
    /// [`VdsoError`] when it cannot be rewritten.
    pub fn prepare(clock: bool, seed: Option<u64>, quantised: BTreeMap<Vec<u8>, Hold>) -> Result<Self, VdsoError> {
        if !clock {
            return Ok(Self { seed, clock: None, fresh: RefCell::default(), holds: Cell::new(false) });
        }
        let image = own_image().ok_or(VdsoError::Malformed("no place in this process"))?;
        let layout = Layout::read(&image)?;
        let stub = Stub::render(layout.to_original()?);
        let plain = layout.patch(&image, &stub.bytes, sys::stub_entries())?;
        Ok(Self {
            seed,
            clock: Some(Clock { plain, stub, quantised }),
            fresh: RefCell::default(),
            holds: Cell::new(false),
        })
    }

    /// Sets the wall clock of all programs that begin from now on.
    pub fn set(&mut self, wall: Wall) {
        if let Some(Clock { plain, stub, .. }) = &mut self.clock {
            stub.set(wall);
            plain.bytes[plain.stub_at..].copy_from_slice(&stub.bytes);
        }
    }

    /// Returns the longest time for which this process's monotonic clocks are held, when its executable is a named one
    /// and the program that is meant.
    #[must_use]
    pub fn quantum_of(&self, pid: u32) -> Option<Duration> {
        let quantised = &self.clock.as_ref()?.quantised;
        if quantised.is_empty() {
            return None;
        }
        let link = format!("/proc/{pid}/exe");
        let executable = std::fs::read_link(&link).ok()?;
        let hold = quantised.get(executable.file_name()?.as_bytes())?;
        let is_it = match &hold.package {
            Some(package) => build_info::is_built_from(&File::open(link).ok()?, package),
            None => true,
        };
        is_it.then(|| Duration::from_nanos(hold.quantum))
    }

    /// Whether any program's clocks are held.
    #[must_use]
    pub fn holds_any(&self) -> bool {
        self.holds.get()
    }

    /// Moves a program's held clocks on, to `passed` after their first readings.
    ///
    /// # Errors
    /// What the system says.
    pub fn move_on(&self, pid: u32, passed: Duration) -> io::Result<()> {
        self.tell(pid, PASSED_AT, &[u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)])
    }

    /// Looks for the watching threads of programs whose clocks are held, and lets time pass for those.
    ///
    /// *Reason:* the runtime of Go has a thread that takes a processor away from a goroutine that has had it for ten
    /// milliseconds, among others from its own sweeper while that waits for another goroutine. Where no time passes for this
    /// thread, such a wait has no end.
    pub fn find_watchers(&self) {
        self.fresh.borrow_mut().retain(|&pid| match watcher::stack_of(pid) {
            Found::Stack { lowest, span } => {
                drop(self.tell(pid, STACK_AT, &[lowest, span]));
                false
            }
            Found::NotYet => true,
            Found::Gone => false,
        });
    }

    fn tell(&self, pid: u32, at: usize, words: &[u64]) -> io::Result<()> {
        let (Some(clock), vdso) = (&self.clock, Auxiliary::of(pid)?.vdso) else { return Ok(()) };
        let (memory, stub) = (Memory::open(pid)?, vdso + (clock.plain.at + clock.plain.stub_at) as u64);
        if vdso != 0 && memory.word(stub)? == MARKER {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            memory.write(stub + at as u64, &bytes)?;
        }
        Ok(())
    }

    /// Whether there is anything to do.
    #[must_use]
    pub fn any(&self) -> bool {
        self.seed.is_some() || self.clock.is_some()
    }

    /// Whether a program reads our wall clock.
    ///
    /// # Errors
    /// What the system says: the process is gone, or may not be looked into.
    pub fn is_rewritten(&self, pid: u32) -> io::Result<bool> {
        let Some(clock) = &self.clock else { return Ok(true) };
        let vdso = Auxiliary::of(pid)?.vdso;
        Ok(vdso != 0 && Memory::open(pid)?.word(vdso + (clock.plain.at + clock.plain.stub_at) as u64)? == MARKER)
    }

    /// Rewrites a program unless that was done already.
    ///
    /// # Errors
    /// What the system says: the process is gone, or may not be looked into.
    pub fn rewrite(&self, pid: u32) -> io::Result<()> {
        let (auxiliary, memory) = (Auxiliary::of(pid)?, Memory::open(pid)?);
        if let Some(clock) = &self.clock {
            // This process has one, and so has every program of the same kernel.
            if auxiliary.vdso == 0 {
                return Err(io::Error::other("it has no vDSO"));
            }
            let at = auxiliary.vdso + clock.plain.at as u64;
            if memory.word(at + clock.plain.stub_at as u64)? == MARKER {
                return Ok(());
            }
            if self.quantum_of(pid).is_some() {
                self.holds.set(true);
                self.fresh.borrow_mut().push(pid);
                memory.write(at, &clock.holding(&readings()?, spare_word(pid)?))?;
            } else {
                memory.write(at, &clock.plain.bytes)?;
            }
        }
        if let Some(seed) = self.seed.filter(|_| auxiliary.random != 0) {
            let wanted = random_bytes(seed, pid);
            memory.write(auxiliary.random, &wanted)?;
        }
        Ok(())
    }
}

impl Clock {
    fn holding(&self, readings: &Readings, spin: u64) -> Vec<u8> {
        let mut stub = self.stub.clone();
        stub.hold(readings, spin);
        let mut bytes = self.plain.bytes.clone();
        bytes[self.plain.stub_at..].copy_from_slice(&stub.bytes);
        bytes
    }
}

/// Finds a word of a program's memory that is not used: the kernel leaves the stack's topmost one empty.
fn spare_word(pid: u32) -> io::Result<u64> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let range = maps.lines().find(|line| line.ends_with("[stack]")).and_then(|line| line.split(' ').next());
    let end = range.and_then(|range| u64::from_str_radix(range.split_once('-')?.1, 16).ok());
    end.map(|end| end - 8).ok_or_else(|| io::Error::other("it has no stack"))
}

/// Reads the clocks that a program's held ones begin with.
fn readings() -> io::Result<Readings> {
    let mut readings = Readings::default();
    for clock in [libc::CLOCK_MONOTONIC, libc::CLOCK_MONOTONIC_RAW, libc::CLOCK_MONOTONIC_COARSE, libc::CLOCK_BOOTTIME]
    {
        readings[usize::try_from(clock).map_err(io::Error::other)?] = sys::clock(clock)?;
    }
    Ok(readings)
}

/// Derives a program's sixteen bytes from the seed and its command line: equal in every run, and different for two programs
/// that make temporary files beside each other.
fn random_bytes(seed: u64, pid: u32) -> [u8; 16] {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut mixer = Mixer(mix(seed, &line));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mixer.next().to_le_bytes());
    bytes[8..].copy_from_slice(&mixer.next().to_le_bytes());
    bytes
}

/// Reads this process's own vDSO, by the range that the kernel names for it.
fn own_image() -> Option<Vec<u8>> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let range = maps.lines().find(|line| line.ends_with("[vdso]"))?.split(' ').next()?;
    let (begin, end) = range.split_once('-')?;
    let (begin, end) = (u64::from_str_radix(begin, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    if begin != sys::own_vdso() as u64 {
        return None;
    }
    let mut image = vec![0; usize::try_from(end - begin).ok()?];
    Memory::open(std::process::id()).ok()?.read(begin, &mut image).ok()?;
    Some(image)
}

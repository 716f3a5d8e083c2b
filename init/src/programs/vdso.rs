//! Finds the functions of a vDSO, and makes them lead to the stub: see [`Redirect`] for the two ways.
//!
//! Either way the body of `gettimeofday` makes room, no instruction of the kernel's is moved elsewhere, and the stub is the
//! end of one slice of bytes.

use crate::sys::StubEntries;

const SYMBOL: usize = 24;
const PT_DYNAMIC: u32 = 2;
const PT_LOAD: u32 = 1;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const BEYOND: &str = "a table or a function beyond its end";

/// Why a vDSO cannot be rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VdsoError {
    /// It is not an ELF image of the expected form.
    Malformed(&'static str),
    /// A function is missing.
    Missing(&'static str),
    /// The body that makes room is too small.
    Small { room: usize, needed: usize },
}

impl std::fmt::Display for VdsoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "the kernel's vDSO has {what}"),
            Self::Missing(name) => write!(f, "the kernel's vDSO has no {name}"),
            Self::Small { room, needed } => {
                write!(f, "the kernel's vDSO has {room} bytes of room for other code, {needed} are needed")
            }
        }
    }
}

/// How a program is led from the kernel's functions to the stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirect {
    /// By the values of the symbols. The stub is in the body of `gettimeofday`, and the kernel's `clock_gettime` stays
    /// for the other clocks.
    Symbols,
    /// By a branch at the beginning of `clock_gettime`, for programs that have looked the functions up before this
    /// process could change the symbols. The stub's own `gettimeofday` is exactly where the kernel's was, and what the stub has before
    /// it covers the end of `clock_gettime`, which comes before it in every kernel seen.
    Branches,
}

/// The way of this architecture: on aarch64 static Go programs look the functions up before their first system call.
const REDIRECT: Redirect = if cfg!(target_arch = "aarch64") { Redirect::Branches } else { Redirect::Symbols };

/// `bti c`: the place where an indirect call may land; does nothing where the processor does not ask for it.
const LANDING: u32 = 0xd503_245f;
/// How many bytes [`LANDING`] and a branch take.
const DOOR: usize = 8;
/// Two functions are neighbours when no more than this is between them: the gap that alignment leaves.
const GAP: usize = 64;

/// A function of the vDSO.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Symbol {
    name: String,
    /// Where its table entry is in the image.
    entry: usize,
    /// Where its body is in the image.
    value: usize,
    size: usize,
}

/// Where things are in a vDSO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    symbols: Vec<Symbol>,
    /// What addresses in the image are relative to: 0 in every vDSO of today.
    base: usize,
}

/// A run of bytes to be written into a program's vDSO.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Where, from the vDSO's beginning.
    pub at: usize,
    pub bytes: Vec<u8>,
    /// Where the stub is in `bytes`.
    pub stub_at: usize,
}

impl Layout {
    /// Reads the dynamic symbols of a vDSO image.
    ///
    /// # Errors
    /// [`VdsoError::Malformed`] for anything but a vDSO of the expected form, or when a table is missing.
    pub fn read(image: &[u8]) -> Result<Self, VdsoError> {
        let view = View(image);
        if image.get(..6) != Some(b"\x7fELF\x02\x01") {
            return Err(VdsoError::Malformed("another form than 64-bit little-endian ELF"));
        }
        let headers = view.word(32)?;
        let (size, count) = (view.half(54)?, view.half(56)?);
        let (mut dynamic, mut base) = (None, None);
        for index in 0..count {
            let at = headers + index * size;
            match view.quarter(at)? {
                PT_DYNAMIC => dynamic = Some((view.word(at + 8)?, view.word(at + 40)?)),
                PT_LOAD if base.is_none() => base = Some(view.word(at + 16)?),
                _ => {}
            }
        }
        let (at, length) = dynamic.ok_or(VdsoError::Malformed("no dynamic section"))?;
        let base = base.ok_or(VdsoError::Malformed("no loaded segment"))?;
        let (mut names, mut table) = (None, None);
        for entry in (at..at + length).step_by(16) {
            match view.word(entry)? as u64 {
                DT_STRTAB => names = Some(view.word(entry + 8)?.wrapping_sub(base)),
                DT_SYMTAB => table = Some(view.word(entry + 8)?.wrapping_sub(base)),
                _ => {}
            }
        }
        // The table of names follows the table of symbols, which says how many there are.
        let (Some(names), Some(table)) = (names, table) else { return Err(VdsoError::Malformed("no symbol table")) };
        if names <= table || names > image.len() {
            return Err(VdsoError::Malformed("its names before its symbols"));
        }
        let mut symbols = Vec::new();
        for entry in (table..names).step_by(SYMBOL).take_while(|entry| entry + SYMBOL <= names) {
            let name = view.name(names + view.quarter(entry)? as usize)?;
            let (value, size) = (view.word(entry + 8)?, view.word(entry + 16)?);
            if !name.is_empty() && value != 0 && size != 0 {
                symbols.push(Symbol { name, entry, value: value.wrapping_sub(base), size });
            }
        }
        Ok(Self { symbols, base })
    }

    fn symbol(&self, name: &'static str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| {
            [name, &format!("__vdso_{name}"), &format!("__kernel_{name}")].contains(&symbol.name.as_str())
        })
    }

    /// Returns the way from the stub's beginning to the kernel's own `clock_gettime`; 0 where that is gone.
    ///
    /// # Errors
    /// [`VdsoError::Missing`].
    pub fn to_original(&self) -> Result<i64, VdsoError> {
        let (original, room) = (self.find("clock_gettime")?, self.find("gettimeofday")?);
        Ok(match REDIRECT {
            Redirect::Symbols => offset(original.value) - offset(begin(room)),
            Redirect::Branches => 0,
        })
    }

    fn find(&self, name: &'static str) -> Result<&Symbol, VdsoError> {
        self.symbol(name).ok_or(VdsoError::Missing(name))
    }

    /// Makes the one slice of bytes, from the first change to the end of the stub, that is written into a program.
    ///
    /// # Errors
    /// [`VdsoError`] when the stub does not fit.
    pub fn patch(&self, image: &[u8], stub: &[u8], entries: StubEntries) -> Result<Patch, VdsoError> {
        self.patch_by(REDIRECT, image, stub, entries)
    }

    fn patch_by(&self, way: Redirect, image: &[u8], stub: &[u8], entries: StubEntries) -> Result<Patch, VdsoError> {
        let mut image = image.to_vec();
        let (first, begin) = match way {
            Redirect::Symbols => self.redirect_symbols(&mut image, stub.len(), entries)?,
            Redirect::Branches => self.redirect_branch(&mut image, stub.len(), entries)?,
        };
        let end = begin + stub.len();
        image.get_mut(begin..end).ok_or(VdsoError::Malformed(BEYOND))?.copy_from_slice(stub);
        Ok(Patch { at: first, bytes: image[first..end].to_vec(), stub_at: begin - first })
    }

    /// Returns where the changes begin, and where the stub does.
    fn redirect_symbols(
        &self,
        image: &mut [u8],
        length: usize,
        entries: StubEntries,
    ) -> Result<(usize, usize), VdsoError> {
        let room = self.find("gettimeofday")?;
        let begin = begin(room);
        let needed = length + begin - room.value;
        if needed > room.size {
            return Err(VdsoError::Small { room: room.size, needed });
        }
        let mut first = begin;
        for symbol in &self.symbols {
            let bare = symbol.name.trim_start_matches("__vdso_").trim_start_matches("__kernel_");
            let entry = match bare {
                "clock_gettime" => Some(entries.clock_gettime),
                "gettimeofday" => Some(entries.gettimeofday),
                "time" => entries.time,
                _ => None,
            };
            if let Some(entry) = entry {
                let value = (begin + entry + self.base) as u64;
                image[symbol.entry + 8..symbol.entry + 16].copy_from_slice(&value.to_le_bytes());
                first = first.min(symbol.entry + 8);
            }
        }
        Ok((first, begin))
    }

    /// As [`Self::redirect_symbols`].
    fn redirect_branch(
        &self,
        image: &mut [u8],
        length: usize,
        entries: StubEntries,
    ) -> Result<(usize, usize), VdsoError> {
        let (door, room) = (self.find("clock_gettime")?, self.find("gettimeofday")?);
        let (before, after) = (entries.gettimeofday, length - entries.gettimeofday);
        // What is between the two is free only when nothing but alignment is there.
        let neighbours = (door.value + door.size..=door.value + door.size + GAP).contains(&room.value);
        let free = if neighbours { (room.value - door.value).saturating_sub(DOOR) } else { 0 };
        if before > free || after > room.size {
            return Err(VdsoError::Small { room: free + room.size, needed: length });
        }
        let begin = room.value - before;
        if begin % 8 != 0 {
            return Err(VdsoError::Malformed("a gettimeofday that no word begins with"));
        }
        let branch = branch(door.value + 4, begin + entries.clock_gettime);
        let instructions = image.get_mut(door.value..door.value + DOOR).ok_or(VdsoError::Malformed(BEYOND))?;
        instructions[..4].copy_from_slice(&LANDING.to_le_bytes());
        instructions[4..].copy_from_slice(&branch.to_le_bytes());
        Ok((door.value, begin))
    }
}

/// Encodes aarch64's `b`, whose operand counts instructions; a vDSO is far smaller than the 128 MiB that it reaches.
fn branch(from: usize, to: usize) -> u32 {
    let instructions = to.wrapping_sub(from) >> 2;
    0x1400_0000 | u32::try_from(instructions & 0x03ff_ffff).expect("26 bits")
}

/// The stub's data is read as words: it begins where a word may.
fn begin(room: &Symbol) -> usize {
    room.value.next_multiple_of(8)
}

fn offset(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads numbers at places that may lie outside.
struct View<'a>(&'a [u8]);

impl View<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> Result<[u8; N], VdsoError> {
        let bytes = at.checked_add(N).and_then(|end| self.0.get(at..end));
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(VdsoError::Malformed(BEYOND))
    }

    fn half(&self, at: usize) -> Result<usize, VdsoError> {
        Ok(u16::from_le_bytes(self.bytes(at)?).into())
    }

    fn quarter(&self, at: usize) -> Result<u32, VdsoError> {
        Ok(u32::from_le_bytes(self.bytes(at)?))
    }

    fn word(&self, at: usize) -> Result<usize, VdsoError> {
        usize::try_from(u64::from_le_bytes(self.bytes(at)?)).map_err(|_| VdsoError::Malformed("a number too large"))
    }

    fn name(&self, at: usize) -> Result<String, VdsoError> {
        let rest = self.0.get(at..).ok_or(VdsoError::Malformed("a name beyond its end"))?;
        let end = rest.iter().position(|&byte| byte == 0).ok_or(VdsoError::Malformed("a name without an end"))?;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}

#[cfg(test)]
mod tests;

//! Places in the code of x86_64 that ask the kernel for a file's times, and how they are led elsewhere. Pure but for [`Site::is_at`].
//!
//! A place is the instruction that loads the number of the call, five bytes long as a branch is, with the `syscall` behind it. The
//! `syscall` stays where it is: a program that gets there by another way makes another call. Between the two there may be instructions that
//! put arguments in their place, which work anywhere. A second form is the end of a function that makes whatever call it is asked
//! for (`syscall` of the GNU C library, `Syscall6` of Go): `syscall`, and a comparison of its result.

use crate::process::Memory;
use crate::sys;

/// Whether there is code for this machine.
pub const IS_POSSIBLE: bool = cfg!(target_arch = "x86_64");
/// What the code hands over in an argument that the kernel does not read, so that the filter lets its calls through.
pub const WORD: u64 = u64::from_le_bytes(*b"rcrepro\x02");

const SYSCALL: [u8; 2] = [0x0f, 0x05];
/// `cmp rax, -4095`, as the assembler files of C libraries and of Go have it.
const COMPARE: [u8; 6] = [0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];
/// What is before it in functions that make any call: the last argument comes from the stack (`syscall` of the GNU C library), or the
/// second and the first from where Go has them (`Syscall6`).
const ANY: [&[u8]; 2] = [&[0x4c, 0x8b, 0x4c, 0x24, 0x08], &[0x48, 0x89, 0xce, 0x48, 0x89, 0xdf]];
/// `mov eax, NUMBER` and a branch have this length.
const LOAD: usize = 5;
/// The most bytes between the number and the call.
const BETWEEN: usize = 24;
/// `lea rcx, BACK` and `jmp CODE`.
const LEAVE: usize = 12;

/// The times that archivers read, in seconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClampTimes {
    /// The first second on the machine's clock that is changed; all later ones are.
    pub from: i64,
    /// What is read instead.
    pub to: i64,
}

/// What is asked at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Whatever number comes.
    Any,
    /// `newfstatat`.
    At,
    /// `stat`, `fstat`, `lstat`.
    Stat,
    /// `statx`.
    Extended,
    /// `utimensat`.
    Times,
}

/// A place that asks for a file's times, or sets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Where the branch is put, from the beginning of the code.
    pub at: usize,
    form: Form,
    /// What is there up to the way back.
    found: Vec<u8>,
}

/// Finds all places in a piece of code.
pub fn find(text: &[u8]) -> Vec<Site> {
    let pairs = text.iter().zip(text.iter().skip(1)).enumerate();
    let calls = pairs.filter(|(_, (first, second))| (**first, **second) == (SYSCALL[0], SYSCALL[1]));
    calls.filter_map(|(call, _)| numbered(text, call).or_else(|| any(text, call))).collect()
}

/// Looks for the number of the call before it.
fn numbered(text: &[u8], call: usize) -> Option<Site> {
    (0..=BETWEEN).find_map(|between| {
        let at = call.checked_sub(between + LOAD)?;
        let (load, rest) = (&text[at..at + LOAD], &text[at + LOAD..call]);
        let form = form(u32::from_le_bytes(load.strip_prefix(&[0xb8])?.try_into().ok()?))?;
        // With this prefix it is another register: a length of four, say, is the fifth argument of `setsockopt`.
        let is_other = at > 0 && text[at - 1] == 0x41;
        let found = text[at..call + SYSCALL.len()].to_vec();
        (!is_other && moves_anywhere(rest)).then_some(Site { at, form, found })
    })
}

/// Looks at the end of a function that makes any call.
fn any(text: &[u8], call: usize) -> Option<Site> {
    let found = text.get(call..call + SYSCALL.len() + COMPARE.len())?;
    let makes_any = ANY.iter().any(|before| text[..call].ends_with(before));
    (found[2..] == COMPARE && makes_any).then(|| Site { at: call, form: Form::Any, found: found.to_vec() })
}

fn form(number: u32) -> Option<Form> {
    match number {
        262 => Some(Form::At),
        4..=6 => Some(Form::Stat),
        332 => Some(Form::Extended),
        280 => Some(Form::Times),
        _ => None,
    }
}

/// Whether these instructions mean the same in another place and leave the number alone: moves from register to register,
/// registers set to zero or to a constant.
fn moves_anywhere(mut code: &[u8]) -> bool {
    while let Some((&first, rest)) = code.split_first() {
        let (prefix, rest) = if first & 0xf0 == 0x40 { (first, rest) } else { (0, code) };
        let (to_rest, is_wide) = (prefix & 1 != 0, prefix & 8 != 0);
        let length = match rest {
            // The register that is written is the lower field of the second byte, or the upper one.
            [0x89 | 0x31, modes @ 0xc0..=0xff, ..] if to_rest || modes & 7 != 0 => 2,
            [0x8b | 0x33 | 0x63, modes @ 0xc0..=0xff, ..] if prefix & 4 != 0 || modes & 0x38 != 0 => 2,
            [0xb9..=0xbf, _, _, _, _, ..] if !is_wide => 5,
            [0xb8, _, _, _, _, ..] if !is_wide && to_rest => 5,
            _ => return false,
        };
        code = &rest[length..];
    }
    true
}

/// Returns the code that places are led to, with its data.
pub fn code(times: ClampTimes) -> Vec<u8> {
    let mut code = sys::clamp_code().0.to_vec();
    for (at, word) in [(0, times.from), (16, times.to), (32, WORD.cast_signed())] {
        code[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    code
}

impl Site {
    /// Returns how many bytes its own part takes.
    pub fn room(&self) -> usize {
        match self.form {
            Form::Any => LEAVE + SYSCALL.len() + COMPARE.len() + LOAD,
            _ => self.found.len() - SYSCALL.len() + LEAVE,
        }
    }

    /// Whether times are set here.
    pub fn sets(&self) -> bool {
        self.form == Form::Times
    }

    /// Whether a program is in the call at this place, and so comes back to what is behind it.
    pub fn holds(&self, text: u64, instruction: u64) -> bool {
        self.form == Form::Any && text + (self.at + SYSCALL.len()) as u64 == instruction
    }

    /// Whether a program has at this place what was found there.
    pub fn is_at(&self, text: u64, memory: &Memory) -> bool {
        let mut there = vec![0; self.found.len()];
        memory.read(text + self.at as u64, &mut there).is_ok() && there == self.found
    }

    /// Writes its own part, which is put behind `used` bytes at `place`, and the branch to it.
    pub fn render(&self, text: u64, place: u64, used: usize) -> (Vec<u8>, Vec<u8>) {
        let entries = sys::clamp_code().1;
        let entry = match self.form {
            Form::Any => entries.any,
            Form::At => entries.at,
            Form::Stat => entries.stat,
            Form::Extended => entries.extended,
            Form::Times => entries.times,
        };
        let own = place + used as u64;
        let at = text + self.at as u64;
        let back = at + self.found.len() as u64;
        let (entry, mut code) = (place + entry as u64, Vec::new());
        let leave = |code: &mut Vec<u8>, back: u64| {
            code.extend([0x48, 0x8d, 0x0d]);
            code.extend(distance(own + code.len() as u64 + 4, back));
            code.push(0xe9);
            code.extend(distance(own + code.len() as u64 + 4, entry));
        };
        if self.form == Form::Any {
            leave(&mut code, own + (LEAVE + SYSCALL.len()) as u64);
            code.extend(&self.found);
            code.push(0xe9);
            code.extend(distance(own + code.len() as u64 + 4, back));
        } else {
            code.extend(&self.found[..self.found.len() - SYSCALL.len()]);
            leave(&mut code, back);
        }
        let mut door = vec![0xe9];
        door.extend(distance(at + LOAD as u64, own));
        (code, door)
    }
}

/// Writes how far it is from the end of an instruction: the room was taken within reach.
fn distance(from: u64, to: u64) -> [u8; 4] {
    let far = to.wrapping_sub(from).cast_signed();
    i32::try_from(far).expect("the room is within reach").to_le_bytes()
}

#[cfg(test)]
mod tests;

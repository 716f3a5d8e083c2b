//! Sees attempts at the network: what connects, or sends to an address. Every call goes on, and the kernel answers it.
//!
//! Addresses are read from the caller's memory before the kernel reads them. A thread beside the caller may change them
//! between the two: then the kernel's own count of ways out is above ours, and the report says so.

mod address;
pub mod attempts;
mod question;
pub mod report;
pub mod request;
pub mod witness;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use self::address::{DOMAIN, SocketAddress};
use self::attempts::{AttemptTable, SeenAttempt};
use self::request::{Header, SocketRequest, Width};
use crate::process::{Memory, thread_group};
use crate::sys::{self, Notification};

/// The most that is read of an address, in bytes: more than any family's that is understood.
const ADDRESS: u64 = 28;
/// The most that is read of a message.
const MESSAGE: u64 = 512;
/// The most messages of one call: the kernel takes no more.
const MESSAGES: u64 = 1024;
/// The most sockets that are remembered as connected to a name server.
const SOCKETS: usize = 4096;
/// Remembers what was seen.
#[derive(Default)]
pub struct NetworkWatch {
    pub attempts: AttemptTable,
    /// Sockets connected to a name server, by what the kernel calls them; whether that was counted without a name.
    domain: BTreeMap<PathBuf, (SeenAttempt, bool)>,
}

/// Why a call could not be looked at.
enum Unseen {
    /// What it named is not there, and the kernel will say so: no such descriptor, no socket, no such memory.
    Nothing,
    /// Anything else: the caller may not be looked into, or something is missing for it.
    Blind,
}

/// *Reason for the short list:* whatever keeps this process from looking, the kernel may still do the call. Memory or a
/// descriptor that a thread beside the caller puts there after the look is the kernel's to count (see `witness`).
impl From<io::Error> for Unseen {
    fn from(error: io::Error) -> Self {
        let is_theirs = matches!(
            error.raw_os_error(),
            Some(libc::EIO | libc::EFAULT | libc::ENOENT | libc::EBADF | libc::ENODATA | libc::EOPNOTSUPP)
        );
        if is_theirs || error.kind() == io::ErrorKind::UnexpectedEof { Self::Nothing } else { Self::Blind }
    }
}

impl NetworkWatch {
    /// Whether a call is one of those that are looked at here.
    #[must_use]
    pub fn is_about(call: &Notification) -> bool {
        request::is_one(call)
    }

    /// Looks at a call that waits.
    pub fn see(&mut self, listener: &OwnedFd, call: &Notification) {
        let looked = self.look(listener, call);
        if matches!(looked, Err(Unseen::Blind)) && sys::still_waits(listener, call.id) {
            self.attempts.note_unread();
        }
    }

    fn look(&mut self, listener: &OwnedFd, call: &Notification) -> Result<(), Unseen> {
        let memory = match Memory::open(call.pid) {
            Ok(memory) => memory,
            // A process that is there has a memory, whatever the system says of it.
            Err(_) if sys::still_waits(listener, call.id) => return Err(Unseen::Blind),
            Err(_) => return Err(Unseen::Nothing),
        };
        let Some(request) = SocketRequest::of(call, &memory)? else { return Ok(()) };
        let (SocketRequest::Connect { descriptor, .. }
        | SocketRequest::Send { descriptor, .. }
        | SocketRequest::Messages { descriptor, .. }) = request;
        let mut caller = Caller { call, descriptor, memory: &memory, width: Width::of(call), listener, socket: None };
        match request {
            SocketRequest::Connect { address, length, .. } => {
                self.connected(&mut caller, &read(&memory, address, length.min(ADDRESS))?)
            }
            SocketRequest::Send { data, size, address: 0, .. } => self.sent(&mut caller, None, data, size),
            SocketRequest::Send { data, size, address, length, .. } => {
                let place = SocketAddress::parse(&read(&memory, address, length.min(ADDRESS))?, true);
                self.sent(&mut caller, place, data, size)
            }
            SocketRequest::Messages { headers, count, .. } => {
                let step = caller.width.step();
                let mut each = (0..count.min(MESSAGES)).map(|at| headers.wrapping_add(at * step));
                each.try_for_each(|header| self.message(&mut caller, header))
            }
        }
    }

    fn connected(&mut self, caller: &mut Caller<'_>, address: &[u8]) -> Result<(), Unseen> {
        let Some(place) = SocketAddress::parse(address, false) else { return Ok(()) };
        if place.is_own() && !place.is_domain() {
            return Ok(());
        }
        let Some(attempt) = caller.attempt(place, None)? else { return Ok(()) };
        if place.is_domain() {
            if self.domain.len() >= SOCKETS {
                self.domain.clear();
            }
            self.domain.insert(caller.socket()?, (attempt.clone(), true));
        }
        self.attempts.note(attempt);
        Ok(())
    }

    /// Looks at one message: where it goes, and what it asks.
    fn message(&mut self, caller: &mut Caller<'_>, header: u64) -> Result<(), Unseen> {
        let Header { address, length, parts, count } = caller.width.header(caller.memory, header)?;
        let place = match address {
            0 => None,
            _ => SocketAddress::parse(&read(caller.memory, address, length.min(ADDRESS))?, true),
        };
        if place.is_none() && self.domain.is_empty() {
            return Ok(());
        }
        // A message without any part is sent, too.
        let (at, size) = if count == 0 { (0, 0) } else { caller.width.part(caller.memory, parts)? };
        self.sent(caller, place, at, size)
    }

    /// Looks at something that is sent: to an address, or to where the socket is connected to.
    fn sent(
        &mut self,
        caller: &mut Caller<'_>,
        place: Option<SocketAddress>,
        at: u64,
        size: u64,
    ) -> Result<(), Unseen> {
        if place.is_some_and(|place| place.is_own() && !place.is_domain()) || place.is_none() && self.domain.is_empty()
        {
            return Ok(());
        }
        let asked = |memory| question::name(&read(memory, at, size.min(MESSAGE)).ok()?);
        if let Some(place) = place {
            let name = if place.is_domain() { asked(caller.memory) } else { None };
            if let Some(attempt) = caller.attempt(place, name)? {
                self.attempts.note(attempt);
            }
            return Ok(());
        }
        let socket = caller.socket()?;
        if let Some((unnamed, counted)) = self.domain.get_mut(&socket)
            && let Some(name) = asked(caller.memory)
        {
            // The connection and its first question are one attempt.
            if std::mem::take(counted) {
                self.attempts.take_back(unnamed);
            }
            self.attempts.note(SeenAttempt { name: Some(name), ..unnamed.clone() });
        }
        Ok(())
    }
}

/// A thread whose call waits.
struct Caller<'a> {
    call: &'a Notification,
    descriptor: u64,
    memory: &'a Memory,
    width: Width,
    listener: &'a OwnedFd,
    /// What the kernel calls its socket, once that was asked.
    socket: Option<PathBuf>,
}

impl Caller<'_> {
    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", self.call.pid, self.descriptor))
    }

    /// Returns what the kernel calls the socket, such as `socket:[4711]`: the same in every process that has it.
    fn socket(&mut self) -> Result<PathBuf, Unseen> {
        if let Some(socket) = &self.socket {
            return Ok(socket.clone());
        }
        let socket = fs::read_link(self.path())?;
        Ok(self.socket.insert(socket).clone())
    }

    /// Names the process: its executable, or the title that it gave itself; where the title does not begin with the
    /// executable's name (a script's, as a rule), it is in brackets. Where there is no name, `?` is its name.
    fn process(&self) -> Vec<u8> {
        let process = thread_group(self.call.pid).unwrap_or(self.call.pid);
        let folder = Path::new("/proc").join(process.to_string());
        let title =
            fs::read(folder.join("comm")).map_or_else(|_| b"?".to_vec(), |title| title.trim_ascii_end().to_vec());
        let executable = fs::read_link(folder.join("exe")).ok();
        let Some(name) = executable.as_deref().and_then(Path::file_name).map(OsStrExt::as_bytes) else {
            return title;
        };
        // The kernel keeps fifteen bytes of a title.
        match () {
            () if name.starts_with(&title) => name.to_vec(),
            () if title.starts_with(name) => title,
            () => [name, b" (", &title, b")"].concat(),
        }
    }

    /// Describes an attempt; `None` for a call that is not one: the caller is gone, what it calls with is not a socket, or a
    /// name server of the command's own answers there.
    fn attempt(&self, place: SocketAddress, name: Option<String>) -> Result<Option<SeenAttempt>, Unseen> {
        let protocol = sys::attribute(&self.path(), c"system.sockprotoname")?;
        let protocol = String::from_utf8_lossy(&protocol).trim_end_matches('\0').to_ascii_lowercase();
        let protocol = protocol.strip_suffix("v6").unwrap_or(&protocol).to_owned();
        if place.is_own() && place.is_domain() && is_served(&protocol) {
            return Ok(None);
        }
        let process = self.process();
        // Only now is it certain that all of this was the caller's.
        Ok(sys::still_waits(self.listener, self.call.id).then_some(SeenAttempt { process, protocol, place, name }))
    }
}

fn read(memory: &Memory, address: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    memory.read(address, &mut bytes)?;
    Ok(bytes)
}

/// Whether a name server listens in this container.
fn is_served(protocol: &str) -> bool {
    let tables = if protocol == "udp" { ["udp", "udp6"] } else { ["tcp", "tcp6"] };
    tables.iter().any(|table| {
        let text = fs::read_to_string(Path::new("/proc/self/net").join(table)).unwrap_or_default();
        text.lines().skip(1).any(|line| is_listener(line, protocol == "udp"))
    })
}

/// Reads a line of `/proc/net/udp` or `/proc/net/tcp`: the local port, the other end, and for `tcp` the state (10: listens).
fn is_listener(line: &str, connectionless: bool) -> bool {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (Some(local), Some(other), Some(state)) = (words.next(), words.next(), words.next()) else { return false };
    let is_port = |end: &str, port: u16| {
        end.rsplit_once(':').is_some_and(|(_, found)| u16::from_str_radix(found, 16).ok() == Some(port))
    };
    is_port(local, DOMAIN) && is_port(other, 0) && (connectionless || state == "0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_keeps_this_process_from_looking_is_no_sign_that_nothing_is_there() {
        let is_blind = |number| matches!(Unseen::from(io::Error::from_raw_os_error(number)), Unseen::Blind);
        for number in [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::EACCES, libc::EPERM, libc::EINTR, libc::ENOSYS] {
            assert!(is_blind(number), "{number}");
        }
        for number in [libc::EIO, libc::EFAULT, libc::ENOENT, libc::EBADF, libc::ENODATA, libc::EOPNOTSUPP] {
            assert!(!is_blind(number), "the kernel refuses what is not there: {number}");
        }
        assert!(matches!(Unseen::from(io::Error::other("anything else")), Unseen::Blind));
    }

    #[test]
    fn listeners_are_told_from_other_sockets() {
        let line = |local: &str, other: &str, state: &str| {
            format!("  0: {local} {other} {state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1")
        };
        assert!(is_listener(&line("0100007F:0035", "00000000:0000", "0A"), false));
        assert!(is_listener(&line("0100007F:0035", "00000000:0000", "07"), true));
        assert!(!is_listener(&line("0100007F:0035", "00000000:0000", "01"), false), "not a listener");
        assert!(!is_listener(&line("0100007F:9C40", "0100007F:0035", "01"), true), "the one that asks");
        assert!(!is_listener("", true));
    }
}

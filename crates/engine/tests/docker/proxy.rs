//! A proxy in front of the daemon's socket that does to one call what a bad connection does.

use std::io::{BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use rcrepro_archive::tar::blocks::{TarBlock, blocks};

/// What the proxy does.
#[derive(Clone, Copy)]
pub enum Mischief {
    /// Cuts uploaded archives before their last entry, and answers for the rest with the daemon's 200.
    CutUploads,
    /// Cuts downloaded archives before their last entry.
    CutDownloads,
    /// Ends attached streams, cleanly, after so many bytes.
    CutAttach(usize),
    /// Holds waits back.
    DelayWaits(Duration),
}

/// A listening proxy; its socket goes with the folder.
pub struct Proxy {
    folder: tempfile::TempDir,
}

impl Proxy {
    /// Listens in front of the daemon that `DOCKER_HOST` names, or the default one.
    pub fn start(mischief: Mischief) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let listener = UnixListener::bind(folder.path().join("docker.sock")).expect("a socket");
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A connection that breaks is what this is for.
                thread::spawn(move || drop(serve(client, mischief)));
            }
        });
        Self { folder }
    }

    pub fn address(&self) -> String {
        format!("unix://{}/docker.sock", self.folder.path().display())
    }
}

/// The socket of the daemon that the tests use.
pub fn daemon() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").into()
}

/// Serves one request; every connection carries only one, because the head says so.
fn serve(client: UnixStream, mischief: Mischief) -> std::io::Result<()> {
    let mut daemon = UnixStream::connect(daemon())?;
    let mut from_client = BufReader::new(client.try_clone()?);
    let head = head(&mut from_client)?;
    let first = head.lines().next().unwrap_or_default().to_owned();
    let is = |method: &str, end: &str| {
        let mut words = first.split(' ');
        words.next() == Some(method)
            && words.next().is_some_and(|path| path.split('?').next().unwrap_or("").ends_with(end))
    };
    match mischief {
        Mischief::CutUploads if is("PUT", "/archive") => {
            let body = cut(&unchunk(&mut from_client)?);
            let head = without(&head, "transfer-encoding");
            write!(daemon, "{head}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len())?;
            daemon.write_all(&body)?;
            pump(daemon, client)
        }
        Mischief::CutDownloads if is("GET", "/archive") => {
            write!(daemon, "{head}Connection: close\r\n\r\n")?;
            let mut from_daemon = BufReader::new(daemon);
            let answer = self::head(&mut from_daemon)?;
            let mut body = Vec::new();
            if answer.to_lowercase().contains("transfer-encoding: chunked") {
                body = unchunk(&mut from_daemon)?;
            } else {
                from_daemon.read_to_end(&mut body)?;
            }
            let body = if answer.starts_with("HTTP/1.1 200") { cut(&body) } else { body };
            let answer = without(&without(&answer, "transfer-encoding"), "content-length");
            let mut client = client;
            write!(client, "{answer}Content-Length: {}\r\n\r\n", body.len())?;
            client.write_all(&body)
        }
        Mischief::CutAttach(bytes) if is("POST", "/attach") => {
            write!(daemon, "{head}\r\n")?;
            let mut from_daemon = BufReader::new(daemon);
            let answer = self::head(&mut from_daemon)?;
            let mut client = client;
            write!(client, "{answer}\r\n")?;
            std::io::copy(&mut from_daemon.take(bytes as u64), &mut client)?;
            client.shutdown(Shutdown::Both)
        }
        _ => {
            if let Mischief::DelayWaits(pause) = mischief
                && is("POST", "/wait")
            {
                thread::sleep(pause);
            }
            let close = if head.to_lowercase().contains("upgrade: tcp") { "" } else { "Connection: close\r\n" };
            write!(daemon, "{head}{close}\r\n")?;
            let mut to_daemon = daemon.try_clone()?;
            thread::spawn(move || {
                drop(std::io::copy(&mut from_client, &mut to_daemon));
                drop(to_daemon.shutdown(Shutdown::Write));
            });
            pump(daemon, client)
        }
    }
}

fn pump(mut from: UnixStream, mut to: UnixStream) -> std::io::Result<()> {
    std::io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Both)
}

/// Reads a head without its empty line.
fn head(reader: &mut impl std::io::BufRead) -> std::io::Result<String> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            return Ok(head);
        }
        head.push_str(&line);
    }
}

fn without(head: &str, name: &str) -> String {
    let kept = head.lines().filter(|line| !line.to_lowercase().starts_with(&format!("{name}:")));
    kept.map(|line| format!("{line}\r\n")).collect()
}

fn unchunk(reader: &mut impl std::io::BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size)?;
        let size = u64::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
        reader.take(size).read_to_end(&mut body)?;
        reader.read_line(&mut String::new())?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Cuts a tar before the header of its last entry.
fn cut(archive: &[u8]) -> Vec<u8> {
    let members = blocks(archive).map(|block| block.expect("a good entry")).filter(TarBlock::is_member);
    let last = members.map(|block| block.at).last().expect("an entry");
    archive[..last].to_vec()
}

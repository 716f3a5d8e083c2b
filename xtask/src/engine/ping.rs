//! Asks an engine whether it is there, with no HTTP library: one line out, one line in.

use std::env;
use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Bounds one read of the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the engine at a `DOCKER_HOST`.
///
/// Behind `ssh://` or TLS only a real client can ask: there this says yes, and rcrepro itself finds out.
///
/// # Errors
/// The connection's own error, or the first line of an answer that is not `200`.
pub fn ping(host: &str) -> Result<(), Error> {
    let tls = env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty());
    if let Some(socket) = host.strip_prefix("unix://") {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        ask(stream)
    } else if let Some(address) = host.strip_prefix("tcp://").filter(|_| !tls) {
        let stream = TcpStream::connect(address.trim_end_matches('/'))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        ask(stream)
    } else {
        Ok(())
    }
}

fn ask(mut stream: impl Read + Write) -> Result<(), Error> {
    stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    let status = answer.split(|&byte| byte == b'\r').next().unwrap_or_default();
    if status.starts_with(b"HTTP/1.") && status.get(8..13) == Some(b" 200 ") {
        Ok(())
    } else {
        Err(Error::other(format!("it answered `{}`", String::from_utf8_lossy(status).escape_debug())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Answers one connection with a text, as an engine or as something else that sits on the port.
    fn answering(text: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("tcp://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 64]).unwrap() > 0);
            stream.write_all(text.as_bytes()).unwrap();
        });
        host
    }

    #[test]
    fn only_an_engine_counts_as_an_engine() {
        assert!(ping(&answering("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK")).is_ok());
        assert!(ping(&answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).is_err());
        assert!(ping(&answering("HTTP/1.1 404 200 \r\n\r\n")).is_err());
        assert!(ping(&answering("SSH-2.0-x\r\n")).is_err());
        assert!(ping(&answering("")).is_err());
        assert!(ping("unix:///no/such/socket").is_err());
        assert!(ping("tcp://127.0.0.1:1").is_err());
    }
}

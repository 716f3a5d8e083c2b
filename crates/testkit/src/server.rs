//! A small HTTP server that answers as it is told, lies included.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it arrived, without its body.
#[derive(Debug, Clone)]
pub struct ServedRequest {
    /// Such as `GET`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
}

impl ServedRequest {
    /// Returns the value of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the first byte that a range asks for.
    pub fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// One answer, whose parts need not agree.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Such as 200.
    pub status: u16,
    /// The headers beside the length.
    pub headers: Vec<(String, String)>,
    /// The bytes that are sent.
    pub body: Vec<u8>,
    /// The `Content-Length`; without one, the body ends where the stream ends.
    pub length: Option<usize>,
}

impl Reply {
    /// Makes an answer that is honest about its length.
    pub fn new(status: u16, media_type: &str, body: &[u8]) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self { status, headers, body: body.to_vec(), length: Some(body.len()) }
    }

    /// Makes an empty answer.
    pub fn status(status: u16) -> Self {
        Self::new(status, "text/plain", b"")
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// Makes a redirection.
    pub fn redirect(to: &str) -> Self {
        Self::status(307).with("location", to)
    }
}

/// A listening server; what it was asked can be read.
pub struct Server {
    /// Host and port.
    pub authority: String,
    /// The requests so far.
    pub requests: Arc<Mutex<Vec<ServedRequest>>>,
}

impl Server {
    /// Listens on this machine; every connection carries one request.
    pub fn start(answer: impl Fn(&ServedRequest) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let authority = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (seen, answer) = (seen.clone(), answer.clone());
                // A client that hangs up is part of the game.
                thread::spawn(move || drop(serve(client, &seen, &*answer)));
            }
        });
        Self { authority, requests }
    }

    /// Returns the requests whose path contains this text.
    pub fn seen(&self, path: &str) -> Vec<ServedRequest> {
        let requests = self.requests.lock().expect("no thread panicked");
        requests.iter().filter(|request| request.path.contains(path)).cloned().collect()
    }
}

fn serve(
    mut client: TcpStream,
    seen: &Mutex<Vec<ServedRequest>>,
    answer: &(dyn Fn(&ServedRequest) -> Reply + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    // TLS begins with this byte; a server that speaks none says so in its own words, as Go's does.
    if reader.fill_buf()?.first() == Some(&0x16) {
        return client.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
    }
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let request = ServedRequest { method, path, headers };
    let length = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    seen.lock().expect("no thread panicked").push(request.clone());
    let reply = answer(&request);
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    for (name, value) in reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(length) = reply.length {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    client.write_all(format!("{head}\r\n").as_bytes())?;
    if request.method != "HEAD" {
        client.write_all(&reply.body)?;
    }
    client.flush()
}

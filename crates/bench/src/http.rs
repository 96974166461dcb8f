//! A client for HTTP/1.1 on one kept connection, with nothing between the caller and the bytes: what a load
//! generator spends itself is missing from what it measures on a small machine.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde::de::DeserializeOwned;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Error, Result};

/// Heads and chunk sizes longer than this are none.
const MAX_LINE: usize = 64 * 1024;
const BLOCK: usize = 16 * 1024;

/// A connection that is kept open between requests.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Read and not yet used.
    buffer: Vec<u8>,
    address: SocketAddr,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent: still compressed if it was.
    pub body: Vec<u8>,
    /// From just before the first byte was sent until the first byte came back.
    pub first_byte: Duration,
}

impl Response {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as text, damaged characters replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When the status is not in the 200s, or the body is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        if !(200..300).contains(&self.status) {
            return Err(Error::Server(format!("the server answered {}: {}", self.status, self.text())));
        }
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BLOCK), address })
    }

    /// Gets a page. Headers are lines without their ends, e.g. `Accept-Encoding: br`.
    ///
    /// # Errors
    /// When the connection breaks or the answer is no HTTP.
    pub async fn get(&mut self, path: &str, headers: &[&str]) -> io::Result<Response> {
        self.request("GET", path, headers, None).await
    }

    /// Posts a body of JSON.
    ///
    /// # Errors
    /// When the connection breaks or the answer is no HTTP.
    pub async fn post(&mut self, path: &str, headers: &[&str], body: &[u8]) -> io::Result<Response> {
        self.request("POST", path, headers, Some(("application/json", body))).await
    }

    /// Puts bytes.
    ///
    /// # Errors
    /// When the connection breaks or the answer is no HTTP.
    pub async fn put(&mut self, path: &str, headers: &[&str], body: &[u8]) -> io::Result<Response> {
        self.request("PUT", path, headers, Some(("application/octet-stream", body))).await
    }

    async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[&str],
        content: Option<(&str, &[u8])>,
    ) -> io::Result<Response> {
        let (kind, body) = content.unwrap_or_default();
        let mut out = Vec::with_capacity(256 + body.len());
        out.extend_from_slice(format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address).as_bytes());
        for line in headers {
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if content.is_some() {
            let length = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
            out.extend_from_slice(length.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        // One write: head and body in one packet.
        out.extend_from_slice(body);
        let sent = Instant::now();
        self.stream.write_all(&out).await?;
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        let first_byte = sent.elapsed();
        let (status, headers) = self.head().await?;
        let body = self.body(status, &headers).await?;
        Ok(Response { status, headers, body, first_byte })
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(BLOCK);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
        }
        Ok(())
    }

    /// Takes everything up to and including the mark, without the mark.
    async fn until(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        let mut from = 0;
        loop {
            if let Some(at) = self.buffer[from..].windows(mark.len()).position(|w| w == mark) {
                let end = from + at;
                let line = self.buffer[..end].to_vec();
                self.buffer.drain(..end + mark.len());
                return Ok(line);
            }
            if self.buffer.len() > MAX_LINE {
                return Err(malformed("endless head"));
            }
            from = (self.buffer.len() + 1).saturating_sub(mark.len());
            self.fill().await?;
        }
    }

    async fn take(&mut self, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
        while self.buffer.len() < length {
            self.fill().await?;
        }
        into.extend(self.buffer.drain(..length));
        Ok(())
    }

    async fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
            .ok_or_else(|| malformed("status line"))?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok((status, headers))
    }

    async fn body(&mut self, status: u16, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
        let header = |name| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let mut body = Vec::new();
        if matches!(status, 204 | 304) {
            return Ok(body);
        }
        if header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            loop {
                let line = self.until(b"\r\n").await?;
                let line = String::from_utf8_lossy(&line);
                let size = line.split(';').next().unwrap_or_default().trim();
                let size = usize::from_str_radix(size, 16).map_err(|_| malformed("chunk size"))?;
                self.take(size, &mut body).await?;
                // The end of the chunk, or of the (always empty) trailer.
                self.until(b"\r\n").await?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        let length = header("content-length").map_or(Ok(0), str::parse).map_err(|_| malformed("length"))?;
        self.take(length, &mut body).await?;
        Ok(body)
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer is no HTTP/1.1: {what}"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers each request on one connection with the next of the given texts, in pieces of a few bytes.
    async fn server(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            for answer in answers {
                let mut request = Vec::new();
                while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                    assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
                }
                for piece in answer.as_bytes().chunks(5) {
                    stream.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn reads_what_servers_write() {
        let address = server(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n8;x=y\r\n01234567\r\n0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
        ])
        .await;
        let mut connection = Connection::open(address).await.unwrap();
        let first = connection.get("/", &[]).await.unwrap();
        assert_eq!((first.status, first.text(), first.header("x-a")), (200, "hello".to_owned(), Some("b")));
        assert_eq!(connection.get("/", &[]).await.unwrap().status, 204);
        assert_eq!(connection.get("/", &[]).await.unwrap().text(), "abc01234567");
        let missing = connection.get("/", &[]).await.unwrap();
        assert!(missing.json::<u8>().unwrap_err().to_string().contains("404"));
        assert!(connection.get("/", &[]).await.is_err(), "closed");
    }
}

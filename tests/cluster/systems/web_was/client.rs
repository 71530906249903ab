//! A client of HTTP/1.1 that sends and reads as slowly as a test wants.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::cluster::TIMEOUT;

/// A connection, and all that was received on it.
pub struct Client {
    stream: TcpStream,
    received: String,
}

impl Client {
    pub async fn connect(address: &str, port: u16) -> Self {
        let stream = TcpStream::connect((address, port)).await.unwrap_or_else(|e| panic!("{address}:{port}: {e}"));
        Client { stream, received: String::new() }
    }

    pub async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("an open connection");
    }

    /// Reads no more than is needed to have received a text, and returns all that was received.
    pub async fn until(&mut self, text: &str) -> &str {
        while !self.received.contains(text) {
            assert!(self.read().await > 0, "the connection ended without {text:?}: {}", self.received);
        }
        &self.received
    }

    /// Reads to the end of the connection.
    pub async fn into_rest(mut self) -> String {
        while self.read().await > 0 {}
        self.received
    }

    async fn read(&mut self) -> usize {
        let mut buffer = [0; 4096];
        let read = timeout(TIMEOUT, self.stream.read(&mut buffer)).await;
        let read = read.unwrap_or_else(|_| panic!("no more than {:?}", self.received)).expect("an open connection");
        self.received.push_str(&String::from_utf8_lossy(&buffer[..read]));
        read
    }
}

/// The response to `METHOD PATH`, with more header lines: its status, and all of it.
pub async fn request(address: &str, port: u16, line: &str, header: &str) -> (u16, String) {
    let mut client = Client::connect(address, port).await;
    client.send(&format!("{line} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{header}\r\n")).await;
    let response = client.into_rest().await;
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no response: {response:?}")), response)
}

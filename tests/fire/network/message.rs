//! One HTTP message as bytes, with its places.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::call::Call;
use super::table::Point;

pub(super) struct Message {
    bytes: Vec<u8>,
    /// Where the body begins.
    body: usize,
    /// Whether its head says where it ends.
    pub(super) is_whole: bool,
}

impl Message {
    /// Reads the next message; one without a length only as far as its head, and what came with it.
    pub(super) async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let body = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            more(stream, &mut bytes).await?;
        };
        let head = String::from_utf8_lossy(&bytes[..body]).to_ascii_lowercase();
        let is_request = !head.starts_with("http/");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let length = length.or(is_request.then_some(0));
        while length.is_some_and(|length| bytes.len() < body + length) {
            more(stream, &mut bytes).await?;
        }
        Some(Self { bytes, body, is_whole: length.is_some() })
    }

    pub(super) fn call(&self) -> Option<Call> {
        let line = self.bytes.split(|byte| *byte == b'\r').next()?;
        let mut words = std::str::from_utf8(line).ok()?.split(' ');
        Call::of(words.next()?, words.next()?)
    }

    pub(super) fn has_body(&self) -> bool {
        self.bytes.len() > self.body
    }

    /// What comes before this point, and what comes behind it.
    pub(super) fn split(&self, point: Point) -> (&[u8], &[u8]) {
        self.bytes.split_at(match point {
            Point::BeforeIt => 0,
            Point::InItsHead => self.body / 2,
            Point::BehindItsHead => self.body,
            Point::InItsBody => self.body.midpoint(self.bytes.len()),
            Point::BehindIt => self.bytes.len(),
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 16 * 1024];
    let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&piece[..count]);
    Some(())
}

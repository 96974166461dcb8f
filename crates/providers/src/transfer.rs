//! Files on the wire: in pieces, never whole in memory, and given as long as they need while something moves.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt, TryStream};
use reqwest::{Response, multipart::Part};
use tokio::{
    fs::File,
    io::{AsyncReadExt, Take},
    time::timeout,
};

use crate::{
    body::{OutgoingFile, Refused},
    download::FetchError,
    http::cause,
};

/// How long nothing may move before an exchange is given up. Longer than the 45 s after which a gateway that has the whole
/// file gives up itself, so that its answer is not missed.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Longest that an exchange may take, however it moves. A hundred megabytes in this time are 15 kB a second.
pub const LONGEST: Duration = Duration::from_hours(2);
/// Bytes of a file that are held at once.
const PIECE: usize = 64 << 10;

/// A file of ours that goes out.
pub struct Going {
    size: u64,
    /// Bytes that were taken off the disk and handed to the connection.
    read: Arc<AtomicU64>,
}

impl Going {
    /// Opens the file, to be sent under this name and type.
    ///
    /// # Errors
    /// When it is not there or not what was planned: then nothing can be sent, whatever is tried.
    pub async fn open(file: &OutgoingFile, name: String, mime: &str) -> Result<(Self, Part), Refused> {
        let opened = File::open(&file.path).await.map_err(|error| lost(&error))?;
        let size = opened.metadata().await.map_err(|error| lost(&error))?.len();
        if size != file.size {
            return Err(lost(&io::Error::other("it has another size than it had")));
        }
        let read = Arc::new(AtomicU64::new(0));
        let body = reqwest::Body::wrap_stream(pieces_of(opened.take(size), read.clone()));
        let part = Part::stream_with_length(body, size).file_name(name);
        let part = part.mime_str(mime).map_err(|_| lost(&io::Error::other("its type is none")))?;
        Ok((Self { size, read }, part))
    }

    /// Whether all of it was handed to the connection. If not, the other side cannot have understood the request.
    pub fn whole(&self) -> bool {
        self.moved() >= self.size
    }

    fn moved(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Waits for the exchange for as long as the file moves, and for a while after. `None` if that was in vain: nothing
    /// has moved for at least `patience`, at most twice as long.
    pub async fn wait<T>(&self, patience: Duration, exchange: impl Future<Output = T>) -> Option<T> {
        let mut exchange = pin!(exchange);
        loop {
            let before = self.moved();
            match timeout(patience, &mut exchange).await {
                Ok(done) => return Some(done),
                Err(_) if self.moved() == before => return None,
                Err(_) => {}
            }
        }
    }
}

fn lost(error: &io::Error) -> Refused {
    tracing::warn!(%error, "a file that was to be sent cannot be read");
    Refused::FileLost
}

fn pieces_of(
    file: Take<File>,
    read: Arc<AtomicU64>,
) -> impl TryStream<Ok = Bytes, Error = io::Error> + Send + 'static {
    stream::try_unfold((file, read), |(mut file, read)| async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        let count = file.read_buf(&mut piece).await?;
        read.fetch_add(count as u64, Ordering::Relaxed);
        Ok::<_, io::Error>((count > 0).then(|| (piece.freeze(), (file, read))))
    })
}

/// The bytes of an answer, each piece within `patience`.
pub fn pieces(response: Response, patience: Duration) -> BoxStream<'static, Result<Bytes, FetchError>> {
    let next = move |mut response: Response| async move {
        let next = timeout(patience, response.chunk()).await;
        match next {
            Ok(Ok(piece)) => Ok(piece.map(|piece| (piece, response))),
            Ok(Err(error)) => Err(FetchError::later(format!("it broke off: {}", cause(&error)))),
            Err(_) => Err(FetchError::later("it broke off: nothing more came")),
        }
    };
    stream::try_unfold(response, next).boxed()
}

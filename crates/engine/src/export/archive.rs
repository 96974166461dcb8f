//! ZIP archives, written as their contents come. The library waits for disks, so it has a thread of its own.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use tokio::{io::AsyncReadExt, sync::mpsc, task::JoinHandle};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::CHUNK;
use crate::{error::EngineError, files::StorageError};

/// Chunks that may wait for the disk.
const WAITING: usize = 4;

enum Order {
    /// Another file begins.
    Begin { name: String, pressed: bool },
    /// More of it.
    Bytes(Bytes),
    /// That was all.
    End,
}

/// An archive that is being written.
pub(super) struct Archive {
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<io::Result<()>>,
}

impl Archive {
    pub(super) fn create(path: &Path) -> Result<Self, EngineError> {
        let file = File::create(path).map_err(StorageError::Disk)?;
        let (orders, inbox) = mpsc::channel(WAITING);
        Ok(Self { orders, thread: tokio::task::spawn_blocking(move || carry_out(file, inbox)) })
    }

    /// A file whose bytes come from somewhere else. Pictures, sound and films are pressed already.
    pub(super) async fn add(
        &self,
        name: &str,
        mut bytes: impl Stream<Item = io::Result<Bytes>> + Unpin,
    ) -> Result<(), EngineError> {
        self.order(Order::Begin { name: name.to_owned(), pressed: false }).await?;
        while let Some(chunk) = bytes.next().await {
            self.order(Order::Bytes(chunk.map_err(StorageError::Disk)?)).await?;
        }
        Ok(())
    }

    /// A text that lies in a file of this machine.
    pub(super) async fn add_text(&self, name: &str, path: &Path) -> Result<(), EngineError> {
        let mut file = tokio::fs::File::open(path).await.map_err(StorageError::Disk)?;
        self.order(Order::Begin { name: name.to_owned(), pressed: true }).await?;
        loop {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            if file.read_buf(&mut chunk).await.map_err(StorageError::Disk)? == 0 {
                return Ok(());
            }
            self.order(Order::Bytes(chunk.freeze())).await?;
        }
    }

    /// All of it lies in the file then.
    pub(super) async fn finish(self) -> Result<(), EngineError> {
        // If the thread has ended by itself it tells why.
        let _ = self.orders.send(Order::End).await;
        let ended = self.thread.await.map_err(|error| EngineError::Internal(error.to_string()))?;
        Ok(ended.map_err(StorageError::Disk)?)
    }

    async fn order(&self, order: Order) -> Result<(), EngineError> {
        let gone = |_| StorageError::Disk(io::Error::other("the archive could not be written"));
        Ok(self.orders.send(order).await.map_err(gone)?)
    }
}

fn carry_out(file: File, mut inbox: mpsc::Receiver<Order>) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::with_capacity(CHUNK, file));
    while let Some(order) = inbox.blocking_recv() {
        match order {
            Order::Begin { name, pressed } => {
                let method = if pressed { CompressionMethod::Deflated } else { CompressionMethod::Stored };
                // How large it becomes is not known yet.
                let options = SimpleFileOptions::default().compression_method(method).large_file(true);
                zip.start_file(name, options)?;
            }
            Order::Bytes(bytes) => zip.write_all(&bytes)?,
            Order::End => {
                return zip.finish()?.flush();
            }
        }
    }
    // Whoever ordered it has given it up.
    Ok(())
}

//! The bytes of files. Small files stay in memory, larger ones lie in temporary files without a name, of which
//! nothing is left however the sandbox ends. Each is kept once, however many messages show it, and is gone when
//! nothing shows it any more.

pub(crate) mod magic;
pub(crate) mod serve;

use std::{
    collections::HashMap,
    fmt, fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// The largest file: as large as Meta takes documents.
pub(crate) const LARGEST: u64 = 100 * 1024 * 1024;
/// Up to here a file may stay in memory.
const SMALL: u64 = 256 * 1024;
/// What all files in memory may weigh; further ones go to the disk however small they are.
const ALL_IN_MEMORY: u64 = 64 * 1024 * 1024;
/// What all files may weigh, wherever they are.
const ALL: u64 = 2 * 1024 * 1024 * 1024;
/// How much of a file is looked at to tell what it is.
const HEAD: usize = 64;

type Sha = [u8; 32];

/// Why a file is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the file is larger than {} MB, which is as much as WhatsApp takes", LARGEST / 1024 / 1024)]
    TooLarge,
    #[error("the sandbox holds as many files as it can; start the world over (POST /control/reset)")]
    Full,
    #[error("the sandbox cannot write a temporary file: {0}")]
    Disk(#[from] io::Error),
}

/// All files. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blobs(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: Mutex<HashMap<Sha, Weak<Blob>>>,
    in_memory: AtomicU64,
    in_all: AtomicU64,
}

impl Inner {
    fn known(&self) -> MutexGuard<'_, HashMap<Sha, Weak<Blob>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a file takes up; given back when the file is gone.
#[derive(Debug)]
struct Space {
    store: Arc<Inner>,
    in_memory: u64,
    in_all: u64,
}

impl Space {
    fn take(&mut self, bytes: u64) -> Result<(), StoreError> {
        if self.store.in_all.fetch_add(bytes, Ordering::SeqCst) + bytes > ALL {
            self.store.in_all.fetch_sub(bytes, Ordering::SeqCst);
            return Err(StoreError::Full);
        }
        self.in_all += bytes;
        Ok(())
    }

    /// Whether so much more fits into memory.
    fn take_memory(&mut self, bytes: u64) -> bool {
        if self.store.in_memory.fetch_add(bytes, Ordering::SeqCst) + bytes > ALL_IN_MEMORY {
            self.store.in_memory.fetch_sub(bytes, Ordering::SeqCst);
            return false;
        }
        self.in_memory += bytes;
        true
    }

    fn give_memory_back(&mut self) {
        self.store.in_memory.fetch_sub(std::mem::take(&mut self.in_memory), Ordering::SeqCst);
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.give_memory_back();
        self.store.in_all.fetch_sub(self.in_all, Ordering::SeqCst);
    }
}

/// The bytes of one file.
pub(crate) struct Blob {
    sha256: Sha,
    size: u64,
    head: Vec<u8>,
    place: Place,
    _space: Space,
}

enum Place {
    Memory(Bytes),
    /// Pieces are small and come from the system's cache, so that nobody waits long for another.
    Disk(Mutex<fs::File>),
}

impl Place {
    /// The bytes from there on that the buffer takes.
    fn read(&self, from: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => {
                let from = from as usize;
                let part = bytes.get(from..from + buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
                buffer.copy_from_slice(part);
                Ok(())
            }
            Self::Disk(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(from))?;
                file.read_exact(buffer)
            }
        }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("sha256", &self.hex())
            .field("size", &self.size)
            .field("in_memory", &matches!(self.place, Place::Memory(_)))
            .finish_non_exhaustive()
    }
}

impl Blobs {
    /// A file that comes piece by piece.
    pub(crate) fn begin(&self) -> Spool {
        Spool {
            space: Space { store: Arc::clone(&self.0), in_memory: 0, in_all: 0 },
            hash: Sha256::new(),
            size: 0,
            head: Vec::new(),
            memory: Vec::new(),
            file: None,
        }
    }

    /// A file that is here already.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Arc<Blob>, StoreError> {
        let mut spool = self.begin();
        spool.write(bytes)?;
        Ok(spool.finish())
    }

    /// The file with this SHA-256 in hex, while anything shows it.
    pub(crate) fn get(&self, hex: &str) -> Option<Arc<Blob>> {
        let mut sha = Sha::default();
        hex::decode_to_slice(hex, &mut sha).ok()?;
        self.0.known().get(&sha)?.upgrade()
    }
}

/// A file on its way in. Dropping it forgets what came.
pub(crate) struct Spool {
    space: Space,
    hash: Sha256,
    size: u64,
    head: Vec<u8>,
    memory: Vec<u8>,
    file: Option<fs::File>,
}

impl Spool {
    /// Takes the next piece. Pieces are small and go to the system's cache, so that nobody waits for a disk.
    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        let more = piece.len() as u64;
        if self.size + more > LARGEST {
            return Err(StoreError::TooLarge);
        }
        self.space.take(more)?;
        self.size += more;
        self.hash.update(piece);
        let wanted = HEAD - self.head.len();
        self.head.extend_from_slice(&piece[..piece.len().min(wanted)]);
        if self.file.is_none() {
            if self.size <= SMALL && self.space.take_memory(more) {
                self.memory.extend_from_slice(piece);
                return Ok(());
            }
            let mut file = tempfile::tempfile()?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.space.give_memory_back();
            self.file = Some(file);
        }
        if let Some(file) = &mut self.file {
            file.write_all(piece)?;
        }
        Ok(())
    }

    /// The whole file; the same bytes that are here already, if they are.
    pub(crate) fn finish(self) -> Arc<Blob> {
        let sha256: Sha = self.hash.finalize().into();
        let place = match self.file {
            None => Place::Memory(self.memory.into()),
            Some(file) => Place::Disk(Mutex::new(file)),
        };
        let store = Arc::clone(&self.space.store);
        let mut known = store.known();
        known.retain(|_, blob| blob.strong_count() > 0);
        if let Some(same) = known.get(&sha256).and_then(Weak::upgrade) {
            return same;
        }
        let blob = Blob { sha256, size: self.size, head: self.head, place, _space: self.space };
        let blob = Arc::new(blob);
        known.insert(sha256, Arc::downgrade(&blob));
        blob
    }
}

impl Blob {
    pub(crate) fn sha256(&self) -> &Sha {
        &self.sha256
    }

    /// The SHA-256 in hex, which also names the file.
    pub(crate) fn hex(&self) -> String {
        hex::encode(self.sha256)
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What the bytes look like, whatever anybody calls them.
    pub(crate) fn looks_like(&self) -> Option<&'static str> {
        magic::mime(&self.head)
    }

    /// A sticker that moves.
    pub(crate) fn is_animated(&self) -> bool {
        magic::is_animated(&self.head)
    }

    /// All bytes at once, for tests in the same process.
    pub(crate) fn read(&self) -> io::Result<Vec<u8>> {
        let mut all = vec![0; self.size as usize];
        self.place.read(0, &mut all)?;
        Ok(all)
    }
}

/// A file being read, piece by piece.
struct Reading {
    blob: Arc<Blob>,
    rest: Range<u64>,
    piece: u64,
}

impl Reading {
    fn new(blob: Arc<Blob>, range: Range<u64>, piece: u64) -> Self {
        let end = range.end.min(blob.size);
        Self { rest: range.start.min(end)..end, blob, piece: piece.max(1) }
    }

    /// The next piece; nothing at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let Range { start, end } = self.rest;
        let size = (end - start).min(self.piece);
        if size == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; size as usize];
        self.blob.place.read(start, &mut piece)?;
        self.rest.start += size;
        Ok(Some(piece.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(blobs: &Blobs) -> (u64, u64) {
        (blobs.0.in_memory.load(Ordering::SeqCst), blobs.0.in_all.load(Ordering::SeqCst))
    }

    #[test]
    fn the_same_bytes_are_kept_once_and_not_for_ever() {
        let blobs = Blobs::default();
        let first = blobs.put(b"hello").unwrap();
        let again = blobs.put(b"hello").unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(weight(&blobs), (5, 5));
        assert_eq!(first.hex(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert!(blobs.get(&first.hex()).is_some());
        let hex = first.hex();
        drop((first, again));
        assert_eq!(weight(&blobs), (0, 0));
        assert!(blobs.get(&hex).is_none() && blobs.get("nonsense").is_none());
    }

    #[test]
    fn large_files_lie_on_the_disk_and_are_read_in_pieces() {
        let blobs = Blobs::default();
        let mut spool = blobs.begin();
        for number in 0..100_u8 {
            spool.write(&[number; 10_000]).unwrap();
        }
        let blob = spool.finish();
        assert!(matches!(blob.place, Place::Disk(_)), "{blob:?}");
        assert_eq!((blob.size(), weight(&blobs)), (1_000_000, (0, 1_000_000)));
        // Two who read the same file do not disturb each other.
        let mut one = Reading::new(Arc::clone(&blob), 9_999..30_001, 8_192);
        let mut two = Reading::new(Arc::clone(&blob), 0..1_000_000, 1_000);
        let mut read = Vec::new();
        while let Some(piece) = one.next().unwrap() {
            read.extend_from_slice(&piece);
            assert_eq!(two.next().unwrap().unwrap(), vec![0; 1_000]);
        }
        assert_eq!(read, blob.read().unwrap()[9_999..30_001]);
        assert_eq!((read[0], read[1], read[20_001]), (0, 1, 3));
        drop((one, two, blob));
        assert_eq!(weight(&blobs), (0, 0));
    }

    #[test]
    fn there_are_bounds() {
        let blobs = Blobs::default();
        let mut spool = blobs.begin();
        let piece = vec![0; 10 * 1024 * 1024];
        for _ in 0..10 {
            spool.write(&piece).unwrap();
        }
        assert!(matches!(spool.write(b"!"), Err(StoreError::TooLarge)));
        drop(spool);
        assert_eq!(weight(&blobs), (0, 0), "what broke off takes no space");
        blobs.0.in_all.store(ALL - 3, Ordering::SeqCst);
        assert!(blobs.put(b"abc").is_ok());
        assert!(matches!(blobs.put(b"abcd"), Err(StoreError::Full)));
        blobs.0.in_all.store(0, Ordering::SeqCst);
        blobs.0.in_memory.store(ALL_IN_MEMORY, Ordering::SeqCst);
        let blob = blobs.put(b"even a small one").unwrap();
        assert!(matches!(blob.place, Place::Disk(_)), "memory is full");
        assert_eq!(blob.read().unwrap(), b"even a small one");
    }
}

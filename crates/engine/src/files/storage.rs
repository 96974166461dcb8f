//! Where bytes lie: a folder of this machine, or S3-compatible storage.

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use balas_domain::{MediaStorage, Timestamp, WorkspaceId};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    buffered::BufWriter,
    local::LocalFileSystem,
    path::Path as Name,
};
use tokio::io::{AsyncWriteExt, copy};

/// Bytes that are handed on at once; what an upload or download costs in memory, a few times.
const CHUNK: usize = 1 << 20;
/// S3 takes parts of at least 5 MiB.
const S3_PART: usize = 5 << 20;
/// S3 may be silent for so long. There is no limit to a whole request: a browser takes a large file as slowly as it likes.
const S3_SILENCE: Duration = Duration::from_mins(1);
/// Small troubles of S3 are tried again for so long. Whatever lasts longer is told: jobs try again by themselves, and people
/// shall not wait for minutes.
const S3_PATIENCE: Duration = Duration::from_secs(10);
/// And so often.
const S3_TRIES: usize = 3;

/// S3-compatible storage.
#[derive(Clone)]
pub struct S3Config {
    /// Where it is, such as `https://s3.eu-central-1.amazonaws.com`; that of AWS if left out.
    pub endpoint: Option<String>,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The bucket. It must exist.
    pub bucket: String,
    /// Whose.
    pub access_key: String,
    /// Signs the requests.
    pub secret_key: String,
}

impl fmt::Debug for S3Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Config")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

impl S3Config {
    fn open(&self) -> Result<AmazonS3, object_store::Error> {
        let insecure = self.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(S3_SILENCE)
            .with_allow_http(insecure);
        let retry =
            RetryConfig { max_retries: S3_TRIES, retry_timeout: S3_PATIENCE, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_client_options(client)
            .with_retry(retry)
            .with_region(&self.region)
            .with_bucket_name(&self.bucket)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(&self.secret_key);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        builder.build()
    }

    /// Whether the bucket is there and lets us in.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), StorageError> {
        let store = self.open()?;
        // Only this tells whether we are let in, and only the list whether there is a bucket.
        match store.head(&Name::from("00")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        match store.list(None).next().await {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(StorageError::Broken(format!(
                "the bucket {} cannot be looked into: {error}",
                self.bucket
            ))),
        }
    }
}

/// Something went wrong with a storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The account's files are meant to lie where nothing is set up.
    #[error(
        "files of this number are to be stored in S3, but no S3 is set up on this server; an admin can change either"
    )]
    NotSetUp,
    /// It is not there.
    #[error("the file is not in its storage any more")]
    Missing,
    /// The storage does not let us in.
    #[error(
        "the S3 storage does not let this server in; an admin must check access_key, secret_key and bucket under [s3]: {0}"
    )]
    Refused(String),
    /// The storage did not do what was asked.
    #[error("the storage does not work: {0}")]
    Broken(String),
    /// A file of this machine could not be read or written.
    #[error("a file on the server could not be read or written: {0}")]
    Disk(#[from] io::Error),
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            error @ (object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }) => Self::Refused(error.to_string()),
            other => Self::Broken(other.to_string()),
        }
    }
}

/// Both storages.
pub(crate) struct Storages {
    local: Arc<dyn ObjectStore>,
    folder: PathBuf,
    s3: Option<Arc<dyn ObjectStore>>,
}

/// Bytes of a file on their way.
pub type Bytestream = BoxStream<'static, Result<Bytes, io::Error>>;

impl Storages {
    /// # Errors
    /// When the folder cannot be made, or S3 is set up wrongly.
    pub(crate) fn new(folder: &Path, s3: Option<&S3Config>) -> Result<Self, StorageError> {
        std::fs::create_dir_all(folder)?;
        // On disk before a row says that it is: who has no power a moment later has the file none the less.
        let local = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true);
        let s3 = s3.map(S3Config::open).transpose()?.map(|s3| Arc::new(s3) as Arc<dyn ObjectStore>);
        Ok(Self { local: Arc::new(local), folder: folder.to_owned(), s3 })
    }

    fn of(&self, storage: MediaStorage) -> Result<&Arc<dyn ObjectStore>, StorageError> {
        match storage {
            MediaStorage::Local => Ok(&self.local),
            MediaStorage::S3 => self.s3.as_ref().ok_or(StorageError::NotSetUp),
        }
    }

    /// Whether something can be stored there.
    pub(crate) fn offers(&self, storage: MediaStorage) -> bool {
        self.of(storage).is_ok()
    }

    /// Whether it answers at all.
    pub(crate) async fn reach(&self, storage: MediaStorage, ws: WorkspaceId) -> Result<(), StorageError> {
        match self.of(storage)?.head(&name(ws, "00")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a file of this machine there, unless it is there already: a name is made of what it names.
    pub(crate) async fn put(
        &self,
        storage: MediaStorage,
        ws: WorkspaceId,
        key: &str,
        from: &Path,
    ) -> Result<(), StorageError> {
        let (store, name) = (self.of(storage)?, name(ws, key));
        let size = tokio::fs::metadata(from).await?.len();
        match store.head(&name).await {
            Ok(there) if there.size == size => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let mut file = tokio::fs::File::open(from).await?;
        let mut writer = BufWriter::with_capacity(Arc::clone(store), name, S3_PART).with_max_concurrency(1);
        let written = async {
            copy(&mut file, &mut writer).await?;
            writer.shutdown().await
        };
        if let Err(error) = written.await {
            // What was begun must not lie there for ever.
            let _ = writer.abort().await;
            return Err(StorageError::Broken(error.to_string()));
        }
        Ok(())
    }

    /// Its bytes, or some of them.
    pub(crate) async fn open(
        &self,
        storage: MediaStorage,
        ws: WorkspaceId,
        key: &str,
        range: Option<Range<u64>>,
    ) -> Result<Bytestream, StorageError> {
        use futures::TryStreamExt;
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.of(storage)?.get_opts(&name(ws, key), options).await?;
        Ok(Box::pin(found.into_stream().map_err(io::Error::other)))
    }

    /// Copies it to a file of this machine.
    pub(crate) async fn fetch(
        &self,
        storage: MediaStorage,
        ws: WorkspaceId,
        key: &str,
        to: &Path,
    ) -> Result<(), StorageError> {
        let bytes = self.open(storage, ws, key, None).await?;
        let mut reader = tokio_util::io::StreamReader::new(bytes);
        let mut file = tokio::io::BufWriter::with_capacity(CHUNK, tokio::fs::File::create(to).await?);
        copy(&mut reader, &mut file).await?;
        Ok(file.shutdown().await?)
    }

    /// Takes it away. What is not there is away.
    pub(crate) async fn remove(
        &self,
        storage: MediaStorage,
        ws: WorkspaceId,
        key: &str,
    ) -> Result<(), StorageError> {
        match self.of(storage)?.delete(&name(ws, key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Something in the folder of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lying {
    /// Its name in the storage.
    pub(super) key: String,
    /// Bytes.
    pub(super) size: u64,
    /// When it was written.
    pub(super) since: Timestamp,
}

impl Storages {
    /// The parts of this machine's folder for a workspace.
    pub(super) fn parts(&self, ws: WorkspaceId) -> io::Result<Vec<PathBuf>> {
        match std::fs::read_dir(self.folder.join(ws.to_string())) {
            Ok(parts) => parts.map(|part| Ok(part?.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// What lies in a part of the folder since before then. What somebody began to write before then and never finished is taken
/// away meanwhile: it never had a name.
pub(super) fn lying_in(folder: &Path, before: Timestamp) -> io::Result<Vec<Lying>> {
    let part = folder.file_name().and_then(|part| part.to_str()).unwrap_or_default().to_owned();
    let mut lying = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // The last of it went meanwhile; or it is none of ours.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(lying);
        }
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let Ok(key) = entry.file_name().into_string() else { continue };
        // Gone since, or none of ours.
        let Ok(facts) = entry.metadata() else { continue };
        let since = facts.modified().map_or(Timestamp(i64::MAX), written);
        if !facts.is_file() || since >= before {
            continue;
        }
        let ours = |key: &str| key.starts_with(&part) && key.bytes().all(|b| b.is_ascii_hexdigit());
        match key.split_once('#') {
            // The way in which what is being written is called until it is whole.
            Some((key, _)) if ours(key) => std::fs::remove_file(entry.path())?,
            None if ours(&key) => lying.push(Lying { key, size: facts.len(), since }),
            _ => {}
        }
    }
    Ok(lying)
}

/// When a file was written, by the clock of whoever wrote it.
pub(super) fn written(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Where it lies. Workspaces lie apart, so that a backup or an audit can tell them apart.
fn name(ws: WorkspaceId, key: &str) -> Name {
    let folder = key.get(..2).unwrap_or_default();
    Name::from_iter([ws.to_string().as_str(), folder, key])
}

//! Where bytes lie: a folder of this machine, or S3-compatible storage.

use std::{fmt, io, ops::Range, path::Path, sync::Arc};

use balas_domain::{MediaStorage, WorkspaceId};
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, buffered::BufWriter,
    local::LocalFileSystem, path::Path as Name,
};
use tokio::io::{AsyncWriteExt, copy};

/// Bytes that are handed on at once; what an upload or download costs in memory, a few times.
const CHUNK: usize = 1 << 20;
/// S3 takes parts of at least 5 MiB.
const S3_PART: usize = 5 << 20;

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
            other => Self::Broken(other.to_string()),
        }
    }
}

/// Both storages.
pub(crate) struct Storages {
    local: Arc<dyn ObjectStore>,
    s3: Option<Arc<dyn ObjectStore>>,
}

/// Bytes of a file on their way.
pub type Bytestream = BoxStream<'static, Result<Bytes, io::Error>>;

impl Storages {
    /// # Errors
    /// When the folder cannot be made, or S3 is set up wrongly.
    pub(crate) fn new(folder: &Path, s3: Option<&S3Config>) -> Result<Self, StorageError> {
        std::fs::create_dir_all(folder)?;
        let local = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true);
        let s3 = match s3 {
            Some(s3) => {
                let mut builder = AmazonS3Builder::new()
                    .with_region(&s3.region)
                    .with_bucket_name(&s3.bucket)
                    .with_access_key_id(&s3.access_key)
                    .with_secret_access_key(&s3.secret_key);
                if let Some(endpoint) = &s3.endpoint {
                    builder =
                        builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                Some(Arc::new(builder.build()?) as Arc<dyn ObjectStore>)
            }
            None => None,
        };
        Ok(Self { local: Arc::new(local), s3 })
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

/// Where it lies. Workspaces lie apart, so that a backup or an audit can tell them apart.
fn name(ws: WorkspaceId, key: &str) -> Name {
    let folder = key.get(..2).unwrap_or_default();
    Name::from_iter([ws.to_string().as_str(), folder, key])
}

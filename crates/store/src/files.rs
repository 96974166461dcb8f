//! Files of messages, and what lies in storages for them and for pictures.

use std::collections::{HashMap, HashSet};

use balas_domain::{
    ConversationId, FileState, FileView, MediaStorage, MessageId, Timestamp, UploadId, UploadView,
    WorkspaceId,
};
use sqlx::FromRow;

use crate::{
    Result, StoreError, Tx, Write, codec,
    dialect::{Ids, Texts},
};

/// Where the bytes of a file lie, and what is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// In which storage.
    pub storage: MediaStorage,
    /// Under which name there.
    pub key: String,
    /// Under which name there is a small picture of it.
    pub preview_key: Option<String>,
    /// What is in it, as we looked.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// Of pictures: width and height in pixels.
    pub frame: Option<(u32, u32)>,
    /// Of sounds: milliseconds.
    pub duration: Option<u32>,
    /// Of voice messages: how loud it is, 0–100 each.
    pub waveform: Vec<u8>,
}

/// The file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Where it is.
    pub state: FileState,
    /// What is here of it.
    pub contents: Option<Contents>,
    /// Why it is not here.
    pub problem: Option<String>,
}

#[derive(FromRow)]
struct Row {
    message_id: MessageId,
    state: String,
    storage: Option<String>,
    key: Option<String>,
    preview_key: Option<String>,
    mime: Option<String>,
    size: Option<i64>,
    width: Option<i32>,
    height: Option<i32>,
    duration: Option<i32>,
    waveform: Option<Vec<u8>>,
    problem: Option<String>,
}

/// No number here is below zero.
fn count(n: i32) -> u32 {
    u32::try_from(n).unwrap_or_default()
}

fn stored(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl Row {
    fn into_record(self) -> Result<FileRecord> {
        let contents = match (self.storage, self.key, self.mime, self.size) {
            (Some(storage), Some(key), Some(mime), Some(size)) => Some(Contents {
                storage: codec::word("storage", &storage)?,
                key,
                preview_key: self.preview_key,
                mime,
                size: u64::try_from(size).unwrap_or_default(),
                frame: self.width.zip(self.height).map(|(width, height)| (count(width), count(height))),
                duration: self.duration.map(count),
                waveform: self.waveform.unwrap_or_default(),
            }),
            _ => None,
        };
        Ok(FileRecord {
            state: codec::word("state of a file", &self.state)?,
            contents,
            problem: self.problem,
        })
    }
}

impl FileRecord {
    fn into_view(self) -> FileView {
        let only = FileView { problem: self.problem, ..FileView::only(self.state) };
        match self.contents {
            Some(c) if self.state == FileState::Here => FileView {
                mime: Some(c.mime),
                size: Some(c.size),
                frame: c.frame,
                duration: c.duration,
                waveform: c.waveform,
                preview: c.preview_key.is_some(),
                ..only
            },
            _ => only,
        }
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT message_id, state, storage, key, preview_key, mime, size, width, height, duration, waveform, problem
             FROM files WHERE ",
            $tail
        )
    };
}

/// The file of one message; `None` if it is at `WhatsApp` and nobody has asked for it, or has none.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, message: MessageId) -> Result<Option<FileRecord>> {
    let row = row!(tx, Row, select!("workspace_id = $1 AND message_id = $2"), ws, message)?;
    row.map(Row::into_record).transpose()
}

/// As screens see the files of these messages.
pub(crate) async fn views(
    ws: WorkspaceId,
    tx: &mut Tx,
    messages: Vec<uuid::Uuid>,
) -> Result<HashMap<MessageId, FileView>> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = tx.pick(
        select!("+workspace_id = $1 AND message_id IN (SELECT unhex(value) FROM json_each($2))"),
        select!("workspace_id = $1 AND message_id = ANY($2)"),
    );
    let rows = rows!(tx, Row, sql, ws, Ids::of(messages))?;
    rows.into_iter().map(|row| Ok((row.message_id, row.into_record()?.into_view()))).collect()
}

/// Says where the file of a message is; tells whether that is news.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such message.
pub async fn mark(
    write: &mut Write,
    message: MessageId,
    state: FileState,
    problem: Option<&str>,
) -> Result<bool> {
    let ws = write.workspace();
    let known = get(ws, write.tx(), message).await?;
    let problem = codec::text_opt(problem);
    if known
        .as_ref()
        .is_some_and(|known| known.state == state && known.problem.as_deref() == problem.as_deref())
    {
        return Ok(false);
    }
    // From the message's own row, so that one of another workspace cannot be meant.
    let made = execute!(
        write.tx(),
        "INSERT INTO files (message_id, workspace_id, state, problem)
         SELECT m.id, m.workspace_id, $3, $4 FROM messages AS m WHERE m.workspace_id = $1 AND m.id = $2
         ON CONFLICT (message_id) DO UPDATE SET state = excluded.state, problem = excluded.problem",
        ws,
        message,
        state.as_str(),
        problem,
    )?;
    if made == 0 {
        return Err(StoreError::NotFound);
    }
    changed(write, message).await?;
    Ok(true)
}

/// The file of a message is here.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such message.
pub async fn put(write: &mut Write, message: MessageId, contents: &Contents) -> Result<()> {
    let ws = write.workspace();
    let made = execute!(
        write.tx(),
        "INSERT INTO files (message_id, workspace_id, state, storage, key, preview_key, mime, size, width, height,
            duration, waveform)
         SELECT m.id, m.workspace_id, 'here', $3, $4, $5, $6, $7, $8, $9, $10, $11
         FROM messages AS m WHERE m.workspace_id = $1 AND m.id = $2
         ON CONFLICT (message_id) DO UPDATE SET
            state = excluded.state, storage = excluded.storage, key = excluded.key,
            preview_key = excluded.preview_key, mime = excluded.mime, size = excluded.size, width = excluded.width,
            height = excluded.height, duration = excluded.duration, waveform = excluded.waveform, problem = NULL",
        ws,
        message,
        contents.storage.as_str(),
        &contents.key,
        &contents.preview_key,
        codec::text(&contents.mime),
        i64::try_from(contents.size).unwrap_or(i64::MAX),
        contents.frame.map(|(width, _)| stored(width)),
        contents.frame.map(|(_, height)| stored(height)),
        contents.duration.map(stored),
        &contents.waveform,
    )?;
    if made == 0 {
        return Err(StoreError::NotFound);
    }
    changed(write, message).await
}

async fn changed(write: &mut Write, message: MessageId) -> Result<()> {
    let (ws, version) = (write.workspace(), write.likely_seq());
    execute!(
        write.tx(),
        "UPDATE messages SET version = $3 WHERE workspace_id = $1 AND id = $2",
        ws,
        message,
        version,
    )?;
    write.touch_message(message);
    Ok(())
}

/// Something in a storage.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Blob {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Where.
    pub storage: String,
    /// Its name there.
    pub key: String,
}

/// Notes that something lies, or soon will, in a storage under this name. To be committed before it is put there.
pub async fn keep(
    ws: WorkspaceId,
    tx: &mut Tx,
    storage: MediaStorage,
    key: &str,
    size: u64,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO blobs (workspace_id, storage, key, size, used_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id, storage, key) DO UPDATE SET used_at = excluded.used_at, size = excluded.size",
        ws,
        storage.as_str(),
        key,
        i64::try_from(size).unwrap_or(i64::MAX),
        now,
    )?;
    Ok(())
}

/// How large what lies there is, if something lies there under this name.
pub async fn kept_size(
    ws: WorkspaceId,
    tx: &mut Tx,
    storage: MediaStorage,
    key: &str,
) -> Result<Option<u64>> {
    let sql = "SELECT size FROM blobs WHERE workspace_id = $1 AND storage = $2 AND key = $3";
    let size = row!(tx, (i64,), sql, ws, storage.as_str(), key)?;
    Ok(size.map(|(size,)| u64::try_from(size).unwrap_or_default()))
}

/// Which of these names are known.
pub async fn known<'a>(
    ws: WorkspaceId,
    tx: &mut Tx,
    storage: MediaStorage,
    keys: impl IntoIterator<Item = &'a str>,
) -> Result<HashSet<String>> {
    let sql = tx.pick(
        "SELECT key FROM blobs
         WHERE workspace_id = $1 AND storage = $2 AND key IN (SELECT value FROM json_each($3))",
        "SELECT key FROM blobs WHERE workspace_id = $1 AND storage = $2 AND key = ANY($3)",
    );
    let known = rows!(tx, (String,), sql, ws, storage.as_str(), Texts::of(keys))?;
    Ok(known.into_iter().map(|(key,)| key).collect())
}

/// Something in a storage that no row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its name there.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Since when it lies there.
    pub since: Timestamp,
}

/// Notes what nobody has noted; what has been meanwhile stays as it is.
pub async fn note_stray(ws: WorkspaceId, tx: &mut Tx, storage: MediaStorage, stray: &Stray) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO blobs (workspace_id, storage, key, size, used_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workspace_id, storage, key) DO NOTHING",
        ws,
        storage.as_str(),
        codec::text(&stray.key),
        i64::try_from(stray.size).unwrap_or(i64::MAX),
        stray.since,
    )?;
    Ok(())
}

/// What lies in storages for the messages of a conversation, each once.
pub(crate) async fn of_conversation(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
) -> Result<Vec<Blob>> {
    let rows = rows!(
        tx,
        (String, String, Option<String>),
        "SELECT DISTINCT f.storage, f.key, f.preview_key
         FROM messages AS m JOIN files AS f ON f.message_id = m.id
         WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND f.storage IS NOT NULL AND f.key IS NOT NULL",
        ws,
        conversation,
    )?;
    Ok(named(ws, rows))
}

/// Storage, key and key of the preview, as what lies there.
pub(crate) fn named(ws: WorkspaceId, rows: Vec<(String, String, Option<String>)>) -> Vec<Blob> {
    let each = |(storage, key, preview): (String, String, Option<String>)| {
        let blob = |key| Blob { workspace_id: ws, storage: storage.clone(), key };
        [Some(blob(key)), preview.map(blob)]
    };
    rows.into_iter().flat_map(each).flatten().collect()
}

/// What lies in a storage without a file or picture that names it, and did so before then.
pub async fn unused(tx: &mut Tx, storage: MediaStorage, before: Timestamp, limit: u32) -> Result<Vec<Blob>> {
    rows!(
        tx,
        Blob,
        "SELECT b.workspace_id, b.storage, b.key FROM blobs AS b
         WHERE b.used_at < $1 AND b.storage = $3
            AND NOT EXISTS (SELECT 1 FROM files AS f WHERE f.workspace_id = b.workspace_id AND f.key = b.key)
            AND NOT EXISTS (SELECT 1 FROM files AS f WHERE f.workspace_id = b.workspace_id AND f.preview_key = b.key)
            AND NOT EXISTS (SELECT 1 FROM conversations AS c
                WHERE c.workspace_id = b.workspace_id AND c.picture_key = b.key)
         ORDER BY b.used_at LIMIT $2",
        before,
        i64::from(limit),
        storage.as_str(),
    )
}

/// Forgets it, if it is still unused. Whoever puts the same there at this moment waits until this transaction ends, so
/// what it names may be taken out of its storage before that.
pub async fn forget(tx: &mut Tx, blob: &Blob, before: Timestamp) -> Result<bool> {
    let gone = execute!(
        tx,
        "DELETE FROM blobs WHERE workspace_id = $1 AND storage = $2 AND key = $3 AND used_at < $4
            AND NOT EXISTS (SELECT 1 FROM files AS f WHERE f.workspace_id = $1 AND f.key = $3)
            AND NOT EXISTS (SELECT 1 FROM files AS f WHERE f.workspace_id = $1 AND f.preview_key = $3)
            AND NOT EXISTS (SELECT 1 FROM conversations AS c WHERE c.workspace_id = $1 AND c.picture_key = $3)",
        blob.workspace_id,
        &blob.storage,
        &blob.key,
        before,
    )?;
    Ok(gone > 0)
}

/// An upload with what only the engine needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// How far it is.
    pub view: UploadView,
    /// The file's name, as its owner calls it.
    pub name: String,
}

#[derive(FromRow)]
struct UploadRow {
    id: UploadId,
    name: String,
    size: i64,
    received: i64,
}

impl From<UploadRow> for Upload {
    fn from(row: UploadRow) -> Self {
        let bytes = |n| u64::try_from(n).unwrap_or_default();
        Self {
            view: UploadView { id: row.id, received: bytes(row.received), size: bytes(row.size) },
            name: row.name,
        }
    }
}

/// Begins an upload.
pub async fn begin_upload(
    ws: WorkspaceId,
    tx: &mut Tx,
    owner: &str,
    upload: &Upload,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO uploads (workspace_id, id, owner, name, size, received, touched_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6)",
        ws,
        upload.view.id,
        owner,
        codec::text(&upload.name),
        i64::try_from(upload.view.size).unwrap_or(i64::MAX),
        now,
    )?;
    Ok(())
}

/// An upload of this owner.
pub async fn upload(ws: WorkspaceId, tx: &mut Tx, owner: &str, id: UploadId) -> Result<Option<Upload>> {
    let sql =
        "SELECT id, name, size, received FROM uploads WHERE workspace_id = $1 AND id = $2 AND owner = $3";
    Ok(row!(tx, UploadRow, sql, ws, id, owner)?.map(Into::into))
}

/// How many uploads of this owner are not finished or not sent, and how many bytes they are meant to have.
pub async fn uploads_of(ws: WorkspaceId, tx: &mut Tx, owner: &str) -> Result<(u64, u64)> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM uploads WHERE workspace_id = $1 AND owner = $2";
    let (count, bytes) = row!(tx, (i64, i64), sql, ws, owner)?.unwrap_or_default();
    Ok((u64::try_from(count).unwrap_or_default(), u64::try_from(bytes).unwrap_or_default()))
}

/// More of it is here.
pub async fn advance_upload(
    ws: WorkspaceId,
    tx: &mut Tx,
    id: UploadId,
    received: u64,
    now: Timestamp,
) -> Result<()> {
    execute!(
        tx,
        "UPDATE uploads SET received = $3, touched_at = $4 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        i64::try_from(received).unwrap_or(i64::MAX),
        now,
    )?;
    Ok(())
}

/// It was sent, or is not wanted any more.
pub async fn end_upload(ws: WorkspaceId, tx: &mut Tx, id: UploadId) -> Result<()> {
    execute!(tx, "DELETE FROM uploads WHERE workspace_id = $1 AND id = $2", ws, id)?;
    Ok(())
}

/// Ends uploads that nobody has gone on with since then; their ids.
pub async fn end_stale_uploads(tx: &mut Tx, before: Timestamp) -> Result<Vec<UploadId>> {
    let ended = rows!(tx, (UploadId,), "DELETE FROM uploads WHERE touched_at < $1 RETURNING id", before)?;
    Ok(ended.into_iter().map(|(id,)| id).collect())
}

/// Which of these uploads are not ended.
pub async fn known_uploads(
    tx: &mut Tx,
    ids: impl IntoIterator<Item = UploadId>,
) -> Result<HashSet<UploadId>> {
    let sql = tx.pick(
        "SELECT id FROM uploads WHERE id IN (SELECT unhex(value) FROM json_each($1))",
        "SELECT id FROM uploads WHERE id = ANY($1)",
    );
    let known = rows!(tx, (UploadId,), sql, Ids::of(ids.into_iter().map(|id| id.0)))?;
    Ok(known.into_iter().map(|(id,)| id).collect())
}

//! Words for what conversations are about.

use balas_domain::{ConversationId, LabelId, LabelView, Seq, WorkspaceId};
use sqlx::FromRow;

use crate::{Result, StoreError, Tx, Write, codec, words};

#[derive(FromRow)]
struct Row {
    id: LabelId,
    name: String,
    colour: i32,
    version: Seq,
}

impl From<Row> for LabelView {
    fn from(r: Row) -> Self {
        Self {
            id: r.id,
            name: r.name,
            colour: u8::try_from(r.colour).unwrap_or_default(),
            version: r.version,
        }
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT id, name, colour, version FROM labels WHERE workspace_id = $1 ", $tail)
    };
}

/// All of a workspace by name.
pub async fn list(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<LabelView>> {
    let rows = rows!(tx, Row, select!("ORDER BY name_key, id"), ws)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One label.
pub async fn get(ws: WorkspaceId, tx: &mut Tx, id: LabelId) -> Result<Option<LabelView>> {
    Ok(row!(tx, Row, select!("AND id = $2"), ws, id)?.map(Into::into))
}

/// Makes one.
///
/// # Errors
/// [`StoreError::Unique`] if there is one of that name.
pub async fn create(write: &mut Write, id: LabelId, name: &str, colour: u8) -> Result<()> {
    let (ws, now) = (write.workspace(), write.now());
    let made = execute!(
        write.tx(),
        "INSERT INTO labels (workspace_id, id, name, name_key, colour, version, created_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT DO NOTHING",
        ws,
        id,
        codec::text(name),
        words::fold(name),
        i32::from(colour),
        now,
    )?;
    if made == 0 {
        return Err(StoreError::Unique { what: "label" });
    }
    write.touch_label(id);
    Ok(())
}

/// Gives it another name and colour.
///
/// # Errors
/// [`StoreError::NotFound`]; [`StoreError::Unique`] if another one has that name.
pub async fn change(write: &mut Write, id: LabelId, name: &str, colour: u8) -> Result<()> {
    let ws = write.workspace();
    let key = words::fold(name);
    let sql = "SELECT id FROM labels WHERE workspace_id = $1 AND name_key = $2";
    if row!(write.tx(), (LabelId,), sql, ws, &key)?.is_some_and(|(other,)| other != id) {
        return Err(StoreError::Unique { what: "label" });
    }
    let changed = execute!(
        write.tx(),
        "UPDATE labels SET name = $3, name_key = $4, colour = $5 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        codec::text(name),
        &key,
        i32::from(colour),
    )?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    write.touch_label(id);
    Ok(())
}

/// Takes it away, from all conversations too.
///
/// # Errors
/// [`StoreError::NotFound`].
pub async fn delete(write: &mut Write, id: LabelId) -> Result<()> {
    let ws = write.workspace();
    let gone = execute!(write.tx(), "DELETE FROM labels WHERE workspace_id = $1 AND id = $2", ws, id)?;
    if gone == 0 {
        return Err(StoreError::NotFound);
    }
    write.label_removed(id);
    Ok(())
}

/// Puts a label on a conversation, or takes it off; tells whether that changed anything.
///
/// # Errors
/// [`StoreError::NotFound`] if there is no such label or conversation in the workspace.
pub async fn put(write: &mut Write, conversation: ConversationId, label: LabelId, on: bool) -> Result<bool> {
    let ws = write.workspace();
    if get(ws, write.tx(), label).await?.is_none() {
        return Err(StoreError::NotFound);
    }
    let changed = if on {
        let found = execute!(
            write.tx(),
            "UPDATE conversations SET labelled = TRUE WHERE workspace_id = $1 AND id = $2",
            ws,
            conversation,
        )?;
        if found == 0 {
            return Err(StoreError::NotFound);
        }
        execute!(
            write.tx(),
            "INSERT INTO conversation_labels (workspace_id, conversation_id, label_id) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
            ws,
            conversation,
            label,
        )?
    } else {
        execute!(
            write.tx(),
            "DELETE FROM conversation_labels WHERE workspace_id = $1 AND conversation_id = $2 AND label_id = $3",
            ws,
            conversation,
            label,
        )?
    };
    if changed > 0 {
        write.touch_conversation(conversation);
    }
    Ok(changed > 0)
}

/// How many open conversations each label stands on; none that stands on none.
pub async fn counts(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<(LabelId, i64)>> {
    rows!(
        tx,
        (LabelId, i64),
        "SELECT cl.label_id, COUNT(*) FROM labels AS l
         JOIN conversation_labels AS cl ON cl.label_id = l.id
         JOIN conversations AS c ON c.id = cl.conversation_id
         WHERE l.workspace_id = $1 AND c.state = 'open' GROUP BY cl.label_id ORDER BY cl.label_id",
        ws,
    )
}

/// How many conversations bear each label, whatever is done about them; none that nobody bears.
pub async fn uses(ws: WorkspaceId, tx: &mut Tx) -> Result<Vec<(LabelId, i64)>> {
    rows!(
        tx,
        (LabelId, i64),
        "SELECT cl.label_id, COUNT(*) FROM labels AS l
         JOIN conversation_labels AS cl ON cl.label_id = l.id
         WHERE l.workspace_id = $1 GROUP BY cl.label_id ORDER BY cl.label_id",
        ws,
    )
}

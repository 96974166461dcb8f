//! Words in messages. Both databases keep an index of the same words (see `words`), each in its own way.

use balas_domain::{
    AccountId, Content, ConversationId, MessageId, Timestamp, WorkspaceId,
    search::{MessageHit, Piece, SearchQuery},
    view::Page,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Result, Tx, codec,
    conversations::direction,
    cursor,
    words::{self, Word},
};

/// Shown before the first word that was found, in characters.
const BEFORE: usize = 30;
/// Shown in all.
const EXCERPT: usize = 160;
/// A last word of at least so many letters may be the beginning of a longer one.
const BEGINNING: usize = 3;

#[derive(FromRow)]
struct Row {
    id: MessageId,
    conversation_id: ConversationId,
    account_id: AccountId,
    title: String,
    direction: String,
    content: String,
    at: Timestamp,
}

macro_rules! select {
    ($from:literal) => {
        concat!("SELECT m.id, m.conversation_id, m.account_id, c.title, m.direction, m.content, m.at ", $from)
    };
}

/// The newest first. Those of other workspaces are not even looked at: the workspace is one of the words.
const SQLITE: &str = select!(
    "FROM message_words AS w JOIN messages AS m ON m.n = w.rowid JOIN conversations AS c ON c.id = m.conversation_id
     WHERE message_words MATCH $2 AND m.workspace_id = $1
        AND w.rowid < COALESCE((SELECT n FROM messages WHERE id = $3), 9223372036854775807)
     ORDER BY w.rowid DESC LIMIT $4"
);

/// With the expression of the index word by word. Ordered by time, so that the planner may also go through the newest
/// messages: for words that stand in many of them that is the shorter way.
const POSTGRES: &str = select!(
    "FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
     WHERE m.workspace_id = $1 AND m.search_text <> ''
        AND array_to_tsvector(string_to_array(
            m.workspace_id::text || ' ' || m.account_id::text || ' ' || m.search_text, ' ')) @@ $2::text::tsquery
        AND (m.at, m.id) < ($3, $4)
     ORDER BY m.at DESC, m.id DESC LIMIT $5"
);

/// In one conversation, whose messages are gone through from the newest on: they are few beside all those in which a
/// frequent word stands, and the index of words does not know conversations.
const SQLITE_HERE: &str = select!(
    "FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
     WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND (m.at, m.id) < ($3, $4) AND m.search_text <> ''
        AND NOT EXISTS (SELECT 1 FROM json_each($5) AS w WHERE instr(' ' || m.search_text || ' ', w.value) = 0)
     ORDER BY m.at DESC, m.id DESC LIMIT $6"
);

/// Likewise, or by the words, whichever are fewer.
const POSTGRES_HERE: &str = select!(
    "FROM messages AS m JOIN conversations AS c ON c.id = m.conversation_id
     WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND (m.at, m.id) < ($3, $4) AND m.search_text <> ''
        AND array_to_tsvector(string_to_array(
            m.workspace_id::text || ' ' || m.account_id::text || ' ' || m.search_text, ' ')) @@ $5::text::tsquery
     ORDER BY m.at DESC, m.id DESC LIMIT $6"
);

/// The statement of a search in one conversation, so that a test can look at its plan.
#[cfg(feature = "testing")]
#[must_use]
pub const fn statement_in_conversation() -> &'static str {
    SQLITE_HERE
}

/// Messages in which all of the words stand, newest first. Nothing if there is no word in the query.
///
/// # Errors
/// [`crate::StoreError::BadCursor`].
pub async fn messages(ws: WorkspaceId, tx: &mut Tx, query: &SearchQuery) -> Result<Page<MessageHit>> {
    let wanted = Wanted::of(&query.q);
    if wanted.0.is_empty() {
        return Ok(Page { items: Vec::new(), next: None });
    }
    let place = cursor::read_time(cursor::List::Found, query.cursor.as_deref())?;
    let limit = query.rows();
    let mut rows = match query.conversation {
        Some(conversation) => found_in(ws, tx, conversation, &wanted, place, limit + 1).await?,
        None => found(ws, tx, query.account, &wanted, place, limit + 1).await?,
    };
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more);
    let next = next.map(|r| cursor::by_time(cursor::List::Found, r.at, r.id.0));
    let items = rows.into_iter().map(|r| r.into_hit(&wanted)).collect::<Result<_>>()?;
    Ok(Page { items, next })
}

async fn found(
    ws: WorkspaceId,
    tx: &mut Tx,
    account: Option<AccountId>,
    wanted: &Wanted,
    (at, id): (Timestamp, Uuid),
    limit: u32,
) -> Result<Vec<Row>> {
    look!(tx, SQLITE);
    Ok(match tx {
        Tx::Sqlite(t) => {
            sqlx::query_as(SQLITE)
                .bind(ws)
                .bind(wanted.fts5(ws, account))
                .bind(MessageId(id))
                .bind(i64::from(limit))
                .fetch_all(&mut **t)
                .await?
        }
        Tx::Postgres(t) => {
            sqlx::query_as(POSTGRES)
                .bind(ws)
                .bind(wanted.tsquery(ws, account))
                .bind(at)
                .bind(MessageId(id))
                .bind(i64::from(limit))
                // Planned anew for each search: which way is shorter depends on the words.
                .persistent(false)
                .fetch_all(&mut **t)
                .await?
        }
    })
}

async fn found_in(
    ws: WorkspaceId,
    tx: &mut Tx,
    conversation: ConversationId,
    wanted: &Wanted,
    (at, id): (Timestamp, Uuid),
    limit: u32,
) -> Result<Vec<Row>> {
    if let Tx::Postgres(t) = tx {
        let words = wanted.tsquery(ws, None);
        return Ok(sqlx::query_as(POSTGRES_HERE)
            .bind(ws)
            .bind(conversation)
            .bind(at)
            .bind(MessageId(id))
            .bind(words)
            .bind(i64::from(limit))
            .persistent(false)
            .fetch_all(&mut **t)
            .await?);
    }
    rows!(tx, Row, SQLITE_HERE, ws, conversation, at, MessageId(id), wanted.pieces(), i64::from(limit))
}

impl Row {
    fn into_hit(self, wanted: &Wanted) -> Result<MessageHit> {
        let content: Content = codec::from_json("message", &self.content)?;
        Ok(MessageHit {
            id: self.id,
            conversation_id: self.conversation_id,
            account_id: self.account_id,
            title: self.title,
            direction: direction(&self.direction)?,
            at: self.at,
            excerpt: wanted.excerpt(content.searchable()),
        })
    }
}

/// What is searched for: folded words, hence without anything that either database would read as an operator.
struct Wanted(Vec<String>);

impl Wanted {
    fn of(q: &str) -> Self {
        Self(words::words(q).into_iter().map(|word| word.folded).collect())
    }

    /// The words, and which of them may be a beginning.
    fn each(&self) -> impl Iterator<Item = (&str, bool)> {
        let last = self.0.len() - 1;
        let open = move |n: usize, word: &str| n == last && word.chars().count() >= BEGINNING;
        self.0.iter().enumerate().map(move |(n, word)| (word.as_str(), open(n, word)))
    }

    fn fts5(&self, ws: WorkspaceId, account: Option<AccountId>) -> String {
        let scope = account.map_or(ws.0, |account| account.0).simple();
        let mut query = format!("scope : {scope:X} AND words : (");
        for (n, (word, open)) in self.each().enumerate() {
            query.push_str(if n > 0 { " AND \"" } else { "\"" });
            query.push_str(word);
            query.push_str(if open { "\"*" } else { "\"" });
        }
        query.push(')');
        query
    }

    fn tsquery(&self, ws: WorkspaceId, account: Option<AccountId>) -> String {
        let mut query = format!("'{}'", account.map_or(ws.0, |account| account.0));
        for (word, open) in self.each() {
            query.push_str(" & '");
            query.push_str(word);
            query.push_str(if open { "':*" } else { "'" });
        }
        query
    }

    /// As they stand in a text of words with a space around each.
    fn pieces(&self) -> String {
        let pieces: Vec<String> =
            self.each().map(|(word, open)| format!(" {word}{}", if open { "" } else { " " })).collect();
        serde_json::Value::from(pieces).to_string()
    }

    fn finds(&self, word: &Word) -> bool {
        self.each().any(
            |(wanted, open)| {
                if open { word.folded.starts_with(wanted) } else { word.folded == wanted }
            },
        )
    }

    /// The place of a text where the first word stands, on one line, with the words marked.
    fn excerpt(&self, text: &str) -> Vec<Piece> {
        let hits: Vec<Word> = words::words(text).into_iter().filter(|word| self.finds(word)).collect();
        let first = hits.first().map_or(0, |word| word.start);
        let start = text[..first].char_indices().rev().take(BEFORE).last().map_or(first, |(at, _)| at);
        // From the beginning of a word on.
        let start = match text[start..first].find(char::is_whitespace) {
            Some(space) if start > 0 => start + space,
            _ => start,
        };
        let end = text[start..].char_indices().nth(EXCERPT).map_or(text.len(), |(at, _)| start + at);
        let mut pieces = Pieces(Vec::new());
        if start > 0 {
            pieces.add("…", false);
        }
        let mut done = start;
        for word in hits.iter().filter(|word| word.end <= end) {
            pieces.add(&text[done..word.start], false);
            pieces.add(&text[word.start..word.end], true);
            done = word.end;
        }
        pieces.add(&text[done..end], false);
        if end < text.len() {
            pieces.add("…", false);
        }
        pieces.0
    }
}

/// Pieces of one line: neighbours of a kind are one.
struct Pieces(Vec<Piece>);

impl Pieces {
    fn add(&mut self, text: &str, hit: bool) {
        if text.is_empty() {
            return;
        }
        let text = text.replace(['\n', '\t'], " ");
        match self.0.last_mut().filter(|piece| piece.hit == hit) {
            Some(piece) => piece.text.push_str(&text),
            None => self.0.push(Piece { text, hit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(q: &str, text: &str) -> String {
        let piece = |p: Piece| if p.hit { format!("[{}]", p.text) } else { p.text };
        Wanted::of(q).excerpt(text).into_iter().map(piece).collect()
    }

    #[test]
    fn an_excerpt_shows_where_the_words_stand() {
        assert_eq!(marked("pedido", "Oi!\nMeu pedido chegou"), "Oi! Meu [pedido] chegou");
        assert_eq!(marked("CHEGOU ped", "Meu pedido chegou"), "Meu [pedido] [chegou]");
        assert_eq!(marked("chegou ped", "Meu ped chegou, chegoux"), "Meu [ped] [chegou], chegoux");
        let long = format!("{}naïve {}", "word ".repeat(40), "after ".repeat(60));
        let excerpt = marked("NAIVE", &long);
        assert!(excerpt.starts_with("… word word") && excerpt.contains("[naïve]"), "{excerpt}");
        assert!(excerpt.ends_with('…') && excerpt.chars().count() < 170, "{excerpt}");
    }

    #[test]
    fn what_was_typed_never_becomes_an_operator() {
        let ws = WorkspaceId(uuid::Uuid::nil());
        let query = Wanted::of(r#"a" OR b* NEAR(c) 'x' & !y | (z):*"#);
        assert!(
            query
                .fts5(ws, None)
                .ends_with(r#"words : ("a" AND "or" AND "b" AND "near" AND "c" AND "x" AND "y" AND "z")"#)
        );
        assert!(query.tsquery(ws, None).ends_with("& 'a' & 'or' & 'b' & 'near' & 'c' & 'x' & 'y' & 'z'"));
    }
}

//! What a search in messages asks and finds.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, ConversationId, MessageId},
    query::{MAX_PAGE, PAGE, search},
    time::Timestamp,
    view::Direction,
};

/// Which messages, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SearchQuery {
    /// Words that all stand in the message, in any order; the last one may be the beginning of a word. Accents and
    /// capitals do not matter.
    pub q: String,
    /// Only those of one number.
    pub account: Option<AccountId>,
    /// Only those of one conversation.
    pub conversation: Option<ConversationId>,
    /// Where the page starts, from the last page's `next`.
    pub cursor: Option<String>,
    /// Hits, 1 to [`MAX_PAGE`].
    pub limit: Option<u32>,
}

impl SearchQuery {
    /// The same with its text made fit for a search.
    #[must_use]
    pub fn bounded(&self) -> Self {
        Self { q: search(Some(&self.q)).unwrap_or_default(), ..self.clone() }
    }

    /// Hits to fetch, within bounds.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE)
    }
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageHit {
    /// Which message.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// The number of that conversation.
    pub account_id: AccountId,
    /// Name of the conversation as shown.
    pub title: String,
    /// Which way it went.
    pub direction: Direction,
    /// When it was written.
    pub at: Timestamp,
    /// The place where the first of the words stands, on one line.
    pub excerpt: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Piece {
    /// The piece.
    pub text: String,
    /// Whether it is what was searched for.
    pub hit: bool,
}

//! What can be asked of lists.

use serde::{Deserialize, Serialize};

use crate::{
    id::{AccountId, LabelId, MemberId},
    work::WorkState,
};

/// Rows of a page, unless told otherwise.
pub const PAGE: u32 = 50;
/// Most rows of a page.
pub const MAX_PAGE: u32 = 100;

/// Longest text that is searched for, in characters.
pub const MAX_SEARCH: usize = 200;

/// What is searched for: without control characters, at most [`MAX_SEARCH`] characters. `None` if nothing remains.
pub(crate) fn search(q: Option<&str>) -> Option<String> {
    let q: String = q?.trim().chars().filter(|c| !c.is_control()).take(MAX_SEARCH).collect();
    (!q.is_empty()).then_some(q)
}

/// Who looks after a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assigned {
    /// Who asks.
    Me,
    /// Nobody.
    Nobody,
    /// This member.
    To(MemberId),
}

/// Which conversations, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// Only those of one number.
    pub account: Option<AccountId>,
    /// Only those that match this text in name or number.
    pub q: Option<String>,
    /// Only those with unread messages.
    pub unread_only: bool,
    /// Only those in this state.
    pub state: Option<WorkState>,
    /// Only those that this one looks after.
    pub assigned: Option<Assigned>,
    /// Only those about this.
    pub label: Option<LabelId>,
    /// Only groups.
    pub groups_only: bool,
    /// Where the page starts, from the last page's `next`.
    pub cursor: Option<String>,
    /// Rows, 1 to [`MAX_PAGE`].
    pub limit: Option<u32>,
}

impl ListQuery {
    /// The same with its text made fit for a search.
    #[must_use]
    pub fn bounded(&self) -> Self {
        Self { q: search(self.q.as_deref()), ..self.clone() }
    }

    /// Rows to fetch, within bounds.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE)
    }
}

/// Which contacts, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactQuery {
    /// Only those that match this text in name or number.
    pub q: Option<String>,
    /// Where the page starts, from the last page's `next`.
    pub cursor: Option<String>,
    /// Rows, 1 to [`MAX_PAGE`].
    pub limit: Option<u32>,
}

impl ContactQuery {
    /// The same with its text made fit for a search.
    #[must_use]
    pub fn bounded(&self) -> Self {
        Self { q: search(self.q.as_deref()), ..self.clone() }
    }

    /// Rows to fetch, within bounds.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE)
    }
}

/// A message that a member or program wants to send. Files come by another way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewMessage {
    /// Made by the sender (`UUIDv7`): the same id twice is one message.
    pub id: crate::id::MessageId,
    /// A text, a place, contact cards or a poll.
    pub content: crate::Content,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<crate::id::MessageId>,
}

/// A text that a member or program writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewText {
    /// Made by the sender (`UUIDv7`): the same id twice is one message.
    pub id: crate::id::MessageId,
    /// The text, with WhatsApp's marks; 1 to 4,096 characters.
    pub text: String,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<crate::id::MessageId>,
}

impl From<&NewText> for NewMessage {
    fn from(new: &NewText) -> Self {
        Self { id: new.id, content: crate::Content::text(&new.text), reply_to: new.reply_to }
    }
}

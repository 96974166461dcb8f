//! What was said.

mod change;
mod clear;
mod history;
mod insert;
mod last;
mod react;
mod read;
mod versions;

pub use change::{accepted, carried_by, edit, hold, report, requeue, retry, revoke, tell_where};
pub(crate) use change::{move_reactions, refresh_last};
pub use clear::{Cleared, clear, cleared_until};
pub(crate) use clear::{drop_messages, end_of_second};
pub use history::{insert_history, known, newest_until};
pub use insert::{AuthorRef, Inserted, NewMessage, Source, insert};
pub use last::last_inbound_provider_id;
pub use react::{Reactor, react, vote};
#[cfg(feature = "testing")]
pub use read::page_statements;
pub(crate) use read::views;
pub use read::{
    MessageRecord, around, by_provider_id, by_provider_id_in, conversation_of, following, get, page, unknown,
    unknown_elsewhere,
};
pub use versions::versions;

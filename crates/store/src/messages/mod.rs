//! What was said.

mod change;
mod insert;
mod last;
mod react;
mod read;

pub use change::{accepted, edit, hold, report, requeue, retry, revoke};
pub use insert::{AuthorRef, Inserted, NewMessage, Source, insert};
pub use last::last_inbound_provider_id;
pub use react::react;
#[cfg(feature = "testing")]
pub use read::page_statement;
pub(crate) use read::views;
pub use read::{MessageRecord, by_provider_id, by_provider_id_in, get, page, unknown};

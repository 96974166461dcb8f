//! The words and rules of Balas, without I/O.
//!
//! Everything here compiles for the server and for the browser, takes clock and randomness as arguments, and is
//! tested natively in milliseconds. See `docs/ARCHITECTURE.md` for how the rooms fit together.

pub mod account;
pub mod address;
pub mod alert;
pub mod ambient;
pub mod content;
pub mod counts;
pub mod event;
pub mod export;
pub mod file;
mod flat;
pub mod form;
pub mod format;
pub mod group;
pub mod id;
pub mod inbox;
pub mod media;
pub mod people;
pub mod place;
pub mod priority;
pub mod query;
pub mod role;
pub mod search;
pub mod settings;
pub mod socket;
pub mod status;
pub mod sync;
pub mod text;
pub mod time;
pub mod view;
pub mod work;

pub use account::{AccountEvent, AccountStatus, IllegalTransition};
pub use address::{Address, AddressError, Identity, IdentityKind};
pub use alert::{AlertKind, AlertView};
pub use ambient::{Clock, Random};
pub use content::Content;
pub use event::{Event, Payload};
pub use file::{FileState, FileView, NewFile, UploadView};
pub use group::{GroupGlance, GroupRole, GroupView, Membership, Mention};
pub use id::*;
pub use inbox::Inbox;
pub use media::{MediaRefusal, SendAs};
pub use people::PeopleView;
pub use priority::Priority;
pub use role::{Permission, Role};
pub use settings::{
    AccountSettings, AccountSettingsChange, DailyUse, MediaStorage, TrustLevel, WorkspaceSettings,
};
pub use status::{Delivery, MessageStatus};
pub use sync::{SyncState, SyncView};
pub use time::Timestamp;
pub use work::{LabelView, Work, WorkState};

//! What the server hands to the browser with a page: enough to render it again without asking.

use balas_domain::{
    LabelId, Timestamp, WorkspaceSettings,
    inbox::Snapshot,
    view::{AccountSetup, ContactView, Me, Page},
};
use serde::{Deserialize, Serialize};

use crate::{
    i18n::{Lang, Theme},
    when::ZoneInfo,
};

/// Everything that a page was rendered from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The language of every word.
    pub lang: Lang,
    /// Light, dark or the system's.
    pub theme: Theme,
    /// When the server rendered it: "3 min ago" counts from here until the browser's own clock takes over.
    pub now: Timestamp,
    /// The zone in which times were written.
    pub zone: ZoneInfo,
    /// Our own public address as the browser wrote it: host and port.
    pub host: String,
    /// The page: path and query.
    pub path: String,
    /// Who is signed in; `None` for nobody.
    pub me: Option<Me>,
    /// Conversations, accounts and members as of one position in the log; there whenever someone is signed
    /// in.
    pub inbox: Option<Snapshot>,
    /// What only this page shows.
    pub page: PageData,
}

/// What only one page shows, beyond the inbox's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageData {
    /// Nothing more.
    #[default]
    None,
    /// The list behind a filter, as of its own position.
    Filtered {
        /// First page of the filtered list.
        snapshot: Box<Snapshot>,
    },
    /// A sign-in that did not work.
    SignIn {
        /// What was entered, to be corrected.
        email: String,
        /// Why not.
        problem: Option<SignInProblem>,
    },
    /// Customers.
    Contacts {
        /// First page.
        page: Page<ContactView>,
    },
    /// Labels.
    Labels {
        /// How many conversations bear each; none that nobody bears.
        uses: Vec<(LabelId, u32)>,
    },
    /// All numbers, for who may set something for them together.
    Accounts {
        /// What is set.
        settings: WorkspaceSettings,
    },
    /// One number.
    Account {
        /// With what is needed to finish setting it up.
        setup: Box<AccountSetup>,
    },
    /// What the address names does not exist, or may not be seen.
    Missing,
    /// The server could not read what the page shows.
    Failed,
}

/// Why nobody was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInProblem {
    /// Unknown address or wrong password: never said which.
    Refused,
    /// Too many attempts.
    TooMany {
        /// When to try again.
        seconds: u64,
    },
    /// The server could not tell.
    Failed,
}

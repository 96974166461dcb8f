//! Where one is: every page as a value, and its address. Pure, so that server and browser cannot disagree.

use std::fmt::Write as _;

use balas_domain::{
    AccountId, ConversationId, LabelId, MemberId, MessageId, WorkState,
    query::{Assigned, ListQuery},
    view::ConversationView,
};

/// In which state conversations must be to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// There is something to do. A search looks at all states.
    #[default]
    Open,
    /// Done.
    Resolved,
    /// Later.
    Snoozed,
    /// Any.
    All,
}

impl Stage {
    /// All of them, as they are offered.
    pub const EACH: [Self; 4] = [Self::Open, Self::Snoozed, Self::Resolved, Self::All];

    /// The word in an address; empty for what goes without saying.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Resolved => "resolved",
            Self::Snoozed => "snoozed",
            Self::All => "all",
        }
    }

    fn read(word: &str) -> Self {
        Self::EACH.into_iter().find(|stage| stage.as_str() == word).unwrap_or_default()
    }
}

/// Who must look after conversations for them to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Oneself.
    Mine,
    /// Nobody.
    Nobodys,
}

impl Whose {
    /// The word in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mine => "me",
            Self::Nobodys => "nobody",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Mine, Self::Nobodys].into_iter().find(|whose| whose.as_str() == word)
    }
}

/// Which conversations the list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only those of one number.
    pub account: Option<AccountId>,
    /// Only those that match this text.
    pub q: String,
    /// Only those with unread messages.
    pub unread: bool,
    /// Only those in this state.
    pub stage: Stage,
    /// Only those that this one looks after.
    pub whose: Option<Whose>,
    /// Only those about this.
    pub label: Option<LabelId>,
    /// Only groups.
    pub groups: bool,
}

impl Filter {
    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same without anything but its text.
    #[must_use]
    pub fn unset(&self) -> Self {
        Self { q: self.q.clone(), ..Self::default() }
    }

    /// Whether nothing but a text is searched for.
    #[must_use]
    pub fn is_unset(&self) -> bool {
        *self == self.unset()
    }

    /// As the engine is asked.
    #[must_use]
    pub fn query(&self, cursor: Option<String>) -> ListQuery {
        let q = self.q.trim();
        ListQuery {
            account: self.account,
            q: (!q.is_empty()).then(|| q.to_owned()),
            unread_only: self.unread,
            state: self.state(),
            assigned: self.whose.map(|whose| match whose {
                Whose::Mine => Assigned::Me,
                Whose::Nobodys => Assigned::Nobody,
            }),
            label: self.label,
            groups_only: self.groups,
            cursor,
            limit: None,
        }
    }

    /// The state that is asked for; `None` for any.
    fn state(&self) -> Option<WorkState> {
        match self.stage {
            Stage::Open if !self.q.trim().is_empty() => None,
            Stage::Open => Some(WorkState::Open),
            Stage::Resolved => Some(WorkState::Resolved),
            Stage::Snoozed => Some(WorkState::Snoozed),
            Stage::All => None,
        }
    }

    /// Whether a conversation belongs here by what the team makes of it. What is read or found meanwhile is another
    /// question: see [`Filter::finds`].
    #[must_use]
    pub fn admits(&self, row: &ConversationView, me: Option<MemberId>) -> bool {
        self.account.is_none_or(|account| account == row.account_id)
            && self.state().is_none_or(|state| state == row.work.state)
            && self.whose.is_none_or(|whose| match whose {
                Whose::Mine => row.work.assignee.is_some() && row.work.assignee == me,
                Whose::Nobodys => row.work.assignee.is_none(),
            })
            && self.label.is_none_or(|label| row.work.labels.contains(&label))
            && (!self.groups || row.address.is_group())
    }

    /// Whether a conversation has what is asked for at this moment, as far as the page can tell.
    #[must_use]
    pub fn finds(&self, row: &ConversationView) -> bool {
        let q = self.q.trim().to_lowercase();
        (!self.unread || row.unread > 0) && (q.is_empty() || row.title.to_lowercase().contains(&q))
    }
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Who are you?
    SignIn {
        /// Where to go afterwards: a path of ours.
        next: Option<String>,
    },
    /// Conversations.
    Inbox {
        /// The opened one.
        open: Option<ConversationId>,
        /// The message of it that is brought into view; without one, the newest.
        message: Option<MessageId>,
        /// What the list shows.
        filter: Filter,
    },
    /// The connected numbers.
    Accounts,
    /// Connects one more.
    NewAccount,
    /// One number.
    Account(AccountId),
    /// Colleagues.
    Members,
    /// Customers.
    Contacts {
        /// Only those that match this text.
        q: String,
    },
    /// Words for what conversations are about.
    Labels,
    /// Every piece of the kit in every state; development builds only.
    Kit,
    /// No such page.
    NotFound,
}

impl Route {
    /// The whole inbox, nothing opened.
    #[must_use]
    pub fn inbox() -> Self {
        Self::Inbox { open: None, message: None, filter: Filter::default() }
    }

    /// The page at a path with its query, such as `/inbox?unread=1`. Unknown parts of the query are ignored;
    /// what cannot be read as an id is no page.
    #[must_use]
    pub fn parse(path_and_query: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let query = query.split_once('#').map_or(query, |(q, _)| q);
        let path = path.split_once('#').map_or(path, |(p, _)| p);
        let pieces: Vec<&str> = path.split('/').filter(|piece| !piece.is_empty()).collect();
        let text = |name: &str| parameter(query, name).unwrap_or_default();
        let filter = || Filter {
            account: parameter(query, "account").and_then(|id| id.parse().ok()),
            q: text("q"),
            unread: parameter(query, "unread").is_some_and(|v| v == "1"),
            stage: Stage::read(&text("state")),
            whose: Whose::read(&text("assigned")),
            label: parameter(query, "label").and_then(|id| id.parse().ok()),
            groups: parameter(query, "groups").is_some_and(|v| v == "1"),
        };
        match pieces.as_slice() {
            [] | ["inbox"] => Self::Inbox { open: None, message: None, filter: filter() },
            ["inbox", id] => match id.parse() {
                Ok(open) => {
                    let message = parameter(query, "message").and_then(|id| id.parse().ok());
                    Self::Inbox { open: Some(open), message, filter: filter() }
                }
                Err(_) => Self::NotFound,
            },
            ["sign-in"] => Self::SignIn { next: parameter(query, "next").filter(|next| is_own_path(next)) },
            ["accounts"] => Self::Accounts,
            ["accounts", "new"] => Self::NewAccount,
            ["accounts", id] => id.parse().map_or(Self::NotFound, Self::Account),
            ["members"] => Self::Members,
            ["contacts"] => Self::Contacts { q: text("q") },
            ["labels"] => Self::Labels,
            ["kit"] if cfg!(debug_assertions) => Self::Kit,
            _ => Self::NotFound,
        }
    }

    /// The address, as `parse` reads it.
    #[must_use]
    pub fn href(&self) -> String {
        match self {
            Self::SignIn { next } => {
                with_query("/sign-in".to_owned(), &[("next", next.as_deref().unwrap_or(""))])
            }
            Self::Inbox { open, message, filter } => {
                let message = message.filter(|_| open.is_some());
                let named = message.map(|id| id.to_string()).unwrap_or_default();
                let path = open.map_or_else(|| "/inbox".to_owned(), |id| format!("/inbox/{id}"));
                let account = filter.account.map(|id| id.to_string()).unwrap_or_default();
                let label = filter.label.map(|id| id.to_string()).unwrap_or_default();
                let flag = |on: bool| if on { "1" } else { "" };
                let parameters = [
                    ("message", named.as_str()),
                    ("account", account.as_str()),
                    ("q", filter.q.as_str()),
                    ("unread", flag(filter.unread)),
                    ("state", filter.stage.as_str()),
                    ("assigned", filter.whose.map_or("", Whose::as_str)),
                    ("label", label.as_str()),
                    ("groups", flag(filter.groups)),
                ];
                let address = with_query(path, &parameters);
                // Browsers scroll there by themselves, before any program runs.
                message.map_or_else(|| address.clone(), |id| format!("{address}#{}", anchor(id)))
            }
            Self::Accounts => "/accounts".to_owned(),
            Self::NewAccount => "/accounts/new".to_owned(),
            Self::Account(id) => format!("/accounts/{id}"),
            Self::Members => "/members".to_owned(),
            Self::Contacts { q } => with_query("/contacts".to_owned(), &[("q", q)]),
            Self::Labels => "/labels".to_owned(),
            Self::Kit => "/kit".to_owned(),
            Self::NotFound => "/not-found".to_owned(),
        }
    }

    /// Which part of the house the page belongs to; pages of one section share their state.
    #[must_use]
    pub const fn section(&self) -> Section {
        match self {
            Self::SignIn { .. } => Section::SignIn,
            Self::Inbox { .. } => Section::Inbox,
            Self::Accounts | Self::NewAccount | Self::Account(_) => Section::Accounts,
            Self::Members => Section::Members,
            Self::Contacts { .. } => Section::Contacts,
            Self::Labels => Section::Labels,
            Self::Kit => Section::Kit,
            Self::NotFound => Section::NotFound,
        }
    }
}

/// A part of the house: what the rail marks as current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// Who are you?
    SignIn,
    /// Conversations.
    Inbox,
    /// Numbers.
    Accounts,
    /// Colleagues.
    Members,
    /// Customers.
    Contacts,
    /// What conversations are about.
    Labels,
    /// The kit.
    Kit,
    /// No such page.
    NotFound,
}

/// The id of a message's element.
#[must_use]
pub fn anchor(message: MessageId) -> String {
    format!("m-{message}")
}

/// Whether a path leads to a page of ours: never to another host, however it is spelled.
#[must_use]
pub fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && !path.starts_with("/sign-in")
}

fn with_query(mut path: String, parameters: &[(&str, &str)]) -> String {
    let mut separator = '?';
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        path.push(separator);
        path.push_str(name);
        path.push('=');
        escape(value, &mut path);
        separator = '&';
    }
    path
}

/// Spells a text as addresses do, so that it can stand in one.
pub(crate) fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                into.push(byte as char);
            }
            _ => {
                // Writing into a String cannot fail.
                let _ = write!(into, "%{byte:02X}");
            }
        }
    }
}

/// One value of a query or of a form's body, unescaped.
#[must_use]
pub fn parameter(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| unescape(value))
    })
}

fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|b| (*b as char).to_digit(16));
        match (bytes[i], hex(i + 1), hex(i + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            (b'+', ..) => {
                out.push(b' ');
                i += 1;
            }
            (byte, ..) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0198c0de-0000-7000-8000-000000000001";

    #[test]
    fn every_page_survives_its_address() {
        let filter = Filter {
            account: ID.parse().ok(),
            q: "Ana & Sérgio 100%+/?#".to_owned(),
            unread: true,
            stage: Stage::Snoozed,
            whose: Some(Whose::Mine),
            label: ID.parse().ok(),
            groups: true,
        };
        let pages = [
            Route::SignIn { next: None },
            Route::SignIn { next: Some("/inbox?unread=1".to_owned()) },
            Route::inbox(),
            Route::Inbox { open: None, message: None, filter: filter.clone() },
            Route::Inbox { open: ID.parse().ok(), message: None, filter: filter.clone() },
            Route::Inbox { open: ID.parse().ok(), message: ID.parse().ok(), filter },
            Route::Accounts,
            Route::NewAccount,
            Route::Account(ID.parse().unwrap()),
            Route::Members,
            Route::Labels,
            Route::Contacts { q: String::new() },
            Route::Contacts { q: "ünï code".to_owned() },
        ];
        for page in pages {
            assert_eq!(Route::parse(&page.href()), page, "{}", page.href());
        }
    }

    #[test]
    fn a_message_is_scrolled_to_by_the_browser() {
        let page =
            Route::Inbox { open: ID.parse().ok(), message: ID.parse().ok(), filter: Filter::default() };
        assert_eq!(page.href(), format!("/inbox/{ID}?message={ID}#m-{ID}"));
        let unreadable = Route::parse(&format!("/inbox/{ID}?message=x"));
        assert_eq!(unreadable.href(), format!("/inbox/{ID}"));
        let nowhere = Route::Inbox { open: None, message: ID.parse().ok(), filter: Filter::default() };
        assert_eq!(nowhere.href(), "/inbox");
    }

    #[test]
    fn the_root_is_the_inbox() {
        assert_eq!(Route::parse("/"), Route::inbox());
        assert_eq!(Route::parse("/inbox/"), Route::inbox());
    }

    #[test]
    fn what_is_no_page_is_not_found() {
        for path in ["/nope", "/inbox/123", "/inbox/x/y", "/accounts/new/x", "/accounts/zzz"] {
            assert_eq!(Route::parse(path), Route::NotFound, "{path}");
        }
    }

    #[test]
    fn one_is_never_sent_to_another_host() {
        for next in
            ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/sign-in", ""]
        {
            let page = Route::parse(&with_query("/sign-in".to_owned(), &[("next", next)]));
            assert_eq!(page, Route::SignIn { next: None }, "{next}");
        }
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        assert_eq!(parameter("q=100%&x=1", "q").as_deref(), Some("100%"));
        assert_eq!(parameter("q=%zz+a", "q").as_deref(), Some("%zz a"));
        assert_eq!(parameter("q=%ff", "q").as_deref(), Some("\u{fffd}"));
    }
}

//! What every part of the page shares.

use balas_domain::{MemberId, MessageId, Permission, Role, Timestamp, view::Me};
use leptos::prelude::*;

use super::{
    drafts::Drafts, inbox::InboxStore, live::Live, prefs::Prefs, sending::Sending, toast::Toasts,
    uploads::Uploads,
};
use crate::{
    api::ApiError,
    boot::{Boot, PageData},
    browser::dom,
    i18n::{Lang, OfficeWords, Words},
    route::{Filter, Route},
    when::{When, Zone, day_in},
};

/// Handles to everything that is shared. Cheap to copy; all of it lives as long as the page.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) lang: Lang,
    pub(crate) words: &'static Words,
    pub(crate) route: RwSignal<Route>,
    pub(crate) now: RwSignal<Timestamp>,
    pub(crate) zone: RwSignal<Zone>,
    role: Option<Role>,
    parts: StoredValue<Parts>,
}

/// The larger handles, apart, so that a closure that needs one does not carry all.
struct Parts {
    prefs: Prefs,
    toasts: Toasts,
    inbox: InboxStore,
    live: Live,
    sending: Sending,
    drafts: Drafts,
    uploads: Uploads,
    me: Option<Me>,
    host: String,
    /// What the server loaded for the first page; taken by that page.
    page: Option<(Route, PageData)>,
}

impl App {
    /// From what the server handed over; the same on both sides.
    pub(crate) fn new(boot: Boot, zone: Zone) -> Self {
        let route = Route::parse(&boot.path);
        let words = boot.lang.words();
        let now = RwSignal::new(boot.now);
        let zone = RwSignal::new(zone);
        let (open, message) = match &route {
            Route::Inbox { open, message, .. } => (*open, *message),
            _ => (None, None),
        };
        let filtered = match (&route, &boot.page) {
            (Route::Inbox { filter, .. }, PageData::Filtered { snapshot }) => {
                Some((filter.clone(), (**snapshot).clone()))
            }
            _ => None,
        };
        let me = boot.me.as_ref().and_then(|me| me.member.as_ref()).map(|member| member.id);
        let inbox = InboxStore::new(boot.inbox, filtered, (open, message), me, zone);
        Self {
            lang: boot.lang,
            words,
            route: RwSignal::new(route.clone()),
            now,
            zone,
            role: boot.me.as_ref().map(|me| me.role),
            parts: StoredValue::new(Parts {
                prefs: Prefs::new(boot.theme),
                toasts: Toasts::new(),
                inbox,
                live: Live::new(),
                sending: Sending::new(),
                drafts: Drafts::new(),
                uploads: Uploads::new(),
                me: boot.me,
                host: boot.host,
                page: Some((route, boot.page)),
            }),
        }
    }

    /// The conversations.
    pub(crate) fn inbox(&self) -> InboxStore {
        self.parts.with_value(|parts| parts.inbox)
    }

    /// The stream.
    pub(crate) fn live(&self) -> Live {
        self.parts.with_value(|parts| parts.live)
    }

    /// Messages on their way out.
    pub(crate) fn sending(&self) -> Sending {
        self.parts.with_value(|parts| parts.sending)
    }

    /// What was begun and not sent.
    pub(crate) fn drafts(&self) -> Drafts {
        self.parts.with_value(|parts| parts.drafts)
    }

    /// Files on their way out.
    pub(crate) fn uploads(&self) -> Uploads {
        self.parts.with_value(|parts| parts.uploads)
    }

    /// The person's choices.
    pub(crate) fn prefs(&self) -> Prefs {
        self.parts.with_value(|parts| parts.prefs)
    }

    /// The notes.
    pub(crate) fn toasts(&self) -> Toasts {
        self.parts.with_value(|parts| parts.toasts)
    }

    /// Whether anyone is signed in.
    pub(crate) const fn is_signed_in(&self) -> bool {
        self.role.is_some()
    }

    /// Whether the member may do something.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.role.is_some_and(|role| role.may(permission))
    }

    /// The member's own role.
    pub(crate) const fn role(&self) -> Option<Role> {
        self.role
    }

    /// Who is signed in.
    pub(crate) fn me(&self) -> Option<Me> {
        self.parts.with_value(|parts| parts.me.clone())
    }

    /// The id of who is signed in.
    pub(crate) fn my_id(&self) -> Option<MemberId> {
        self.parts.with_value(|parts| parts.me.as_ref()?.member.as_ref().map(|member| member.id))
    }

    /// Our public address as the server saw it: host and port.
    pub(crate) fn host(&self) -> String {
        self.parts.with_value(|parts| parts.host.clone())
    }

    /// Writes a time; follows the clock and the zone.
    pub(crate) fn when<T>(&self, write: impl FnOnce(When<'_>) -> T) -> T {
        let now = self.now.get();
        self.zone.with(|zone| write(When { lang: self.lang, zone, now }))
    }

    /// Today on the workspace's calendar, as days since 1970.
    pub(crate) fn workspace_day(&self) -> i64 {
        let now = self.now.get();
        let zone = self.parts.with_value(|parts| parts.me.as_ref().map(|me| me.time_zone.clone()));
        day_in(&zone.unwrap_or_default(), now)
    }

    /// What the server loaded for this page, once: whoever comes back to it loads it anew.
    pub(crate) fn take_page(&self) -> PageData {
        let route = self.route.get_untracked();
        let taken = self.parts.try_update_value(|parts| parts.page.take_if(|(of, _)| *of == route));
        taken.flatten().map(|(_, data)| data).unwrap_or_default()
    }

    /// The words of the office's pages.
    pub(crate) fn office_words(&self) -> &'static OfficeWords {
        self.lang.office_words()
    }

    /// What the server loaded for the first page, without taking it.
    pub(crate) fn peek_page(&self) -> PageData {
        self.parts.with_value(|parts| parts.page.as_ref().map(|(_, data)| data.clone())).unwrap_or_default()
    }

    /// Goes to a page; the browser's "back" returns.
    pub(crate) fn go(&self, route: Route) {
        if self.route.get_untracked() == route {
            return;
        }
        let history = dom::window().history();
        if let Ok(history) = history {
            let _ = history.push_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&route.href()));
        }
        self.route.set(route);
    }

    /// Goes to a page in place of this one, e.g. while typing a search.
    pub(crate) fn replace(&self, route: Route) {
        if let Ok(history) = dom::window().history() {
            let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&route.href()));
        }
        self.route.set(route);
    }

    /// What the list is asked to show.
    pub(crate) fn filter_untracked(&self) -> Filter {
        self.route.with_untracked(|route| match route {
            Route::Inbox { filter, .. } => filter.clone(),
            _ => Filter::default(),
        })
    }

    /// The message that the address names.
    pub(crate) fn message_untracked(&self) -> Option<MessageId> {
        self.route.with_untracked(|route| match route {
            Route::Inbox { message, .. } => *message,
            _ => None,
        })
    }

    /// Says what went wrong; an ended sign-in leads to the sign-in page.
    pub(crate) fn complain(&self, error: &ApiError) {
        if *error == ApiError::SignedOut {
            sign_in_again();
        } else {
            self.toasts().bad(error.words(self.words));
        }
    }
}

/// Leads to the sign-in page and back here afterwards.
pub(crate) fn sign_in_again() {
    let next = Some(dom::path()).filter(|path| crate::route::is_own_path(path));
    dom::leave_for(&Route::SignIn { next }.href());
}

/// The shared state of the page one is in.
pub(crate) fn use_app() -> App {
    expect_context::<App>()
}

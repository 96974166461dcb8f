//! Who one is talking to: a panel beside the thread that folds away.

use balas_domain::{
    ConversationId, IdentityKind, Permission, Seq,
    people::{ContactDetails, IdentityView},
};
use leptos::{prelude::*, task::spawn_local};

use super::{data::DataPanel, group::GroupPanel, work::WorkPanel};
use crate::{
    api,
    browser::dom,
    i18n::{Words, fill},
    pages::people::undo_button,
    state::{App, use_app},
    ui::{
        avatar::{Avatar, picture_of},
        badge::AccountBadge,
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// Whether the panel is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Where there is room for it.
    Auto,
    /// Yes, whatever the room.
    Yes,
    /// No.
    No,
}

impl Shown {
    /// For the style sheet, which knows the room.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Yes => "yes",
            Self::No => "no",
        }
    }

    /// The other way round, as seen on a screen with or without room.
    pub(super) const fn toggled(self, wide: bool) -> Self {
        match self {
            Self::Auto if wide => Self::No,
            Self::Yes => Self::No,
            Self::Auto | Self::No => Self::Yes,
        }
    }
}

/// The panel.
#[component]
pub(super) fn Details(id: ConversationId, shown: RwSignal<Shown>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let contact = RwSignal::new(None::<(Seq, ContactDetails)>);
    let row = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.get())
    });
    let contact_id = Memo::new(move |_| row.with(|row| row.as_ref().and_then(|row| row.contact_id)));
    let is_group = Memo::new(move |_| row.with(|row| row.as_ref().is_some_and(|row| row.address.is_group())));
    // Asked of the browser, so only there: the server draws what everybody sees first.
    let visible = RwSignal::new(false);
    Effect::new(move || {
        let seen = match shown.get() {
            Shown::Auto => dom::is_wide(),
            Shown::Yes => true,
            Shown::No => false,
        };
        visible.set(seen);
        let Some(wanted) = contact_id.get().filter(|_| seen) else { return };
        let version = app.inbox().people.with(|people| people.version);
        let known = |(as_of, found): &(Seq, ContactDetails)| *as_of == version && found.contact.id == wanted;
        if contact.with_untracked(|contact| contact.as_ref().is_some_and(known)) {
            return;
        }
        spawn_local(async move {
            if let Ok(found) = api::contact(wanted).await {
                contact.try_set(Some((version, found)));
            }
        });
    });
    let body = move || {
        row.get().map(|row| {
            let account = app.inbox().account(row.account_id);
            let first_seen = move || {
                contact
                    .get()
                    .map(|(_, found)| view! { <Time at=found.contact.created_at style=Style::Exact /> })
            };
            let username =
                move || contact.get().and_then(|(_, found)| found.contact.username).map(|n| format!("@{n}"));
            view! {
                <div class="details-who">
                    <Avatar name=row.title.clone() id=id.to_string() picture=picture_of(&row) />
                    <h3 dir="auto">{row.title.clone()}</h3>
                    <p>{username}</p>
                </div>
                <dl class="facts">
                    {(!row.address.is_group())
                        .then(|| {
                            view! {
                                <div>
                                    <dt>{words.details_number}</dt>
                                    <dd>{row.address.label()}</dd>
                                </div>
                            }
                        })}
                    <div>
                        <dt>{words.details_held_on}</dt>
                        <dd>
                            {account
                                .map(|account| {
                                    view! {
                                        <span dir="auto">{account.name.clone()}</span>
                                        <small>{account.phone.clone()}</small>
                                        <AccountBadge status=account.status words=words />
                                    }
                                })}
                        </dd>
                    </div>
                    {row
                        .last_inbound_at
                        .map(|at| {
                            view! {
                                <div>
                                    <dt>{words.details_last_wrote}</dt>
                                    <dd><Time at=at style=Style::Ago /></dd>
                                </div>
                            }
                        })}
                    {(!row.address.is_group())
                        .then(|| {
                            view! {
                                <div>
                                    <dt>{words.details_first_seen}</dt>
                                    <dd>{first_seen}</dd>
                                </div>
                            }
                        })}
                    {move || contact.get().map(|(_, found)| names(app, &found))}
                </dl>
            }
        })
    };
    view! {
        <aside class="details-pane" aria-label=words.details>
            <header class="details-head">
                <h2>{words.details}</h2>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=words.close
                    on:click=move |_| shown.set(Shown::No)
                >
                    {icon(Icon::Close)}
                </button>
            </header>
            {body}
            {move || is_group.get().then(|| view! { <GroupPanel id=id visible=visible /> })}
            <WorkPanel id=id />
            <DataPanel id=id />
        </aside>
    }
}

/// All names of a contact, and what was merged into it.
fn names(app: App, found: &ContactDetails) -> AnyView {
    let words = app.words;
    let several = found.identities.len() > 1;
    let names = several.then(|| {
        let each = found.identities.iter().map(|identity| view! { <li>{name(identity, words)}</li> });
        view! {
            <div>
                <dt>{words.details_names}</dt>
                <dd>
                    <ul role="list">{each.collect::<Vec<_>>()}</ul>
                </dd>
            </div>
        }
    });
    let merges = found.merges.iter().map(|merge| {
        let line = fill(words.merged_from, &[("name", &merge.gone_name)]);
        view! {
            <div>
                <dt dir="auto">{line}</dt>
                <dd>
                    <Time at=merge.at style=Style::Ago />
                    {app.may(Permission::SplitContacts).then(|| undo_button(app, merge))}
                </dd>
            </div>
        }
    });
    let merges: Vec<_> = merges.collect();
    view! {
        {names}
        {merges}
    }
    .into_any()
}

/// A number as a number; any other name by its end, so that nobody dials it.
fn name(identity: &IdentityView, words: &'static Words) -> String {
    let value = &identity.value;
    let end = value.char_indices().rev().nth(3).map_or(value.as_str(), |(at, _)| &value[at..]);
    match identity.kind {
        IdentityKind::Phone => {
            balas_domain::Address::phone(value).map_or_else(|_| value.clone(), |address| address.label())
        }
        IdentityKind::Lid => fill(words.name_lid, &[("end", end)]),
        IdentityKind::User => fill(words.name_user, &[("end", end)]),
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn the_button_always_changes_what_is_seen() {
        assert_eq!(Shown::Auto.toggled(true), Shown::No);
        assert_eq!(Shown::Auto.toggled(false), Shown::Yes);
        assert_eq!(Shown::No.toggled(true), Shown::Yes);
        assert_eq!(Shown::Yes.toggled(false), Shown::No);
    }
}

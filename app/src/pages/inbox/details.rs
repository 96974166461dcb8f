//! Who one is talking to: a panel beside the thread that folds away.

use balas_domain::{ConversationId, view::ContactView};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    browser::dom,
    state::use_app,
    ui::{
        avatar::Avatar,
        badge::AccountBadge,
        icon::{Icon, icon},
        time::{Style, Time},
    },
};

/// Whether the panel is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
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
    let contact = RwSignal::new(None::<ContactView>);
    let row = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.get())
    });
    let contact_id = Memo::new(move |_| row.with(|row| row.as_ref().and_then(|row| row.contact_id)));
    Effect::new(move || {
        let visible = match shown.get() {
            Shown::Auto => dom::is_wide(),
            Shown::Yes => true,
            Shown::No => false,
        };
        let Some(wanted) = contact_id.get().filter(|_| visible) else { return };
        if contact.with_untracked(|contact| contact.as_ref().is_some_and(|contact| contact.id == wanted)) {
            return;
        }
        spawn_local(async move {
            if let Ok(found) = api::contact(wanted).await {
                contact.try_set(Some(found));
            }
        });
    });
    let body = move || {
        row.get().map(|row| {
            let account = app.inbox().account(row.account_id);
            let first_seen = move || {
                contact.get().map(|contact| view! { <Time at=contact.created_at style=Style::Exact /> })
            };
            let username =
                move || contact.get().and_then(|contact| contact.username).map(|name| format!("@{name}"));
            view! {
                <div class="details-who">
                    <Avatar name=row.title.clone() id=id.to_string() />
                    <h3 dir="auto">{row.title.clone()}</h3>
                    <p>{username}</p>
                </div>
                <dl class="facts">
                    <div>
                        <dt>{words.details_number}</dt>
                        <dd>{row.address.label()}</dd>
                    </div>
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
                    <div>
                        <dt>{words.details_first_seen}</dt>
                        <dd>{first_seen}</dd>
                    </div>
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
        </aside>
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

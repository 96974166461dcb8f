//! All numbers, and what can be done with several at once.

use balas_domain::Permission;
use leptos::prelude::*;

use super::{
    alerts::Alerts,
    batch::{Bar, Selection},
    card::Card,
    confirm::{Confirm, Dialogs},
    together::Together,
};
use crate::{
    boot::PageData,
    state::use_app,
    ui::{
        each::each,
        empty::Empty,
        icon::{Icon, icon},
    },
};

/// The page.
#[component]
pub(super) fn List() -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let manages = app.may(Permission::ManageAccounts);
    let (selection, confirm) = (Selection::new(), Confirm::new());
    let settings = StoredValue::new(match app.take_page() {
        PageData::Accounts { settings } => Some(settings),
        _ => None,
    });
    let connect = move || {
        manages.then(|| {
            view! {
                <a class="button primary" href="/accounts/new">
                    {icon(Icon::Plus)}
                    {words.account_new}
                </a>
            }
        })
    };
    let empty = Memo::new(move |_| app.inbox().accounts.with(Vec::is_empty));
    let all =
        move || app.inbox().accounts.with(|all| all.iter().map(|account| account.id).collect::<Vec<_>>());
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <h1>{words.accounts_title}</h1>
                    <p>{words.accounts_lead}</p>
                </div>
                {connect()}
            </header>
            <Alerts />
            {move || {
                if empty.get() {
                    let text = if manages { words.accounts_empty_text } else { words.accounts_empty_ask };
                    view! {
                        <Empty sign=Icon::Accounts title=words.accounts_empty_title text=text>
                            {connect()}
                        </Empty>
                    }
                        .into_any()
                } else {
                    view! {
                        {manages
                            .then(|| {
                                view! {
                                    <label class="select-all">
                                        <input
                                            type="checkbox"
                                            prop:checked=move || selection.has_all(&all())
                                            on:change=move |event| {
                                                let on = event_target_checked(&event);
                                                selection.set(if on { untrack(all) } else { Vec::new() });
                                            }
                                        />
                                        {words.select_all}
                                    </label>
                                }
                            })}
                        <ul class="tiles" role="list">
                            {each(
                                all,
                                |id| *id,
                                move |id| {
                                    view! { <li><Card id=id manages=manages.then_some((selection, confirm)) /></li> }
                                        .into_any()
                                },
                            )}
                        </ul>
                        {manages.then(|| view! { <Bar selection=selection /> <Together known=settings.get_value() /> })}
                    }
                        .into_any()
                }
            }}
            {manages.then(|| view! { <Dialogs confirm=confirm /> })}
        </div>
    }
}

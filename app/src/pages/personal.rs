//! What data protection asks for: giving a contact all that is known of it, and erasing that.

use balas_domain::{ContactId, Permission, view::ContactView};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    i18n::fill,
    state::{App, use_app},
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
        menu::Menu,
        typed_name::TypedName,
    },
};

/// Which contact is to be erased: one dialog on the page for all of them.
#[derive(Clone, Copy)]
pub(super) struct Erasing {
    who: RwSignal<Option<(ContactId, String)>>,
    open: RwSignal<bool>,
}

impl Erasing {
    pub(super) fn new() -> Self {
        Self { who: RwSignal::new(None), open: RwSignal::new(false) }
    }
}

/// What admins can do with a contact.
pub(super) fn menu(app: App, contact: &ContactView, erasing: Erasing) -> Option<AnyView> {
    if !app.may(Permission::ManagePersonalData) {
        return None;
    }
    let words = app.office_words();
    let (id, name) = (contact.id, StoredValue::new(contact.name.clone()));
    let label = fill(words.contact_menu, &[("name", &contact.name)]);
    let erase = move |_| {
        erasing.who.set(Some((id, name.get_value())));
        erasing.open.set(true);
    };
    Some(
        view! {
            <div class="tile-actions">
                <Menu id=format!("contact-{id}") label=label>
                    <ul class="menu-list" role="list">
                        <li>
                            <a href=format!("/api/v1/contacts/{id}/export") download="">
                                {icon(Icon::Download)}
                                {words.contact_export}
                            </a>
                        </li>
                        <li>
                            <button type="button" data-tone="bad" on:click=erase>
                                {icon(Icon::Trash)}
                                {words.contact_erase}
                            </button>
                        </li>
                    </ul>
                </Menu>
            </div>
        }
        .into_any(),
    )
}

/// The dialog.
#[component]
pub(super) fn EraseDialog(erasing: Erasing) -> impl IntoView {
    let words = use_app().office_words();
    view! {
        <Dialog open=erasing.open title=words.contact_erase words=words>
            {move || erasing.who.get().map(|(id, name)| view! { <Erase id=id name=name open=erasing.open /> })}
        </Dialog>
    }
}

/// Erases only what was typed by its name.
#[component]
fn Erase(id: ContactId, name: String, open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let busy = RwSignal::new(false);
    let text = fill(words.contact_erase_text, &[("name", &name)]);
    let label = fill(words.contact_erase_type, &[("name", &name)]);
    let erase = Callback::new(move |typed| {
        spawn_local(async move {
            match api::erase_contact(id, typed).await {
                Ok(()) => {
                    open.try_set(false);
                    app.toasts().good(words.contact_erased);
                }
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    });
    view! {
        <TypedName
            name=name
            field="typed_contact"
            label=label
            confirm=words.contact_erase_confirm
            open=open
            busy=busy
            confirmed=erase
        >
            <p>{text}</p>
            <p>{words.contact_erase_groups}</p>
        </TypedName>
    }
}

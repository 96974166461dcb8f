//! Taking a conversation away: as a file, or for good.

use balas_domain::{ConversationId, Payload, Permission, export::ExportFormat};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    state::use_app,
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
    },
};

/// The buttons at the end of the panel beside the thread, for who may.
#[component]
pub(super) fn DataPanel(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.lang.data_words();
    let (exporting, clearing) = (RwSignal::new(false), RwSignal::new(false));
    let export = app.may(Permission::ExportConversations).then(|| {
        view! {
            <button type="button" class="button small" on:click=move |_| exporting.set(true)>
                {icon(Icon::Download)}
                {words.export}
            </button>
        }
    });
    let clear = app.may(Permission::ClearConversations).then(|| {
        view! {
            <button type="button" class="button small danger-quiet" on:click=move |_| clearing.set(true)>
                {icon(Icon::Trash)}
                {words.clear}
            </button>
        }
    });
    (export.is_some() || clear.is_some()).then(|| {
        view! {
            <div class="data-acts">{export} {clear}</div>
            <Dialog open=exporting title=words.export words=app.words>
                <Export id=id open=exporting />
            </Dialog>
            <Dialog open=clearing title=words.clear_title words=app.words>
                <Clear id=id open=clearing />
            </Dialog>
        }
    })
}

#[component]
fn Export(id: ConversationId, open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.lang.data_words();
    let (format, notes) = (RwSignal::new(ExportFormat::default()), RwSignal::new(false));
    let said = move |format| match format {
        ExportFormat::Whatsapp => (words.whatsapp, words.whatsapp_text),
        ExportFormat::Html => (words.html, words.html_text),
        ExportFormat::Json => (words.json, words.json_text),
    };
    let address =
        move || format!("/api/v1/conversations/{id}/export?format={}&notes={}", format.get(), notes.get());
    let forms = ExportFormat::ALL
        .into_iter()
        .map(|one| {
            let (name, text) = said(one);
            view! {
                <label class="kind">
                    <input
                        type="radio"
                        name="export-format"
                        value=one.as_str()
                        checked=one == ExportFormat::default()
                        on:change=move |_| format.set(one)
                    />
                    <strong>{name}</strong>
                    <span>{text}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <div class="dialog-form">
            <p>{words.export_lead}</p>
            <fieldset class="kinds">
                <legend>{words.form}</legend>
                {forms}
            </fieldset>
            <label class="data-notes">
                <input type="checkbox" on:change=move |event| notes.set(event_target_checked(&event)) />
                {words.notes}
            </label>
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>{app.words.cancel}</button>
                <a
                    class="button primary"
                    href=address
                    download=""
                    // The browser must have begun before its link goes.
                    on:click=move |_| request_animation_frame(move || open.set(false))
                >
                    {words.download}
                </a>
            </div>
        </div>
    }
}

#[component]
fn Clear(id: ConversationId, open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.lang.data_words();
    let busy = RwSignal::new(false);
    let title = app.inbox().row(id).map(|row| row.with_untracked(|row| row.title.clone()));
    let clear = move |_| {
        busy.set(true);
        spawn_local(async move {
            match api::clear_conversation(id).await {
                Ok(row) => {
                    app.inbox().confirm(Payload::Conversation(Box::new(row)));
                    app.toasts().good(words.cleared);
                    open.try_set(false);
                }
                Err(error) => app.complain(&error),
            }
            busy.try_set(false);
        });
    };
    view! {
        {title.map(|title| view! { <blockquote class="said" dir="auto">{title}</blockquote> })}
        <p>{words.clear_text}</p>
        <p>{words.clear_kept}</p>
        <div class="dialog-foot">
            <button type="button" class="button" on:click=move |_| open.set(false)>{app.words.cancel}</button>
            <button type="button" class="button danger" disabled=move || busy.get() on:click=clear>
                {words.clear_yes}
            </button>
        </div>
    }
}

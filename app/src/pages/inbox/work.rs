//! What can be done with a conversation besides answering: giving it to somebody, putting it off, saying what it is about.

use balas_domain::{
    ConversationId, Payload, Permission, WorkState,
    work::{LABEL_COLOURS, MAX_LABEL_NAME, WorkChange},
};
use leptos::{prelude::*, task::spawn_local};

use super::later::PutOff;
use crate::{
    api,
    state::{use_app, work::change},
    ui::{
        each::each,
        icon::{Icon, icon},
    },
};

/// Resolves the conversation, or opens it again.
#[component]
pub(super) fn ResolveButton(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let state = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.with(|row| row.work.state))
    });
    move || {
        let state = state.get().filter(|_| app.may(Permission::Reply))?;
        let (label, what) = match state {
            WorkState::Resolved | WorkState::Snoozed => (words.reopen, WorkChange::Reopen),
            WorkState::Open => (words.resolve, WorkChange::Resolve),
        };
        let sign = if state == WorkState::Open { Icon::Check } else { Icon::Retry };
        Some(view! {
            <button type="button" class="button small resolve" title=label on:click=move |_| change(app, id, what)>
                {icon(sign)}
                <span>{label}</span>
            </button>
        })
    }
}

/// The fields of the panel beside the thread.
#[component]
pub(super) fn WorkPanel(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let work = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox().row(id).map(|row| row.with(|row| row.work.clone()))
    });
    let there = Memo::new(move |_| work.with(Option::is_some));
    let assignee = Memo::new(move |_| work.with(|work| work.as_ref().and_then(|work| work.assignee)));
    let until = Memo::new(move |_| work.with(|work| work.as_ref().and_then(|work| work.snoozed_until)));
    let has = move |label| work.with(|work| work.as_ref().is_some_and(|work| work.labels.contains(&label)));
    let assign = move |event| {
        change(app, id, WorkChange::Assign { to: event_target_value(&event).parse().ok() });
    };
    let me = app.my_id();
    move || {
        (there.get() && app.may(Permission::Reply)).then(|| {
            view! {
                <div class="work">
                    <div class="field">
                        <div class="field-head">
                            <label for="assignee">{words.assignee}</label>
                            {move || {
                                (me.is_some() && assignee.get() != me)
                                    .then(|| {
                                        view! {
                                            <button
                                                type="button"
                                                on:click=move |_| change(app, id, WorkChange::Assign { to: me })
                                            >
                                                {words.assign_me}
                                            </button>
                                        }
                                    })
                            }}
                        </div>
                        <select id="assignee" on:change=assign>
                            <option value="" selected=move || assignee.get().is_none()>{words.nobody}</option>
                            {each(
                                move || {
                                    let who = assignee.get();
                                    let all = app.inbox().members.get();
                                    all.into_iter().filter(|m| m.active || Some(m.id) == who).collect::<Vec<_>>()
                                },
                                |member| (member.id, member.name.clone()),
                                move |member| {
                                    let chosen = move || assignee.get() == Some(member.id);
                                    view! {
                                        <option value=member.id.to_string() selected=chosen>{member.name}</option>
                                    }
                                    .into_any()
                                },
                            )}
                        </select>
                    </div>
                    <PutOff id=id until=until />
                    <fieldset class="field">
                        <legend>{words.labels}</legend>
                        <div class="label-chips">
                            {each(
                                move || app.inbox().labels.get(),
                                |label| (label.id, label.name.clone(), label.colour),
                                move |label| {
                                    let (label_id, class) = (label.id, format!("tag hue-{}", label.colour));
                                    view! {
                                        <button
                                            type="button"
                                            class=class
                                            aria-pressed=move || if has(label_id) { "true" } else { "false" }
                                            on:click=move |_| {
                                                let on = !untrack(|| has(label_id));
                                                change(app, id, WorkChange::Label { label: label_id, on });
                                            }
                                        >
                                            {label.name}
                                        </button>
                                    }
                                    .into_any()
                                },
                            )}
                        </div>
                        <NewLabel id=id />
                    </fieldset>
                </div>
            }
        })
    }
}

/// Makes a label and puts it on the conversation.
#[component]
fn NewLabel(id: ConversationId) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let name = RwSignal::new(String::new());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.with_untracked(|name| name.trim().to_owned());
        if wanted.is_empty() {
            return;
        }
        let same = wanted.to_lowercase();
        let known = app.inbox().labels.with_untracked(|all| {
            all.iter().find(|label| label.name.to_lowercase() == same).map(|label| label.id)
        });
        if let Some(label) = known {
            name.set(String::new());
            change(app, id, WorkChange::Label { label, on: true });
            return;
        }
        let colour = app.inbox().labels.with_untracked(Vec::len) % usize::from(LABEL_COLOURS);
        spawn_local(async move {
            match api::create_label(wanted, colour as u8).await {
                Ok(label) => {
                    let label_id = label.id;
                    app.inbox().confirm(Payload::Label(Box::new(label)));
                    name.set(String::new());
                    change(app, id, WorkChange::Label { label: label_id, on: true });
                }
                Err(error) => app.complain(&error),
            }
        });
    };
    view! {
        <form class="label-new" on:submit=submit>
            <input
                type="text"
                aria-label=words.label_new
                placeholder=words.label_new
                maxlength=MAX_LABEL_NAME.to_string()
                autocomplete="off"
                prop:value=name
                on:input=move |event| name.set(event_target_value(&event))
            />
            <button class="button small" disabled=move || name.with(|name| name.trim().is_empty())>
                {words.label_add}
            </button>
        </form>
    }
}

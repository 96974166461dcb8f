//! One message.

use balas_domain::{
    Delivery, MessageId, MessageStatus, Seq,
    view::{Author, Direction, Failure, FailureClass, MessageView, Quote, Reaction},
};
use leptos::prelude::*;

use super::content::content;
use crate::{
    browser::{dom, scroll},
    i18n::{Words, fill},
    state::{live::Link, sending::retry, use_app},
    ui::{
        icon::{Icon, icon},
        preview::preview_line,
        ticks::Ticks,
        time::{Style, Time},
    },
};

/// A message of the opened thread.
#[component]
pub(super) fn Bubble(
    id: MessageId,
    first: bool,
    last: bool,
    answering: RwSignal<Option<MessageView>>,
) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let Some(message) = app.inbox().bubble(id) else { return ().into_any() };
    let (direction, system, at) = message
        .with_untracked(|m| (m.direction, matches!(m.content, balas_domain::Content::System { .. }), m.at));
    // Content and state are followed apart: a tick does not touch the text that someone may be selecting.
    let said = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| (m.content.clone(), m.revoked))
    });
    if system {
        return view! {
            <div class="system" id=format!("m-{id}")>
                {move || said.with(|(said, revoked)| content(said, *revoked, direction, words))}
            </div>
        }
        .into_any();
    }
    let author = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.author.clone())
    });
    let group = message.with_untracked(|m| {
        app.inbox().row(m.conversation_id).is_some_and(|row| row.with_untracked(|row| row.address.is_group()))
    });
    let named = first && (direction == Direction::Out || group);
    let quote = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.quote.clone())
    });
    let reactions = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.reactions.clone())
    });
    let state = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| (m.delivery, m.failure.clone(), m.version == Seq(0)))
    });
    let edited = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.edited && !m.revoked)
    });
    let can_reply = {
        let account = message.with_untracked(|m| m.account_id);
        let message = message.clone();
        move || {
            let able = app.inbox().account(account).is_some_and(|account| account.capabilities.reply);
            able && message.with(|m| !m.revoked && m.version != Seq(0))
        }
    };
    let reply = {
        let message = message.clone();
        move |_| {
            answering.set(Some(message.get_untracked()));
            dom::focus("composer");
        }
    };
    view! {
        <article
            class="bubble"
            id=format!("m-{id}")
            data-dir=direction.as_str()
            data-first=first.then_some("")
            data-last=last.then_some("")
            data-status=move || state.with(|(delivery, _, _)| delivery.status.as_str())
        >
            <div class="bubble-box">
                {named
                    .then(|| {
                        view! {
                            <p class="bubble-author" dir="auto">
                                {move || author.with(|author| author_words(author, app.my_id(), words))}
                            </p>
                        }
                    })}
                {move || quote.get().map(|quote| quote_view(quote, words))}
                {move || said.with(|(said, revoked)| content(said, *revoked, direction, words))}
                <p class="bubble-meta">
                    {move || edited.get().then(|| view! { <span>{words.edited}</span> })}
                    <Time at=at style=Style::Clock />
                    {move || {
                        (direction == Direction::Out)
                            .then(|| {
                                let status = state.with(|(delivery, _, _)| delivery.status);
                                view! { <Ticks status=status words=words /> }
                            })
                    }}
                </p>
                {move || reactions.with(|reactions| reactions_view(reactions, words))}
                {move || {
                    can_reply()
                        .then(|| {
                            let reply = reply.clone();
                            view! {
                                <button
                                    type="button"
                                    class="icon-button bubble-reply"
                                    aria-label=words.reply
                                    title=words.reply
                                    on:click=reply
                                >
                                    {icon(Icon::Reply)}
                                </button>
                            }
                        })
                }}
            </div>
            {move || {
                let (delivery, failure, local) = state.get();
                let offline = local && app.live().link.get() == Link::Offline;
                (direction == Direction::Out).then(|| trouble(id, delivery, failure, offline, words))
            }}
        </article>
    }
    .into_any()
}

/// Who wrote it.
fn author_words(author: &Author, me: Option<balas_domain::MemberId>, words: &Words) -> String {
    match author {
        Author::Member { id, .. } if Some(*id) == me => words.author_you.to_owned(),
        Author::Contact { name } | Author::Member { name, .. } | Author::Api { name } => name.clone(),
        Author::PhoneApp => words.author_phone.to_owned(),
    }
}

/// What went wrong or waits, and what can be done about it.
fn trouble(
    id: MessageId,
    delivery: Delivery,
    failure: Option<Failure>,
    offline: bool,
    words: &'static Words,
) -> Option<AnyView> {
    let app = use_app();
    match delivery.status {
        MessageStatus::Failed => {
            let reason = failure.as_ref().map_or(words.failed_transient, |f| failure_words(f.class, words));
            let detail = failure.map(|f| f.text).filter(|text| !text.is_empty());
            Some(
                view! {
                    <div class="trouble" data-tone="bad">
                        <p title=detail>{words.status_failed} ": " {reason}</p>
                        <button type="button" class="button small" on:click=move |_| retry(app, id)>
                            {icon(Icon::Retry)}
                            {words.resend}
                        </button>
                    </div>
                }
                .into_any(),
            )
        }
        MessageStatus::Unknown => Some(
            view! {
                <div class="trouble" data-tone="warn">
                    <p>{words.unknown_text}</p>
                </div>
            }
            .into_any(),
        ),
        MessageStatus::Queued if offline => {
            Some(view! { <div class="trouble"><p>{words.status_offline}</p></div> }.into_any())
        }
        _ => None,
    }
}

/// What can be done about a failure, in words.
const fn failure_words(class: FailureClass, words: &Words) -> &'static str {
    match class {
        FailureClass::Auth => words.failed_auth,
        FailureClass::Throttled => words.failed_throttled,
        FailureClass::Transient | FailureClass::Unknown => words.failed_transient,
        FailureClass::WindowClosed => words.failed_window,
        FailureClass::Recipient => words.failed_recipient,
        FailureClass::Policy => words.failed_policy,
        FailureClass::Invalid => words.failed_invalid,
    }
}

/// The message that is answered; a click goes there.
fn quote_view(quote: Quote, words: &'static Words) -> AnyView {
    let app = use_app();
    let author = quote.author.filter(|author| !author.is_empty());
    let jump = move |_| {
        let target = quote.message_id.and_then(|id| dom::by_id(&format!("m-{id}")));
        match target {
            Some(element) => {
                scroll::center(&element);
                let _ = element.set_attribute("data-flash", "");
                set_timeout(
                    move || {
                        let _ = element.remove_attribute("data-flash");
                    },
                    std::time::Duration::from_millis(1_600),
                );
            }
            None => app.toasts().bad(words.quote_too_old),
        }
    };
    view! {
        <button type="button" class="quote" title=words.quote_jump on:click=jump>
            {author.map(|author| view! { <span class="quote-author" dir="auto">{author}</span> })}
            <span class="quote-text">
                {match &quote.preview {
                    Some(preview) => preview_line(preview, words).into_any(),
                    None => words.quote_missing.into_any(),
                }}
            </span>
        </button>
    }
    .into_any()
}

/// Reactions, equal ones together.
fn reactions_view(reactions: &[Reaction], words: &'static Words) -> Option<AnyView> {
    if reactions.is_empty() {
        return None;
    }
    let shown = reactions
        .iter()
        .map(|reaction| {
            let said = fill(words.react_label, &[("author", &reaction.author), ("emoji", &reaction.emoji)]);
            view! {
                <span class="reaction" title=said.clone() role="img" aria-label=said>
                    {reaction.emoji.clone()}
                </span>
            }
        })
        .collect_view();
    Some(view! { <p class="reactions">{shown}</p> }.into_any())
}

//! One message.

use balas_domain::{
    Content, Delivery, MessageId, MessageStatus, Seq,
    view::{Author, Direction, Failure, FailureClass, Held, HeldReason, MessageView, Quote, Reaction},
    work::Activity,
};
use leptos::prelude::*;

use super::{
    acts::{Acts, can_react, set_reaction},
    content::{Said, content},
    find::Found,
    group,
};
use crate::{
    browser::dom,
    i18n::{Words, fill},
    route::anchor,
    state::{
        App,
        jumping::{self, Focus},
        layout::Place,
        live::Link,
        sending::retry,
        use_app,
    },
    ui::{
        avatar::colour,
        each::each,
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
    place: ArcRwSignal<Place>,
    answering: RwSignal<Option<MessageView>>,
) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let Some(message) = app.inbox().bubble(id) else { return ().into_any() };
    let activity = message.with_untracked(|m| match &m.content {
        Content::Activity { activity } => Some((activity.clone(), m.author.clone(), m.at)),
        _ => None,
    });
    if let Some((activity, author, at)) = activity {
        return view! {
            <div class="system" id=anchor(id)>
                <p>
                    <span dir="auto">{move || activity_words(&activity, &author, app)}</span>
                    " · "
                    <Time at=at style=Style::Clock />
                </p>
            </div>
        }
        .into_any();
    }
    let (direction, system, at) =
        message.with_untracked(|m| (m.direction, matches!(m.content, Content::System { .. }), m.at));
    // Content and state are followed apart: a tick does not touch the text that someone may be selecting.
    let found = use_context::<Found>();
    let said = Memo::new({
        let message = message.clone();
        move |_| {
            let found = found.map(|found| found.words_of(id)).unwrap_or_default();
            message.with(|m| Said {
                found,
                id: m.id,
                content: m.content.clone(),
                file: m.file.clone(),
                revoked: m.revoked,
                mentions: m.mentions.clone(),
                votes: m.votes.clone(),
                direction: m.direction,
                author: author_words(&m.author, app.my_id(), words),
            })
        }
    });
    if system {
        return view! {
            <div class="system" id=anchor(id)>
                {move || said.with(|said| content(said, words))}
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
    let internal = direction == Direction::Internal;
    // In a group each message says who wrote it.
    let always_named = group && direction == Direction::In || internal;
    let named = Memo::new({
        let place = place.clone();
        move |_| always_named || direction == Direction::Out && place.with(|place| place.first)
    });
    let quote = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.quote.clone())
    });
    let reactions = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.reactions.clone())
    });
    let any_reaction = Memo::new(move |_| reactions.with(|reactions| !reactions.is_empty()));
    let state = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| (m.delivery, m.failure.clone(), m.held, m.version == Seq(0)))
    });
    let edited = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.edited && !m.revoked)
    });
    let recovered = message.with_untracked(|m| m.recovered);
    // Another number may stand in while the message waits.
    let carrier = Memo::new({
        let message = message.clone();
        move |_| message.with(|m| m.sent_with)
    });
    let carrier = move || {
        let name = app.inbox().account(carrier.get()?).map(|account| account.name)?;
        Some(view! { <span>{fill(words.sent_with, &[("name", &name)])}</span> })
    };
    let can_reply = {
        let account = message.with_untracked(|m| m.account_id);
        let message = message.clone();
        move || {
            let able = app.inbox().account(account).is_some_and(|account| account.capabilities.reply);
            able && !internal && message.with(|m| !m.revoked && m.version != Seq(0))
        }
    };
    let acts = use_context::<Acts>().filter(|_| app.may(balas_domain::Permission::Reply));
    // What has not gone out has nothing to be reacted to.
    let acts_here = {
        let message = message.clone();
        move || !internal && message.with(|m| !m.revoked && m.version != Seq(0))
    };
    let quick = acts.filter(|_| !internal).map(|acts| acts.quick_at(message.clone(), reactions));
    let approach = move || {
        if let Some(acts) = acts {
            acts.approach(id);
        }
    };
    let reacted = {
        let message = message.clone();
        move || any_reaction.get().then(|| reactions_view(message.clone(), reactions, acts.is_some()))
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
            id=anchor(id)
            data-dir=direction.as_str()
            data-first={
                let place = place.clone();
                move || place.with(|place| place.first).then_some("")
            }
            data-last=move || place.with(|place| place.last).then_some("")
            data-status=move || state.with(|(delivery, ..)| delivery.status.as_str())
            on:pointerenter=move |_| approach()
            on:focusin=move |_| approach()
        >
            <div class="bubble-box">
                {move || {
                    named
                        .get()
                        .then(|| {
                            view! {
                                <p class=move || author.with(author_class) dir="auto">
                                    {internal.then(|| view! { {icon(Icon::Note)} {words.note} " · " })}
                                    {move || author.with(|author| author_words(author, app.my_id(), words))}
                                </p>
                            }
                        })
                }}
                {move || quote.get().map(|quote| quote_view(quote, words))}
                {move || said.with(|said| content(said, words))}
                <p class="bubble-meta">
                    {carrier}
                    {recovered.then(|| view! { <span title=words.recovered_text>{words.recovered}</span> })}
                    {move || edited.get().then(|| view! { <span>{words.edited}</span> })}
                    <Time at=at style=Style::Clock />
                    {move || {
                        (direction == Direction::Out)
                            .then(|| {
                                let status = state.with(|(delivery, ..)| delivery.status);
                                view! { <Ticks status=status words=words /> }
                            })
                    }}
                </p>
                {reacted}
                <div class="bubble-acts">
                    {move || {
                        can_reply()
                            .then(|| {
                                let reply = reply.clone();
                                view! {
                                    <button
                                        type="button"
                                        class="icon-button"
                                        aria-label=words.reply
                                        title=words.reply
                                        on:click=reply
                                    >
                                        {icon(Icon::Reply)}
                                    </button>
                                }
                            })
                    }}
                    {move || acts_here().then(|| acts.map(|acts| acts.button(id)))}
                </div>
                {quick}
            </div>
            {move || {
                let (delivery, failure, held, local) = state.get();
                let offline = local && app.live().link.get() == Link::Offline;
                (direction == Direction::Out).then(|| trouble(id, delivery, failure, held, offline, words))
            }}
        </article>
    }
    .into_any()
}

/// Who did what with the conversation.
fn activity_words(activity: &Activity, author: &Author, app: App) -> String {
    let (words, me) = (app.words, app.my_id());
    let said = author_words(author, me, words);
    let by = ("author", said.as_str());
    match activity {
        Activity::Assigned { to: Some(_), member } if takes(*member, author) => {
            fill(words.activity_taken, &[by])
        }
        Activity::Assigned { to: Some(_), member: Some(member) } if Some(*member) == me => {
            fill(words.activity_assigned_you, &[by])
        }
        Activity::Assigned { to: Some(name), .. } => fill(words.activity_assigned, &[by, ("name", name)]),
        Activity::Assigned { to: None, .. } => fill(words.activity_unassigned, &[by]),
        Activity::Resolved => fill(words.activity_resolved, &[by]),
        Activity::Reopened => fill(words.activity_reopened, &[by]),
        Activity::Snoozed { until } => {
            let at = app.when(|when| when.exact(*until));
            fill(words.activity_snoozed, &[by, ("time", &at)])
        }
        Activity::Group { news } => group::news_words(news, words),
    }
}

/// Whether somebody gave it to nobody but himself.
fn takes(member: Option<balas_domain::MemberId>, author: &Author) -> bool {
    matches!(author, Author::Member { id, .. } if Some(*id) == member)
}

/// A member of a group always has the same colour.
fn author_class(author: &Author) -> String {
    match author {
        Author::Contact { id, name } => {
            let key = id.map_or_else(|| name.clone(), |id| id.to_string());
            format!("bubble-author hue-{}", colour(&key))
        }
        Author::Member { .. } | Author::PhoneApp | Author::Api { .. } => "bubble-author".to_owned(),
    }
}

/// Who wrote it.
fn author_words(author: &Author, me: Option<balas_domain::MemberId>, words: &Words) -> String {
    match author {
        Author::Member { id, .. } if Some(*id) == me => words.author_you.to_owned(),
        Author::Contact { name, .. } | Author::Member { name, .. } | Author::Api { name } => name.clone(),
        Author::PhoneApp => words.author_phone.to_owned(),
    }
}

/// What went wrong or waits, and what can be done about it.
fn trouble(
    id: MessageId,
    delivery: Delivery,
    failure: Option<Failure>,
    held: Option<Held>,
    offline: bool,
    words: &'static Words,
) -> Option<AnyView> {
    let app = use_app();
    match delivery.status {
        MessageStatus::Failed => {
            let closed = app.inbox().open_id().and_then(|open| app.inbox().row(open));
            let closed = closed.and_then(|row| row.with_untracked(|row| row.group?.closed));
            let reason = match (&failure, closed) {
                (Some(failure), Some(closed)) if failure.class == FailureClass::Policy => {
                    group::closed_words(closed, words)
                }
                (Some(failure), _) => failure_words(failure.class, words),
                (None, _) => words.failed_transient,
            };
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
        MessageStatus::Queued => Some(if let Some(held) = held {
            let said = move || held_words(held, &app, words);
            view! { <div class="trouble"><p>{said}</p></div> }.into_any()
        } else {
            // A conversation's messages go one after the other, so only the first is told why.
            let behind = move || {
                let waits = app.inbox().held_up.get();
                waits.then(|| view! { <div class="trouble"><p>{words.held_behind}</p></div> })
            };
            view! { {behind} }.into_any()
        }),
        _ => None,
    }
}

/// Why a message waits, and until when.
fn held_words(held: Held, app: &App, words: &Words) -> String {
    let at = app.when(|when| {
        let today = when.zone.day_number(when.now) == when.zone.day_number(held.until);
        if today { when.clock(held.until) } else { when.exact(held.until) }
    });
    let sentence = match held.reason {
        HeldReason::Pace => words.held_pace,
        HeldReason::DailyLimit => words.held_daily_limit,
        HeldReason::WarmUp => words.held_warm_up,
        HeldReason::Throttled => words.held_throttled,
        HeldReason::Unreachable => words.held_unreachable,
    };
    fill(sentence, &[("time", &at)])
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
    let jump = move |_| match (quote.message_id, app.inbox().open_id()) {
        (Some(message), Some(conversation)) => jumping::jump(app, conversation, message, Focus::Take),
        _ => app.toasts().bad(words.quote_gone),
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

/// Reactions. Each stays in its place while others come and go, so that whoever pressed it keeps the focus.
fn reactions_view(message: ArcRwSignal<MessageView>, reactions: Memo<Vec<Reaction>>, may: bool) -> AnyView {
    let app = use_app();
    let id = message.with_untracked(|m| m.id);
    let able = Memo::new(move |_| {
        may && message
            .with(|m| app.inbox().account(m.carrier()).is_some_and(|number| can_react(app, m, &number)))
    });
    let ours = Memo::new(move |_| {
        reactions.with(|all| all.iter().find(|reaction| reaction.from_us).map(|ours| ours.emoji.clone()))
    });
    // Two members of a group may have the same name.
    let counted = move || {
        reactions.with(|all| {
            let earlier = |n: usize, one: &Reaction| all.iter().take(n).filter(|other| *other == one).count();
            all.iter().enumerate().map(|(n, one)| (earlier(n, one), one.clone())).collect::<Vec<_>>()
        })
    };
    let shown = each(
        counted,
        |(nth, one)| (*nth, one.from_us, one.author.clone(), one.emoji.clone()),
        move |(_, one)| reaction_view(app, id, &one, ours, able),
    );
    view! { <p class="reactions">{shown}</p> }.into_any()
}

/// One reaction. Pressing it gives the same one, or takes ours away.
fn reaction_view(
    app: App,
    id: MessageId,
    reaction: &Reaction,
    ours: Memo<Option<String>>,
    able: Memo<bool>,
) -> AnyView {
    let said = fill(app.words.react_label, &[("author", &reaction.author), ("emoji", &reaction.emoji)]);
    let emoji = reaction.emoji.clone();
    let shown = move || {
        let (said, emoji) = (said.clone(), emoji.clone());
        if !able.get() {
            return view! {
                <span class="reaction" title=said.clone() role="img" aria-label=said>
                    {emoji}
                </span>
            }
            .into_any();
        }
        let (same, wanted) = (emoji.clone(), emoji.clone());
        let pressed = move || ours.with(|ours| ours.as_deref() == Some(same.as_str()));
        let press = move |_| {
            let taken = ours.with_untracked(|ours| ours.as_deref() == Some(wanted.as_str()));
            set_reaction(app, id, (!taken).then(|| wanted.clone()));
        };
        view! {
            <button
                type="button"
                class="reaction"
                title=said.clone()
                aria-label=said
                aria-pressed=move || if pressed() { "true" } else { "false" }
                on:click=press
            >
                {emoji}
            </button>
        }
        .into_any()
    };
    shown.into_any()
}

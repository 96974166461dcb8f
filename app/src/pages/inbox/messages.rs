//! The messages of the opened conversation, as far as they are loaded, and the ways beyond.

use balas_domain::{
    ConversationId, MessageId, Seq,
    view::{Direction, MessageView, ProviderKind},
};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent, Element, HtmlElement, Node};

use super::{
    attach::{Tray, drop_zone, files_of},
    bubble::Bubble,
};
use crate::{
    browser::{dom, intersect, scroll},
    i18n::{count, fill},
    state::{
        App,
        inbox::Load,
        jumping::{self, Focus, SCROLLER},
        layout::Line,
        live::Link,
        loading, use_app,
    },
    ui::{
        each::each,
        icon::{Icon, icon},
        more::more_words,
        preview::preview_words,
    },
};

/// The messages.
#[component]
pub(super) fn Messages(
    id: ConversationId,
    answering: RwSignal<Option<MessageView>>,
    tray: Tray,
) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let scroller = NodeRef::<html::Div>::new();
    // Where the thread goes on, its end is elsewhere.
    let at_newest = RwSignal::new(!app.inbox().thread_later.get_untracked());
    let below = RwSignal::new(0_i64);
    let spoken = RwSignal::new(String::new());
    keep_place(app, scroller, at_newest, spoken);
    count_below(app, id, at_newest, below);
    keep_read(app, id, at_newest);
    keep_uploading(app);
    Effect::new(move || {
        if let Some((_, message)) = app.inbox().jump.get().filter(|(conversation, _)| *conversation == id) {
            app.inbox().jump.set(None);
            jumping::reveal(app, id, message, Focus::Take);
        }
    });
    // Who writes wants to see what was written.
    Effect::new(move |before: Option<bool>| {
        let hidden = app.inbox().hidden.get();
        if hidden && before == Some(false) {
            jumping::to_end(app);
        }
        hidden
    });

    let look = move || {
        if let Some(scroller) = scroller.get_untracked() {
            let near = scroll::at_newest(&scroller) && !app.inbox().thread_later.get_untracked();
            if at_newest.get_untracked() != near {
                at_newest.set(near);
            }
        }
    };
    // Where the thread ends may change while nobody scrolls.
    Effect::new(move || {
        app.inbox().thread_later.track();
        request_animation_frame(look);
    });
    let scrolled = move |_| look();
    let down = move |_| {
        // The button goes; who pressed it by a key goes on from the messages.
        dom::focus(SCROLLER);
        jumping::to_end(app);
    };
    let label = app
        .inbox()
        .row(id)
        .map(|row| fill(words.thread_label, &[("name", &row.with_untracked(|row| row.title.clone()))]));
    let dragging = RwSignal::new(false);
    let row = app.inbox().row(id);
    let account = row.as_ref().map(|row| row.with_untracked(|row| row.account_id));
    let provider = account.and_then(|account| untrack(|| app.inbox().account(account)));
    let provider = provider
        .filter(|account| account.capabilities.media && app.may(balas_domain::Permission::Reply))
        .map(|account| account.provider);
    take_drops(app, provider, tray, dragging);
    let title = move || row.as_ref().map(|row| row.with(|row| row.title.clone())).unwrap_or_default();
    view! {
        <div class="thread-body">
            {drop_zone(dragging, title)}
            <div class="thread-scroll" id=SCROLLER node_ref=scroller on:scroll=scrolled tabindex="0" role="group" aria-label=label>
                <div class="thread-log">
                    <Older id=id scroller=scroller />
                    {each(move || app.inbox().lines.get(), |line| line.key(), move |line| line_view(line, answering))}
                    <Later scroller=scroller />
                </div>
            </div>
            {move || {
                (!at_newest.get())
                    .then(|| {
                        let n = below.get();
                        let text = if n > 0 {
                            count(words.new_below_one, words.new_below_many, n)
                        } else {
                            String::new()
                        };
                        view! {
                            <button
                                type="button"
                                class="pill"
                                aria-label=words.to_newest
                                data-new=(n > 0).then_some("")
                                on:click=down
                            >
                                {text}
                                {icon(Icon::Down)}
                            </button>
                        }
                    })
            }}
            // What has just arrived, for who does not see it; the thread itself stays silent when older
            // messages are put on top.
            <p class="visually-hidden" aria-live="polite">{spoken}</p>
        </div>
    }
}

fn line_view(line: Line, answering: RwSignal<Option<MessageView>>) -> AnyView {
    let app = use_app();
    match line {
        Line::Day { at, .. } => view! {
            <p class="day">
                <span>{move || app.when(|when| when.day(at))}</span>
            </p>
        }
        .into_any(),
        Line::Unread => view! {
            <p class="unread-line">
                <span>{app.words.unread_divider}</span>
            </p>
        }
        .into_any(),
        Line::Message { id, place } => {
            view! { <Bubble id=id place=app.inbox().place(id, place) answering=answering /> }.into_any()
        }
    }
}

/// What is at the end of what is shown.
#[derive(Clone, Copy, PartialEq)]
struct End {
    newest: Option<MessageId>,
    /// Whether it is the end of the thread too.
    last: bool,
}

/// New messages never move what is being read: at the bottom they push up; further up, or when a newer page comes, they
/// stand below.
fn keep_place(app: App, scroller: NodeRef<html::Div>, at_newest: RwSignal<bool>, spoken: RwSignal<String>) {
    let height = StoredValue::new(0_i32);
    Effect::new(move |before: Option<End>| {
        app.inbox().lines.track();
        let now = End { newest: app.inbox().newest(), last: !app.inbox().thread_later.get_untracked() };
        let Some(element) = scroller.get() else { return now };
        let Some(before) = before else {
            request_animation_frame(move || height.set_value(element.scroll_height()));
            return now;
        };
        let appended = before.newest != now.newest;
        let arrived = appended && before.last && now.last;
        let message = now.newest.filter(|_| arrived).and_then(|id| app.inbox().bubble(id));
        let message = message.map(|bubble| bubble.get_untracked());
        let ours = message.as_ref().is_some_and(|m| m.direction == Direction::Out && m.version == Seq(0));
        let stay = arrived && (at_newest.get_untracked() || ours);
        if let Some(message) = message.filter(|m| m.direction == Direction::In) {
            spoken.set(preview_words(&message.content.preview(), app.words));
        }
        // What stood at the end still stands there, with more below.
        let grows = appended && before.newest.is_none_or(|newest| app.inbox().shows(newest));
        // After the new lines stand and before they are painted.
        request_animation_frame(move || {
            let element: &HtmlElement = &element;
            let now = element.scroll_height();
            let Some(grown) = height.try_update_value(|height| now - std::mem::replace(height, now)) else {
                return;
            };
            if stay {
                scroll::to_newest(element);
            } else if grows && grown > 0 {
                // The position counts from the newest message, which has just moved away by this much.
                element.set_scroll_top(element.scroll_top() - grown);
            }
        });
        now
    });
}

/// Counts what customers write while one is not at the end, whether it is loaded or not.
fn count_below(app: App, id: ConversationId, at_newest: RwSignal<bool>, below: RwSignal<i64>) {
    let unread = Memo::new(move |_| app.inbox().row(id).map_or(0, |row| row.with(|row| row.unread)));
    Effect::new(move |before: Option<i32>| {
        let now = unread.get();
        if let Some(more) = before.map(|before| now - before).filter(|more| *more > 0)
            && !at_newest.get_untracked()
        {
            below.update(|n| *n += i64::from(more));
        }
        now
    });
    Effect::new(move || {
        if at_newest.get() && below.get_untracked() > 0 {
            below.set(0);
        }
    });
}

/// Files can be dropped anywhere on the conversation. Beside it they go nowhere: the browser would leave the page to show
/// them.
fn take_drops(app: App, provider: Option<ProviderKind>, tray: Tray, dragging: RwSignal<bool>) {
    let show = move |now: bool| {
        if dragging.get_untracked() != now {
            dragging.set(now);
        }
    };
    let over = move |event: DragEvent| {
        let Some(data) = event.data_transfer().filter(brings_files) else { return };
        event.prevent_default();
        let taken = provider.is_some() && is_on_thread(&event);
        if !taken {
            data.set_drop_effect("none");
        }
        show(taken);
    };
    let left = move |event: DragEvent| {
        // Not when it only moves on to something within the page.
        if event.related_target().is_none() {
            show(false);
        }
    };
    let dropped = move |event: DragEvent| {
        show(false);
        let Some(data) = event.data_transfer().filter(brings_files) else { return };
        event.prevent_default();
        if let (Some(provider), Some(files)) = (provider, files_of(Some(data)))
            && is_on_thread(&event)
        {
            tray.add(app, provider, &files);
        }
    };
    Effect::new(move || {
        let handles = [
            window_event_listener(ev::dragenter, over),
            window_event_listener(ev::dragover, over),
            window_event_listener(ev::dragleave, left),
            window_event_listener(ev::drop, dropped),
        ];
        on_cleanup(move || {
            for handle in handles {
                handle.remove();
            }
        });
    });
}

fn brings_files(data: &DataTransfer) -> bool {
    data.types().includes(&"Files".into(), 0)
}

/// Whether it is over head, messages, or composer. What is under the pointer may be a text.
fn is_on_thread(event: &DragEvent) -> bool {
    let under = event.target().and_then(|under| under.dyn_into::<Node>().ok());
    let element =
        under.and_then(|under| under.dyn_ref::<Element>().cloned().or_else(|| under.parent_element()));
    element.is_some_and(|element| matches!(element.closest(".thread-pane"), Ok(Some(_))))
}

/// Files that wait go on when the connection is back, and nobody leaves them behind unasked.
fn keep_uploading(app: App) {
    Effect::new(move || {
        if app.live().link.get() == Link::Online && app.uploads().any() {
            app.uploads().flush(app);
        }
    });
    Effect::new(move || {
        let handle = window_event_listener(ev::beforeunload, move |event| {
            if app.uploads().any() {
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
}

/// What is in view, while the page has the focus, is read.
fn keep_read(app: App, id: ConversationId, at_newest: RwSignal<bool>) {
    let attended = RwSignal::new(false);
    let unread = Memo::new(move |_| app.inbox().row(id).map_or(0, |row| row.with(|row| row.unread)));
    Effect::new(move || {
        let look = move || {
            let now = dom::is_attended();
            if attended.try_get_untracked().is_some_and(|before| before != now) {
                attended.set(now);
            }
        };
        look();
        let handles = ["focus", "blur", "visibilitychange"]
            .map(|event| window_event_listener_untyped(event, move |_| request_animation_frame(look)));
        on_cleanup(move || {
            for handle in handles {
                handle.remove();
            }
        });
    });
    Effect::new(move || {
        if attended.get() && at_newest.get() && unread.get() > 0 {
            loading::mark_read(id);
        }
    });
}

/// What goes back further.
#[component]
fn Older(id: ConversationId, scroller: NodeRef<html::Div>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    // A phone lists chats of which it hands over nothing.
    let listed = move || {
        let account = app.inbox().row(id).map(|row| row.with(|row| row.account_id));
        let account = account.and_then(|account| app.inbox().account(account));
        account.is_some_and(|account| account.provider != ProviderKind::Cloud)
    };
    move || {
        if app.inbox().thread_more.get() {
            let load = app.inbox().older_load;
            view! { <More scroller=scroller load=load text=words.older fetch=loading::older /> }.into_any()
        } else {
            let any = app.inbox().lines.with(|lines| !lines.is_empty());
            let text = if any {
                words.thread_start
            } else if listed() {
                app.lang.act_words().nothing_before
            } else {
                words.thread_empty
            };
            view! { <p class="thread-start">{text}</p> }.into_any()
        }
    }
}

/// What goes on further.
#[component]
fn Later(scroller: NodeRef<html::Div>) -> impl IntoView {
    let app = use_app();
    move || {
        let load = app.inbox().later_load;
        let there = app.inbox().thread_later.get();
        there
            .then(|| view! { <More scroller=scroller load=load text=app.words.newer fetch=jumping::later /> })
    }
}

/// More of the thread: fetched when it comes near, or by the button.
#[component]
fn More(
    scroller: NodeRef<html::Div>,
    load: RwSignal<Load>,
    text: &'static str,
    fetch: fn(App),
) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let button = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let (Some(button), Some(scroller)) = (button.get(), scroller.get()) {
            intersect::when_near(&button, Some(&scroller), 400, move || {
                if load.try_get_untracked() == Some(Load::Ready) {
                    fetch(app);
                }
            });
        }
    });
    view! {
        <button node_ref=button type="button" class="button more" on:click=move |_| fetch(app)>
            {more_words(load, [text, words.loading, words.retry])}
        </button>
    }
}

//! One conversation: head, messages, composer.

use balas_domain::{
    ConversationId, MessageId,
    socket::Typist,
    view::{Direction, MessageView},
};
use leptos::{html, prelude::*};
use web_sys::HtmlElement;

use super::{
    attach::{Tray, drop_zone, files_of},
    bubble::Bubble,
    composer::Composer,
    details::Shown,
    work::ResolveButton,
};
use crate::{
    browser::{dom, intersect, scroll},
    i18n::{count, fill},
    route::Route,
    state::{App, inbox::Load, layout::Line, live::Link, loading, use_app},
    ui::{
        avatar::Avatar,
        each::each,
        empty::Empty,
        icon::{Icon, icon},
        preview::preview_words,
        skeleton::SkeletonThread,
    },
};

/// A conversation.
#[component]
pub(super) fn Thread(id: ConversationId, details: RwSignal<Shown>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let answering = RwSignal::new(None::<MessageView>);
    let tray = Tray::new();
    // The address changes first. Until the store has followed, what it says is about another thread, and this
    // one would count as read before it has been shown.
    let load = Memo::new(move |_| {
        if app.inbox().open.get() == Some(id) { app.inbox().thread_load.get() } else { Load::Loading }
    });
    view! {
        <Head id=id details=details />
        {move || match load.get() {
            Load::Missing => {
                view! {
                    <Empty sign=Icon::Question title=words.thread_missing_title text=words.thread_missing_text>
                        <a class="button" href="/inbox">{words.go_to_inbox}</a>
                    </Empty>
                }
                    .into_any()
            }
            Load::Failed => {
                view! {
                    <Empty sign=Icon::WifiOff title=words.thread_failed text=words.error_network>
                        <button type="button" class="button" on:click=move |_| loading::open(app, Some(id))>
                            {icon(Icon::Retry)}
                            {words.retry}
                        </button>
                    </Empty>
                }
                    .into_any()
            }
            Load::Loading => view! { <SkeletonThread words=words /> }.into_any(),
            Load::Ready => {
                view! {
                    <Messages id=id answering=answering tray=tray />
                    <Composer id=id answering=answering tray=tray />
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn Head(id: ConversationId, details: RwSignal<Shown>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let back = move || Route::Inbox { open: None, filter: app.route.with(filter_of) }.href();
    // A conversation may come from an address before its row is here.
    let row = Memo::new(move |_| {
        app.inbox().thread_load.track();
        app.inbox()
            .row(id)
            .map(|row| row.with(|row| (row.title.clone(), row.account_id, row.address.clone())))
    });
    let title = move || row.get().map(|(title, _, _)| title).unwrap_or_default();
    let line = move || {
        let typing = app.live().typing.with(|typing| {
            typing.who(id, app.my_id()).map(|who| match who {
                Typist::Contact => words.typing_contact.to_owned(),
                Typist::Member { name, .. } => fill(words.typing_member, &[("name", name)]),
            })
        });
        if let Some(typing) = typing {
            return view! { <span class="typing">{typing}</span> }.into_any();
        }
        let label = row.get().map(|(title, account, address)| {
            let number = address.label();
            let account = app.inbox().account(account).map(|account| account.name).unwrap_or_default();
            let on = fill(words.on_number, &[("name", &account)]);
            // A contact without a name is called by the number already.
            if number == title { on } else { format!("{number} · {on}") }
        });
        let others = also_here(app, id).map(|names| {
            let text = fill(words.also_here, &[("names", &names)]);
            view! { <span class="also-here">{icon(Icon::Eye)} {text}</span> }
        });
        view! {
            <span>{label}</span>
            {others}
        }
        .into_any()
    };
    let toggle = move |_| details.update(|shown| *shown = shown.toggled(dom::is_wide()));
    view! {
        <header class="thread-head">
            <a class="icon-button thread-back" href=back aria-label=words.back>
                {icon(Icon::Back)}
            </a>
            {move || view! { <Avatar name=title() id=id.to_string() /> }}
            <div class="thread-who">
                // Not before there is a name: a heading without words is read as one.
                {move || Some(title()).filter(|title| !title.is_empty()).map(|title| view! { <h2 dir="auto">{title}</h2> })}
                <p aria-live="polite">{line}</p>
            </div>
            <ResolveButton id=id />
            <button type="button" class="icon-button" aria-label=words.details title=words.details on:click=toggle>
                {icon(Icon::Panel)}
            </button>
        </header>
    }
}

/// The colleagues who look at the conversation now.
fn also_here(app: App, id: ConversationId) -> Option<String> {
    let names: Vec<String> = app.inbox().viewers.with(|viewers| {
        let here = viewers.iter().filter(|viewer| viewer.conversation_id == id);
        here.filter_map(|viewer| app.inbox().member_name(viewer.member_id)).collect()
    });
    (!names.is_empty()).then(|| names.join(", "))
}

fn filter_of(route: &Route) -> crate::route::Filter {
    match route {
        Route::Inbox { filter, .. } => filter.clone(),
        _ => crate::route::Filter::default(),
    }
}

#[component]
fn Messages(id: ConversationId, answering: RwSignal<Option<MessageView>>, tray: Tray) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let scroller = NodeRef::<html::Div>::new();
    let at_newest = RwSignal::new(true);
    let below = RwSignal::new(0_i64);
    let spoken = RwSignal::new(String::new());
    keep_place(app, scroller, at_newest, below, spoken);
    keep_read(app, id, at_newest);
    keep_uploading(app);
    Effect::new(move || {
        if let Some(message) = app.inbox().jump.get() {
            app.inbox().jump.set(None);
            loading::reveal(app, id, message);
        }
    });

    let scrolled = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            let near = scroll::at_newest(&scroller);
            if at_newest.get_untracked() != near {
                at_newest.set(near);
            }
            if near && below.get_untracked() > 0 {
                below.set(0);
            }
        }
    };
    let down = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            scroll::to_newest(&scroller);
        }
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
    // Only where files can be sent, so that elsewhere the browser does what it does.
    let over = move |event: web_sys::DragEvent| {
        let files = event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0));
        if provider.is_some() && files {
            event.prevent_default();
            dragging.set(true);
        }
    };
    let dropped = move |event: web_sys::DragEvent| {
        dragging.set(false);
        if let (Some(provider), Some(files)) = (provider, files_of(event.data_transfer())) {
            event.prevent_default();
            tray.add(app, provider, &files);
        }
    };
    let title = move || row.as_ref().map(|row| row.with(|row| row.title.clone())).unwrap_or_default();
    view! {
        <div
            class="thread-body"
            on:dragenter=over
            on:dragover=over
            on:dragleave=move |event: web_sys::DragEvent| {
                // Not when it only moves on to something within.
                if event.related_target().is_none() {
                    dragging.set(false);
                }
            }
            on:drop=dropped
        >
            {drop_zone(dragging, title)}
            <div class="thread-scroll" node_ref=scroller on:scroll=scrolled tabindex="0" role="group" aria-label=label>
                <div class="thread-log">
                    <Older scroller=scroller />
                    {each(move || app.inbox().lines.get(), |line| *line, move |line| line_view(line, answering))}
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
        Line::Message { id, first, last } => {
            view! { <Bubble id=id first=first last=last answering=answering /> }.into_any()
        }
    }
}

/// New messages never move what is being read: at the bottom they push up, further up they are counted.
fn keep_place(
    app: App,
    scroller: NodeRef<html::Div>,
    at_newest: RwSignal<bool>,
    below: RwSignal<i64>,
    spoken: RwSignal<String>,
) {
    let height = StoredValue::new(0_i32);
    Effect::new(move |before: Option<Option<MessageId>>| {
        app.inbox().lines.track();
        let newest = app.inbox().newest();
        let Some(element) = scroller.get() else { return newest };
        let appended = before.is_some_and(|before| before != newest);
        let message = newest.and_then(|id| app.inbox().bubble(id)).map(|bubble| bubble.get_untracked());
        let ours = message
            .as_ref()
            .is_some_and(|m| m.direction == Direction::Out && m.version == balas_domain::Seq(0));
        let stay = at_newest.get_untracked() || ours;
        if appended && let Some(message) = message.filter(|m| m.direction == Direction::In) {
            let words = preview_words(&message.content.preview(), app.words);
            spoken.set(words);
            if !stay {
                below.update(|n| *n += 1);
            }
        }
        // After the new lines stand and before they are painted.
        request_animation_frame(move || {
            let element: &HtmlElement = &element;
            let now = element.scroll_height();
            let Some(grown) = height.try_update_value(|height| now - std::mem::replace(height, now)) else {
                return;
            };
            if appended && stay {
                scroll::to_newest(element);
            } else if appended && grown > 0 {
                // The position counts from the newest message, which has just moved away by this much.
                element.set_scroll_top(element.scroll_top() - grown);
            }
        });
        newest
    });
}

/// Files that wait go on when the connection is back, and nobody leaves them behind unasked.
fn keep_uploading(app: App) {
    Effect::new(move || {
        if app.live().link.get() == Link::Online && app.uploads().any() {
            app.uploads().flush(app);
        }
    });
    Effect::new(move || {
        let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
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

/// What goes back further: fetched when it comes near, or by the button.
#[component]
fn Older(scroller: NodeRef<html::Div>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let button = NodeRef::<html::Button>::new();
    Effect::new(move || {
        if let (Some(button), Some(scroller)) = (button.get(), scroller.get()) {
            intersect::when_near(&button, Some(&scroller), 400, move || {
                if app.inbox().older_load.try_get_untracked() == Some(Load::Ready) {
                    loading::older(app);
                }
            });
        }
    });
    move || {
        if app.inbox().thread_more.get() {
            view! {
                <button node_ref=button type="button" class="button more" on:click=move |_| loading::older(app)>
                    {move || match app.inbox().older_load.get() {
                        Load::Loading => words.loading,
                        Load::Failed => words.retry,
                        _ => words.older,
                    }}
                </button>
            }
            .into_any()
        } else {
            let empty = app.inbox().lines.with(Vec::is_empty);
            view! { <p class="thread-start">{if empty { words.thread_empty } else { words.thread_start }}</p> }.into_any()
        }
    }
}

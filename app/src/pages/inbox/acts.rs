//! What one does with a message: reacts, answers, changes it, takes it back. One menu and one set of dialogs for the whole
//! thread; the message that they are about changes.

use balas_domain::{
    Content, MessageId, MessageStatus, Payload, Role, Seq,
    content::MAX_TEXT,
    view::{AccountView, Author, Direction, MessageView, Reaction, VersionView},
};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{emoji::EmojiButton, notice::way};
use crate::{
    api::{self, ApiError},
    browser::{ambient, dom},
    i18n::fill,
    state::{App, use_app},
    ui::{
        dialog::Dialog,
        icon::{Icon, icon},
        rich_text::rich_text,
        time::{Style, Time},
    },
};

/// What one reacts with most; the same six as on the phone.
const QUICK: [&str; 6] = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const MENU: &str = "message-menu";

/// Which message something is done with.
#[derive(Clone, Copy)]
pub(super) struct Acts {
    /// The one that is answered.
    pub(super) answering: RwSignal<Option<MessageView>>,
    /// The one that somebody points at or has the focus in.
    near: RwSignal<Option<MessageId>>,
    /// Whose menu is open.
    on: RwSignal<Option<MessageId>>,
    editing: RwSignal<bool>,
    deleting: RwSignal<bool>,
    looking_back: RwSignal<bool>,
}

impl Acts {
    pub(super) fn new(answering: RwSignal<Option<MessageView>>) -> Self {
        Self {
            answering,
            near: RwSignal::new(None),
            on: RwSignal::new(None),
            editing: RwSignal::new(false),
            deleting: RwSignal::new(false),
            looking_back: RwSignal::new(false),
        }
    }

    /// The message, as it is now.
    fn message(self, app: App) -> Option<MessageView> {
        self.on.get().and_then(|id| app.inbox().bubble(id)).map(|message| message.get())
    }

    fn message_now(self, app: App) -> Option<MessageView> {
        untrack(|| self.message(app))
    }

    /// Somebody points at the message, or comes to it by keyboard.
    pub(super) fn approach(self, id: MessageId) {
        if self.near.get_untracked() != Some(id) {
            self.near.set(Some(id));
        }
    }

    /// The row at a message with what one reacts with most: one press does it. There is one at a time.
    pub(super) fn quick_at(
        self,
        message: ArcRwSignal<MessageView>,
        reactions: Memo<Vec<Reaction>>,
    ) -> AnyView {
        let app = use_app();
        let id = message.with_untracked(|m| m.id);
        let shown = Memo::new(move |_| {
            self.near.get() == Some(id)
                && message.with(|m| {
                    app.inbox().account(m.carrier()).is_some_and(|number| can_react(app, m, &number))
                })
        });
        let ours = Memo::new(move |_| {
            reactions.with(|all| all.iter().find(|one| one.from_us).map(|ours| ours.emoji.clone()))
        });
        let react = Callback::new(move |emoji: String| {
            let same = ours.with_untracked(|ours| ours.as_ref() == Some(&emoji));
            set_reaction(app, id, (!same).then_some(emoji));
        });
        let row = move || {
            view! {
                <div
                    class="bubble-quick"
                    role="toolbar"
                    aria-label=app.lang.act_words().quick
                    on:keydown=move |event| step(&event)
                >
                    {quick_six(ours, react, true)}
                </div>
            }
        };
        (move || shown.get().then(row)).into_any()
    }

    /// The button at a message that opens its menu.
    pub(super) fn button(self, id: MessageId) -> impl IntoView {
        let words = use_app().lang.act_words();
        view! {
            <button
                type="button"
                class="icon-button bubble-more"
                aria-label=words.more
                title=words.more
                popovertarget=MENU
                // Before it is seen, so that it never opens about another one.
                on:click=move |_| self.on.set(Some(id))
            >
                {icon(Icon::More)}
            </button>
        }
    }
}

/// What can be done with one message.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Can {
    react: bool,
    reply: bool,
    edit: bool,
    revoke: bool,
    look_back: bool,
}

/// Whether `WhatsApp` has the message.
fn is_there(message: &MessageView) -> bool {
    let gone_out = message.version != Seq(0)
        && !matches!(
            message.delivery.status,
            MessageStatus::Queued | MessageStatus::Sending | MessageStatus::Failed
        );
    message.direction != Direction::Internal && !message.revoked && gone_out
}

/// Whether a reaction to it reaches the customer now. Only the number that carried the message can send one.
pub(super) fn can_react(app: App, message: &MessageView, number: &AccountView) -> bool {
    let now = app.now.get();
    let row = app.inbox().row(message.conversation_id);
    number.capabilities.react
        && is_there(message)
        && row.is_some_and(|row| row.with(|row| way(row, Some(number), None, now).takes_text()))
}

/// What of it the number, `WhatsApp` and the member's role allow. The server decides in the end.
fn can(app: App, message: &MessageView, number: &AccountView) -> Can {
    let age = ambient::now().since(message.at);
    let within = |seconds: Option<u64>| seconds.is_none_or(|limit| age.as_secs() <= limit);
    let me = app.me().and_then(|me| me.member);
    let own = match (&message.author, &me) {
        (Author::Member { id, .. }, Some(me)) => *id == me.id,
        _ => false,
    };
    let supervises = me.is_some_and(|me| me.role >= Role::Supervisor);
    // Both are done at once or not at all, so nothing waits for a number that is away.
    let ours = is_there(message)
        && number.status.can_send()
        && message.direction == Direction::Out
        && (own || supervises);
    let react = can_react(app, message, number);
    let number = &number.capabilities;
    Can {
        react,
        reply: number.reply
            && message.direction != Direction::Internal
            && !message.revoked
            && message.version != Seq(0),
        edit: ours
            && number.edit
            && matches!(message.content, Content::Text { .. })
            && within(number.edit_minutes.map(|minutes| u64::from(minutes) * 60)),
        revoke: ours && number.revoke && within(number.revoke_hours.map(|hours| u64::from(hours) * 3_600)),
        look_back: message.edited && !message.revoked,
    }
}

/// Menu and dialogs, once for a thread.
#[component]
pub(super) fn ActsView(acts: Acts) -> impl IntoView {
    let app = use_app();
    let words = app.lang.act_words();
    let node = NodeRef::<html::Div>::new();
    let open = RwSignal::new(false);
    let shut = move || {
        if let Some(menu) = node.get_untracked() {
            let _ = menu.hide_popover();
        }
    };
    let able = Memo::new(move |_| {
        if !open.get() {
            return Can::default();
        }
        let Some(message) = acts.message(app) else { return Can::default() };
        let number = app.inbox().account(message.carrier());
        number.map(|number| can(app, &message, &number)).unwrap_or_default()
    });
    let ours = Memo::new(move |_| {
        let message = acts.message(app)?;
        message.reactions.into_iter().find(|reaction| reaction.from_us).map(|reaction| reaction.emoji)
    });
    let react = move |emoji: String| {
        shut();
        let Some(message) = acts.message_now(app) else { return };
        let same = ours.get_untracked().is_some_and(|ours| ours == emoji);
        set_reaction(app, message.id, (!same).then_some(emoji));
    };
    let item = move |shown: bool, sign: Icon, text: &'static str, bad: bool, act: Callback<()>| {
        shown.then(|| {
            view! {
                <button
                    type="button"
                    data-tone=bad.then_some("bad")
                    on:click=move |_| {
                        shut();
                        act.run(());
                    }
                >
                    {icon(sign)}
                    {text}
                </button>
            }
        })
    };
    let reply = Callback::new(move |()| {
        acts.answering.set(acts.message_now(app));
        dom::focus("composer");
    });
    view! {
        <div
            node_ref=node
            class="popover menu acts"
            id=MENU
            popover="auto"
            role="group"
            aria-label=words.more
            on:toggle=move |_| {
                if let Some(menu) = node.get_untracked() {
                    open.set(menu.matches(":popover-open").unwrap_or(false));
                }
            }
        >
            <Show when=move || open.get()>
                {move || able.get().react.then(|| quick_view(ours, Callback::new(react)))}
                {move || item(able.get().reply, Icon::Reply, app.words.reply, false, reply)}
                {move || {
                    item(able.get().edit, Icon::Edit, words.edit, false, Callback::new(move |()| acts.editing.set(true)))
                }}
                {move || {
                    item(
                        able.get().look_back,
                        Icon::Clock,
                        words.versions,
                        false,
                        Callback::new(move |()| acts.looking_back.set(true)),
                    )
                }}
                {move || {
                    item(able.get().revoke, Icon::Trash, words.delete, true, Callback::new(move |()| acts.deleting.set(true)))
                }}
            </Show>
        </div>
        <Dialog open=acts.editing title=words.edit_title words=app.words>
            <Edit acts=acts />
        </Dialog>
        <Dialog open=acts.deleting title=words.delete_title words=app.words>
            <Delete acts=acts />
        </Dialog>
        <Dialog open=acts.looking_back title=words.versions_title words=app.words>
            <Versions acts=acts />
        </Dialog>
    }
}

/// Arrows move along a toolbar, which is one stop of the tabulator.
fn step(event: &leptos::ev::KeyboardEvent) {
    let Some(here) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let next = match event.key().as_str() {
        "ArrowRight" => here.next_element_sibling(),
        "ArrowLeft" => here.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = next.focus();
    }
}

/// The six. In a toolbar only the first is a stop of the tabulator.
fn quick_six(ours: Memo<Option<String>>, react: Callback<String>, toolbar: bool) -> impl IntoView {
    let words = use_app().lang.act_words();
    QUICK
        .into_iter()
        .enumerate()
        .map(|(n, emoji)| {
            let chosen = move || ours.with(|ours| ours.as_deref() == Some(emoji));
            let label = move || fill(if chosen() { words.unreact } else { words.react }, &[("emoji", emoji)]);
            view! {
                <button
                    type="button"
                    tabindex=(toolbar && n > 0).then_some("-1")
                    aria-pressed=move || if chosen() { "true" } else { "false" }
                    aria-label=label
                    title=label
                    on:click=move |_| react.run(emoji.to_owned())
                >
                    {emoji}
                </button>
            }
        })
        .collect_view()
}

fn quick_view(ours: Memo<Option<String>>, react: Callback<String>) -> impl IntoView {
    let words = use_app().lang.act_words();
    // One of ours that is not among the six can be taken away as well.
    let other = move || {
        let other = ours.get().filter(|ours| !QUICK.contains(&ours.as_str()))?;
        let label = fill(words.unreact, &[("emoji", &other)]);
        let taken = other.clone();
        Some(view! {
            <button
                type="button"
                aria-pressed="true"
                aria-label=label.clone()
                title=label
                on:click=move |_| react.run(taken.clone())
            >
                {other}
            </button>
        })
    };
    view! {
        <div class="quick">
            {quick_six(ours, react, false)} {other} <EmojiButton id="react-emoji" label=words.more_emoji sign=Icon::Plus chosen=react />
        </div>
    }
}

/// What the server made of it stands in the thread before the stream tells it.
fn done(app: App, answer: Result<MessageView, ApiError>) -> bool {
    match answer {
        Ok(message) => {
            app.inbox().confirm(Payload::Message(Box::new(message)));
            true
        }
        Err(error) => {
            app.complain(&error);
            false
        }
    }
}

/// Our reaction to a message, or with `None` no more.
pub(super) fn set_reaction(app: App, id: MessageId, emoji: Option<String>) {
    spawn_local(async move {
        done(app, api::react(id, emoji).await);
    });
}

#[component]
fn Edit(acts: Acts) -> impl IntoView {
    let app = use_app();
    let words = app.lang.act_words();
    let message = acts.message_now(app);
    let id = message.as_ref().map(|message| message.id);
    let before = match message.map(|message| message.content) {
        Some(Content::Text { text }) => text,
        _ => String::new(),
    };
    let text = RwSignal::new(before.clone());
    let busy = RwSignal::new(false);
    let fits = {
        let before = before.clone();
        move || {
            text.with(|text| *text != before && !text.trim().is_empty() && text.chars().count() <= MAX_TEXT)
        }
    };
    let save = {
        let fits = fits.clone();
        move || {
            let Some(id) = id.filter(|_| untrack(&fits) && !busy.get_untracked()) else { return };
            busy.set(true);
            let wanted = text.get_untracked().trim().to_owned();
            spawn_local(async move {
                if done(app, api::edit_message(id, wanted).await) {
                    acts.editing.try_set(false);
                }
                busy.try_set(false);
            });
        }
    };
    let pressed = save.clone();
    view! {
        <form
            class="dialog-form"
            on:submit=move |event| {
                event.prevent_default();
                save();
            }
        >
            <textarea
                class="input"
                rows="4"
                dir="auto"
                aria-label=words.edit_title
                prop:value=before.clone()
                on:input=move |event| text.set(event_target_value(&event))
                on:keydown=move |event| {
                    if event.key() == "Enter" && !event.shift_key() && !event.is_composing() && !dom::is_touch() {
                        event.prevent_default();
                        pressed();
                    }
                }
            >
                {before.clone()}
            </textarea>
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| acts.editing.set(false)>{app.words.cancel}</button>
                <button class="button primary" disabled=move || busy.get() || !fits()>{words.edit_save}</button>
            </div>
        </form>
    }
}

#[component]
fn Delete(acts: Acts) -> impl IntoView {
    let app = use_app();
    let words = app.lang.act_words();
    let message = acts.message_now(app);
    let id = message.as_ref().map(|message| message.id);
    let busy = RwSignal::new(false);
    let delete = move |_| {
        let Some(id) = id else { return };
        busy.set(true);
        spawn_local(async move {
            if done(app, api::revoke_message(id).await) {
                acts.deleting.try_set(false);
            }
            busy.try_set(false);
        });
    };
    let said = message.map(|message| message.content.preview().text).filter(|text| !text.is_empty());
    view! {
        {said.map(|said| view! { <blockquote class="said" dir="auto">{said}</blockquote> })}
        <p>{words.delete_text}</p>
        <div class="dialog-foot">
            <button type="button" class="button" on:click=move |_| acts.deleting.set(false)>{app.words.cancel}</button>
            <button type="button" class="button danger" disabled=move || busy.get() on:click=delete>
                {words.delete_yes}
            </button>
        </div>
    }
}

#[component]
fn Versions(acts: Acts) -> impl IntoView {
    let app = use_app();
    let words = app.lang.act_words();
    let found = RwSignal::new(None::<Result<Vec<VersionView>, ApiError>>);
    if let Some(message) = acts.message_now(app) {
        spawn_local(async move {
            let answer = api::message_versions(message.id).await;
            found.try_set(Some(answer));
        });
    }
    move || match found.get() {
        None => view! { <p class="hint" aria-busy="true"></p> }.into_any(),
        Some(Err(error)) => {
            view! { <p class="field-error" role="alert">{error.words(app.words)}</p> }.into_any()
        }
        // From before its versions were kept.
        Some(Ok(versions)) if versions.is_empty() => view! { <p>{words.versions_failed}</p> }.into_any(),
        Some(Ok(versions)) => view! {
            <ol class="versions">
                {versions
                    .into_iter()
                    .rev()
                    .map(|version| {
                        let text = match &version.content {
                            Content::Text { text } => text.clone(),
                            other => other.preview().text,
                        };
                        view! {
                            <li>
                                <Time at=version.at style=Style::Exact />
                                <p dir="auto">{rich_text(&text)}</p>
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
        }
        .into_any(),
    }
}

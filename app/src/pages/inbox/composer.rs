//! Where answers are written.

use std::time::Duration;

use balas_domain::{
    AccountId, Content, ConversationId, Mention, Permission, Timestamp, content::MAX_TEXT, file::MAX_CAPTION,
    media::Wish, socket::Presence, view::MessageView,
};
use leptos::{html, prelude::*, task::spawn_local};

use super::{
    add::{Add, add_view},
    attach::{Tray, files_of, takes_words, tray_view},
    emoji::EmojiButton,
    group::closed_words,
    mention::{Mentions, Pressed},
    notice::{Way, way},
    record::{Recorder, record_button, recording_bar},
};
use crate::{
    api,
    browser::{ambient, dom, timer::Debounce},
    i18n::{count, fill},
    route::Route,
    state::{
        App,
        drafts::Draft,
        sending, typing,
        uploads::{Along, Chosen},
        use_app, work,
    },
    ui::{
        icon::{Icon, icon},
        preview::preview_line,
    },
    when::remaining,
};

/// So near the limit the remaining characters are counted.
const NEAR: usize = 256;
/// How long after the last letter a draft is remembered.
const PAUSE: Duration = Duration::from_millis(300);

/// The composer of a conversation.
#[component]
pub(super) fn Composer(
    id: ConversationId,
    answering: RwSignal<Option<MessageView>>,
    tray: Tray,
) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    if !app.may(Permission::Reply) {
        return view! { <p class="composer-notice">{words.not_allowed_reply}</p> }.into_any();
    }
    let Some(row) = app.inbox().row(id) else { return ().into_any() };
    let account_id = row.with_untracked(|row| row.account_id);
    let mentions = Mentions::new(id, row.with_untracked(|row| row.address.is_group()));
    let closed = Memo::new({
        let row = row.clone();
        move |_| row.with(|row| row.group.and_then(|group| group.closed))
    });
    let stand_in = stand_in(app, id, account_id);
    // Followed as a state: each minute that passes draws only the words about it.
    let state = Memo::new(move |_| {
        let now = app.now.get();
        app.inbox().accounts.with(|accounts| {
            let account = accounts.iter().find(|account| account.id == account_id);
            row.with(|row| way(row, account, stand_in.get(), now))
        })
    });
    // Neither changes while a number is connected.
    let can =
        untrack(|| app.inbox().account(account_id).map(|account| (account.provider, account.capabilities)));
    let node = NodeRef::<html::Textarea>::new();
    let text = RwSignal::new(String::new());
    let remember = Debounce::new(PAUSE);
    let told_at = StoredValue::new(None::<Timestamp>);
    // What is written now goes to colleagues only.
    let noting = RwSignal::new(false);

    let put = move |words: String| {
        if let Some(area) = node.get_untracked() {
            area.set_value(&words);
            fit(&area);
        }
        text.set(words);
    };
    let drafts = app.drafts();
    // Only what was typed since: a draft that went elsewhere meanwhile must not come back.
    let keep = move || {
        if !drafts.is_pending(id) {
            return;
        }
        if let (Some(text), Some(note)) = (text.try_get_untracked(), noting.try_get_untracked()) {
            let mentions = mentions.chosen(&text);
            drafts.set(id, &Draft { text, mentions, note });
        }
    };
    // Whoever leaves the conversation or the page in the middle of a word finds all of it again.
    on_cleanup(keep);
    Effect::new(move || {
        let handle = window_event_listener_untyped("pagehide", move |_| keep());
        on_cleanup(move || handle.remove());
    });
    let put_at = move |words: String, caret: usize| {
        put(words);
        drafts.touch(id);
        keep();
        if let Some(area) = node.get_untracked() {
            let caret = u32::try_from(caret).unwrap_or(u32::MAX);
            let _ = area.set_selection_range(caret, caret);
        }
    };
    Effect::new(move |_: Option<()>| {
        let Some(area) = node.get() else { return };
        // Whoever was quicker than the program keeps what is typed already.
        let typed = area.value();
        let draft = drafts.get(id);
        mentions.restore(draft.mentions);
        let words = if typed.is_empty() {
            noting.set(draft.note);
            draft.text
        } else {
            drafts.touch(id);
            typed
        };
        // Who is meant by names in it may have to be known before it is sent.
        mentions.follow(&words, 0);
        put(words);
        keep();
    });
    Effect::new(move || {
        let returned = app.sending().returned.get();
        if let Some((conversation, draft)) = returned
            && conversation == id
        {
            mentions.restore(draft.mentions);
            noting.set(draft.note);
            put(draft.text);
            app.sending().returned.set(None);
        }
    });

    let took = move |typed: String| {
        if let Some(area) = node.get_untracked() {
            fit(&area);
        }
        if let Some(area) = node.get_untracked().filter(|_| !noting.get_untracked()) {
            mentions.follow(&typed, caret(&area));
        }
        drafts.touch(id);
        remember.run(keep);
        let now = ambient::now();
        let last = told_at.get_value();
        if typed.trim().is_empty() {
            if last.is_some() {
                told_at.set_value(None);
                app.live().say_typing(id, Presence::Paused);
            }
        } else if !noting.get_untracked() && last.is_none_or(|last| now.since(last) >= typing::REPEAT) {
            told_at.set_value(Some(now));
            app.live().say_typing(id, Presence::Typing);
        }
        text.set(typed);
    };
    let input = move |event| took(event_target_value(&event));
    let length = Memo::new(move |_| text.with(|text| text.trim().chars().count()));
    let recorder = Recorder::new();
    // Colleagues and customer see that one records, as they see that one types.
    let told = Memo::new(move |_| recorder.times(typing::REPEAT));
    Effect::new(move |before: Option<Option<u32>>| {
        let now = told.get();
        if now.is_some() {
            app.live().say_typing(id, Presence::Recording);
        } else if before.flatten().is_some() {
            app.live().say_typing(id, Presence::Paused);
        }
        now
    });
    let ready = move || state.get().takes_text();
    // What was made in a dialog is an answer as well.
    let add = Add::new();
    let made = Callback::new(move |content: Content| {
        let answers = answering.get_untracked();
        app.sending().submit(app, id, account_id, (content, Vec::new()), answers.as_ref());
        answering.set(None);
    });
    Effect::new(move || {
        if let Some((conversation, content)) = app.sending().reopened.get()
            && conversation == id
        {
            add.reopen(content);
            app.sending().reopened.set(None);
        }
    });
    let sendable = move || {
        if !noting.get() && !tray.is_empty() {
            return ready() && length.get() <= MAX_CAPTION;
        }
        (1..=MAX_TEXT).contains(&length.get()) && (noting.get() || ready())
    };
    // Files go out one message each; what is written stands below the first that takes words. Where none does, it is a
    // message of its own.
    let send_files = move |files: Vec<Chosen>, wish: Wish, said: (String, Vec<Mention>)| {
        let Some(author) = sending::author(app) else { return };
        let (mut caption, mentioned) = said;
        let answers = answering.get_untracked();
        let mut along = Along {
            conversation: id,
            account: account_id,
            author,
            caption: String::new(),
            answers: answers.as_ref().map(|message| (message.id, sending::quote_of(message))),
        };
        let bearer =
            can.and_then(|(provider, _)| files.iter().position(|file| takes_words(provider, wish, file)));
        for (n, file) in files.into_iter().enumerate() {
            along.caption = if bearer == Some(n) { std::mem::take(&mut caption) } else { String::new() };
            app.uploads().submit(app, file, wish, along.clone());
            along.answers = None;
        }
        if !caption.is_empty() {
            app.sending().submit(app, id, account_id, (Content::text(caption), mentioned), None);
        }
    };
    let send_alone = move |file: Chosen, wish: Wish| {
        send_files(vec![file], wish, (String::new(), Vec::new()));
        answering.set(None);
    };
    let recorded = move |file: Chosen| send_alone(file, Wish::Voice);
    let stick = Callback::new(move |file: Chosen| send_alone(file, Wish::Sticker));
    let submit = move || {
        if !untrack(sendable) {
            return;
        }
        let answers = answering.get_untracked();
        let words = text.with_untracked(|text| text.trim().to_owned());
        if noting.get_untracked() {
            work::add_note(app, id, words);
            noting.set(false);
        } else if !untrack(|| tray.is_empty()) {
            let (files, wish) = tray.take();
            send_files(files, wish, mentions.encode(words));
        } else {
            let (text, mentioned) = mentions.encode(words);
            let said = (Content::text(text), mentioned);
            app.sending().submit(app, id, account_id, said, answers.as_ref());
        }
        mentions.close();
        answering.set(None);
        put(String::new());
        drafts.forget(id);
        if told_at.get_value().is_some() {
            told_at.set_value(None);
            app.live().say_typing(id, Presence::Paused);
        }
        dom::focus("composer");
    };
    // Where the caret stands, or in place of what is marked, as if it had been typed.
    let insert = Callback::new(move |emoji: String| {
        let Some(area) = node.get_untracked() else { return };
        dom::focus("composer");
        let (from, to) = (area.selection_start().ok().flatten(), area.selection_end().ok().flatten());
        if let (Some(from), Some(to)) = (from, to) {
            let _ = area.set_range_text_with_start_and_end_and_mode(&emoji, from, to, "end");
        }
        took(area.value());
    });
    let keydown = move |event: leptos::ev::KeyboardEvent| {
        // While an input method composes a character, Enter belongs to it.
        if event.is_composing() {
            return;
        }
        let typed = node.get_untracked().map(|area| area.value()).unwrap_or_default();
        let plain = !event.shift_key() && !event.alt_key() && !event.ctrl_key();
        let pressed = if plain { mentions.key(&event.key(), &typed) } else { Pressed::NotOurs };
        if !matches!(pressed, Pressed::NotOurs) {
            event.prevent_default();
            event.stop_propagation();
            if let Pressed::Chosen((text, caret)) = pressed {
                put_at(text, caret);
            }
            return;
        }
        match event.key().as_str() {
            "Enter" if !event.shift_key() && !event.alt_key() && !dom::is_touch() => {
                event.prevent_default();
                submit();
            }
            "Escape" if answering.with_untracked(Option::is_some) => {
                event.prevent_default();
                answering.set(None);
            }
            _ => {}
        }
    };
    let pasted = move |event: web_sys::ClipboardEvent| {
        if let (Some((provider, _)), Some(files)) = (can, files_of(event.clipboard_data()))
            && !noting.get_untracked()
        {
            event.prevent_default();
            tray.add(app, provider, &files);
        }
    };
    let limit = move || if noting.get() || tray.is_empty() { MAX_TEXT } else { MAX_CAPTION };
    let counter = move || {
        let (n, limit) = (length.get(), limit());
        (n + NEAR > limit).then(|| {
            let over = n > limit;
            let text = if over {
                fill(words.characters_over, &[("n", &(n - limit).to_string())])
            } else {
                count(words.characters_left, words.characters_left, (limit - n) as i64)
            };
            view! { <span class="counter" data-over=over.then_some("")>{text}</span> }
        })
    };
    let chip = move || {
        answering.get().map(|message| {
            let author = author_of(&message, words);
            view! {
                <div class="answering">
                    <div>
                        <p class="quote-author">{fill(words.replying_to, &[("name", &author)])}</p>
                        <p class="quote-text">{preview_line(&message.content.preview(), words)}</p>
                    </div>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=words.reply_cancel
                        title=words.reply_cancel
                        on:click=move |_| {
                            answering.set(None);
                            dom::focus("composer");
                        }
                    >
                        {icon(Icon::Close)}
                    </button>
                </div>
            }
        })
    };
    let group_notice = move || {
        closed.get().map(|closed| {
            view! {
                <p class="notice" data-tone="warn">
                    {icon(Icon::Alert)} <span>{closed_words(closed, words)}</span>
                </p>
            }
        })
    };
    let notice = move || {
        match state.get() {
        Way::Open => ().into_any(),
        Way::OpenUntil(end) => {
            let left = remaining(app.lang, app.now.get(), end);
            view! { <span class="window">{fill(words.window_open, &[("time", &left)])}</span> }.into_any()
        }
        Way::Closed => {
            view! { <p class="notice" data-tone="warn">{icon(Icon::Clock)} <span>{words.window_closed}</span></p> }
                .into_any()
        }
        away @ (Way::NotReady | Way::Gone | Way::ByOther(_)) => {
            let name_of = |id| app.inbox().account(id).map(|account| account.name).unwrap_or_default();
            let name = name_of(account_id);
            let href = match away {
                Way::Gone => Route::Accounts,
                _ => Route::Account(account_id),
            }
            .href();
            let said = match away {
                Way::ByOther(other) => fill(words.by_other, &[("name", &name), ("other", &name_of(other))]),
                _ => fill(words.not_ready, &[("name", &name)]),
            };
            view! {
                <p class="notice" data-tone="warn">
                    {icon(Icon::Alert)} <span>{said} " "
                    <a href=href>{words.not_ready_link}</a></span>
                </p>
            }
            .into_any()
        }
    }
    };
    // Bubbles say when each goes out; here it is only said once.
    let hurried = move || {
        app.inbox().too_fast.get().then(|| view! { <p class="notice">{icon(Icon::Clock)} <span>{app.lang.act_words().too_fast}</span></p> })
    };
    view! {
        <form
            class="composer"
            data-closed=move || (!noting.get() && !state.get().takes_text()).then_some("")
            data-note=move || noting.get().then_some("")
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            {chip}
            {mentions.list(node, put_at, words)}
            {tray_view(tray)}
            {move || recorder.is_on().then(|| recording_bar(recorder))}
            <div class="composer-line" hidden=move || recorder.is_on()>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=words.note_write
                    title=words.note_write
                    aria-pressed=move || if noting.get() { "true" } else { "false" }
                    on:click=move |_| {
                        noting.update(|noting| *noting = !*noting);
                        drafts.touch(id);
                        keep();
                        dom::focus("composer");
                    }
                >
                    {icon(Icon::Note)}
                </button>
                {can.map(|can| {
                    let allowed = Signal::derive(move || !noting.get() && ready());
                    add_view(add, tray, can, allowed, made, stick)
                })}
                <EmojiButton id="composer-emoji" label=app.lang.act_words().emoji sign=Icon::Emoji chosen=insert />
                <textarea
                    node_ref=node
                    id="composer"
                    rows="1"
                    dir="auto"
                    aria-label=move || if noting.get() { words.note } else { words.composer_label }
                    placeholder=move || if noting.get() { words.note_placeholder } else { words.composer_placeholder }
                    enterkeyhint="send"
                    aria-autocomplete=mentions.autocompletes()
                    aria-haspopup=mentions.autocompletes().map(|_| "listbox")
                    aria-controls=move || mentions.active_id().map(|_| "mentions")
                    aria-activedescendant=move || mentions.active_id()
                    on:blur=move |_| mentions.close()
                    on:input=input
                    on:keydown=keydown
                    on:paste=pasted
                ></textarea>
                {move || {
                    let speak = length.get() == 0 && !noting.get() && tray.is_empty() && ready();
                    can.filter(|(_, can)| can.voice && speak).map(|_| record_button(recorder, recorded))
                }}
                <button
                    class="button primary send"
                    aria-label=move || if noting.get() { words.note_save } else { words.send }
                    title=move || if noting.get() { words.note_save } else { words.send }
                    disabled=move || !sendable()
                >
                    {icon(Icon::Send)}
                </button>
            </div>
            <div role="status">{hurried}</div>
            <div class="composer-foot">{group_notice} {notice} {counter}</div>
        </form>
    }
    .into_any()
}

/// Which other number would carry an answer: asked again whenever something changes on which that depends. Only the
/// server knows whom the customer has written to.
fn stand_in(app: App, id: ConversationId, own: AccountId) -> RwSignal<Option<AccountId>> {
    let other = RwSignal::new(None);
    let depends_on = Memo::new(move |_| {
        app.inbox().accounts.with(|accounts| {
            let away = accounts.iter().any(|account| account.id == own && !account.status.can_send());
            let others = accounts.iter().filter(|account| account.status.can_send());
            let others: Vec<_> = others.map(|account| (account.id, account.primary)).collect();
            (app.inbox().workspace.get().fall_back && away && !others.is_empty()).then_some(others)
        })
    });
    let asked = StoredValue::new(0_u32);
    Effect::new(move || {
        asked.update_value(|asked| *asked += 1);
        let this = asked.get_value();
        if depends_on.get().is_none() {
            other.set(None);
            return;
        }
        spawn_local(async move {
            let carrier = api::carrier(id).await.ok().flatten().filter(|carrier| *carrier != own);
            // Meanwhile it may have been asked again, or the conversation been left.
            if asked.try_get_value() == Some(this) {
                other.try_set(carrier);
            }
        });
    });
    other
}

/// Where the caret stands, as browsers count.
fn caret(area: &web_sys::HtmlTextAreaElement) -> usize {
    area.selection_start().ok().flatten().and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX)
}

/// Grows with its text, up to what the style sheet allows.
fn fit(area: &web_sys::HtmlTextAreaElement) {
    use wasm_bindgen::JsCast;
    let style = area.unchecked_ref::<web_sys::HtmlElement>().style();
    let _ = style.set_property("height", "auto");
    if area.value().is_empty() {
        // One line is the style sheet's business; rounded pixels would make it jump.
        return;
    }
    // The height that is set counts the borders, the height of the scrolled text does not.
    let borders = area.offset_height() - area.client_height();
    let _ = style.set_property("height", &format!("{}px", area.scroll_height() + borders));
}

fn author_of(message: &MessageView, words: &crate::i18n::Words) -> String {
    use balas_domain::view::Author;
    match &message.author {
        Author::Contact { name, .. } | Author::Member { name, .. } | Author::Api { name } => name.clone(),
        Author::PhoneApp => words.author_phone.to_owned(),
    }
}

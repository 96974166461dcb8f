//! Every piece of the kit in every state. Development builds only.

use balas_domain::{AccountStatus, MessageStatus, Role};
use leptos::prelude::*;

use crate::{
    state::use_app,
    ui::{
        avatar::Avatar,
        badge::{AccountBadge, Unread, role_words},
        copy::CopyField,
        dialog::Dialog,
        empty::Empty,
        field::{Field, Kind},
        icon::{Icon, icon},
        rich_text::rich_text,
        skeleton::{SkeletonRows, SkeletonThread},
        ticks::{Ticks, status_words},
        time::{Style, Time},
    },
};

/// The page.
#[component]
pub(crate) fn Kit() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let open = RwSignal::new(false);
    let plain = RwSignal::new("Ana".to_owned());
    let wrong = RwSignal::new("ana@".to_owned());
    let secret = RwSignal::new("secret".to_owned());
    let now = app.now.get_untracked();
    view! {
        <div class="page kit">
            <h1>"Kit"</h1>
            <section>
                <h2>"Buttons"</h2>
                <div class="kit-row">
                    <button class="button">"Plain"</button>
                    <button class="button primary">"Primary"</button>
                    <button class="button danger">"Danger"</button>
                    <button class="button danger-quiet">"Quiet danger"</button>
                    <button class="button quiet">"Quiet"</button>
                    <button class="button small">"Small"</button>
                    <button class="button primary" disabled>"Disabled"</button>
                    <button class="button">{icon(Icon::Plus)} "With a sign"</button>
                    <button class="icon-button" aria-label="Close">{icon(Icon::Close)}</button>
                    <button class="chip" aria-pressed="true">"Chosen"</button>
                    <button class="chip" aria-pressed="false">"Chip" <span class="chip-count">"3"</span></button>
                </div>
            </section>
            <section>
                <h2>"Fields"</h2>
                <div class="two">
                    <Field name="kit-plain" label="Plain" help="Help stands below." value=plain words=words />
                    <Field
                        name="kit-wrong"
                        label="Wrong"
                        kind=Kind::Email
                        value=wrong
                        error=Signal::stored(Some(words.problem_not_email.to_owned()))
                        words=words
                    />
                    <Field name="kit-secret" label="Secret" kind=Kind::Secret value=secret words=words />
                </div>
                <CopyField label="To copy" text=Signal::stored("https://balas.example/webhooks".to_owned()) words=words />
            </section>
            <section>
                <h2>"Marks"</h2>
                <div class="kit-row">
                    {AccountStatus::ALL
                        .into_iter()
                        .map(|status| view! { <AccountBadge status=status words=words /> })
                        .collect_view()}
                </div>
                <div class="kit-row">
                    {Role::ALL
                        .into_iter()
                        .map(|role| {
                            view! {
                                <span class="badge" data-tone="plain">
                                    {role_words(role, words)}
                                </span>
                            }
                        })
                        .collect_view()}
                    <Unread count=1 words=words />
                    <Unread count=42 words=words />
                    <Unread count=1234 words=words />
                </div>
                <div class="kit-row">
                    {MessageStatus::ALL
                        .into_iter()
                        .map(|status| {
                            view! {
                                <span class="kit-row">
                                    <Ticks status=status words=words />
                                    <small>{status_words(status, words)}</small>
                                </span>
                            }
                        })
                        .collect_view()}
                </div>
                <div class="kit-row">
                    {["Ana Souza", "Budi", "مريم", "+62 812", "Wei", "Joana Silva", "Marco", "Zoë"]
                        .into_iter()
                        .map(|name| view! { <Avatar name=name id=name /> })
                        .collect_view()}
                </div>
            </section>
            <section>
                <h2>"Notices"</h2>
                {["plain", "good", "warn", "bad"]
                    .into_iter()
                    .map(|tone| {
                        view! {
                            <p class="notice" data-tone=tone>
                                {icon(Icon::Info)}
                                <span>"A notice: " {tone}</span>
                            </p>
                        }
                    })
                    .collect_view()}
                <div class="kit-row">
                    <button class="button" on:click=move |_| app.toasts().good("It worked.")>"Good note"</button>
                    <button class="button" on:click=move |_| app.toasts().bad("It did not work. Try again.")>
                        "Bad note"
                    </button>
                    <button class="button" on:click=move |_| open.set(true)>"Dialog"</button>
                </div>
                <Dialog open=open title="A dialog" words=words>
                    <p>"Escape, the cross and the backdrop close it."</p>
                </Dialog>
            </section>
            <section>
                <h2>"Text and time"</h2>
                <p class="bubble-text">
                    {rich_text(
                        "*bold* _italic_ ~strike~ `code` https://example.org\n> quoted\n```let block = true;```",
                    )}
                </p>
                <div class="kit-row">
                    <Time at=now style=Style::Short />
                    <Time at=now style=Style::Clock />
                    <Time at=now style=Style::Ago />
                    <Time at=now style=Style::Exact />
                    <kbd>"Ctrl"</kbd>
                </div>
            </section>
            <section>
                <h2>"Waiting and empty"</h2>
                <SkeletonRows rows=2 words=words />
                <SkeletonThread words=words />
                <Empty sign=Icon::Inbox title="Nothing here" text="And what to do about it.">
                    <button class="button primary">"Do it"</button>
                </Empty>
            </section>
            <section>
                <h2>"Icons"</h2>
                <div class="kit-icons">
                    {Icon::ALL
                        .into_iter()
                        .map(|sign| view! { <div>{icon(sign)} {format!("{sign:?}")}</div> })
                        .collect_view()}
                </div>
            </section>
        </div>
    }
}

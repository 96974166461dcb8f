//! The preferences: a popover at the rail.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    browser::attention::{self, Permission},
    i18n::{Lang, Theme},
    state::{
        prefs::{Prefs, set_language},
        use_app,
    },
    ui::{
        avatar::Avatar,
        icon::{Icon, icon},
    },
};

/// The button with its popover.
#[component]
pub(super) fn Preferences() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let me = app.me();
    let member = me.as_ref().and_then(|me| me.member.clone());
    let (name, id) = member
        .as_ref()
        .map_or_else(|| (words.app_name.to_owned(), String::new()), |m| (m.name.clone(), m.id.to_string()));
    let email = member.map(|m| m.email).unwrap_or_default();
    let workspace = me.map(|me| me.workspace).unwrap_or_default();

    // Known only to the browser, and only once it is looked at.
    let permission = RwSignal::new(Permission::Granted);
    let look = move |_| permission.set(attention::permission());
    let ask = move |_| {
        spawn_local(async move {
            permission.set(attention::ask().await);
            app.prefs().set_notifications(true);
        });
    };
    let theme_button = move |theme: Theme, label: &'static str| {
        view! {
            <button
                type="button"
                aria-pressed=move || if app.prefs().theme.get() == theme { "true" } else { "false" }
                on:click=move |_| app.prefs().set_theme(theme)
            >
                {label}
            </button>
        }
    };
    let switch = move |label: &'static str, value: RwSignal<bool>, set: fn(Prefs, bool)| {
        view! {
            <label class="switch">
                <span>{label}</span>
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=move || value.get()
                    on:change=move |event| set(app.prefs(), event_target_checked(&event))
                />
            </label>
        }
    };
    view! {
        <button
            type="button"
            class="rail-link rail-me"
            popovertarget="preferences"
            aria-label=words.nav_preferences
            on:click=look
        >
            <Avatar name=name.clone() id=id />
            <span class="rail-label">{words.nav_preferences}</span>
        </button>
        <div class="popover preferences" id="preferences" popover="auto">
            <header class="preferences-head">
                <strong dir="auto">{name}</strong>
                <span>{email}</span>
                <span>{workspace}</span>
            </header>
            <fieldset class="segments">
                <legend>{words.theme}</legend>
                <div>
                    {theme_button(Theme::System, words.theme_system)}
                    {theme_button(Theme::Light, words.theme_light)}
                    {theme_button(Theme::Dark, words.theme_dark)}
                </div>
            </fieldset>
            {switch(words.sound, app.prefs().sound, |prefs, on| {
                prefs.set_sound(on);
                if on {
                    attention::beep();
                }
            })}
            {switch(words.notifications, app.prefs().notifications, Prefs::set_notifications)}
            {move || match permission.get() {
                Permission::Granted => ().into_any(),
                Permission::Ask => {
                    view! {
                        <button type="button" class="button" on:click=ask>
                            {words.notifications_ask}
                        </button>
                    }
                        .into_any()
                }
                Permission::Denied => view! { <p class="hint">{words.notifications_denied}</p> }.into_any(),
            }}
            <label class="choice">
                <span>{words.language}</span>
                <select on:change=move |event| {
                    if let Some(lang) = Lang::from_code(&event_target_value(&event)) {
                        set_language(lang);
                    }
                }>
                    {Lang::ALL
                        .into_iter()
                        .map(|lang| {
                            view! {
                                <option value=lang.code() lang=lang.code() selected=lang == app.lang>
                                    {lang.name()}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
            </label>
            <form method="post" action="/sign-out">
                <button class="button wide">{icon(Icon::SignOut)} {words.sign_out}</button>
            </form>
        </div>
    }
}

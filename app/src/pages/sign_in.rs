//! Who are you? A plain form that works before, and without, the page's program.

use leptos::prelude::*;

use crate::{
    boot::{PageData, SignInProblem},
    i18n::{Lang, fill},
    route::Route,
    state::{prefs::set_language, use_app},
    ui::icon::{Icon, icon},
};

/// The sign-in.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let (email, problem) = match app.peek_page() {
        PageData::SignIn { email, problem } => (email, problem),
        _ => (String::new(), None),
    };
    let next = app.route.with_untracked(|route| match route {
        Route::SignIn { next } => next.clone(),
        _ => None,
    });
    let problem = problem.map(|problem| match problem {
        SignInProblem::Refused => words.sign_in_refused.to_owned(),
        SignInProblem::TooMany { seconds } => {
            fill(words.sign_in_too_many, &[("n", &seconds.max(1).to_string())])
        }
        SignInProblem::Failed => words.sign_in_failed.to_owned(),
    });
    let shown = RwSignal::new(false);
    let caps = RwSignal::new(false);
    let watch_caps = move |event: leptos::ev::KeyboardEvent| caps.set(event.get_modifier_state("CapsLock"));
    let reveal = move || if shown.get() { words.conceal } else { words.reveal };
    view! {
        <div class="sign-in">
            <header>
                <img src="/favicon.svg" alt="" width="56" height="56" />
                <h1>{words.app_name}</h1>
                <p>{words.sign_in_lead}</p>
            </header>
            <form method="post" action="/sign-in" class="card">
                {problem
                    .map(|problem| {
                        view! {
                            <p class="notice" data-tone="bad" role="alert">
                                {icon(Icon::Alert)}
                                <span>{problem}</span>
                            </p>
                        }
                    })}
                {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
                <div class="field">
                    <label for="email">{words.email}</label>
                    <input
                        id="email"
                        name="email"
                        type="email"
                        autocomplete="username"
                        inputmode="email"
                        autocapitalize="off"
                        spellcheck="false"
                        required
                        autofocus
                        value=email
                    />
                </div>
                <div class="field">
                    <label for="password">{words.password}</label>
                    <div class="field-line">
                        <input
                            id="password"
                            name="password"
                            type=move || if shown.get() { "text" } else { "password" }
                            autocomplete="current-password"
                            required
                            on:keyup=watch_caps
                        />
                        <button
                            type="button"
                            class="icon-button field-reveal"
                            aria-label=reveal
                            title=reveal
                            on:click=move |_| shown.update(|shown| *shown = !*shown)
                        >
                            {move || icon(if shown.get() { Icon::EyeOff } else { Icon::Eye })}
                        </button>
                    </div>
                    <p class="field-help" aria-live="polite">
                        {move || caps.get().then_some(words.caps_lock)}
                    </p>
                </div>
                <button class="button primary wide">{words.sign_in_button}</button>
            </form>
            <footer class="languages">
                {Lang::ALL
                    .into_iter()
                    .map(|lang| {
                        view! {
                            <button
                                type="button"
                                lang=lang.code()
                                aria-pressed=if lang == app.lang { "true" } else { "false" }
                                on:click=move |_| set_language(lang)
                            >
                                {lang.name()}
                            </button>
                        }
                    })
                    .collect_view()}
            </footer>
        </div>
    }
}

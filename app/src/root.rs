//! The page as a whole: which part of it is shown, and what wakes up once the browser has taken over.

use leptos::prelude::*;

use crate::{
    boot::{Boot, PageData},
    i18n::{Lang, Words},
    pages::{
        inbox::Inbox,
        missing::{Failed, Missing},
        office,
        part::Parts,
        sign_in::SignIn,
    },
    route::{Route, Section},
    state::{App, use_app},
    ui::toasts::Toasts,
    when::Zone,
};

mod banner;
mod help;
mod keys;
mod palette;
mod preferences;
mod rail;
mod wake;

/// The page, from what the server handed over. The same on both sides.
#[component]
pub fn Root(
    /// What the page is rendered from.
    boot: Boot,
    /// In which zone times are written at first.
    zone: Zone,
    /// How to get at what not everybody needs at once.
    parts: Parts,
) -> impl IntoView {
    let failed = boot.page == PageData::Failed;
    let app = App::new(boot, zone);
    provide_context(app);
    provide_context(parts);
    // Effects run in the browser only, after the first rendering has been taken over.
    Effect::new(move || wake::wake(app));
    view! {
        <a class="skip" href="#content">{app.words.skip_to_content}</a>
        {if failed {
            view! { <main class="alone" id="content" tabindex="-1"><Failed /></main> }.into_any()
        } else if app.is_signed_in() {
            view! { <House /> }.into_any()
        } else {
            view! { <Door /> }.into_any()
        }}
        <Toasts />
    }
}

/// What is seen without a sign-in.
#[component]
fn Door() -> impl IntoView {
    let app = use_app();
    let section = app.route.with_untracked(Route::section);
    view! {
        <main class="alone" id="content" tabindex="-1">
            {match section {
                #[cfg(debug_assertions)]
                Section::Kit => view! { <crate::pages::kit::Kit /> }.into_any(),
                _ => view! { <SignIn /> }.into_any(),
            }}
        </main>
    }
}

/// Everything behind the sign-in.
#[component]
fn House() -> impl IntoView {
    let app = use_app();
    let section = Memo::new(move |_| app.route.with(Route::section));
    let help = RwSignal::new(false);
    let palette = RwSignal::new(false);
    provide_context(Sheets { help, palette });
    Effect::new(move || keys::listen(app, Sheets { help, palette }));
    view! {
        <div class="frame">
            <rail::Rail />
            <div class="stage">
                <banner::Banner />
                <main id="content" tabindex="-1">
                    {move || match section.get() {
                        Section::Inbox => view! { <Inbox /> }.into_any(),
                        section if office::is_in_office(section) => {
                            view! { <office::Door section=section /> }.into_any()
                        }
                        #[cfg(debug_assertions)]
                        Section::Kit => view! { <crate::pages::kit::Kit /> }.into_any(),
                        _ => view! { <Missing /> }.into_any(),
                    }}
                </main>
            </div>
        </div>
        <palette::Palette open=palette />
        <help::Help open=help />
    }
}

/// The sheets that open above everything.
#[derive(Clone, Copy)]
pub(crate) struct Sheets {
    /// Keyboard shortcuts.
    pub(crate) help: RwSignal<bool>,
    /// Go anywhere, do anything.
    pub(crate) palette: RwSignal<bool>,
}

/// The tab's title, as the server writes it.
#[must_use]
pub fn title(boot: &Boot) -> String {
    let unread = boot.inbox.as_ref().map_or(0, |inbox| inbox.counts.sum(|_| true, |tally| tally.messages));
    title_of(&Route::parse(&boot.path), boot.lang, unread)
}

/// The tab's title: what waits, where one is, whose it is.
pub(crate) fn title_of(route: &Route, lang: Lang, unread: u32) -> String {
    let words: &Words = lang.words();
    let page = match route.section() {
        Section::SignIn => words.sign_in_title,
        Section::Inbox => words.nav_inbox,
        Section::Accounts => words.nav_accounts,
        Section::Members => words.nav_members,
        Section::Contacts => words.nav_contacts,
        Section::Labels => words.labels,
        Section::Kit => words.nav_kit,
        Section::NotFound => words.not_found_title,
    };
    let count = if unread > 0 { format!("({unread}) ") } else { String::new() };
    match route.section() {
        Section::Inbox => format!("{count}{}", words.app_name),
        _ => format!("{count}{page} – {}", words.app_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_counts_what_waits() {
        assert_eq!(title_of(&Route::inbox(), Lang::En, 3), "(3) Balas");
        assert_eq!(title_of(&Route::inbox(), Lang::En, 0), "Balas");
        assert_eq!(title_of(&Route::Members, Lang::Pt, 1), "(1) Membros – Balas");
    }
}

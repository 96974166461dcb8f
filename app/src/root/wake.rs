//! What begins once the browser has taken over the page.

use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::title_of;
use crate::{
    browser::{ambient, attention, dom},
    route::{Filter, Route},
    state::{App, loading},
    when::Zone,
};

/// Starts everything that only a browser can do.
pub(super) fn wake(app: App) {
    app.prefs().restore();
    app.zone.set(Zone::Browser);
    app.inbox().zone_changed();
    app.now.set(ambient::now());
    set_interval(move || app.now.set(ambient::now()), Duration::from_secs(20));
    follow_links(app);
    follow_history(app);
    if app.is_signed_in() {
        follow_route(app);
        Effect::new(move || {
            let title = app.route.with(|route| title_of(route, app.lang, app.inbox().unread()));
            attention::set_title(&title);
        });
        app.sending().restore(app);
        app.drafts().read();
        // Another tab of this browser writes too.
        window_event_listener(leptos::ev::storage, move |_| app.drafts().read());
        app.live().start(app);
    }
}

/// Pages of ours open without a load; everything else is left to the browser.
fn follow_links(app: App) {
    if !app.is_signed_in() {
        return;
    }
    window_event_listener(leptos::ev::click, move |event| {
        if event.default_prevented()
            || event.button() != 0
            || event.ctrl_key()
            || event.meta_key()
            || event.shift_key()
            || event.alt_key()
        {
            return;
        }
        let Some(link) = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|element| element.closest("a[href]").ok().flatten())
            .and_then(|element| element.dyn_into::<web_sys::HtmlAnchorElement>().ok())
        else {
            return;
        };
        let own = link.target().is_empty()
            && !link.has_attribute("download")
            && link.origin() == dom::origin()
            && !link.get_attribute("href").is_some_and(|href| href.starts_with('#'));
        if !own {
            return;
        }
        match Route::parse(&format!("{}{}", link.pathname(), link.search())) {
            Route::NotFound | Route::SignIn { .. } => {}
            route => {
                event.prevent_default();
                app.go(route);
            }
        }
    });
}

/// The browser's "back" and "forward".
fn follow_history(app: App) {
    window_event_listener(leptos::ev::popstate, move |_| app.route.set(Route::parse(&dom::path())));
}

/// Another conversation or filter: fetch what it needs.
fn follow_route(app: App) {
    let inbox = Memo::new(move |_| {
        app.route.with(|route| match route {
            Route::Inbox { open, message, filter } => Some(((*open, *message), filter.clone())),
            _ => None,
        })
    });
    Effect::new(move |before: Option<Option<((Option<_>, Option<_>), Filter)>>| {
        let now = inbox.get();
        // The server has rendered the first one already.
        if let (Some(before), Some(((open, message), filter))) = (before.clone(), now.clone()) {
            let ((last_open, last_message), last_filter) =
                before.map_or(((None, None), Filter::default()), |before| before);
            let other = app.inbox().open_id() != open || last_open != open;
            if other {
                loading::open(app, open, message);
                app.live().say_viewing(open);
            }
            if other || last_message != message && app.inbox().aimed.get_value() != message {
                app.inbox().jump.set(open.zip(message));
            }
            app.inbox().aimed.set_value(None);
            if filter != last_filter {
                loading::filter(app, filter, move || app.filter_untracked());
            }
        }
        if now.is_none() {
            app.live().say_viewing(None);
            before.flatten()
        } else {
            now
        }
    });
    let section = Memo::new(move |_| app.route.with(Route::section));
    Effect::new(move |before: Option<_>| {
        let now = section.get();
        // A new page: whoever does not see it begins at its top.
        if before.is_some_and(|before| before != now) {
            request_animation_frame(|| dom::focus("content"));
        }
        now
    });
}

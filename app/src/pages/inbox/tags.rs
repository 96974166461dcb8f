//! What the team has made of a conversation, in small marks: labels, who looks after it, until when it is put off.

use balas_domain::{Work, WorkState};
use leptos::prelude::*;

use crate::{
    i18n::fill,
    state::App,
    ui::icon::{Icon, icon},
};

/// The marks; nothing if there is nothing to tell.
pub(super) fn tags(app: App, work: Memo<Work>) -> impl IntoView {
    move || {
        let work = work.get();
        let labels = app.inbox().labels.with(|all| {
            let ours = all.iter().filter(|label| work.labels.contains(&label.id));
            ours.map(|label| {
                let class = format!("tag hue-{}", label.colour);
                view! { <span class=class dir="auto">{label.name.clone()}</span> }
            })
            .collect::<Vec<_>>()
        });
        let state = match (work.state, work.snoozed_until) {
            (WorkState::Resolved, _) => Some((Icon::Check, app.words.stage_resolved.to_owned())),
            (WorkState::Snoozed, Some(until)) => {
                let at = app.when(|when| when.later(until));
                Some((Icon::Clock, fill(app.words.put_off_until, &[("time", &at)])))
            }
            _ => None,
        };
        let assignee = work.assignee.and_then(|id| app.inbox().member_name(id));
        let assignee = assignee
            .map(|name| if work.assignee == app.my_id() { app.words.author_you.to_owned() } else { name });
        (!labels.is_empty() || state.is_some() || assignee.is_some()).then(|| {
            view! {
                <span class="tags">
                    {state.map(|(sign, text)| view! { <span class="tag">{icon(sign)} {text}</span> })}
                    {assignee
                        .map(|name| view! { <span class="tag" dir="auto">{icon(Icon::Contacts)} {name}</span> })}
                    {labels}
                </span>
            }
        })
    }
}

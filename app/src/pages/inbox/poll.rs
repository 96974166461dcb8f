//! A poll in the thread, with what was chosen so far.

use balas_domain::{
    MessageId,
    content::Poll,
    view::{MessageView, Vote},
};
use leptos::prelude::*;

use crate::{
    i18n::count,
    state::{App, use_app},
    ui::icon::{Icon, icon},
};

/// How many chose an answer, and who of them is known by name.
fn chosen<'a>(option: &str, votes: &'a [Vote]) -> Vec<&'a Vote> {
    votes.iter().filter(|vote| vote.options.iter().any(|chosen| chosen == option)).collect()
}

/// The poll of a message.
pub(super) fn poll(id: MessageId, poll: &Poll, votes: &[Vote]) -> AnyView {
    let app = use_app();
    let words = app.lang.add_words();
    let most = poll.options.iter().map(|option| chosen(option, votes).len()).max().unwrap_or(0).max(1);
    let options = poll
        .options
        .iter()
        .map(|option| {
            let voters = chosen(option, votes);
            let n = voters.len();
            let share = format!("--share: {}%", n * 100 / most);
            let names: Vec<String> = voters
                .iter()
                .map(|vote| if vote.from_us { app.words.author_you.to_owned() } else { vote.author.clone() })
                .filter(|name| !name.is_empty())
                .collect();
            let said = count(words.poll_votes_one, words.poll_votes_many, n as i64);
            view! {
                <li class="poll-option" style=share>
                    <span class="poll-text" dir="auto">{option.clone()}</span>
                    <span class="poll-count" title=names.join(", ") aria-label=said>{n}</span>
                    <span class="poll-bar" aria-hidden="true"></span>
                </li>
            }
        })
        .collect_view();
    let how = if poll.max_answer > 1 { words.poll_any } else { words.poll_one };
    let total = match votes.len() {
        0 => none_yet(app, id).to_owned(),
        n => count(words.poll_votes_one, words.poll_votes_many, n as i64),
    };
    view! {
        <div class="poll">
            <p class="poll-question" dir="auto">{poll.question.clone()}</p>
            <p class="poll-how">{icon(Icon::Poll)} {how}</p>
            <ul role="list">{options}</ul>
            <p class="poll-total">{total}</p>
        </div>
    }
    .into_any()
}

/// What stands where there are no votes: not every number hears of them.
fn none_yet(app: App, id: MessageId) -> &'static str {
    let words = app.lang.add_words();
    // Neither changes for a message that stands.
    let number = untrack(|| {
        let message = app.inbox().bubble(id)?;
        app.inbox().account(message.with_untracked(MessageView::carrier))
    });
    match number.map(|number| number.capabilities) {
        Some(can) if !can.poll => words.poll_as_text,
        Some(can) if !can.votes => words.poll_unseen,
        _ => words.poll_no_votes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_their_words() {
        let vote = |options: &[&str]| Vote {
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            from_us: false,
            author: "Ana".into(),
        };
        let votes = [vote(&["Sat"]), vote(&["Sat", "Sun"]), vote(&["Mon"])];
        assert_eq!(chosen("Sat", &votes).len(), 2);
        assert_eq!(chosen("Sun", &votes).len(), 1);
        assert_eq!(chosen("Tue", &votes).len(), 0);
    }
}

//! Asking with a poll.

use balas_domain::{
    Content,
    content::{MAX_OPTIONS, Poll},
};
use leptos::prelude::*;

use super::foot;
use crate::{i18n::fill, state::use_app, ui::field::Field};

#[component]
pub(super) fn PollForm(
    /// What it begins with.
    begun: Option<Content>,
    /// The number has no polls.
    as_text: bool,
    send: Callback<Content>,
    close: RwSignal<bool>,
) -> impl IntoView {
    let app = use_app();
    let words = app.lang.add_words();
    let begun = match begun {
        Some(Content::Poll(poll)) => poll,
        _ => Poll::default(),
    };
    let question = RwSignal::new(begun.question);
    let several = RwSignal::new(begun.max_answer > 1);
    let mut begun = begun.options.into_iter();
    let answers: [RwSignal<String>; MAX_OPTIONS] =
        std::array::from_fn(|_| RwSignal::new(begun.next().unwrap_or_default()));
    let is_blank = |answer: &RwSignal<String>| answer.with(|answer| answer.trim().is_empty());
    // There is always an empty one at the end, as long as there may be another.
    let shown = Memo::new(move |_| {
        let filled = answers.iter().rposition(|answer| !is_blank(answer)).map_or(0, |last| last + 1);
        (filled + 1).clamp(2, MAX_OPTIONS)
    });
    let poll = Memo::new(move |_| {
        let options: Vec<String> = answers
            .iter()
            .map(|answer| answer.get().trim().to_owned())
            .filter(|answer| !answer.is_empty())
            .collect();
        let max_answer = if several.get() { options.len() as u32 } else { 1 };
        Poll { question: question.get().trim().to_owned(), options, max_answer }
    });
    // Told where it is: at the second of the two.
    let twice = move |n: usize| {
        let text =
            answers.get(n).map(|answer| answer.get().trim().to_owned()).filter(|text| !text.is_empty())?;
        let same = |other: &RwSignal<String>| other.with(|other| other.trim() == text);
        answers.iter().take(n).any(same).then(|| words.poll_twice.to_owned())
    };
    let row = move |(n, answer): (usize, RwSignal<String>)| {
        let label = fill(words.poll_answer_n, &[("n", &(n + 1).to_string())]);
        let error = Signal::derive(move || twice(n));
        view! { <Field name=format!("poll-{n}") label=label value=answer error=error words=app.words /> }
    };
    view! {
        <form
            class="dialog-form"
            on:submit=move |event| {
                event.prevent_default();
                let poll = poll.get_untracked();
                if poll.is_complete() {
                    send.run(Content::Poll(poll));
                }
            }
        >
            {as_text.then(|| view! { <p class="hint">{words.poll_as_text}</p> })}
            <Field name="poll-question" label=words.poll_question value=question words=app.words />
            <For each=move || answers.into_iter().take(shown.get()).enumerate() key=|(n, _)| *n children=row />
            <label class="tray-choice">
                <input
                    type="checkbox"
                    prop:checked=move || several.get()
                    on:change=move |event| several.set(event_target_checked(&event))
                />
                {words.poll_several}
            </label>
            {foot(close, move || poll.with(Poll::is_complete))}
        </form>
    }
}

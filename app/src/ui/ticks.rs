//! How far a message of ours has come, as a small sign with words behind it.

use balas_domain::MessageStatus;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::i18n::Words;

/// The words for a status.
pub(crate) const fn status_words(status: MessageStatus, words: &Words) -> &'static str {
    match status {
        MessageStatus::Queued => words.status_queued,
        MessageStatus::Sending => words.status_sending,
        MessageStatus::Unknown => words.status_unknown,
        MessageStatus::Sent => words.status_sent,
        MessageStatus::Failed => words.status_failed,
        MessageStatus::Delivered => words.status_delivered,
        MessageStatus::Read => words.status_read,
        MessageStatus::Played => words.status_played,
    }
}

/// The sign for a status.
#[component]
pub(crate) fn Ticks(status: MessageStatus, words: &'static Words) -> impl IntoView {
    let sign = match status {
        MessageStatus::Queued | MessageStatus::Sending => Icon::Clock,
        MessageStatus::Unknown => Icon::Question,
        MessageStatus::Sent => Icon::Check,
        MessageStatus::Failed => Icon::Alert,
        MessageStatus::Delivered | MessageStatus::Read | MessageStatus::Played => Icon::CheckDouble,
    };
    let text = status_words(status, words);
    view! {
        <span class="ticks" data-status=status.as_str() title=text>
            {icon(sign)}
            <span class="visually-hidden">{text}</span>
        </span>
    }
}

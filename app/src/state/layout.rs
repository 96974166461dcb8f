//! How a thread is laid out: which messages stand together, where a day begins, what is new. Pure.

use std::time::Duration;

use balas_domain::{
    MessageId, Timestamp,
    view::{Author, MessageView},
};

/// Messages of one author within this time stand together.
const TOGETHER: Duration = Duration::from_mins(5);

/// Where a message stands among those of its author.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The first of its author's group: shows the author.
    pub(crate) first: bool,
    /// The last of its author's group: has the tail.
    pub(crate) last: bool,
}

/// One line of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    /// A day begins.
    Day {
        /// Which one, as a number.
        number: i64,
        /// A moment of it.
        at: Timestamp,
    },
    /// From here on it is new.
    Unread,
    /// A message.
    Message {
        /// Which one.
        id: MessageId,
        /// Where it stands among others. It changes with them, and the message is still the same: it is not drawn
        /// anew, so that a voice message in it plays on.
        place: Place,
    },
}

impl Line {
    /// What makes it this line and no other.
    pub(crate) const fn key(self) -> Self {
        match self {
            Self::Message { id, .. } => Self::Message { id, place: Place { first: false, last: false } },
            other => other,
        }
    }
}

/// Lays out messages, oldest first. `day` tells the day of a moment on the reader's wall clock; `unread_from`
/// is the first message that was new when the thread was opened.
pub(crate) fn lines(
    messages: &[&MessageView],
    day: impl Fn(Timestamp) -> i64,
    unread_from: Option<MessageId>,
) -> Vec<Line> {
    let mut lines = Vec::with_capacity(messages.len() + 8);
    let mut previous: Option<(&MessageView, i64)> = None;
    for (i, message) in messages.iter().enumerate() {
        let number = day(message.at);
        let new_day = previous.is_none_or(|(_, before)| before != number);
        if new_day {
            lines.push(Line::Day { number, at: message.at });
        }
        let divided = unread_from == Some(message.id);
        if divided {
            lines.push(Line::Unread);
        }
        let first = new_day || divided || !previous.is_some_and(|(before, _)| together(before, message));
        let last = messages.get(i + 1).is_none_or(|next| {
            day(next.at) != number || unread_from == Some(next.id) || !together(message, next)
        });
        lines.push(Line::Message { id: message.id, place: Place { first, last } });
        previous = Some((message, number));
    }
    lines
}

fn together(a: &MessageView, b: &MessageView) -> bool {
    a.direction == b.direction && same_author(&a.author, &b.author) && b.at.since(a.at) <= TOGETHER
}

fn same_author(a: &Author, b: &Author) -> bool {
    match (a, b) {
        // A member who was renamed in between is still the same.
        (Author::Member { id: a, .. }, Author::Member { id: b, .. }) => a == b,
        _ => a == b,
    }
}

/// The first of the newest `unread` incoming messages.
pub(crate) fn first_unread(messages: &[&MessageView], unread: i32) -> Option<MessageId> {
    let unread = usize::try_from(unread).ok().filter(|n| *n > 0)?;
    messages
        .iter()
        .rev()
        .filter(|m| m.direction == balas_domain::view::Direction::In)
        .take(unread)
        .last()
        .map(|m| m.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::model::tests::message;

    fn day(at: Timestamp) -> i64 {
        at.as_seconds().div_euclid(86_400)
    }

    fn shape(lines: &[Line]) -> String {
        lines
            .iter()
            .map(|line| match line {
                Line::Day { .. } => "D",
                Line::Unread => "U",
                Line::Message { place, .. } => match (place.first, place.last) {
                    (true, true) => "o",
                    (true, false) => "(",
                    (false, true) => ")",
                    (false, false) => "-",
                },
            })
            .collect()
    }

    fn laid_out(messages: &[MessageView], unread: i32) -> String {
        let messages: Vec<&MessageView> = messages.iter().collect();
        shape(&lines(&messages, day, first_unread(&messages, unread)))
    }

    #[test]
    fn messages_of_one_author_stand_together() {
        let thread = [message(1, 0, true), message(2, 10, true), message(3, 20, true), message(4, 30, false)];
        assert_eq!(laid_out(&thread, 0), "D(-)o");
    }

    #[test]
    fn a_pause_a_day_and_the_unread_line_part_them() {
        let pause = [message(1, 0, true), message(2, 301, true)];
        assert_eq!(laid_out(&pause, 0), "Doo");
        let midnight = [message(1, 86_399, true), message(2, 86_401, true)];
        assert_eq!(laid_out(&midnight, 0), "DoDo");
        let unread = [message(1, 0, true), message(2, 10, true), message(3, 20, true)];
        assert_eq!(laid_out(&unread, 2), "DoU()");
    }

    #[test]
    fn more_unread_than_loaded_marks_the_oldest() {
        let thread = [message(1, 0, true), message(2, 10, false), message(3, 20, true)];
        assert_eq!(laid_out(&thread, 99), "DUooo");
        assert_eq!(laid_out(&thread, -1), "Dooo");
        assert_eq!(laid_out(&[], 3), "");
    }
}

//! A form of settings that colleagues may change while it is open.

use std::num::ParseIntError;

use leptos::prelude::*;

/// Tells what was stored before, and what is now.
pub(super) fn when_stored<T: Clone + PartialEq + Send + Sync + 'static>(
    stored: Memo<T>,
    tell: impl Fn(&T, &T) + 'static,
) {
    let first = stored.get_untracked();
    Effect::new(move |before: Option<T>| {
        let now = stored.get();
        tell(before.as_ref().unwrap_or(&first), &now);
        now
    });
}

/// What nobody has touched here follows what is stored.
pub(super) fn follow<T: PartialEq + Send + Sync + 'static>(field: RwSignal<T>, before: T, now: T) {
    if before != now && field.with_untracked(|field| *field == before) {
        field.set(now);
    }
}

/// A bound; nothing for none.
pub(super) fn at_most(text: &str) -> Result<Option<u32>, ParseIntError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some),
    }
}

/// What stands in the field of a bound.
pub(super) fn bound_text(bound: Option<u32>) -> String {
    bound.map(|n| n.to_string()).unwrap_or_default()
}

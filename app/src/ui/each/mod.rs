//! A keyed list. Every list of the app goes through this one function: each use of a list with types of its own would
//! bring another 7 KB into the browser's program.
//!
//! Not Leptos's `<For>`: when more than one item comes to stand before the others, it takes all of them out of the page
//! and puts them back. Whoever had the focus there loses it, a sound that plays there stops, and the browser lays the
//! whole list out anew.

mod rows;
mod stay;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use leptos::{prelude::*, reactive::owner::Owner};

use rows::{Item, Rows};

/// Shows items in order. One whose key stays is moved if it must be, and not built anew.
pub(crate) fn each<T, K>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: impl Fn(&T) -> K + Send + Sync + 'static,
    view: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
    K: Hash,
{
    let view = Arc::new(view);
    list(Box::new(move || {
        items()
            .into_iter()
            .map(|item| {
                let mut hasher = DefaultHasher::new();
                key(&item).hash(&mut hasher);
                let view = Arc::clone(&view);
                Item { key: hasher.finish(), view: Box::new(move || view(item)) }
            })
            .collect()
    }))
}

fn list(items: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    // What belongs to an item lives as long as the item, not until the list changes.
    let owner = Owner::new();
    (move || Rows { items: items(), owner: owner.clone() }).into_any()
}

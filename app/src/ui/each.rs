//! A keyed list. Every list of the app goes through this one function: each use of `<For>` with types of its
//! own would bring another 7 KB into the browser's program.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use leptos::prelude::*;

struct Item {
    key: u64,
    view: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

/// Shows items in order. One whose key stays is moved, not built anew.
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
                Item { key: hasher.finish(), view: Arc::new(move || view(item.clone())) }
            })
            .collect()
    }))
}

fn list(items: Box<dyn Fn() -> Vec<Item> + Send + Sync>) -> AnyView {
    view! { <For each=items key=|item| item.key children=|item| (item.view)() /> }.into_any()
}

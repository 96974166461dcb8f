//! Parts of the program whose code a browser loads when they are first gone to, as against what everybody needs at once.

use std::{fmt, future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};

use crate::{
    browser::dom,
    state::{inbox::Load, use_app},
    ui::{
        empty::Empty,
        icon::{Icon, icon},
    },
};

/// Whatever is shown.
pub type View = AnyView;

/// Whether a part's code came.
pub type Loading = Pin<Box<dyn Future<Output = bool>>>;

/// How one gets into a part, to what `T` says.
pub struct Part<T: 'static> {
    /// Loads the code; `None` where it is there from the beginning.
    pub load: Option<fn() -> Loading>,
    /// Shows it once the code is there; `None` before.
    pub enter: fn(T) -> Option<View>,
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Part<T> {}

impl<T> fmt::Debug for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("here", &self.load.is_none()).finish_non_exhaustive()
    }
}

impl<T: Copy + Send + Sync + 'static> Part<T> {
    /// What is gone to, if its code is there: it always is on the server, and when the browser takes over a page that
    /// shows it. Else it is loaded; meanwhile `waiting` is shown.
    pub(crate) fn door(self, to: T, waiting: fn() -> View) -> View {
        if let Some(view) = (self.enter)(to) {
            return view;
        }
        let words = use_app().words;
        let load = RwSignal::new(Load::Loading);
        spawn_local(async move {
            let came = match self.load {
                Some(load) => load().await,
                None => true,
            };
            load.try_set(if came { Load::Ready } else { Load::Failed });
        });
        (move || match load.get() {
            Load::Ready => (self.enter)(to).unwrap_or_else(|| ().into_any()),
            // Offline, or the server was renewed and has other files now: loading the page anew mends both.
            Load::Failed | Load::Missing => view! {
                <Empty sign=Icon::WifiOff title=words.failed_title text=words.error_network>
                    <button type="button" class="button" on:click=move |_| dom::reload()>
                        {icon(Icon::Retry)}
                        {words.retry}
                    </button>
                </Empty>
            }
            .into_any(),
            Load::Loading => waiting(),
        })
        .into_any()
    }
}

/// All parts.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// The pages about the house itself.
    pub office: Part<crate::route::Section>,
    /// What is beside the list: an opened conversation.
    pub conversation: Part<super::inbox::Pane>,
}

impl Parts {
    /// All in one, as on the server: there is nothing to load.
    #[must_use]
    pub const fn here() -> Self {
        Self {
            office: Part { load: None, enter: |section| Some(super::office::page(section)) },
            conversation: Part { load: None, enter: |pane| Some(super::inbox::pane(pane)) },
        }
    }
}

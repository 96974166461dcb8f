//! Where the program is cut into parts.
#![expect(clippy::unnecessary_wraps, reason = "what can fail is the loading, which the cut adds")]

use balas_app::{
    pages::{
        inbox::{self, Pane},
        office,
        part::{Part, Parts, View},
    },
    route::Section,
};
use futures::FutureExt;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

/// The first function of the office's part.
#[wasm_split(office, fallible, preload(load_office))]
fn office_page(section: Section) -> Result<View, SplitLoaderError> {
    Ok(office::page(section))
}

/// The first function of the part that shows conversations.
#[wasm_split(conversation, fallible, preload(load_conversation))]
fn conversation_pane(pane: Pane) -> Result<View, SplitLoaderError> {
    Ok(inbox::pane(pane))
}

/// All parts. What is in one that is there is ready at once, which keeps its owner and its place.
pub(crate) fn all() -> Parts {
    Parts {
        office: Part {
            load: Some(|| Box::pin(async { load_office().await.is_ok() })),
            enter: |section| office_page(section).now_or_never()?.ok(),
        },
        conversation: Part {
            load: Some(|| Box::pin(async { load_conversation().await.is_ok() })),
            enter: |pane| conversation_pane(pane).now_or_never()?.ok(),
        },
    }
}

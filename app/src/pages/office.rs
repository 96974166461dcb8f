//! The office: the pages about the house itself – numbers, colleagues, customers, labels – as against its conversations.
//! Who answers all day hardly opens them, so a browser loads their code when the first of them is gone to.

use leptos::prelude::*;

use super::{
    accounts::Accounts,
    contacts::Contacts,
    labels::Labels,
    members::Members,
    missing::Missing,
    part::{Parts, View},
};
use crate::{route::Section, state::use_app, ui::skeleton::SkeletonRows};

/// A page of the office.
#[must_use]
pub fn page(section: Section) -> View {
    match section {
        Section::Accounts => view! { <Accounts /> }.into_any(),
        Section::Members => view! { <Members /> }.into_any(),
        Section::Contacts => view! { <Contacts /> }.into_any(),
        Section::Labels => view! { <Labels /> }.into_any(),
        _ => view! { <Missing /> }.into_any(),
    }
}

/// Whether a section is one of the office's.
#[must_use]
pub const fn is_in_office(section: Section) -> bool {
    matches!(section, Section::Accounts | Section::Members | Section::Contacts | Section::Labels)
}

/// The way to a page of the office.
#[component]
pub(crate) fn Door(section: Section) -> impl IntoView {
    let waiting = || {
        let words = use_app().words;
        view! { <div class="page"><SkeletonRows rows=6 words=words /></div> }.into_any()
    };
    expect_context::<Parts>().office.door(section, waiting)
}

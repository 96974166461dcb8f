//! Labels: what conversations are about, in which colour, and how many bear each.

use balas_domain::{
    LabelId, LabelView, Permission,
    work::{LABEL_COLOURS, MAX_LABELS},
};
use leptos::{prelude::*, task::spawn_local};

use self::{delete::Delete, edit::Edit};
use super::missing::Missing;
use crate::{
    api,
    boot::PageData,
    i18n::{OfficeWords, count, fill},
    route::{Filter, Route, Stage},
    state::use_app,
    ui::{
        dialog::Dialog,
        each::each,
        empty::Empty,
        icon::{Icon, icon},
    },
};

mod delete;
mod edit;

/// The button that makes one: where the focus goes when what it was on is gone.
const ADD: &str = "label-add";

/// How many conversations bear each label; none that nobody bears. `None` until that is known.
type Uses = RwSignal<Option<Vec<(LabelId, u32)>>>;

/// What the page's dialogs are about. They stand beside the list and not in it: somebody else's change draws a tile
/// anew, and must not take along what is being typed.
#[derive(Clone, Copy)]
struct Sheets {
    making: RwSignal<bool>,
    changing: RwSignal<bool>,
    deleting: RwSignal<bool>,
    /// The label that is changed or deleted.
    about: RwSignal<Option<LabelView>>,
}

/// The page.
#[component]
pub(crate) fn Labels() -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    if !app.may(Permission::ManageLabels) {
        return view! { <Missing /> }.into_any();
    }
    let first = match app.take_page() {
        PageData::Labels { uses } => Some(uses),
        _ => None,
    };
    let here = first.is_some();
    let uses: Uses = RwSignal::new(first);
    let sheets = Sheets {
        making: RwSignal::new(false),
        changing: RwSignal::new(false),
        deleting: RwSignal::new(false),
        about: RwSignal::new(None),
    };
    // What is open of each label is told as it changes, and with it changes mostly how many there are at all.
    let open = Memo::new(move |_| app.inbox().counts.with(|counts| counts.labels.clone()));
    Effect::new(move |before: Option<()>| {
        // Not merely tracked: a memo that nobody has read follows nothing.
        open.with(|_| ());
        app.inbox().labels.track();
        if before.is_some() || !here {
            load(uses);
        }
    });
    let none = Memo::new(move |_| app.inbox().labels.with(Vec::is_empty));
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <h1>{words.labels}</h1>
                    <p>{words.labels_lead}</p>
                </div>
                <button type="button" class="button primary" id=ADD on:click=move |_| sheets.making.set(true)>
                    {icon(Icon::Plus)}
                    {words.label_new}
                </button>
            </header>
            {move || {
                if none.get() {
                    view! { <Empty sign=Icon::Tag title=words.labels_empty_title text=words.labels_empty_text /> }
                        .into_any()
                } else {
                    view! {
                        <ul class="tiles" role="list">
                            {each(
                                move || app.inbox().labels.get(),
                                |label| (label.id, label.version),
                                move |label| view! { <li><Tile label=label uses=uses sheets=sheets /></li> }.into_any(),
                            )}
                        </ul>
                    }
                        .into_any()
                }
            }}
            <Dialog open=sheets.making title=words.label_new words=words>
                <Edit label=None open=sheets.making />
            </Dialog>
            <Dialog open=sheets.changing title=words.label_change words=words>
                <Edit label=sheets.about.get_untracked() open=sheets.changing />
            </Dialog>
            <Dialog open=sheets.deleting title=words.label_delete words=words>
                {sheets
                    .about
                    .get_untracked()
                    .map(|label| view! { <Delete label=label open=sheets.deleting uses=uses /> })}
            </Dialog>
        </div>
    }
    .into_any()
}

/// Asks how many conversations bear each label. Who cannot be told sees what was last known.
fn load(uses: Uses) {
    spawn_local(async move {
        if let Ok(now) = api::label_uses().await {
            uses.try_set(Some(now));
        }
    });
}

/// How many conversations bear a label, once that is known.
fn borne(uses: Uses, id: LabelId) -> Option<u32> {
    uses.with(|uses| uses.as_ref().map(|uses| uses.iter().find(|(of, _)| *of == id).map_or(0, |(_, n)| *n)))
}

/// The name of a colour, for who does not see it.
fn colour_words(colour: u8, words: &OfficeWords) -> &'static str {
    let names: [&'static str; LABEL_COLOURS as usize] = [
        words.colour_red,
        words.colour_orange,
        words.colour_yellow,
        words.colour_green,
        words.colour_teal,
        words.colour_blue,
        words.colour_violet,
        words.colour_pink,
    ];
    names.get(usize::from(colour)).copied().unwrap_or_default()
}

/// Whether there is room for no more.
fn is_full(labels: usize) -> bool {
    labels >= MAX_LABELS
}

#[component]
fn Tile(label: LabelView, uses: Uses, sheets: Sheets) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let id = label.id;
    let sign = format!("tile-sign hue-{}", label.colour);
    let filter = Filter { label: Some(id), stage: Stage::All, ..Filter::default() };
    let href = Route::Inbox { open: None, message: None, filter }.href();
    let open = move || {
        app.inbox()
            .counts
            .with(|counts| counts.labels.iter().find(|(of, _)| *of == id).map_or(0, |(_, n)| *n))
    };
    // Room is kept for what is not known yet.
    let said = move || match borne(uses, id) {
        None => "\u{a0}".to_owned(),
        Some(0) => words.label_uses_none.to_owned(),
        Some(n) => {
            let all = count(words.label_uses_one, words.label_uses_many, i64::from(n));
            let open = fill(words.label_uses_open, &[("n", &open().min(n).to_string())]);
            format!("{all} · {open}")
        }
    };
    let show = StoredValue::new(label.clone());
    let about = move |open: RwSignal<bool>| {
        sheets.about.set(Some(show.get_value()));
        open.set(true);
    };
    let change = fill(words.label_change_of, &[("name", &label.name)]);
    let delete = fill(words.label_delete_of, &[("name", &label.name)]);
    view! {
        <div class="tile label-tile">
            <span class=sign title=colour_words(label.colour, words)>{icon(Icon::Tag)}</span>
            <div class="tile-main">
                <strong dir="auto">{label.name}</strong>
                <a href=href>{said}</a>
            </div>
            <div class="tile-side">
                <button
                    type="button"
                    class="icon-button"
                    aria-label=change.clone()
                    title=change
                    on:click=move |_| about(sheets.changing)
                >
                    {icon(Icon::Edit)}
                </button>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=delete.clone()
                    title=delete
                    on:click=move |_| {
                        // What is said before it is too late must be true now.
                        load(uses);
                        about(sheets.deleting);
                    }
                >
                    {icon(Icon::Trash)}
                </button>
            </div>
        </div>
    }
}

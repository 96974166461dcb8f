//! The help sheet: what the keyboard can do.

use leptos::prelude::*;

use crate::{state::use_app, ui::dialog::Dialog};

/// The sheet.
#[component]
pub(super) fn Help(open: RwSignal<bool>) -> impl IntoView {
    let words = use_app().words;
    let rows: [(&'static [&'static str], &'static str); 12] = [
        (&["j"], words.help_next),
        (&["k"], words.help_previous),
        (&["Enter"], words.help_open),
        (&["/"], words.help_search),
        (&["f"], words.find_here),
        (&["r"], words.help_reply),
        (&["e"], words.help_resolve),
        (&["Esc"], words.help_escape),
        (&["Ctrl", "K"], words.help_palette),
        (&["?"], words.help_help),
        (&["Enter"], words.help_send),
        (&["Shift", "Enter"], words.help_newline),
    ];
    view! {
        <Dialog open=open title=words.help_title words=words>
            <dl class="shortcuts">
                {rows
                    .into_iter()
                    .map(|(keys, what)| {
                        view! {
                            <div>
                                <dt>{keys.iter().map(|key| view! { <kbd>{*key}</kbd> }).collect_view()}</dt>
                                <dd>{what}</dd>
                            </div>
                        }
                    })
                    .collect_view()}
            </dl>
        </Dialog>
    }
}

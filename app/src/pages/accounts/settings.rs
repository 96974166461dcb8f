//! What the team may set for a number: its name, its pace, its limit.

use balas_domain::{
    AccountId, AccountSettings, MediaStorage, TrustLevel,
    settings::MAX_SYNC_LIMIT,
    view::{AccountView, ProviderKind},
};
use leptos::prelude::*;

use super::{
    act::Act,
    stored::{at_most, bound_text, follow, when_stored},
    usage,
};
use crate::{
    api::{AccountAction, ApiError},
    i18n::{OfficeWords, fill},
    state::use_app,
    ui::field::{Field, Kind},
};

/// Pace, limit and start.
#[component]
pub(super) fn Settings(
    id: AccountId,
    account: Memo<AccountView>,
    /// Where the server can keep files.
    storages: Vec<MediaStorage>,
) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let act = Act::new(id);
    let stored = Memo::new(move |_| account.with(|account| account.settings.clone()));
    let used = Memo::new(move |_| account.with(|account| account.usage));
    let begin = stored.get_untracked();
    let auto_start = RwSignal::new(begin.auto_start);
    let trust = RwSignal::new(begin.trust_level);
    let limit = RwSignal::new(bound_text(begin.daily_limit));
    let warm_up = RwSignal::new(begin.warm_up);
    let linked = account.with_untracked(|account| account.provider != ProviderKind::Cloud);
    let read_receipts = RwSignal::new(begin.read_receipts);
    let typing = RwSignal::new(begin.typing);
    let sync_limit = RwSignal::new(begin.sync_limit);
    let storage = RwSignal::new(begin.media_storage);
    let refused = RwSignal::new(None::<ApiError>);
    // All of it is sent, so what a colleague sets meanwhile must get in here, or it would be set back. What is
    // being changed here stays.
    when_stored(stored, move |before, now| {
        follow(auto_start, before.auto_start, now.auto_start);
        follow(trust, before.trust_level, now.trust_level);
        follow(warm_up, before.warm_up, now.warm_up);
        follow(read_receipts, before.read_receipts, now.read_receipts);
        follow(typing, before.typing, now.typing);
        follow(sync_limit, before.sync_limit, now.sync_limit);
        follow(storage, before.media_storage, now.media_storage);
        follow(limit, bound_text(before.daily_limit), bound_text(now.daily_limit));
    });
    // As it would be stored; `None` while the limit is no number.
    let wanted = move || {
        let daily_limit = limit.with(|limit| at_most(limit)).ok()?;
        Some(AccountSettings {
            auto_start: auto_start.get(),
            sync_limit: sync_limit.get(),
            trust_level: trust.get(),
            daily_limit,
            warm_up: warm_up.get(),
            read_receipts: read_receipts.get(),
            typing: typing.get(),
            media_storage: storage.get(),
        })
    };
    let limit_error = Signal::derive(move || match wanted() {
        None => Some(words.problem_not_number.to_owned()),
        Some(wanted) => {
            let own = wanted.validate().into_iter().find(|error| error.field == "daily_limit");
            own.map(|error| crate::api::problem(&error.problem, words))
                .or_else(|| refused.with(|refused| refused.as_ref()?.of_field("daily_limit", words)))
        }
    });
    let changed = move || wanted().is_some_and(|wanted| stored.with(|stored| *stored != wanted));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(wanted) = untrack(wanted).filter(|wanted| wanted.validate().is_empty()) else { return };
        refused.set(None);
        act.then(AccountAction::Settings(wanted), move |done| match done {
            Ok(()) => app.toasts().good(words.saved),
            Err(error @ ApiError::Fields(_)) => {
                refused.try_set(Some(error));
            }
            Err(error) => app.complain(&error),
        });
    };
    let choose = move |event: leptos::ev::Event| {
        let level = event_target_value(&event).parse::<u8>().ok().and_then(|n| TrustLevel::try_from(n).ok());
        if let Some(level) = level {
            trust.set(level);
        }
    };
    view! {
        <form class="section" on:submit=save>
            <header>
                <h2>{words.settings_title}</h2>
            </header>
            <label class="switch">
                <span>
                    {words.field_auto_start}
                    <small class="field-help">{words.help_auto_start}</small>
                </span>
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=move || auto_start.get()
                    checked=begin.auto_start
                    on:change=move |event| auto_start.set(event_target_checked(&event))
                />
            </label>
            {linked
                .then(|| {
                    view! {
                        <div class="field">
                            <div class="field-head">
                                <label for="field-trust">{words.field_trust}</label>
                            </div>
                            <select id="field-trust" aria-describedby="field-trust-help" on:change=choose>
                                {TrustLevel::ALL
                                    .into_iter()
                                    .map(|level| {
                                        view! {
                                            <option
                                                value=u8::from(level).to_string()
                                                selected=begin.trust_level == level
                                                prop:selected=move || trust.get() == level
                                            >
                                                {trust_text(level, words)}
                                            </option>
                                        }
                                    })
                                    .collect_view()}
                            </select>
                            <p class="field-help" id="field-trust-help">{words.help_trust}</p>
                        </div>
                    }
                })}
            <Field
                name="daily_limit"
                label=words.field_daily_limit
                help=words.help_daily_limit
                kind=Kind::Digits
                value=limit
                error=limit_error
                words=words
            />
            {linked
                .then(|| {
                    view! {
                        <label class="switch">
                            <span>
                                {words.field_warm_up}
                                <small class="field-help">{words.help_warm_up}</small>
                            </span>
                            <input
                                type="checkbox"
                                role="switch"
                                prop:checked=move || warm_up.get()
                                checked=begin.warm_up
                                on:change=move |event| warm_up.set(event_target_checked(&event))
                            />
                        </label>
                    }
                })}
            {linked
                .then(|| {
                    view! {
                        <div class="field">
                            <div class="field-head">
                                <label for="field-sync-limit">{words.field_sync_limit}</label>
                                <output for="field-sync-limit">{move || sync_limit.get()}</output>
                            </div>
                            <input
                                id="field-sync-limit"
                                class="range"
                                type="range"
                                min="0"
                                max=MAX_SYNC_LIMIT
                                step="10"
                                aria-describedby="field-sync-limit-help"
                                prop:value=move || sync_limit.get().to_string()
                                on:input=move |event| {
                                    if let Ok(limit) = event_target_value(&event).parse() {
                                        sync_limit.set(limit);
                                    }
                                }
                            />
                            <p class="field-help" id="field-sync-limit-help">{words.help_sync_limit}</p>
                        </div>
                    }
                })}
            <label class="switch">
                <span>
                    {words.field_read_receipts}
                    <small class="field-help">{words.help_read_receipts}</small>
                </span>
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=move || read_receipts.get()
                    checked=begin.read_receipts
                    on:change=move |event| read_receipts.set(event_target_checked(&event))
                />
            </label>
            <label class="switch">
                <span>
                    {words.field_typing}
                    <small class="field-help">{if linked { words.help_typing } else { words.help_typing_cloud }}</small>
                </span>
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=move || typing.get()
                    checked=begin.typing
                    disabled=move || !linked && !read_receipts.get()
                    on:change=move |event| typing.set(event_target_checked(&event))
                />
            </label>
            <Storage storages=storages chosen=storage refused=refused />
            <div class="section-foot">
                <button class="button" disabled=move || act.busy() || !changed() || limit_error.with(Option::is_some)>
                    {words.save}
                </button>
                <span class="hint">{move || stored.with(|settings| usage::usage_text(app, used.get(), settings, words))}</span>
                {move || {
                    (used.get().sent_on(app.workspace_day()) > 0)
                        .then(|| {
                            view! {
                                <button
                                    type="button"
                                    class="button quiet small"
                                    disabled=move || act.busy()
                                    on:click=move |_| act.run(AccountAction::ResetUse)
                                >
                                    {words.usage_reset}
                                </button>
                            }
                        })
                }}
            </div>
        </form>
    }
}

/// Where files are kept. What the server does not have is shown and cannot be chosen, so that who looks for it learns why.
#[component]
fn Storage(
    storages: Vec<MediaStorage>,
    chosen: RwSignal<MediaStorage>,
    refused: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let words = use_app().office_words();
    let stored = chosen.get_untracked();
    let offered = move |storage| storages.contains(&storage) || storage == stored;
    let s3 = offered(MediaStorage::S3);
    let choose = move |event: leptos::ev::Event| {
        if let Ok(storage) = event_target_value(&event).parse() {
            chosen.set(storage);
        }
    };
    let error = move || refused.with(|refused| refused.as_ref()?.of_field("media_storage", words));
    let options = [(MediaStorage::Local, words.storage_local), (MediaStorage::S3, words.storage_s3)];
    view! {
        <div class="field">
            <div class="field-head">
                <label for="field-storage">{words.field_storage}</label>
            </div>
            <select id="field-storage" aria-describedby="field-storage-help" on:change=choose>
                {options
                    .into_iter()
                    .map(|(storage, text)| {
                        view! {
                            <option
                                value=storage.as_str()
                                disabled=!offered(storage)
                                selected=stored == storage
                                prop:selected=move || chosen.get() == storage
                            >
                                {text}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            <p class="field-help" id="field-storage-help">
                {if s3 { words.help_storage } else { words.problem_no_storage }}
            </p>
            {move || error().map(|text| view! { <p class="field-error" role="alert">{text}</p> })}
        </div>
    }
}

fn trust_text(level: TrustLevel, words: &'static OfficeWords) -> String {
    let (n, pace) = (u8::from(level), level.pace());
    let who = match n {
        1 => words.trust_1,
        2 => words.trust_2,
        3 => words.trust_3,
        4 => words.trust_4,
        _ => words.trust_5,
    };
    let places = [
        ("level", n.to_string()),
        ("who", who.to_owned()),
        ("burst", pace.burst.to_string()),
        ("seconds", pace.each.as_secs().to_string()),
    ];
    fill(words.trust_option, &places.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// The name.
#[component]
pub(super) fn Rename(id: AccountId, name: Memo<String>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let act = Act::new(id);
    let value = RwSignal::new(name.get_untracked());
    let error = RwSignal::new(None::<String>);
    when_stored(name, move |before, now| {
        if before != now && value.with_untracked(|value| value.trim() == before.trim()) {
            value.set(now.clone());
        }
    });
    let changed = move || value.with(|value| value.trim() != name.with(|name| name.trim().to_owned()));
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = value.get_untracked().trim().to_owned();
        if wanted.is_empty() {
            error.set(Some(words.problem_required.to_owned()));
            return;
        }
        error.set(None);
        act.then(AccountAction::Rename(wanted), move |done| match done {
            Ok(()) => app.toasts().good(words.saved),
            Err(refused @ ApiError::Fields(_)) => {
                error.try_set(Some(refused.words(words)));
            }
            Err(refused) => app.complain(&refused),
        });
    };
    view! {
        <form class="section" on:submit=save>
            <Field
                name="rename"
                label=words.field_account_name
                help=words.help_account_name
                value=value
                error=error
                words=words
            />
            <div class="section-foot">
                <button class="button" disabled=move || act.busy() || !changed()>
                    {words.account_rename}
                </button>
            </div>
        </form>
    }
}

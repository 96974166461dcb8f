//! Links a phone: the QR code that it scans, or the pairing code that is typed into it.

use std::time::Duration;

use balas_domain::{AccountId, AccountStatus, Timestamp, view::AccountView};
use leptos::{prelude::*, task::spawn_local};

use super::{act::Act, error_words};
use crate::{
    api::{self, AccountAction, ApiError},
    browser::ambient,
    i18n::{OfficeWords, fill},
    state::use_app,
    ui::{
        copy::CopyField,
        field::{Field, Kind},
        icon::{Icon, icon},
        skeleton::SkeletonRows,
    },
};

/// Longest that a QR code lives, in seconds: the first that a gateway shows; those after it are shorter.
const QR_LIFE: u64 = 60;
/// How long a pairing code lives, in seconds.
const PAIRING_LIFE: u64 = 160;

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Nothing: it is linked, or does not run.
    Nothing,
    /// A code is on its way.
    Waiting,
    /// The QR code that runs out then.
    Qr(Timestamp),
    /// The pairing code that runs out then.
    Pairing(Timestamp),
    /// A phone has taken the code.
    Finishing,
}

fn shown(account: &AccountView) -> Shown {
    match (account.status, account.code_expires_at) {
        (AccountStatus::Qr, Some(until)) => Shown::Qr(until),
        (AccountStatus::Pairing, Some(until)) => Shown::Pairing(until),
        (AccountStatus::Loading | AccountStatus::Qr | AccountStatus::Pairing, _) => Shown::Waiting,
        (AccountStatus::Authenticated, _) => Shown::Finishing,
        _ => Shown::Nothing,
    }
}

/// The section; nothing while there is nothing to link.
#[component]
pub(super) fn Linking(id: AccountId, account: Memo<AccountView>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let act = Act::new(id);
    let now = Memo::new(move |_| account.with(shown));
    let open = Memo::new(move |_| now.get() != Shown::Nothing);
    // A code that was there before this page has lived for a while already, and how long is not known.
    let found = now.get_untracked();
    let life = move |longest| if now.get_untracked() == found { longest } else { 0 };
    let by_code = Memo::new(move |_| account.with(|account| account.status == AccountStatus::Pairing));
    // An account on the bridge need not know its number before a phone is linked.
    let asking = RwSignal::new(false);
    let known = Memo::new(move |_| account.with(|account| account.phone.is_some()));
    // Stays until something else is tried: what to do about it takes longer than a toast is there.
    let problem = RwSignal::new(None::<ApiError>);
    let show = move |action| {
        problem.set(None);
        act.then(action, move |done| {
            problem.try_set(done.err());
        });
    };
    let show_qr = move |_| {
        asking.set(false);
        problem.set(None);
        if by_code.get_untracked() {
            show(AccountAction::ShowQr);
        }
    };
    let new_code = Callback::new(move |()| {
        if known.get_untracked() {
            show(AccountAction::ShowPairingCode(None));
        } else {
            asking.set(true);
        }
    });
    let show_code = move |_| {
        if !by_code.get_untracked() {
            new_code.run(());
        }
    };
    let code_chosen = move || by_code.get() || asking.get();
    let blocked = move || act.busy() || now.get() == Shown::Finishing;
    move || {
        open.get().then(|| {
            view! {
                <section class="section" aria-live="polite">
                    <header>
                        <h2>{words.link_title}</h2>
                    </header>
                    <div class="section-foot" role="group" aria-label=words.link_title>
                        <button
                            type="button"
                            class="chip"
                            aria-pressed=move || (!code_chosen()).to_string()
                            disabled=blocked
                            on:click=show_qr
                        >
                            {words.link_qr}
                        </button>
                        <button
                            type="button"
                            class="chip"
                            aria-pressed=move || code_chosen().to_string()
                            disabled=blocked
                            on:click=show_code
                        >
                            {words.link_pairing}
                        </button>
                    </div>
                    {move || {
                        problem
                            .get()
                            .map(|error| {
                                view! {
                                    <p class="notice" data-tone="bad">
                                        {icon(Icon::Alert)} <span>{error_words(app, &error)}</span>
                                    </p>
                                }
                            })
                    }}
                    {move || match now.get() {
                        Shown::Qr(_) | Shown::Pairing(_) | Shown::Waiting if asking.get() => ask_number(act, asking, words),
                        Shown::Nothing => ().into_any(),
                        Shown::Waiting => view! {
                            <p class="hint">{words.link_wait}</p>
                            <SkeletonRows rows=2 words=words />
                        }
                        .into_any(),
                        Shown::Finishing => view! {
                            <p class="notice" data-tone="good">{icon(Icon::Check)} <span>{words.link_scanned}</span></p>
                        }
                        .into_any(),
                        Shown::Qr(until) => qr(id, &account.get_untracked().name, (until, life(QR_LIFE)), words),
                        Shown::Pairing(until) => {
                            let phone = account.with_untracked(|account| account.phone.clone().unwrap_or_default());
                            pairing(id, &phone, (until, life(PAIRING_LIFE)), (new_code, problem), words)
                        }
                    }}
                </section>
            }
        })
    }
}

fn qr(id: AccountId, name: &str, (until, life): (Timestamp, u64), words: &'static OfficeWords) -> AnyView {
    // The moment in the address makes each code a picture of its own.
    let source = format!("/api/v1/whatsapp/sessions/{id}/qr?until={}", until.0);
    view! {
        <div class="linking">
            <img class="qr" src=source alt=fill(words.qr_alt, &[("name", name)]) width="264" height="264" />
            <div class="linking-text">
                <p>{words.link_qr_text}</p>
                {countdown(until, life, words.link_renewed, words)}
            </div>
        </div>
    }
    .into_any()
}

/// For which phone the pairing code shall be.
fn ask_number(act: Act, asking: RwSignal<bool>, words: &'static OfficeWords) -> AnyView {
    let app = use_app();
    let phone = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<ApiError>);
    let error = Signal::derive(move || refused.with(|refused| refused.as_ref()?.of_field("phone", words)));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted = phone.get_untracked().trim().to_owned();
        act.then(AccountAction::ShowPairingCode(Some(wanted)), move |done| match done {
            Ok(()) => {
                asking.try_set(false);
            }
            Err(error) => {
                if !matches!(error, ApiError::Fields(_)) {
                    app.complain(&error);
                }
                refused.try_set(Some(error));
            }
        });
    };
    view! {
        <form class="linking-text" on:submit=submit novalidate>
            <Field
                name="pairing_phone"
                label=words.field_phone
                help=words.help_phone
                kind=Kind::Phone
                value=phone
                error=error
                words=words
            />
            <div class="section-foot">
                <button class="button primary" disabled=move || act.busy()>
                    {words.link_show_code}
                </button>
            </div>
        </form>
    }
    .into_any()
}

fn pairing(
    id: AccountId,
    phone: &str,
    (until, life): (Timestamp, u64),
    (new_code, problem): (Callback<()>, RwSignal<Option<ApiError>>),
    words: &'static OfficeWords,
) -> AnyView {
    let code = RwSignal::new(String::new());
    Effect::new(move |before: Option<()>| {
        if before.is_none() {
            spawn_local(async move {
                match api::pairing_code(id).await {
                    Ok(found) => {
                        code.try_set(found);
                    }
                    Err(error) => {
                        problem.try_set(Some(error));
                    }
                }
            });
        }
    });
    view! {
        <div class="linking-text">
            <p>
                {if phone.is_empty() {
                    words.link_pairing_text_any.to_owned()
                } else {
                    fill(words.link_pairing_text, &[("phone", phone)])
                }}
            </p>
            <div class="pairing">
                <CopyField label=words.link_pairing text=code words=words />
            </div>
            {countdown(until, life, words.link_runs_out, words)}
            <div class="section-foot">
                <button
                    type="button"
                    class="button"
                    on:click=move |_| new_code.run(())
                >
                    {icon(Icon::Retry)}
                    {words.link_new_code}
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// A ring that empties until a code runs out, and the seconds in words. `life`: how many seconds the full ring
/// stands for at least; with 0 it is full now.
fn countdown(until: Timestamp, life: u64, sentence: &'static str, words: &'static OfficeWords) -> AnyView {
    let left = RwSignal::new(None::<u64>);
    let whole = StoredValue::new(1_u64);
    Effect::new(move |before: Option<()>| {
        if before.is_some() {
            return;
        }
        let tell = move || until.since(ambient::now()).as_secs();
        whole.set_value(tell().max(life).max(1));
        left.set(Some(tell()));
        let each = set_interval_with_handle(
            move || {
                left.try_set(Some(tell()));
            },
            Duration::from_secs(1),
        );
        on_cleanup(move || {
            if let Ok(each) = each {
                each.clear();
            }
        });
    });
    let style = move || {
        let part = left.get().map_or(100, |left| left * 100 / whole.get_value());
        format!("--left: {part}%")
    };
    let text = move || match left.get() {
        None => String::new(),
        Some(0) => words.link_wait.to_owned(),
        Some(left) => fill(sentence, &[("n", &left.to_string())]),
    };
    // Not read out each second; what matters is said when the code changes.
    view! {
        <p class="countdown hint" aria-live="off">
            <i style=style aria-hidden="true"></i>
            <span>{text}</span>
        </p>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(status: AccountStatus, until: Option<i64>) -> AccountView {
        AccountView {
            id: AccountId(uuid::Uuid::from_u128(1)),
            name: String::new(),
            provider: balas_domain::view::ProviderKind::Gateway,
            phone: None,
            external_id: String::new(),
            status,
            status_detail: None,
            last_delivery_at: None,
            primary: false,
            settings: balas_domain::AccountSettings::default(),
            usage: balas_domain::DailyUse::default(),
            code_expires_at: until.map(Timestamp),
            sync: None,
            quality: None,
            capabilities: balas_domain::view::Capabilities::default(),
            version: balas_domain::Seq(1),
        }
    }

    #[test]
    fn a_code_is_shown_only_where_one_is() {
        assert_eq!(shown(&account(AccountStatus::Qr, Some(5))), Shown::Qr(Timestamp(5)));
        assert_eq!(shown(&account(AccountStatus::Qr, None)), Shown::Waiting);
        assert_eq!(shown(&account(AccountStatus::Pairing, Some(5))), Shown::Pairing(Timestamp(5)));
        assert_eq!(shown(&account(AccountStatus::Loading, None)), Shown::Waiting);
        assert_eq!(shown(&account(AccountStatus::Authenticated, None)), Shown::Finishing);
        for status in
            [AccountStatus::Ready, AccountStatus::Idle, AccountStatus::Error, AccountStatus::Disconnected]
        {
            assert_eq!(shown(&account(status, Some(5))), Shown::Nothing, "{status}");
        }
    }
}

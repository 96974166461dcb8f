//! A form that connects a number, while it is filled in: its values, what is wrong with each, what the server said.

use std::{future::Future, pin::Pin};

use balas_domain::{Payload, form::FieldError, view::AccountView};
use leptos::{prelude::*, task::spawn_local};

use super::error_words;
use crate::{
    api::{ApiError, problem},
    browser::dom,
    i18n::OfficeWords,
    route::Route,
    state::{App, sign_in_again, use_app},
    ui::{
        field::{Field, Kind},
        icon::{Icon, icon},
    },
};

/// What was entered, in the order of the fields, without blanks around it.
pub(super) type Values = Vec<String>;
/// What a call to the server comes to.
pub(super) type Answer<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// What a form asks for, and what happens with it.
pub(super) struct Plan {
    /// Names of the fields, as errors call them.
    pub(super) fields: &'static [&'static str],
    /// The field that may be taken already.
    pub(super) unique: &'static str,
    /// What must be corrected.
    pub(super) validate: fn(&Values) -> Vec<FieldError>,
    /// Tries it; the answer is what was found, ready to be shown.
    pub(super) check: Option<fn(Values, &'static OfficeWords) -> Answer<AnyView>>,
    /// Connects the number.
    pub(super) create: fn(Values) -> Answer<AccountView>,
}

/// A label with help, for one field.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) label: &'static str,
    pub(super) help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Testing,
    Saving,
}

/// A form being filled in.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    plan: &'static Plan,
    words: &'static OfficeWords,
    app: App,
    values: StoredValue<Vec<RwSignal<String>>>,
    /// What is wrong is said when a field has been left, or when one tries to go on; and at once taken back.
    left: StoredValue<Vec<RwSignal<bool>>>,
    errors: Memo<Vec<FieldError>>,
    /// The server's word, and on what it was said.
    refused: RwSignal<Option<(Values, ApiError)>>,
    found: RwSignal<Option<StoredValue<Option<AnyView>, LocalStorage>>>,
    busy: RwSignal<Option<Step>>,
}

impl Draft {
    pub(super) fn new(plan: &'static Plan) -> Self {
        let app = use_app();
        let values =
            StoredValue::new(plan.fields.iter().map(|_| RwSignal::new(String::new())).collect::<Vec<_>>());
        let left = StoredValue::new(plan.fields.iter().map(|_| RwSignal::new(false)).collect());
        let errors = Memo::new(move |_| (plan.validate)(&read(values)));
        Self {
            plan,
            words: app.office_words(),
            app,
            values,
            left,
            errors,
            refused: RwSignal::new(None),
            found: RwSignal::new(None),
            busy: RwSignal::new(None),
        }
    }

    fn at(self, name: &str) -> usize {
        self.plan.fields.iter().position(|field| *field == name).unwrap_or_default()
    }

    /// The value of a field.
    pub(super) fn value(self, name: &str) -> RwSignal<String> {
        self.values.with_value(|values| values[self.at(name)])
    }

    fn error(self, name: &'static str) -> Option<String> {
        let at = self.at(name);
        let own = self.errors.with(|errors| {
            errors.iter().find(|error| error.field == name).map(|error| problem(&error.problem, self.words))
        });
        if own.is_some() {
            let left = self.left.with_value(|left| left[at]);
            return own.filter(|_| left.get());
        }
        // The server's word counts until the field is changed.
        self.refused.with(|refused| {
            let (tried, error) = refused.as_ref()?;
            if tried[at] != self.value(name).get().trim() {
                return None;
            }
            if name == self.plan.unique {
                error.of_unique_field(name, self.words)
            } else {
                error.of_field(name, self.words)
            }
        })
    }

    /// One field.
    pub(super) fn field(self, name: &'static str, text: Text, kind: Kind) -> AnyView {
        self.field_with(name, text, kind, || ().into_any())
    }

    /// One field with something beside its label.
    pub(super) fn field_with(
        self,
        name: &'static str,
        text: Text,
        kind: Kind,
        beside: impl FnOnce() -> AnyView + Send + 'static,
    ) -> AnyView {
        let value = self.value(name);
        let left = self.left.with_value(|left| left[self.at(name)]);
        let on_leave = Callback::new(move |()| {
            if !value.with_untracked(String::is_empty) {
                left.set(true);
            }
        });
        view! {
            <Field
                name=name
                label=text.label
                help=text.help
                kind=kind
                value=value
                error=Signal::derive(move || self.error(name))
                on_leave=on_leave
                words=self.words
            >
                {beside()}
            </Field>
        }
        .into_any()
    }

    /// Whether nothing is wrong; says at each field what is, and leads to the first of them.
    fn ready(self) -> bool {
        self.left.with_value(|left| left.iter().for_each(|left| left.set(true)));
        let wrong = self.errors.with_untracked(|errors| {
            self.plan.fields.iter().find(|field| errors.iter().any(|error| error.field == **field))
        });
        if let Some(field) = wrong {
            dom::focus(&format!("field-{field}"));
        }
        self.errors.with_untracked(Vec::is_empty) && self.busy.get_untracked().is_none()
    }

    fn test(self) {
        let Some(check) = self.plan.check else { return };
        if !self.ready() {
            return;
        }
        let tried = untrack(|| read(self.values));
        self.busy.set(Some(Step::Testing));
        self.found.set(None);
        self.refused.set(None);
        spawn_local(async move {
            match check(tried.clone(), self.words).await {
                Ok(report) => {
                    self.found.try_set(Some(StoredValue::new_local(Some(report))));
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(error) => {
                    self.refused.try_set(Some((tried, error)));
                }
            }
            self.busy.try_set(None);
        });
    }

    fn save(self) {
        if !self.ready() {
            return;
        }
        let tried = untrack(|| read(self.values));
        self.busy.set(Some(Step::Saving));
        self.refused.set(None);
        spawn_local(async move {
            match (self.plan.create)(tried.clone()).await {
                Ok(account) => {
                    let id = account.id;
                    self.app.inbox().confirm(Payload::Account(Box::new(account)));
                    self.app.toasts().good(self.words.saved);
                    self.app.go(Route::Account(id));
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                Err(error) => {
                    self.refused.try_set(Some((tried, error)));
                    self.busy.try_set(None);
                }
            }
        });
    }

    /// The form around its fields.
    pub(super) fn form(self, fields: AnyView) -> AnyView {
        let words = self.words;
        let submit = move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            self.save();
        };
        let busy = move || self.busy.get().is_some();
        view! {
            <form class="form" on:submit=submit novalidate>
                {fields}
                <div aria-live="polite">
                    {move || self.found.get().and_then(|found| found.try_update_value(Option::take).flatten())}
                    {move || {
                        self.refused
                            .with(|refused| refused.as_ref().map(|(_, error)| error_words(self.app, error)))
                            .map(|text| {
                                view! {
                                    <div class="notice" data-tone="bad">
                                        {icon(Icon::Alert)}
                                        <div class="report">
                                            <strong>{words.check_failed}</strong>
                                            <p>{text}</p>
                                        </div>
                                    </div>
                                }
                            })
                    }}
                </div>
                <div class="form-foot">
                    <button class="button primary" disabled=busy>
                        {move || if self.busy.get() == Some(Step::Saving) { words.saving } else { words.account_save }}
                    </button>
                    {self.plan.check.is_some()
                        .then(|| {
                            view! {
                                <button type="button" class="button" disabled=busy on:click=move |_| self.test()>
                                    {move || {
                                        if self.busy.get() == Some(Step::Testing) {
                                            words.testing
                                        } else {
                                            words.test_connection
                                        }
                                    }}
                                </button>
                            }
                        })}
                </div>
            </form>
        }
        .into_any()
    }
}

fn read(values: StoredValue<Vec<RwSignal<String>>>) -> Values {
    values
        .with_value(|values| values.iter().map(|value| value.with(|value| value.trim().to_owned())).collect())
}

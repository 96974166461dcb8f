//! Colleagues: who they are, what they may do, and whether they can sign in.

use balas_domain::{
    MemberId, Payload, Permission, Role,
    form::{FieldError, MemberForm, Problem},
    view::MemberView,
};
use leptos::{prelude::*, task::spawn_local};

use super::{accounts::random_word, missing::Missing};
use crate::{
    api::{self, ApiError, MemberUpdate, problem},
    i18n::fill,
    state::{sign_in_again, use_app},
    ui::{
        avatar::Avatar,
        badge::{role_sentence, role_words},
        dialog::Dialog,
        each::each,
        field::{Field, Kind},
        icon::{Icon, icon},
    },
};

/// The page.
#[component]
pub(crate) fn Members() -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    if !app.may(Permission::ReadMembers) {
        return view! { <Missing /> }.into_any();
    }
    let manages = app.may(Permission::ManageMembers);
    let adding = RwSignal::new(false);
    view! {
        <div class="page">
            <header class="page-head">
                <div>
                    <h1>{words.members_title}</h1>
                    <p>{words.members_lead}</p>
                </div>
                {manages
                    .then(|| {
                        view! {
                            <button type="button" class="button primary" on:click=move |_| adding.set(true)>
                                {icon(Icon::Plus)}
                                {words.member_add}
                            </button>
                        }
                    })}
            </header>
            <ul class="tiles" role="list">
                {each(
                    move || app.inbox().members.get(),
                    |member| (member.id, member.version),
                    |member| view! { <li><Tile member=member /></li> }.into_any(),
                )}
            </ul>
            {manages
                .then(|| {
                    view! {
                        <Dialog open=adding title=words.member_add words=words>
                            <Add open=adding />
                        </Dialog>
                    }
                })}
        </div>
    }
    .into_any()
}

/// Which roles someone of this role may give. Only owners make owners.
fn given_by(role: Option<Role>) -> Vec<Role> {
    Role::ALL.into_iter().filter(|given| *given != Role::Owner || role == Some(Role::Owner)).collect()
}

/// Whether someone of this role may change a member: owners are changed only by owners.
fn may_change(own: Option<Role>, other: Role) -> bool {
    own.is_some_and(|own| own.may(Permission::ManageMembers) && (other != Role::Owner || own == Role::Owner))
}

fn change(app: crate::state::App, id: MemberId, update: MemberUpdate) {
    spawn_local(async move {
        match api::update_member(id, update).await {
            Ok(member) => {
                app.inbox().confirm(Payload::Member(Box::new(member)));
                app.toasts().good(app.words.saved);
            }
            Err(error) => {
                app.complain(&error);
                // The select shows what was wanted; draw what is.
                app.inbox().members.update(|_| ());
            }
        }
    });
}

#[component]
fn Tile(member: MemberView) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let (id, role, active) = (member.id, member.role, member.active);
    let own = app.my_id() == Some(id);
    let changeable = may_change(app.role(), role) && !own;
    let confirming = RwSignal::new(false);
    let name = StoredValue::new(member.name.clone());
    let choose = move |event| {
        if let Ok(role) = event_target_value(&event).parse() {
            change(app, id, MemberUpdate { role: Some(role), ..MemberUpdate::default() });
        }
    };
    let switch =
        move |on: bool| change(app, id, MemberUpdate { active: Some(on), ..MemberUpdate::default() });
    view! {
        <div class="tile" data-off=(!active).then_some("")>
            <Avatar name=member.name.clone() id=id.to_string() />
            <div class="tile-main">
                <strong dir="auto">{member.name.clone()} {own.then(|| format!(" ({})", words.member_you))}</strong>
                <span>{member.email}</span>
            </div>
            <div class="tile-side">
                {(!active)
                    .then(|| {
                        view! {
                            <span class="badge" data-tone="quiet">
                                {words.member_inactive}
                            </span>
                        }
                    })}
                {if changeable {
                    view! {
                        <select class="chip" aria-label=words.member_role title=role_sentence(role, words) on:change=choose>
                            {given_by(app.role())
                                .into_iter()
                                .map(|given| {
                                    view! {
                                        <option value=given.as_str() selected=given == role>
                                            {role_words(given, words)}
                                        </option>
                                    }
                                })
                                .collect_view()}
                        </select>
                        <button
                            type="button"
                            class="button small"
                            on:click=move |_| if active { confirming.set(true) } else { switch(true) }
                        >
                            {if active { words.member_deactivate } else { words.member_activate }}
                        </button>
                    }
                        .into_any()
                } else {
                    view! {
                        <span class="badge" data-tone="plain" title=role_sentence(role, words)>
                            {role_words(role, words)}
                        </span>
                    }
                        .into_any()
                }}
            </div>
            {(changeable && active)
                .then(|| {
                    view! {
                        <Dialog open=confirming title=words.member_deactivate words=words>
                            <p>{fill(words.member_deactivate_text, &[("name", &name.get_value())])}</p>
                            <div class="dialog-foot">
                                <button type="button" class="button" on:click=move |_| confirming.set(false)>
                                    {words.cancel}
                                </button>
                                <button
                                    type="button"
                                    class="button danger"
                                    on:click=move |_| {
                                        confirming.set(false);
                                        switch(false);
                                    }
                                >
                                    {words.member_deactivate}
                                </button>
                            </div>
                        </Dialog>
                    }
                })}
        </div>
    }
}

#[component]
fn Add(open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.office_words();
    let (name, email, password) =
        (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let role = RwSignal::new(Role::Agent);
    let tried = RwSignal::new(false);
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let form = move || MemberForm {
        name: name.get(),
        email: email.get(),
        role: role.get(),
        password: password.get(),
    };
    let error = move |field: &'static str| {
        Signal::derive(move || {
            let own = form().validate().into_iter().find(|error| error.field == field);
            match own {
                Some(own) => tried.get().then(|| problem(&own.problem, words)),
                None => refused.with(|refused| {
                    let refused = refused.as_ref()?;
                    if field == "email" {
                        refused.of_unique_field(field, words)
                    } else {
                        refused.of_field(field, words)
                    }
                }),
            }
        })
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let form = untrack(form);
        if !form.validate().is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        refused.set(None);
        spawn_local(async move {
            match api::create_member(form).await {
                Ok(member) => {
                    app.toasts().good(fill(words.member_added, &[("name", &member.name)]));
                    app.inbox().confirm(Payload::Member(Box::new(member)));
                    open.set(false);
                }
                Err(ApiError::SignedOut) => sign_in_again(),
                // Nothing else of a member must be unique.
                Err(ApiError::Refused { code, .. }) if code == "conflict" => {
                    let taken = FieldError { field: "email".to_owned(), problem: Problem::Taken };
                    refused.try_set(Some(ApiError::Fields(vec![taken])));
                }
                Err(error) => {
                    refused.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="form" on:submit=save novalidate>
            <Field name="name" label=words.member_name value=name error=error("name") words=words />
            <Field name="email" label=words.email kind=Kind::Email value=email error=error("email") words=words />
            <div class="field">
                <label for="field-role">{words.member_role}</label>
                <select
                    id="field-role"
                    on:change=move |event| {
                        if let Ok(chosen) = event_target_value(&event).parse() {
                            role.set(chosen);
                        }
                    }
                >
                    {given_by(app.role())
                        .into_iter()
                        .map(|given| {
                            view! {
                                <option value=given.as_str() selected=given == Role::Agent>
                                    {role_words(given, words)}
                                </option>
                            }
                        })
                        .collect_view()}
                </select>
                <p class="field-help">{move || role_sentence(role.get(), words)}</p>
            </div>
            <Field
                name="password"
                label=words.member_password
                help=words.help_member_password
                kind=Kind::Secret
                value=password
                error=error("password")
                autocomplete="new-password"
                words=words
            >
                <button type="button" class="button quiet small" on:click=move |_| password.set(random_word(16))>
                    {words.member_password_make}
                </button>
            </Field>
            {move || {
                refused
                    .with(|refused| refused.as_ref().filter(|e| e.of_unique_field("email", words).is_none() && !matches!(e, ApiError::Fields(_))).map(|e| e.words(words)))
                    .map(|text| {
                        view! {
                            <p class="notice" data-tone="bad" role="alert">
                                {icon(Icon::Alert)}
                                <span>{text}</span>
                            </p>
                        }
                    })
            }}
            <div class="dialog-foot">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {words.cancel}
                </button>
                <button class="button primary" disabled=move || busy.get()>
                    {move || if busy.get() { words.saving } else { words.member_add }}
                </button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_make_and_change_owners() {
        assert!(!given_by(Some(Role::Admin)).contains(&Role::Owner));
        assert!(given_by(Some(Role::Owner)).contains(&Role::Owner));
        assert!(may_change(Some(Role::Owner), Role::Owner));
        assert!(!may_change(Some(Role::Admin), Role::Owner));
        assert!(may_change(Some(Role::Admin), Role::Admin));
        assert!(!may_change(Some(Role::Supervisor), Role::Agent));
        assert!(!may_change(None, Role::Agent));
    }
}

//! Members.

use axum::{Json, extract::State, http::StatusCode};
use balas_domain::{MemberId, Role, form::MemberForm, view::MemberView};
use balas_engine::MemberChange;
use serde::Deserialize;

use super::List;
use crate::{
    auth::Caller,
    extract::{Id, JsonBody},
    problem::Problem,
    state::AppState,
};

/// A new member.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Shown name.
    name: String,
    /// Signs in with it.
    email: String,
    /// May do what.
    role: Role,
    /// First password, 10 to 200 characters, to be handed over in person.
    #[schema(min_length = 10, max_length = 200, format = Password, write_only)]
    password: String,
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMember {
    /// Shown name.
    name: Option<String>,
    /// May do what.
    role: Option<Role>,
    /// Whether he can sign in. `false` signs him out everywhere.
    active: Option<bool>,
}

/// All members
#[utoipa::path(get, path = "/members", tag = "members", responses((status = 200, body = List<MemberView>)))]
pub async fn list(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<List<MemberView>>, Problem> {
    Ok(Json(List::new(state.engine.members(&actor).await?)))
}

/// Add a member
#[utoipa::path(post, path = "/members", tag = "members", request_body = NewMember,
    responses((status = 201, body = MemberView)))]
pub async fn create(
    State(state): State<AppState>,
    Caller(actor): Caller,
    JsonBody(NewMember { name, email, role, password }): JsonBody<NewMember>,
) -> Result<(StatusCode, Json<MemberView>), Problem> {
    let member = state.engine.create_member(&actor, &MemberForm { name, email, role, password }).await?;
    Ok((StatusCode::CREATED, Json(member)))
}

/// Change a member
#[utoipa::path(patch, path = "/members/{id}", tag = "members", params(("id" = MemberId, Path)),
    request_body = ChangeMember, responses((status = 200, body = MemberView)))]
pub async fn change(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Id(id): Id<MemberId>,
    JsonBody(ChangeMember { name, role, active }): JsonBody<ChangeMember>,
) -> Result<Json<MemberView>, Problem> {
    Ok(Json(state.engine.update_member(&actor, id, &MemberChange { name, role, active }).await?))
}

//! What a call finds on the server: the engine and who asks.

use axum::http::StatusCode;
use balas_engine::{Engine, EngineError, access::Actor};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use super::ApiError;
use crate::{boot::PageData, route::Route, server::Visitor};

/// One call.
pub(super) struct Call {
    pub(super) engine: Engine,
    pub(super) actor: Actor,
}

impl Call {
    /// Finds the engine and who asks.
    ///
    /// # Errors
    /// When nobody is signed in.
    #[expect(clippy::unused_async, reason = "every call begins alike, whatever the first step becomes")]
    pub(super) async fn new() -> Result<Self, ApiError> {
        let engine = use_context::<Engine>().ok_or(ApiError::Server)?;
        let actor = use_context::<Visitor>().and_then(|visitor| visitor.actor);
        let Some(actor) = actor else {
            set_status(StatusCode::UNAUTHORIZED);
            return Err(ApiError::SignedOut);
        };
        Ok(Self { engine, actor })
    }
}

/// Turns the engine's answer into ours, with a status that monitoring understands.
pub(super) fn answer<T>(result: Result<T, EngineError>) -> Result<T, ApiError> {
    result.map_err(|error| {
        set_status(status(&error));
        if let EngineError::Store(_)
        | EngineError::Storage(_)
        | EngineError::Secret(_)
        | EngineError::Internal(_) = &error
        {
            tracing::error!(?error, "a call failed");
            return ApiError::Server;
        }
        error.into()
    })
}

fn status(error: &EngineError) -> StatusCode {
    match error {
        EngineError::Denied(_) => StatusCode::FORBIDDEN,
        EngineError::NotFound { .. } => StatusCode::NOT_FOUND,
        EngineError::Conflict { .. } | EngineError::AccountNotReady { .. } | EngineError::Transition(_) => {
            StatusCode::CONFLICT
        }
        EngineError::Store(_)
        | EngineError::Storage(_)
        | EngineError::Secret(_)
        | EngineError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn set_status(status: StatusCode) {
    if let Some(options) = use_context::<ResponseOptions>() {
        options.set_status(status);
    }
}

/// What only one page shows.
///
/// # Errors
/// Those of the engine.
pub(crate) async fn page_data(
    engine: &Engine,
    actor: &Actor,
    route: &Route,
) -> Result<PageData, EngineError> {
    Ok(match route {
        Route::Inbox { filter, .. } if !filter.is_empty() => PageData::Filtered {
            snapshot: Box::new(engine.snapshot(actor, &filter.query(None), None, None).await?),
        },
        Route::Contacts { q } => {
            let query = contact_query(q, None);
            PageData::Contacts { page: engine.contacts(actor, &query).await? }
        }
        Route::Accounts if actor.require(balas_domain::Permission::ManageAccounts).is_ok() => {
            PageData::Accounts { settings: engine.workspace_settings(actor).await? }
        }
        Route::Account(id) => PageData::Account { setup: Box::new(engine.account_setup(actor, *id).await?) },
        Route::NewAccount => {
            actor.require(balas_domain::Permission::ManageAccounts)?;
            PageData::None
        }
        Route::Members => {
            actor.require(balas_domain::Permission::ReadMembers)?;
            PageData::None
        }
        Route::Labels => PageData::Labels { uses: engine.label_uses(actor).await? },
        Route::NotFound => PageData::Missing,
        _ => PageData::None,
    })
}

fn contact_query(q: &str, cursor: Option<String>) -> balas_domain::query::ContactQuery {
    let q = q.trim();
    balas_domain::query::ContactQuery { q: (!q.is_empty()).then(|| q.to_owned()), cursor, limit: None }
}

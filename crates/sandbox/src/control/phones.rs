//! The control API for customers' phones.
//!
//! | call | what |
//! |---|---|
//! | `GET /control/phones?account=&q=` | the phones that have a chat with this account |
//! | `POST /control/phones` | `{account, from, name, hidden?}`: a phone that has not written yet |
//! | `POST /control/hidden` | `{phone, hidden}`: the customer hides the number, or shows it with the next message |
//! | `POST /control/picture` | `{phone, picture}`: a phone or group shows this one of its pictures (1, 2, …), or none (`null`) |
//! | `GET /control/chat?account=&phone=` | the messages of a chat, the newest or those older than `before` |

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Ask, Trouble, body};
use crate::{
    handle::World,
    runtime::Shared,
    world::{WorldError, digits},
};

/// The paths of this part.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/phones", get(phones).post(add_phone))
        .route("/control/hidden", post(hide))
        .route("/control/picture", post(show_picture))
        .route("/control/chat", get(chat))
}

#[derive(Deserialize)]
struct PhonesQuery {
    account: String,
    #[serde(default)]
    q: String,
}

async fn phones(State(shared): State<Arc<Shared>>, Ask(query): Ask<PhonesQuery>) -> Json<Value> {
    let now = shared.now();
    Json(json!(shared.state().phones(&query.account, &query.q, 500, now)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPhone {
    account: String,
    from: String,
    name: String,
    /// Keeps the number to itself.
    #[serde(default)]
    hidden: bool,
}

async fn add_phone(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let NewPhone { account, from, name, hidden } = body(&bytes)?;
    if name.trim().is_empty() {
        return Err(Trouble::bad("the new phone needs a name"));
    }
    let Some(digits) = digits(&from) else {
        return Err(Trouble::bad("a phone number has 7 to 15 digits and begins with the country code"));
    };
    let (key, effects) = shared.state().add_phone(&account, &digits, &name, shared.now())?;
    shared.carry_out(effects);
    if hidden {
        World(Arc::clone(&shared)).hide_number(&key, true)?;
    }
    let view = shared.state().phone_view(&account, &key, shared.now());
    Ok(Json(json!(view)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hide {
    phone: String,
    hidden: bool,
}

async fn hide(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Hide { phone, hidden } = body(&bytes)?;
    World(shared).hide_number(&phone, hidden)?;
    Ok(Json(json!({"success": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    phone: String,
    picture: Option<u32>,
}

async fn show_picture(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Shown { phone, picture } = body(&bytes)?;
    World(shared).show_picture(&phone, picture)?;
    Ok(Json(json!({"success": true})))
}

#[derive(Deserialize)]
struct ChatQuery {
    account: String,
    phone: String,
    before: Option<String>,
    limit: Option<usize>,
}

async fn chat(State(shared): State<Arc<Shared>>, Ask(query): Ask<ChatQuery>) -> Answer {
    let ChatQuery { account, phone, before, limit } = query;
    let now = shared.now();
    let state = shared.state();
    let Some(view) = state.phone_view(&account, &phone, now) else {
        return Err(WorldError::UnknownPhone(phone).into());
    };
    let (messages, more) = state.messages(&account, &phone, before.as_deref(), limit.unwrap_or(60).min(500));
    Ok(Json(json!({"chat": view, "messages": messages, "more": more})))
}

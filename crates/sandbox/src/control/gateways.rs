//! The control API for gateways, their slots, and the businesses' own phones.
//!
//! A slot is written `v9/shop`, or only `v7` for the one slot of an old gateway. A business's own phone is an
//! account under its number; wherever an account is asked for, a slot that it is linked to does as well.
//!
//! | call | body |
//! |---|---|
//! | `GET /control/gateways` | all gateways, slots, codes that wait |
//! | `POST /control/gateways` | a [`Gateway`]; adds it or changes its settings |
//! | `GET`, `POST /control/handsets` | `{phone, name?}`: a phone that is not linked yet |
//! | `POST /control/devices` | `{device, phone?, name?}`: a slot, linked at once if a phone is given |
//! | `DELETE /control/devices` | `{device}` |
//! | `POST /control/scan` | `{device, phone, name?}`: scans the QR code that is shown |
//! | `POST /control/pair` | `{code, phone, name?}`: types a pairing code |
//! | `POST /control/expire` | `{device}`: its code expires |
//! | `POST /control/logout` | `{device}`: ends the link on the phone |
//! | `POST /control/disconnect` | `{device, stay?}`: loses the connection; with `stay` for good |
//! | `POST /control/connect` | `{device}`: the connection is back, with what came meanwhile |
//! | `POST /control/groups` | a [`NewGroup`] |
//! | `POST /control/group-members` | a [`GroupStep`]: members join, leave, are promoted or demoted |
//! | `POST /control/past` | a [`Past`] of any size: what the phone holds already |
//! | `POST /control/own-read` | `{account, from, secretly?}`: somebody reads on the business's own phone |
//! | `POST /control/typing` | `{account, from, state}`: a customer types (`composing`, `paused`) |
//!
//! Messages, reading and faults have the same calls as for Cloud numbers.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Trouble, body};
use crate::{
    config::{Device, Gateway},
    handle::World,
    runtime::Shared,
    world::{GroupStep, NewGroup, Past},
};

/// The paths of this part.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/gateways", get(gateways).post(set_gateway))
        .route("/control/handsets", get(handsets).post(add_handset))
        .route("/control/devices", post(add_device).delete(remove_device))
        .route("/control/scan", post(scan))
        .route("/control/pair", post(pair))
        .route("/control/expire", post(expire))
        .route("/control/logout", post(log_out))
        .route("/control/disconnect", post(disconnect))
        .route("/control/connect", post(connect))
        .route("/control/groups", post(add_group))
        .route("/control/group-members", post(group_step))
        .route("/control/past", post(fill))
        .route("/control/own-read", post(own_read))
}

async fn gateways(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!(World(shared).gateways()))
}

async fn set_gateway(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let gateway: Gateway = body(&bytes)?;
    let path = format!("/gowa/{}", gateway.name);
    World(shared).set_gateway(gateway)?;
    Ok(Json(json!({"path": path})))
}

async fn handsets(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!(World(shared).handsets()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHandset {
    phone: String,
    name: Option<String>,
}

async fn add_handset(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let NewHandset { phone, name } = body(&bytes)?;
    let account = World(shared).add_handset(&phone, name.as_deref())?;
    Ok(Json(json!({"account": account})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDevice {
    device: Device,
    /// The phone that is linked to it from the start.
    phone: Option<String>,
    name: Option<String>,
}

async fn add_device(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let NewDevice { device, phone, name } = body(&bytes)?;
    let world = World(shared);
    world.add_device(&device)?;
    let link = |phone: String| world.link(&device, &phone, name.as_deref().unwrap_or_default());
    let account = phone.map(link).transpose()?;
    Ok(Json(json!({"device": device, "account": account})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    device: Device,
}

async fn remove_device(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Which { device } = body(&bytes)?;
    World(shared).remove_device(&device)?;
    Ok(success())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    device: Device,
    phone: String,
    name: Option<String>,
}

async fn scan(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Scan { device, phone, name } = body(&bytes)?;
    World(shared).scan(&device, &phone, name.as_deref())?;
    Ok(success())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    code: String,
    phone: String,
    name: Option<String>,
}

async fn pair(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Pair { code, phone, name } = body(&bytes)?;
    let device = World(shared).pair(&code, &phone, name.as_deref())?;
    Ok(Json(json!({"device": device})))
}

async fn expire(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Which { device } = body(&bytes)?;
    World(shared).expire_code(&device)?;
    Ok(success())
}

async fn log_out(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Which { device } = body(&bytes)?;
    World(shared).log_out(&device)?;
    Ok(success())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disconnect {
    device: Device,
    /// Reconnecting does not help.
    #[serde(default)]
    stay: bool,
}

async fn disconnect(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Disconnect { device, stay } = body(&bytes)?;
    World(shared).disconnect(&device, stay)?;
    Ok(success())
}

async fn connect(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let Which { device } = body(&bytes)?;
    World(shared).connect(&device)?;
    Ok(success())
}

async fn add_group(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let group: NewGroup = body(&bytes)?;
    let id = World(shared).add_group(&group)?;
    Ok(Json(json!({"id": id})))
}

async fn group_step(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let step: GroupStep = body(&bytes)?;
    World(shared).group_step(&step)?;
    Ok(success())
}

async fn fill(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let past: Past = body(&bytes)?;
    World(shared).fill(&past)?;
    Ok(success())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRead {
    account: String,
    /// The customer whose messages are read.
    from: String,
    /// The phone sends no read receipts.
    #[serde(default)]
    secretly: bool,
}

async fn own_read(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    let OwnRead { account, from, secretly } = body(&bytes)?;
    World(shared).read_on_phone(&account, &from, secretly)?;
    Ok(success())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typing {
    account: String,
    from: String,
    /// `composing` or `paused`.
    state: String,
}

/// `POST /control/typing`: gateways only.
pub(super) async fn customer_types(State(shared): State<Arc<Shared>>, bytes: Bytes) -> Answer {
    const ONLY_GATEWAYS: &str = "the Cloud API does not tell businesses that a customer is typing, so there is \
                                 nothing to send; GET /control/typing?to= says whether the business is \
                                 typing. For a gateway's number, say account, from and state (composing or \
                                 paused)";
    let Ok(Typing { account, from, state }) = serde_json::from_slice(&bytes) else {
        return Err(Trouble::bad(ONLY_GATEWAYS));
    };
    if shared.state().number(&account).is_some() || !matches!(state.as_str(), "composing" | "paused") {
        return Err(Trouble::bad(ONLY_GATEWAYS));
    }
    World(shared).customer_types(&account, &from, state == "composing")?;
    Ok(success())
}

fn success() -> Json<Value> {
    Json(json!({"success": true}))
}

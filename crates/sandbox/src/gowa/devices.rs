//! Device slots and their webhooks (version 9).

use balas_domain::Random;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::Call,
    done, login, no_route,
};
use crate::{
    config::Device,
    world::{
        State,
        gateway::{Slot, SlotWebhook},
    },
};

/// `GET /devices`.
pub(super) fn list(call: &Call<'_>) -> Done {
    let state = call.state();
    let slots = state.gateway(&call.gateway.name).map(|server| server.slots.as_slice()).unwrap_or_default();
    Done::new("List devices", slots.iter().map(|slot| row(call, &state, slot)).collect())
}

/// `POST /devices`. A slot that exists is given back.
pub(super) fn create(call: &Call<'_>) -> Answer {
    let body = call.json()?;
    let given = body["device_id"].as_str().map(str::trim).filter(|id| !id.is_empty());
    let id = given.map_or_else(|| fresh_id(&*call.shared.random), str::to_owned);
    let device = Device::new(&call.gateway.name, &id);
    let effects = call
        .state()
        .add_slot(&device, call.now)
        .map_err(|error| Refusal::of_code("BAD_REQUEST", error.to_string()))?;
    if body["webhook_url"].is_string() {
        set(call, &device, &body)?;
    }
    call.shared.carry_out(effects);
    let state = call.state();
    let slot = state.slot(&device).ok_or_else(|| Refusal::no_device(&id))?;
    let mut results = row(call, &state, slot);
    if !slot.webhook.url.is_empty() {
        merge(&mut results, config(slot));
    }
    Ok(Done::new("Device added", results))
}

/// Everything below `/devices/{id}`.
pub(super) fn one(call: &Call<'_>, id: &str, rest: &[&str]) -> Answer {
    let device = Device::new(&call.gateway.name, id);
    let known = call.state().slot(&device).is_some();
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let state = call.state();
            // The one call that has no better word for it.
            let slot = state.slot(&device).ok_or_else(|| Refusal::internal("device not found"))?;
            Ok(Done::new("Device info", row(call, &state, slot)))
        }
        ("DELETE", []) if known => {
            call.state().remove_slot(&device);
            call.shared.numbers_changed();
            Ok(done("Device removed"))
        }
        ("GET", ["login"]) if known => login::qr(call, &device),
        ("POST", ["login", "code"]) if known => login::code(call, &device),
        ("POST", ["logout"]) if known => login::logout(call, &device),
        ("POST", ["reconnect"]) if known => login::reconnect(call, &device),
        ("GET", ["status"]) if known => {
            let state = call.state();
            let slot = state.slot(&device).ok_or_else(|| Refusal::no_device(id))?;
            let results = json!({
                "device_id": id,
                "is_connected": slot.connected(call.now),
                "is_logged_in": slot.logged_in(),
            });
            Ok(Done::new("Device status", results))
        }
        ("GET", ["webhook"]) if known => answer(call, &device, "Device webhook"),
        ("PATCH", ["webhook"]) if known => {
            let body = call.json()?;
            if !body["webhook_url"].is_string() {
                return Err(Refusal::of_code("BAD_REQUEST", "webhook_url is required"));
            }
            set(call, &device, &body)?;
            call.shared.numbers_changed();
            answer(call, &device, "Device webhook updated")
        }
        ("DELETE", [])
        | ("GET", ["login" | "status" | "webhook"])
        | ("POST", ["login", "code"] | ["logout" | "reconnect"])
        | ("PATCH", ["webhook"]) => Err(Refusal::no_device(id)),
        _ => Err(no_route(call)),
    }
}

fn row(call: &Call<'_>, state: &State, slot: &Slot) -> Value {
    let mut row = json!({
        "id": slot.id,
        "state": slot.state(call.now),
        "created_at": super::time::written(slot.created_at, 0),
    });
    if let Some(phone) = slot.account() {
        row["phone_number"] = json!(phone);
        row["display_name"] = json!(state.handset_name(phone));
        row["jid"] = json!(format!("{phone}@s.whatsapp.net"));
    }
    row
}

fn answer(call: &Call<'_>, device: &Device, message: &str) -> Answer {
    let state = call.state();
    let slot = state.slot(device).ok_or_else(|| Refusal::no_device(&device.slot))?;
    let mut results = config(slot);
    results["device_id"] = json!(slot.id);
    Ok(Done::new(message, results))
}

/// Tells the secret too, as the vendor does.
fn config(slot: &Slot) -> Value {
    let SlotWebhook { url, secret, events, insecure_skip_verify } = &slot.webhook;
    json!({
        "webhook_url": url,
        "webhook_secret": secret,
        "webhook_events": events,
        "webhook_insecure_skip_verify": insecure_skip_verify,
    })
}

/// What is not said becomes empty.
fn set(call: &Call<'_>, device: &Device, body: &Value) -> Result<(), Refusal> {
    let text = |key: &str| body[key].as_str().unwrap_or_default().trim().to_owned();
    let url = text("webhook_url");
    if !url.is_empty() && reqwest::Url::parse(&url).is_err() {
        return Err(Refusal::validation("webhook_url: must be a valid URL."));
    }
    let webhook = SlotWebhook {
        url,
        secret: text("webhook_secret"),
        events: text("webhook_events"),
        insecure_skip_verify: body["webhook_insecure_skip_verify"].as_bool().unwrap_or_default(),
    };
    let mut state = call.state();
    state.slot_mut(device).ok_or_else(|| Refusal::no_device(&device.slot))?.webhook = webhook;
    Ok(())
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn fresh_id(random: &dyn Random) -> String {
    let mut entropy = [0; 8];
    random.fill(&mut entropy);
    hex::encode(entropy)
}

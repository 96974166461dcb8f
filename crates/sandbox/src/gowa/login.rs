//! Linking a phone and looking after the link.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::Call,
    done,
};
use crate::{config::Device, world::gateway::Slot};

/// `GET /app/login`, `GET /devices/{id}/login`: a picture of a QR code. The one before is void.
pub(super) fn qr(call: &Call<'_>, device: &Device) -> Answer {
    let qr = call.state().show_qr(device, call.now, &*call.shared.random);
    let qr = qr.ok_or_else(Refusal::logged_in_already)?;
    call.shared.numbers_changed();
    let results = json!({
        "qr_link": format!("{}/statics/qrcode/{}", call.base_url(), qr.file),
        "qr_duration": call.gateway.qr_seconds,
    });
    Ok(Done::new("Login success", named(call, device, results)))
}

/// `GET /app/login-with-code`, `POST /devices/{id}/login/code`: a code for the phone with this number.
pub(super) fn code(call: &Call<'_>, device: &Device) -> Answer {
    let phone = call.parameter("phone")?;
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    // What the library below the gateway says, in its words.
    if digits.len() <= 6 {
        return Err(Refusal::internal("phone number too short"));
    }
    if digits.starts_with('0') {
        return Err(Refusal::internal("international phone number required (must not start with 0)"));
    }
    let code = call.state().show_code(device, &digits, call.now, &*call.shared.random);
    let code = code.ok_or_else(Refusal::logged_in_already)?;
    call.shared.numbers_changed();
    Ok(Done::new("Login with code success", named(call, device, json!({"pair_code": code}))))
}

/// `GET /app/logout`, `POST /devices/{id}/logout`: the slot stays.
pub(super) fn logout(call: &Call<'_>, device: &Device) -> Answer {
    let was_linked = call.state().unlink(device).map_err(|_| Refusal::no_device(&device.slot))?;
    if !was_linked {
        return Err(Refusal::not_logged_in());
    }
    call.shared.numbers_changed();
    Ok(done("Success logout"))
}

/// `GET /app/reconnect`, `POST /devices/{id}/reconnect`.
pub(super) fn reconnect(call: &Call<'_>, device: &Device) -> Answer {
    if !call.state().slot(device).is_some_and(Slot::logged_in) {
        return Err(Refusal::not_logged_in());
    }
    let effects = call.state().connect(device, false).map_err(|_| Refusal::no_device(&device.slot))?;
    call.shared.carry_out(effects);
    Ok(done("Reconnect success"))
}

/// `GET /app/status`.
pub(super) fn status(call: &Call<'_>, device: &Device) -> Answer {
    let state = call.state();
    let slot = state.slot(device).ok_or_else(|| Refusal::no_device(&device.slot))?;
    let mut results = json!({
        "is_connected": slot.connected(call.now),
        "is_logged_in": slot.logged_in(),
    });
    let jid = slot.account().map(|phone| jid(call, phone));
    if call.is_v9() {
        results["device_id"] = json!(slot.id);
        results["jid"] = json!(jid.unwrap_or_default());
    } else {
        results["device_id"] = json!(jid.unwrap_or_default());
    }
    Ok(Done::new("Connection status retrieved", results))
}

/// `GET /app/devices`: what is linked.
pub(super) fn devices(call: &Call<'_>) -> Done {
    let state = call.state();
    let slots = state.gateway(&call.gateway.name).map(|server| server.slots.as_slice()).unwrap_or_default();
    let linked = slots.iter().filter_map(|slot| {
        let phone = slot.account()?;
        let name = state.handset_name(phone);
        let jid = jid(call, phone);
        Some(if call.is_v9() {
            json!({"name": name, "device": slot.id, "jid": jid})
        } else {
            json!({"name": name, "device": jid})
        })
    });
    Done::new("Fetch device success", linked.collect())
}

/// The linked phone's address. The older version shows which of its devices the gateway is.
fn jid(call: &Call<'_>, phone: &str) -> String {
    let device = if call.is_v9() { "" } else { ":64" };
    format!("{phone}{device}@s.whatsapp.net")
}

fn named(call: &Call<'_>, device: &Device, mut results: Value) -> Value {
    if call.is_v9() {
        results["device_id"] = json!(device.slot);
    }
    results
}

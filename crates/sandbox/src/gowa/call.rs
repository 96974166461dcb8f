//! One call to a gateway, taken apart as its version does it.

use std::{collections::HashMap, sync::Arc};

use axum::http::{HeaderMap, Method, header};
use balas_domain::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;

use super::answer::Refusal;
use crate::{
    config::{Device, Gateway, GatewayVersion},
    form::{Form, FormFile},
    graph::query_pairs,
    runtime::Shared,
    world::State,
};

/// What stands in the body of a call.
pub(super) enum Payload {
    /// JSON, or nothing.
    Json(Bytes),
    /// A form, perhaps with files.
    Form(Form),
}

/// A call.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) gateway: &'a Gateway,
    pub(super) method: &'a Method,
    /// As it was written, with what stands before the gateway.
    pub(super) full_path: &'a str,
    /// Segments below the gateway's address.
    pub(super) path: Vec<String>,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: &'a HeaderMap,
    pub(super) payload: Payload,
    pub(super) now: Timestamp,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        gateway: &'a Gateway,
        method: &'a Method,
        uri: &'a axum::http::Uri,
        headers: &'a HeaderMap,
        payload: Payload,
    ) -> Self {
        let below = uri.path().trim_start_matches('/').splitn(3, '/').nth(2).unwrap_or_default();
        // Only version 9 decodes what stands in paths: to older ones `%40` is no `@`.
        let segment = |raw: &str| match gateway.version {
            GatewayVersion::V7 => raw.to_owned(),
            GatewayVersion::V9 => decoded(raw),
        };
        let path = below.split('/').filter(|segment| !segment.is_empty()).map(segment).collect();
        let query = query_pairs(uri.query().unwrap_or_default());
        let now = shared.now();
        Self { shared, gateway, method, full_path: uri.path(), path, query, headers, payload, now }
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'a, State> {
        self.shared.state()
    }

    pub(super) fn is_v9(&self) -> bool {
        self.gateway.version == GatewayVersion::V9
    }

    /// The segments to match on.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    fn header(&self, name: impl header::AsHeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether user and password are right, if the gateway asks for them.
    pub(super) fn may_enter(&self) -> bool {
        if self.gateway.user.is_empty() {
            return true;
        }
        let expected = format!("{}:{}", self.gateway.user, self.gateway.password);
        let given = self.header(header::AUTHORIZATION).and_then(|value| {
            let (scheme, given) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(given.trim()).ok())?
        });
        given.is_some_and(|given| given == expected.as_bytes())
    }

    /// What links in answers begin with: the gateway takes it from the request.
    pub(super) fn base_url(&self) -> String {
        let host = self.header(header::HOST).unwrap_or("localhost:3000");
        format!("http://{host}/gowa/{}", self.gateway.name)
    }

    /// The slot that the call is about: by header, by query, or the only one.
    pub(super) fn device(&self) -> Result<Device, Refusal> {
        let gateway = &self.gateway.name;
        if !self.is_v9() {
            return Ok(Device::new(gateway, ""));
        }
        let named = match self.header("x-device-id") {
            // Decoded like a form: `+` becomes a space.
            Some(value) => query_pairs(&format!("id={value}")).remove("id"),
            None => self.query.get("device_id").cloned(),
        };
        let named = named.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let state = self.state();
        let slots = state.gateway(gateway).map(|server| server.slots.as_slice()).unwrap_or_default();
        match (named, slots) {
            (Some(name), _) => slots
                .iter()
                .find(|slot| slot.id == name || slot.account().is_some_and(|phone| is_jid_of(&name, phone)))
                .map(|slot| Device::new(gateway, &slot.id))
                .ok_or_else(|| Refusal::no_device(&name)),
            (None, [only]) => Ok(Device::new(gateway, &only.id)),
            (None, _) => Err(Refusal::of_code(
                "DEVICE_ID_REQUIRED",
                "device_id is required via X-Device-Id header or device_id query",
            )),
        }
    }

    /// The slot and its phone's account; only if it is linked and connected.
    pub(super) fn linked(&self) -> Result<(Device, String), Refusal> {
        let device = self.device()?;
        let state = self.state();
        let slot = state.slot(&device).ok_or_else(|| Refusal::no_device(&device.slot))?;
        let account = slot.account().ok_or_else(Refusal::not_logged_in)?.to_owned();
        if slot.connected(self.now) { Ok((device, account)) } else { Err(Refusal::not_connected()) }
    }

    /// The fields of the body, whether it is JSON or a form. What is no JSON is an error of the program's.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        match &self.payload {
            Payload::Form(form) => Ok(Value::Object(form.fields.clone())),
            Payload::Json(body) if body.is_empty() => Ok(Value::Null),
            Payload::Json(body) => {
                serde_json::from_slice(body).map_err(|error| Refusal::internal(error.to_string()))
            }
        }
    }

    /// A file of the form.
    pub(super) fn file(&self, name: &str) -> Option<&FormFile> {
        match &self.payload {
            Payload::Form(form) => form.files.get(name),
            Payload::Json(_) => None,
        }
    }

    /// A query parameter that must be there.
    pub(super) fn parameter(&self, name: &str) -> Result<&str, Refusal> {
        self.query
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Refusal::validation(format!("{name}: cannot be blank.")))
    }

    /// A number in the query between 1 and 100.
    pub(super) fn limit(&self, unless_said: usize) -> Result<usize, Refusal> {
        match self.query.get("limit") {
            None => Ok(unless_said),
            Some(text) => match text.parse() {
                Ok(limit) if (1..=100).contains(&limit) => Ok(limit),
                _ => Err(Refusal::validation("limit: must be between 1 and 100.")),
            },
        }
    }

    /// How many rows to skip.
    pub(super) fn offset(&self) -> Result<usize, Refusal> {
        let text = self.query.get("offset").map_or("0", String::as_str);
        text.parse().map_err(|_| Refusal::validation("offset: must be no less than 0."))
    }

    /// `true` or `false` in the query.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.query.get(name)?.parse().ok()
    }
}

/// A field that must be there.
pub(super) fn required<'v>(body: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    body[name]
        .as_str()
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| Refusal::validation(format!("{name}: cannot be blank.")))
}

/// Whether this is the phone's address, with or without a device part.
fn is_jid_of(name: &str, phone: &str) -> bool {
    let Some((user, "s.whatsapp.net")) = name.split_once('@') else { return false };
    user.split([':', '.']).next() == Some(phone)
}

/// Decodes `%40` and the like; `+` stays.
fn decoded(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = raw.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding() {
        assert_eq!(decoded("628@s.whatsapp.net"), "628@s.whatsapp.net");
        assert_eq!(decoded("628%40s.whatsapp.net"), "628@s.whatsapp.net");
        assert_eq!(decoded("a+b%2"), "a+b%2");
        assert_eq!(decoded("%é"), "%é");
        assert!(is_jid_of("628110000002:64@s.whatsapp.net", "628110000002"));
        assert!(!is_jid_of("628110000002@lid", "628110000002"));
    }
}

//! Phone numbers and business accounts as Graph objects: fields, edges, webhook subscription.

use std::{sync::Arc, time::Duration};

use axum::http::Method;
use balas_domain::Random;
use serde_json::{Map, Value, json};

use super::Call;
use crate::{
    config::Number,
    deliver::allowed,
    graph_error::{GraphError, OAUTH},
    runtime::Shared,
};

/// What a phone number shows without `fields`.
const NUMBER_DEFAULT: [&str; 4] = ["id", "display_phone_number", "verified_name", "quality_rating"];
/// What a business account shows without `fields`.
const WABA_DEFAULT: [&str; 3] = ["id", "name", "timezone_id"];

/// `GET /{phone-number-id}` and the edges of a number, except messages.
pub(super) fn number(call: &Call<'_>, number: &Number) -> Result<Value, GraphError> {
    match (call.method, &call.path[1..]) {
        (&Method::GET, []) => {
            fields(number_node(number), call, &NUMBER_DEFAULT, "WhatsAppBusinessPhoneNumber")
        }
        (&Method::GET, ["whatsapp_business_profile"]) => Ok(json!({"data": [{
            "messaging_product": "whatsapp",
            "about": "Sandbox",
        }]})),
        _ => Err(unsupported(call, &number.phone_number_id)),
    }
}

/// A business account and its edges; everything else is an unknown object.
pub(super) async fn waba(shared: &Arc<Shared>, call: &Call<'_>, id: &str) -> Result<Value, GraphError> {
    let numbers: Vec<Number> =
        shared.state().waba(id).into_iter().filter(|number| number.token == call.token).cloned().collect();
    let Some(first) = numbers.first() else {
        return Err(GraphError::unknown_object(call.method.as_str(), id));
    };
    match (call.method, &call.path[1..]) {
        (&Method::GET, []) => fields(waba_node(first), call, &WABA_DEFAULT, "WhatsAppBusinessAccount"),
        (&Method::GET, ["phone_numbers"]) => {
            let defaults = [&NUMBER_DEFAULT[..], &["code_verification_status"]].concat();
            let data = numbers
                .iter()
                .map(|number| fields(number_node(number), call, &defaults, "WhatsAppBusinessPhoneNumber"))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(page(data))
        }
        (&Method::GET, ["message_templates"]) => Ok(page(vec![template()])),
        (&Method::GET, ["subscribed_apps"]) if unsubscribed(shared, first) => Ok(json!({"data": []})),
        (&Method::POST, ["subscribed_apps"]) if unsubscribed(shared, first) => {
            Err(GraphError::new(403, OAUTH, 200, "(#200) You do not have the necessary permissions."))
        }
        (&Method::GET, ["subscribed_apps"]) => Ok(json!({"data": [app(first.webhook_url.as_deref())]})),
        (&Method::POST, ["subscribed_apps"]) => subscribe(shared, call, &numbers).await,
        (&Method::DELETE, ["subscribed_apps"]) => {
            for number in &numbers {
                shared.set_webhook_url(&number.phone_number_id, None);
            }
            Ok(json!({"success": true}))
        }
        _ => Err(unsupported(call, id)),
    }
}

fn unsubscribed(shared: &Shared, number: &Number) -> bool {
    shared.state().faults.unsubscribed(&number.phone_number_id)
}

fn unsupported(call: &Call<'_>, id: &str) -> GraphError {
    match (call.method, call.path.get(1)) {
        (&Method::GET, Some(edge)) => {
            GraphError::parameter(format!("Tried accessing nonexisting field ({edge})"))
        }
        (_, Some(_)) if call.path.len() > 2 => GraphError::new(
            400,
            OAUTH,
            2_500,
            format!("Unknown path components: /{}", call.path[1..].join("/")),
        ),
        _ => GraphError::unknown_object(call.method.as_str(), id),
    }
}

fn number_node(number: &Number) -> Value {
    json!({
        "id": number.phone_number_id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "platform_type": "CLOUD_API",
        "host_platform": "CLOUD_API",
        "throughput": {"level": "STANDARD"},
        "status": "CONNECTED",
        "messaging_limit_tier": "TIER_1K",
        "whatsapp_business_manager_messaging_limit": "TIER_1K",
        "is_on_biz_app": true,
        "is_official_business_account": false,
        "is_pin_enabled": false,
        "account_mode": "SANDBOX",
        "health_status": {
            "can_send_message": "AVAILABLE",
            "entities": [{
                "entity_type": "PHONE_NUMBER",
                "id": number.phone_number_id,
                "can_send_message": "AVAILABLE",
            }],
        },
        "webhook_configuration": {"application": number.webhook_url},
    })
}

fn waba_node(number: &Number) -> Value {
    json!({
        "id": number.waba_id,
        "name": number.verified_name,
        "timezone_id": "66",
        "currency": "IDR",
        "country": "ID",
        "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
        "account_review_status": "APPROVED",
        "business_verification_status": "VERIFIED",
        "ownership_type": "SELF_OWNED",
    })
}

fn template() -> Value {
    json!({
        "id": "1100220033004400",
        "name": "hello_world",
        "status": "APPROVED",
        "category": "UTILITY",
        "language": "en_US",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Hello World"},
            {"type": "BODY", "text": "Welcome and congratulations!! This message demonstrates your ability \
                to send a WhatsApp message notification from the Cloud API, hosted by Meta."},
            {"type": "FOOTER", "text": "WhatsApp Business Platform sample message"},
        ],
    })
}

fn app(url: Option<&str>) -> Value {
    let mut node = json!({"whatsapp_business_api_data": {
        "id": "300400500600700",
        "name": "Sandbox",
        "link": "https://www.facebook.com/games/?app_id=300400500600700",
    }});
    if let Some(url) = url {
        node["override_callback_uri"] = json!(url);
    }
    node
}

fn page(data: Vec<Value>) -> Value {
    json!({"data": data, "paging": {"cursors": {"before": "QVFI", "after": "QVFJ"}}})
}

/// The asked-for fields of a node; `id` always comes along.
fn fields(node: Value, call: &Call<'_>, default: &[&str], kind: &str) -> Result<Value, GraphError> {
    let asked: Vec<&str> = match call.query.get("fields") {
        Some(fields) => fields.split(',').map(str::trim).filter(|field| !field.is_empty()).collect(),
        None => default.to_vec(),
    };
    let mut shown = Map::new();
    for field in asked.into_iter().chain(["id"]) {
        let Some(value) = node.get(field) else {
            let text = format!("Tried accessing nonexisting field ({field}) on node type ({kind})");
            return Err(GraphError::parameter(text));
        };
        shown.insert(field.to_owned(), value.clone());
    }
    Ok(Value::Object(shown))
}

async fn subscribe(shared: &Arc<Shared>, call: &Call<'_>, numbers: &[Number]) -> Result<Value, GraphError> {
    let body: Value = if call.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&call.body).map_err(|_| GraphError::parameter("Invalid parameter"))?
    };
    let asked = |key: &str| body[key].as_str().map(str::to_owned).or_else(|| call.query.get(key).cloned());
    let Some(url) = asked("override_callback_uri") else { return Ok(json!({"success": true})) };
    let Some(verify_token) = asked("verify_token") else {
        return Err(GraphError::parameter("The parameter verify_token is required."));
    };
    probe(shared, &url, &verify_token).await.map_err(|problem| {
        let text = format!("(#2200) Callback verification failed with the following errors: {problem}");
        GraphError::new(400, OAUTH, 2_200, text)
    })?;
    for number in numbers {
        shared.set_webhook_url(&number.phone_number_id, Some(url.clone()));
    }
    Ok(json!({"success": true, "data": [app(Some(&url))]}))
}

/// Asks the callback for `hub.challenge` as Meta does when a URL is saved; says in words what went wrong.
pub(crate) async fn probe(shared: &Shared, url: &str, verify_token: &str) -> Result<(), String> {
    let challenge = challenge(&*shared.random);
    let mut url = allowed(url)?;
    url.query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", verify_token);
    let request = shared.post.client().get(url).timeout(Duration::from_secs(10));
    let answer = request.send().await.map_err(|error| format!("no answer ({})", error.without_url()))?;
    let status = answer.status();
    if status.as_u16() != 200 {
        let reason = status.canonical_reason().unwrap_or_default();
        return Err(format!("HTTP Status Code = {}; HTTP Message = {reason}", status.as_u16()));
    }
    let body = answer.text().await.map_err(|_| "the answer broke off".to_owned())?;
    if body.trim() == challenge {
        Ok(())
    } else {
        Err("the answer is not the value of hub.challenge".to_owned())
    }
}

fn challenge(random: &dyn Random) -> String {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    u32::from_le_bytes(bytes).to_string()
}

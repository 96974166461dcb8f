//! `GET /user/…`: who somebody is.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done},
    avatar,
    call::Call,
    groups, jid, no_route,
};
use crate::world::Recipient;

pub(super) fn ask(call: &Call<'_>, what: &[&str]) -> Answer {
    match what {
        ["info"] => info(call),
        ["avatar"] => avatar::ask(call),
        ["check"] => check(call),
        ["business-profile"] => profile(call),
        ["my", "groups"] => groups::mine(call),
        ["my", "contacts"] => contacts(call),
        ["my", "privacy"] => {
            call.linked()?;
            let all = json!({"group_add": "all", "last_seen": "contacts", "status": "all", "profile": "all",
                "read_receipts": "all"});
            Ok(Done::new("Success get privacy", all))
        }
        _ => Err(no_route(call)),
    }
}

fn info(call: &Call<'_>) -> Answer {
    let who = jid::recipient(call.parameter("phone")?)?;
    call.linked()?;
    let state = call.state();
    let party = jid::key(&state, &who).map(|key| state.party(&key));
    let jid = party.as_ref().map_or_else(|| jid::jid(&who), |party| party.jid.clone());
    let (user, server) = jid.split_once('@').unwrap_or((&jid, ""));
    let row = json!({
        // The vendor's code never fills it.
        "name": "",
        "verified_name": "",
        "status": "Available",
        "picture_id": "1755650000",
        // Documented with a boolean in `AD`; the code writes the address there.
        "devices": [{"User": user, "Agent": 0, "Device": "MOBILE", "Server": server, "AD": jid}],
    });
    let mut results = json!({"data": [row]});
    if call.is_v9()
        && let Some(party) = party
    {
        if let Some(phone) = party.jid.strip_suffix("@s.whatsapp.net") {
            results["resolved_phone"] = json!(phone);
        }
        if let Some(lid) = party.lid {
            results["resolved_lid"] = json!(lid);
        }
    }
    Ok(Done::new("Success get user info", results))
}

fn check(call: &Call<'_>) -> Answer {
    let who = jid::recipient(call.parameter("phone")?)?;
    call.linked()?;
    let known = !matches!(&who, Recipient::Phone(digits) if call.gateway.not_on_whatsapp.contains(digits));
    Ok(Done::new("Success check user", json!({"is_on_whatsapp": known})))
}

fn profile(call: &Call<'_>) -> Answer {
    let who = jid::recipient(call.parameter("phone")?)?;
    call.linked()?;
    let results = json!({"jid": jid::jid(&who), "email": "", "address": "", "categories": [],
        "profile_options": {}, "business_hours_timezone": "", "business_hours": []});
    Ok(Done::new("Success get business profile", results))
}

fn contacts(call: &Call<'_>) -> Answer {
    let (_, account) = call.linked()?;
    let state = call.state();
    let rows: Vec<Value> = state
        .contacts(&account)
        .into_iter()
        .map(|key| {
            let party = state.party(key);
            json!({"jid": party.jid, "name": party.name})
        })
        .collect();
    Ok(Done::new("Success get list contacts", json!({"data": rows})))
}

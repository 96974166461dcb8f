//! Groups.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::{Call, required},
    done, jid, no_route, time,
};
use crate::world::{Group, NewGroup, NewMember, Recipient, State, event::Party};

/// `GET /group/…`.
pub(super) fn ask(call: &Call<'_>, what: &str) -> Answer {
    if !matches!(what, "info" | "participants" | "invite-link") {
        return Err(no_route(call));
    }
    let jid = group_jid(call.parameter("group_id")?)?;
    let (_, account) = call.linked()?;
    let state = call.state();
    let group = state.group(&jid).filter(|group| group.accounts.contains(&account));
    let group = group.ok_or_else(|| Refusal::internal("that group does not exist"))?;
    match what {
        "info" => Ok(Done::new("Success get group info", info(call, &state, group))),
        "invite-link" => {
            let link = "https://chat.whatsapp.com/SandboxInvitesNobody";
            Ok(Done::new("Success get group invite link", json!({"invite_link": link, "group_id": jid})))
        }
        _ => {
            let participants: Vec<Value> = everybody(&state, group)
                .into_iter()
                .map(|(party, admin)| {
                    let mut row = json!({
                        "jid": party.lid.as_ref().unwrap_or(&party.jid),
                        "phone_number": number(&party),
                        "display_name": "",
                        "is_admin": admin,
                        "is_super_admin": admin,
                    });
                    if let Some(lid) = &party.lid {
                        row["lid"] = json!(lid);
                    }
                    row
                })
                .collect();
            let results = json!({"group_id": jid, "name": group.name, "participants": participants});
            Ok(Done::new("Success getting group participants", results))
        }
    }
}

/// `GET /user/my/groups`.
pub(super) fn mine(call: &Call<'_>) -> Answer {
    let (_, account) = call.linked()?;
    let state = call.state();
    let rows: Vec<Value> =
        state.groups_of(&account).into_iter().map(|group| info(call, &state, group)).collect();
    Ok(Done::new("Success get list groups", json!({"data": rows})))
}

/// `POST /group…`.
pub(super) fn change(call: &Call<'_>, what: &[&str]) -> Answer {
    let body = call.json()?;
    match what {
        [] => create(call, &body),
        ["name"] => rename(call, &body, "name"),
        ["topic"] => rename(call, &body, "topic"),
        _ => Err(no_route(call)),
    }
}

fn create(call: &Call<'_>, body: &Value) -> Answer {
    let title = required(body, "title")?;
    let (_, account) = call.linked()?;
    let mut members = Vec::new();
    for participant in body["participants"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        members.push(match jid::recipient(participant)? {
            Recipient::Phone(digits) => NewMember { from: Some(digits), ..NewMember::default() },
            Recipient::Lid(lid) => NewMember { lid: Some(lid), ..NewMember::default() },
            Recipient::Group(_) => return Err(Refusal::validation("participants: must be people.")),
        });
    }
    let new = NewGroup { account, name: title.to_owned(), members, ..NewGroup::default() };
    let made = call.state().add_group(&new, call.now, &*call.shared.random);
    let (jid, effects) = made.map_err(|error| Refusal::internal(error.to_string()))?;
    call.shared.carry_out(effects);
    Ok(Done::new(format!("Success created group with id {jid}"), json!({"group_id": jid})))
}

fn rename(call: &Call<'_>, body: &Value, field: &str) -> Answer {
    let jid = group_jid(required(body, "group_id")?)?;
    let text = body[field].as_str().unwrap_or_default();
    let (_, account) = call.linked()?;
    let mut state = call.state();
    let group = state.group_mut(&jid).filter(|group| group.accounts.contains(&account));
    let group = group.ok_or_else(|| Refusal::internal("that group does not exist"))?;
    let place = if field == "name" { &mut group.name } else { &mut group.topic };
    text.clone_into(place);
    Ok(done("Success update group"))
}

fn group_jid(raw: &str) -> Result<String, Refusal> {
    match jid::recipient(raw)? {
        Recipient::Group(jid) => Ok(jid),
        _ => Err(Refusal::of_code("INVALID_JID", "group_id is not a group")),
    }
}

/// Customers and our own phones, and who may change the group.
fn everybody(state: &State, group: &Group) -> Vec<(Party, bool)> {
    let customers = group.members.iter().map(|member| (state.party(&member.phone), member.admin));
    let ours = state.handsets().into_iter().filter(|own| group.accounts.contains(&own.phone)).map(|own| {
        let lid = Some(format!("{}@lid", own.lid));
        (Party { jid: own.jid(), lid, name: own.name }, false)
    });
    customers.chain(ours).collect()
}

/// The number, if it is known.
fn number(party: &Party) -> &str {
    if party.jid.ends_with("@lid") { "" } else { &party.jid }
}

/// Named as in the program's own structs.
fn info(call: &Call<'_>, state: &State, group: &Group) -> Value {
    let everybody = everybody(state, group);
    let lids = everybody.iter().any(|(party, _)| party.jid.ends_with("@lid"));
    let created = time::written(group.created_at, call.gateway.utc_offset_minutes);
    let owner = group.founder.as_ref().map(|phone| state.party(phone));
    let owner = owner.unwrap_or(Party { jid: String::new(), lid: None, name: String::new() });
    let owner_jid = owner.lid.as_ref().unwrap_or(&owner.jid);
    let participants: Vec<Value> = everybody
        .iter()
        .map(|(party, admin)| {
            json!({
                "JID": party.lid.as_ref().unwrap_or(&party.jid),
                "PhoneNumber": number(party),
                "LID": party.lid.as_deref().unwrap_or_default(),
                "IsAdmin": admin,
                "IsSuperAdmin": *admin && party.jid == owner.jid,
                "DisplayName": "",
                "Error": 0,
                "AddRequest": null,
            })
        })
        .collect();
    json!({
        "JID": group.jid,
        "OwnerJID": owner_jid,
        "OwnerPN": number(&owner),
        "Name": group.name,
        "NameSetAt": created,
        "NameSetBy": owner_jid,
        "NameSetByPN": number(&owner),
        "Topic": group.topic,
        "TopicID": "",
        "TopicSetAt": "0001-01-01T00:00:00Z",
        "TopicSetBy": "",
        "TopicSetByPN": "",
        "TopicDeleted": false,
        "IsLocked": group.locked,
        "IsAnnounce": group.announce,
        "AnnounceVersionID": "1754000000",
        "IsEphemeral": false,
        "DisappearingTimer": 0,
        "IsIncognito": false,
        "IsParent": false,
        "DefaultMembershipApprovalMode": "",
        "LinkedParentJID": "",
        "IsDefaultSubGroup": false,
        "IsJoinApprovalRequired": false,
        "AddressingMode": if lids { "lid" } else { "pn" },
        "GroupCreated": created,
        "CreatorCountryCode": "",
        "ParticipantVersionID": "1754000000",
        "ParticipantCount": participants.len(),
        "Participants": participants,
        "MemberAddMode": "admin_add",
        "Suspended": false,
    })
}

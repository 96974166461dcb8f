//! The gateway's own store: chats and their messages.

use serde_json::{Value, json};

use super::{
    answer::{Answer, Done, Refusal},
    call::Call,
    files, jid, time,
};
use crate::world::{Message, State, event::Party};

/// `GET /chats`.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let (limit, offset) = (call.limit(25)?, call.offset()?);
    let (device, account) = call.linked()?;
    let state = call.state();
    let search = call.query.get("search").map(|text| text.to_lowercase()).unwrap_or_default();
    let media_only = call.flag("has_media") == Some(true);
    // Nothing is ever put away here.
    let nothing = call.flag("archived") == Some(true);
    let chats = state.stored_chats(&device, &account, call.shared.timing.history_after, call.now);
    let rows: Vec<Value> = chats
        .iter()
        .filter(|chat| !nothing && (!media_only || chat.has_media))
        .map(|chat| (chat, state.party(chat.phone)))
        .filter(|(_, party)| search.is_empty() || party.name.to_lowercase().contains(&search))
        .map(|(chat, party)| {
            let at = |at| time::written(at, 0);
            json!({
                "jid": party.jid,
                "name": party.name,
                "last_message_time": at(chat.last),
                "ephemeral_expiration": 0,
                "created_at": at(chat.first),
                "updated_at": at(chat.last),
                "archived": false,
            })
        })
        .collect();
    let total = rows.len();
    let page: Vec<&Value> = rows.iter().skip(offset).take(limit).collect();
    let results = json!({"data": page, "pagination": {"limit": limit, "offset": offset, "total": total}});
    Ok(Done::new("Success get chat list", results))
}

/// `GET /chat/{jid}/messages`.
pub(super) fn messages(call: &Call<'_>, jid: &str) -> Answer {
    let (limit, offset) = (call.limit(50)?, call.offset()?);
    let moment = |name: &str| match call.query.get(name) {
        None => Ok(None),
        Some(text) => time::read(text)
            .map(Some)
            .ok_or_else(|| Refusal::validation(format!("{name}: must be a valid RFC3339 time."))),
    };
    let (from, until) = (moment("start_time")?, moment("end_time")?);
    let (device, account) = call.linked()?;
    let state = call.state();
    let key = jid::recipient(jid).ok().and_then(|recipient| jid::key(&state, &recipient));
    let history_after = call.shared.timing.history_after;
    let all = key
        .as_deref()
        .map(|key| state.stored_messages(&device, &account, key, history_after, call.now))
        .unwrap_or_default();
    // The number and the linked id of one person are two chats to it.
    let known = key.as_deref().filter(|key| !all.is_empty() && state.party(key).jid == jid);
    let Some(key) = known else {
        return if call.is_v9() {
            Ok(Done::new("Success get chat messages", page(&[], limit, offset, 0)))
        } else {
            Err(Refusal::internal(format!("chat with JID {jid} not found")))
        };
    };
    let total = all.len();
    let (last, first) = (all[0].at, all[total - 1].at);
    let ours = call.flag("is_from_me");
    let media_only = call.flag("media_only") == Some(true);
    let search = call.query.get("search").map(|text| text.to_lowercase()).filter(|text| !text.is_empty());
    let found = all
        .into_iter()
        .filter(|message| from.is_none_or(|from| message.at >= from))
        .filter(|message| until.is_none_or(|until| message.at <= until))
        .filter(|message| ours.is_none_or(|ours| message.outbound == ours))
        .filter(|message| !media_only || files::is_media(&message.kind))
        .filter(|message| {
            let text = message.text.as_deref().unwrap_or_default().to_lowercase();
            search.as_ref().is_none_or(|search| text.contains(search))
        });
    // A search always begins at the beginning.
    let skipped = if search.is_some() { 0 } else { offset };
    let rows: Vec<Value> =
        found.skip(skipped).take(limit).map(|message| row(call, &state, &account, message)).collect();
    let mut results = page(&rows, limit, offset, total);
    let Party { jid, name, .. } = state.party(key);
    results["chat_info"] = json!({
        "jid": jid,
        "name": name,
        "last_message_time": time::written(last, 0),
        "ephemeral_expiration": 0,
        "created_at": time::written(first, 0),
        "updated_at": time::written(last, 0),
        "archived": false,
    });
    Ok(Done::new("Success get chat messages", results))
}

/// `total` counts all messages of the chat, whatever was asked for.
fn page(rows: &[Value], limit: usize, offset: usize, total: usize) -> Value {
    json!({"data": rows, "pagination": {"limit": limit, "offset": offset, "total": total}})
}

fn row(call: &Call<'_>, state: &State, account: &str, message: &Message) -> Value {
    let own = || Party {
        jid: format!("{account}@s.whatsapp.net"),
        lid: None,
        name: state.handset_name(account).to_owned(),
    };
    let author = message.author.as_deref().unwrap_or(&message.phone);
    let sender = if message.outbound { own() } else { state.party(author) };
    let media = files::is_media(&message.kind);
    let at = time::written(message.at, 0);
    let url = if media { files::sealed_url(&message.id) } else { String::new() };
    let told = message.media.as_ref().and_then(|file| file.file_name.as_deref());
    let file = told.or(message.body["filename"].as_str()).filter(|_| media);
    let length = message.media.as_ref().map_or(1_024, |file| file.blob.size());
    let mut row = json!({
        "id": message.id,
        "chat_jid": state.party(&message.phone).jid,
        "sender_jid": sender.jid,
        "content": message.text.as_deref().unwrap_or_default(),
        "timestamp": at,
        "is_from_me": message.outbound,
        "media_type": if media { message.kind.as_str() } else { "" },
        "filename": file.unwrap_or_default(),
        "url": url,
        "file_length": if media { length } else { 0 },
        "created_at": at,
        "updated_at": at,
    });
    if call.is_v9() {
        row["sender_display_name"] = json!(sender.name);
        let by = |emoji: &Option<String>, who: Party, ours: bool| {
            let emoji = emoji.as_ref()?;
            Some(json!({
                "emoji": emoji,
                "sender_jid": who.jid,
                "sender_display_name": who.name,
                "is_from_me": ours,
                "timestamp": at,
            }))
        };
        let customer = by(&message.customer_reaction, state.party(&message.phone), false);
        let reactions: Vec<Value> =
            customer.into_iter().chain(by(&message.business_reaction, own(), true)).collect();
        if !reactions.is_empty() {
            row["reactions"] = json!(reactions);
        }
    }
    row
}

/// `POST /chat/{jid}/pin|archive|disappearing`: taken, without a difference that anybody could see here.
pub(super) fn settle(call: &Call<'_>, jid: &str, what: &str) -> Answer {
    let body = call.json()?;
    jid::recipient(jid)?;
    call.linked()?;
    let field = match what {
        "pin" => "pinned",
        "archive" => "archived",
        _ => "timer_seconds",
    };
    let message = "Chat changed successfully";
    let mut results = json!({"status": "success", "message": message, "chat_jid": jid});
    results[field] = body[field].clone();
    Ok(Done::new(message, results))
}

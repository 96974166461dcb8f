//! Taking over a past that somebody else tells.

use balas_domain::Timestamp;
use serde_json::Value;

use super::{State, Status};

impl State {
    /// Takes over what webhook bodies tell (messages, echoes, statuses) without sending anything, so that the
    /// phones know the same past as whoever was fed these bodies. These customers read by themselves.
    pub(crate) fn load(&mut self, account: &str, bodies: &[Vec<u8>], now: Timestamp) {
        for body in bodies {
            let Ok(body) = serde_json::from_slice::<Value>(body) else { continue };
            for change in body["entry"][0]["changes"].as_array().into_iter().flatten() {
                self.load_change(account, &change["value"], now);
            }
        }
    }

    fn load_change(&mut self, account: &str, value: &Value, now: Timestamp) {
        let contact = &value["contacts"][0];
        for node in value["messages"].as_array().into_iter().flatten() {
            let phone = self.phone(node["from"].as_str(), contact["user_id"].as_str(), None);
            phone.reads_by_itself = true;
            if let Some(name) = contact["profile"]["name"].as_str() {
                name.clone_into(&mut phone.name);
            }
            phone.username =
                contact["profile"]["username"].as_str().map(str::to_owned).or(phone.username.take());
            let key = phone.key.clone();
            self.apply_inbound(account, &key, node, now);
        }
        for node in value["message_echoes"].as_array().into_iter().flatten() {
            let Some(to) = node["to"].as_str() else { continue };
            let key = self.phone(Some(to), None, None).key.clone();
            let message = self.filed(account, &key, true, node, now);
            self.insert(message);
        }
        for node in value["statuses"].as_array().into_iter().flatten() {
            let Some(message) = node["id"].as_str().and_then(|id| self.messages.get_mut(account, id)) else {
                continue;
            };
            message.status = match node["status"].as_str() {
                Some("delivered") => Status::Delivered,
                Some("read") => Status::Read,
                Some("failed") => Status::Failed,
                _ => continue,
            };
            message.error = node["errors"][0]["code"].as_i64();
        }
    }
}

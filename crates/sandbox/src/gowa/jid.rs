//! Whom `phone` means: a full address, or bare digits that the gateway completes.

use serde_json::Value;

use super::{
    answer::Refusal,
    call::{Call, required},
};
use crate::world::{Recipient, State};

/// Reads an address.
pub(super) fn recipient(raw: &str) -> Result<Recipient, Refusal> {
    let raw = raw.trim().trim_start_matches('+');
    if raw.starts_with('0') {
        return Err(Refusal::validation(
            "phone: phone number must be in international format (should not start with 0).",
        ));
    }
    let strange = || Refusal::of_code("INVALID_JID", format!("your JID is invalid: {raw}"));
    let (user, server) = match raw.split_once('@') {
        Some(parts) => parts,
        None if raw.len() <= 15 => (raw, "s.whatsapp.net"),
        None => (raw, "g.us"),
    };
    let bare = user.split([':', '.']).next().unwrap_or(user);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match server {
        "s.whatsapp.net" | "c.us" if digits(bare) => Ok(Recipient::Phone(bare.to_owned())),
        "lid" if digits(bare) => Ok(Recipient::Lid(format!("{bare}@lid"))),
        "g.us" if user.split('-').all(digits) => Ok(Recipient::Group(format!("{user}@g.us"))),
        _ => Err(strange()),
    }
}

/// The field `phone` of a body, if the gateway finds it on WhatsApp.
pub(super) fn of_body(call: &Call<'_>, body: &Value) -> Result<Recipient, Refusal> {
    let recipient = recipient(required(body, "phone")?)?;
    match &recipient {
        Recipient::Phone(digits) if call.gateway.not_on_whatsapp.contains(digits) => {
            Err(Refusal::of_code("INVALID_JID", format!("Phone {} is not on whatsapp", jid(&recipient))))
        }
        _ => Ok(recipient),
    }
}

/// As it is written.
pub(super) fn jid(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Phone(digits) => format!("{digits}@s.whatsapp.net"),
        Recipient::Lid(jid) | Recipient::Group(jid) => jid.clone(),
    }
}

/// The key of the phone or group, if it is known here.
pub(super) fn key(state: &State, recipient: &Recipient) -> Option<String> {
    let address = match recipient {
        Recipient::Phone(digits) => digits,
        Recipient::Lid(jid) | Recipient::Group(jid) => jid,
    };
    state.find_phone(address).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let phone = || Recipient::Phone("628123456789".into());
        for raw in
            ["628123456789", "+628123456789", "628123456789@s.whatsapp.net", "628123456789:12@s.whatsapp.net"]
        {
            assert_eq!(recipient(raw).unwrap(), phone(), "{raw}");
        }
        assert_eq!(recipient("2515@lid").unwrap(), Recipient::Lid("2515@lid".into()));
        let group = Recipient::Group("120363402106999999@g.us".into());
        assert_eq!(recipient("120363402106999999").unwrap(), group);
        for bad in ["0812345", "", "abc", "628%40s.whatsapp.net", "status@broadcast"] {
            assert!(recipient(bad).is_err(), "{bad}");
        }
    }
}

//! Linking a phone, and what happens to the link later.

use std::{fmt, time::Duration};

use balas_domain::Address;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::{
    address::{address, address_or_number},
    client::Gateway,
    settings::{self, Dialect, SettingsProblem},
    transport::Fault,
    webhook::connection_state,
};
use crate::{
    CheckError,
    inbound::ConnectionState,
    lenient::{body, elements, flag, id, int, name, string},
};

/// How long a QR code can be scanned when the gateway does not say.
const QR_LIFE: i64 = 30;
/// All codes of one attempt last this long together; nothing may claim more.
const MAX_QR_LIFE: i64 = 160;

/// How far a device slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceState {
    /// Nothing is linked, or the connection is lost.
    Disconnected,
    /// On its way.
    Connecting,
    /// Connected, but not logged in.
    Connected,
    /// Linked and usable.
    LoggedIn,
    /// A word of a later version.
    Other,
}

/// A device slot; with version 7 or older the linked phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The slot's name.
    pub id: String,
    /// The linked number.
    pub jid: Option<Address>,
    /// The name that the linked phone shows to others.
    pub name: Option<String>,
    /// How far it is.
    pub state: DeviceState,
}

impl Device {
    /// Whether it is meant by this slot name or JID.
    pub(super) fn is(&self, slot: &str) -> bool {
        self.id == slot || (self.jid.is_some() && self.jid == Address::jid(slot).ok())
    }
}

/// How the browser of a number on the bridge stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserStatus {
    /// How far it is.
    pub state: ConnectionState,
    /// Why, for people.
    pub reason: Option<String>,
    /// Why its callbacks do not arrive here; `None` if they do, or none waits.
    pub undelivered: Option<String>,
    /// `WhatsApp` has blocked the number. Only a person can mend that.
    pub blocked: bool,
}

/// How the link stands. The gateway never tells by itself; ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// It has a connection to `WhatsApp`.
    pub connected: bool,
    /// A phone is linked.
    pub logged_in: bool,
    /// The linked number, if the gateway says which.
    pub jid: Option<Address>,
    /// What only the bridge tells.
    pub browser: Option<BrowserStatus>,
}

/// A QR code to be scanned with `WhatsApp` > Linked devices.
#[derive(Clone, PartialEq, Eq)]
pub struct QrLogin {
    /// The picture, as the gateway drew it.
    pub png: Vec<u8>,
    /// Ask for another one after this time. The one before is void from then on.
    pub expires_in: Duration,
}

impl fmt::Debug for QrLogin {
    /// Who has the code can link the account: it is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QrLogin").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Reads `GET /devices` or `GET /app/devices`.
pub(super) fn read_devices(dialect: Dialect, list: &Value) -> Vec<Device> {
    let all = json!({"all": list});
    elements(&all, "all").iter().filter_map(|device| read_device(dialect, device)).collect()
}

fn read_device(dialect: Dialect, device: &Value) -> Option<Device> {
    let words = ["display_name", "name"];
    let name = words.into_iter().find_map(|key| name(device, key));
    Some(match dialect {
        Dialect::V7 => Device {
            id: id(device, "device")?,
            jid: address(device, "device"),
            name,
            // The list holds only what is linked.
            state: DeviceState::LoggedIn,
        },
        Dialect::V8Plus => Device {
            id: id(device, "id").or_else(|| id(device, "device"))?,
            jid: address(device, "jid").or_else(|| address_or_number(device, "phone_number")),
            name,
            state: state(string(device, "state").as_deref()),
        },
    })
}

fn state(word: Option<&str>) -> DeviceState {
    match word {
        Some("disconnected") => DeviceState::Disconnected,
        Some("connecting") => DeviceState::Connecting,
        Some("connected") => DeviceState::Connected,
        Some("logged_in") => DeviceState::LoggedIn,
        _ => DeviceState::Other,
    }
}

/// What the gateway calls a problem of ours.
fn ours(problem: SettingsProblem) -> CheckError {
    CheckError::Other { text: problem.to_string(), code: None, field: Some(problem.field()) }
}

impl Gateway {
    /// Makes a device slot that delivers to `webhook_url`, signed with `webhook_secret`. Versions before 8.10
    /// do not say whether they took the address: follow with [`Self::set_webhook`].
    ///
    /// # Errors
    /// What is wrong, in words that say what to do. [`CheckError::TooOld`] before version 8.
    pub async fn create_device(
        &self,
        device_id: &str,
        webhook_url: &str,
        webhook_secret: &str,
    ) -> Result<Device, CheckError> {
        if self.settings().dialect == Dialect::V7 {
            return Err(CheckError::TooOld {
                what: "serve several numbers",
                needs: "8.0",
                or: ", or run one of its own for this number",
            });
        }
        settings::device_id(device_id).map_err(ours)?;
        settings::webhook_url(webhook_url).map_err(ours)?;
        settings::webhook_secret(webhook_secret).map_err(ours)?;
        let body = json!({"device_id": device_id, "webhook_url": webhook_url.trim(),
            "webhook_secret": webhook_secret});
        // Not in the name of a slot, which does not exist yet.
        let endpoint = super::transport::Endpoint { device: None, ..self.endpoint() };
        let call = super::transport::Call {
            method: &Method::POST,
            path: &["devices"],
            query: &[],
            body: Some(&body),
            key: None,
        };
        let answer = endpoint.exchange(call).await.map_err(|fault| self.explain(fault))?;
        let made = read_device(Dialect::V8Plus, &answer);
        let bare =
            Device { id: device_id.to_owned(), jid: None, name: None, state: DeviceState::Disconnected };
        Ok(made.unwrap_or(bare))
    }

    /// Makes this slot deliver to `webhook_url`, signed with `webhook_secret`, whatever the gateway's other
    /// slots do. May be repeated.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do. [`CheckError::TooOld`] before version 8.10, where the
    /// webhook stands in the gateway's environment.
    pub async fn set_webhook(&self, webhook_url: &str, webhook_secret: &str) -> Result<(), CheckError> {
        let too_old = CheckError::TooOld {
            what: "be told where to deliver",
            needs: "8.10",
            or: ", or set WHATSAPP_WEBHOOK and WHATSAPP_WEBHOOK_SECRET in its environment and restart it",
        };
        if self.settings().dialect == Dialect::V7 {
            return Err(too_old);
        }
        settings::webhook_url(webhook_url).map_err(ours)?;
        settings::webhook_secret(webhook_secret).map_err(ours)?;
        let Some(slot) = self.settings().slot() else {
            return Err(CheckError::DeviceNeeded { found: Vec::new() });
        };
        let body = json!({"webhook_url": webhook_url.trim(), "webhook_secret": webhook_secret});
        match self.once(Method::PATCH, &["devices", slot, "webhook"], &[], Some(&body)).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.no_such_call() => Err(too_old),
            Err(fault) => Err(self.explain(fault)),
        }
    }

    /// Begins to link a phone and gives back the QR code. A code of before becomes void.
    ///
    /// The picture is fetched from the configured address: the link that the gateway hands out may name a
    /// host that only the gateway knows, and whoever has it can see the code.
    ///
    /// # Errors
    /// What is wrong; [`CheckError::AlreadyLinked`] if there is nothing to link.
    pub async fn login(&self) -> Result<QrLogin, CheckError> {
        let begun = match self.settings().slot() {
            Some(slot) => self.once(Method::GET, &["devices", slot, "login"], &[], None).await,
            None => self.once(Method::GET, &["app", "login"], &[], None).await,
        };
        let begun = begun.map_err(|fault| self.explain(fault))?;
        let link = string(&begun, "qr_link")
            .and_then(|link| picture_path(&link))
            .ok_or_else(|| self.explain(Fault::mumbled("the answer holds no QR code")))?;
        let segments: Vec<&str> = link.split('/').collect();
        let png = self.endpoint().picture(&segments).await.map_err(|fault| self.explain(fault))?;
        let life = int(&begun, "qr_duration").filter(|s| *s > 0).unwrap_or(QR_LIFE).min(MAX_QR_LIFE);
        Ok(QrLogin { png, expires_in: Duration::from_secs(life.unsigned_abs()) })
    }

    /// Begins to link the phone with this number and gives back the code to be typed there, as `ABCD-1234`.
    ///
    /// # Errors
    /// What is wrong; [`CheckError::AlreadyLinked`] if there is nothing to link.
    pub async fn pairing_code(&self, phone: &str) -> Result<String, CheckError> {
        let Ok(Address::Phone(digits)) = Address::phone(phone) else {
            return Err(ours(SettingsProblem::Phone));
        };
        let query = [("phone", digits.as_str())];
        let answer = match self.settings().slot() {
            Some(slot) => self.once(Method::POST, &["devices", slot, "login", "code"], &query, None).await,
            None => self.once(Method::GET, &["app", "login-with-code"], &query, None).await,
        };
        let answer = answer.map_err(|fault| self.explain(fault))?;
        string(&answer, "pair_code")
            .and_then(|code| spelled(&code))
            .ok_or_else(|| self.explain(Fault::mumbled("the answer holds no pairing code")))
    }

    /// How the link stands.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do. That no phone is linked is no error.
    pub async fn status(&self) -> Result<LinkStatus, CheckError> {
        let answer = match self.ask(&["app", "status"], &[]).await {
            Ok(answer) => answer,
            // The first versions did not have it.
            Err(fault) if fault.no_such_call() && self.settings().dialect == Dialect::V7 => {
                let device = self.devices().await?.into_iter().next();
                let linked = device.is_some();
                let jid = device.and_then(|d| d.jid);
                return Ok(LinkStatus { connected: linked, logged_in: linked, jid, browser: None });
            }
            Err(fault) => match self.explain(fault) {
                CheckError::NotLinked => {
                    return Ok(LinkStatus { connected: false, logged_in: false, jid: None, browser: None });
                }
                CheckError::NotConnected => {
                    return Ok(LinkStatus { connected: false, logged_in: true, jid: None, browser: None });
                }
                error => return Err(error),
            },
        };
        let logged_in = flag(&answer, "is_logged_in");
        let mut jid = address(&answer, "jid").or_else(|| address(&answer, "device_id"));
        if logged_in && jid.is_none() {
            let devices = self.devices().await?;
            let mine = match self.settings().slot() {
                Some(slot) => devices.iter().find(|d| d.is(slot)),
                None => devices.first().filter(|_| devices.len() == 1),
            };
            jid = mine.and_then(|d| d.jid.clone());
        }
        let jid = jid.filter(|_| logged_in);
        let browser = browser(&answer);
        Ok(LinkStatus { connected: flag(&answer, "is_connected"), logged_in, jid, browser })
    }

    /// All device slots of the gateway, of whichever account; with version 7 or older the linked phone.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn devices(&self) -> Result<Vec<Device>, CheckError> {
        let dialect = self.settings().dialect;
        let path: &[&str] = match dialect {
            Dialect::V7 => &["app", "devices"],
            Dialect::V8Plus => &["devices"],
        };
        let list = self.ask(path, &[]).await.map_err(|fault| self.explain(fault))?;
        Ok(read_devices(dialect, &list))
    }

    /// Drops the connection to `WhatsApp` and makes a new one. The link stays.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn reconnect(&self) -> Result<(), CheckError> {
        self.act("reconnect").await
    }

    /// Ends the browser of a number on the bridge. The link stays; [`Self::reconnect`] begins again.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do. No gateway has this call.
    pub async fn stop(&self) -> Result<(), CheckError> {
        let Some(slot) = self.settings().slot() else {
            return Err(CheckError::DeviceNeeded { found: Vec::new() });
        };
        let done = self.once(Method::POST, &["devices", slot, "stop"], &[], None).await;
        done.map(drop).map_err(|fault| self.explain(fault))
    }

    /// Ends the link with the phone. The slot stays; with it a new phone can be linked.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn logout(&self) -> Result<(), CheckError> {
        self.act("logout").await
    }

    /// As [`Self::logout`], for another device of the gateway. Version 7 has only one.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn log_device_out(&self, device_id: &str) -> Result<(), CheckError> {
        self.act_on(Some(device_id), "logout").await
    }

    /// As [`Self::reconnect`], for another device of the gateway. Version 7 has only one.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do.
    pub async fn reconnect_device(&self, device_id: &str) -> Result<(), CheckError> {
        self.act_on(Some(device_id), "reconnect").await
    }

    async fn act(&self, what: &str) -> Result<(), CheckError> {
        self.act_on(self.settings().slot(), what).await
    }

    async fn act_on(&self, slot: Option<&str>, what: &str) -> Result<(), CheckError> {
        let done = match slot.filter(|_| self.settings().dialect == Dialect::V8Plus) {
            Some(slot) => self.once(Method::POST, &["devices", slot, what], &[], None).await,
            // A question in form only: it acts.
            None => self.once(Method::GET, &["app", what], &[], None).await,
        };
        done.map(drop).map_err(|fault| self.explain(fault))
    }

    /// Deletes the slot with its link and the chats that the gateway keeps. One that is gone already is no
    /// error.
    ///
    /// # Errors
    /// What is wrong, in words that say what to do. [`CheckError::TooOld`] before version 8: log out instead.
    pub async fn delete_device(&self) -> Result<(), CheckError> {
        if self.settings().dialect == Dialect::V7 {
            return Err(CheckError::TooOld {
                what: "delete a device",
                needs: "8.0",
                or: ", or log out instead",
            });
        }
        let Some(slot) = self.settings().slot() else {
            return Err(CheckError::DeviceNeeded { found: Vec::new() });
        };
        match self.once(Method::DELETE, &["devices", slot], &[], None).await {
            Ok(_) => Ok(()),
            Err(fault) => match self.explain(fault) {
                CheckError::DeviceUnknown { .. } => Ok(()),
                // Some versions have no better word for an unknown slot than "internal error".
                error @ CheckError::Other { .. } => match self.devices().await {
                    Ok(devices) if !devices.iter().any(|d| d.is(slot)) => Ok(()),
                    _ => Err(error),
                },
                error => Err(error),
            },
        }
    }
}

/// Gateways have no outbox, and their states mean something else.
fn browser(status: &Value) -> Option<BrowserStatus> {
    let outbox = status.get("outbox").filter(|o| o.is_object())?;
    let waits = int(outbox, "waiting").is_some_and(|n| n > 0);
    Some(BrowserStatus {
        state: connection_state(status)?,
        reason: body(status, "reason"),
        undelivered: body(outbox, "problem").filter(|_| waits),
        blocked: status.get("blocked") == Some(&Value::Bool(true)),
    })
}

/// The part of the link that is below the gateway's base address, if it is a harmless one.
fn picture_path(link: &str) -> Option<String> {
    let path = match Url::parse(link) {
        Ok(url) => url.path().to_owned(),
        Err(_) => link.split(['?', '#']).next()?.to_owned(),
    };
    let start = path.rfind("statics/qrcode/")?;
    let path = path.get(start..)?;
    super::media::harmless(path).then(|| path.to_owned())
}

/// Eight letters and digits with a hyphen in the middle, as phones show them.
fn spelled(code: &str) -> Option<String> {
    let bare: String =
        code.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    let sound = bare.len() == 8 && bare.bytes().all(|b| b.is_ascii_alphanumeric());
    if sound { Some(format!("{}-{}", bare.get(..4)?, bare.get(4..)?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_a_link_counts() {
        for link in [
            "http://localhost:3000/statics/qrcode/scan-qr-4b1c.png",
            "https://internal.example/gowa/statics/qrcode/scan-qr-4b1c.png?x=1",
            "/statics/qrcode/scan-qr-4b1c.png",
            "statics/qrcode/scan-qr-4b1c.png",
        ] {
            assert_eq!(picture_path(link).as_deref(), Some("statics/qrcode/scan-qr-4b1c.png"), "{link}");
        }
        for link in
            ["", "http://localhost:3000/devices", "http://h/statics/qrcode/", "statics/qrcode/../../x"]
        {
            assert_eq!(picture_path(link), None, "{link}");
        }
    }

    #[test]
    fn pairing_codes_have_one_spelling() {
        for code in ["ABCD-1234", "abcd1234", "ABCD 1234"] {
            assert_eq!(spelled(code).as_deref(), Some("ABCD-1234"));
        }
        for odd in ["", "ABCD-123", "ABCD-12345", "ABCD-12é"] {
            assert_eq!(spelled(odd), None, "{odd}");
        }
    }

    #[test]
    fn states() {
        for (word, expected) in [
            (Some("disconnected"), DeviceState::Disconnected),
            (Some("connecting"), DeviceState::Connecting),
            (Some("connected"), DeviceState::Connected),
            (Some("logged_in"), DeviceState::LoggedIn),
            (Some("resting"), DeviceState::Other),
            (None, DeviceState::Other),
        ] {
            assert_eq!(state(word), expected);
        }
    }
}

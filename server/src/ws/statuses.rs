//! Frames about connected numbers by themselves, for programs that only link and watch them and keep no state: asked
//! for with `/ws?whatsapp=1`, beside the events of the log.

use std::collections::HashMap;

use axum::extract::ws::Utf8Bytes;
use balas_domain::{AccountId, AccountStatus, Payload, Timestamp, view::AccountView};
use balas_engine::{Actor, Engine, EngineError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use super::hub;

/// What goes out.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
enum Frame {
    /// All of them, when the stream begins.
    #[serde(rename = "whatsapp-all-statuses")]
    All { accounts: Vec<NumberState> },
    /// One that has changed.
    #[serde(rename = "whatsapp-status")]
    One(Box<NumberState>),
    /// One that shows a pairing code now.
    #[serde(rename = "whatsapp-pairing-code")]
    PairingCode {
        /// Which number.
        account_id: AccountId,
        #[serde(flatten)]
        code: Code,
    },
}

/// How a number is.
#[derive(Debug, Serialize)]
struct NumberState {
    account_id: AccountId,
    name: String,
    status: AccountStatus,
    /// Why, for people, when something is wrong.
    message: Option<String>,
    phone_number: Option<String>,
    /// Of the phone, in per cent, where the provider tells it.
    battery: Option<u8>,
    /// Only for who may link numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<Qr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pairing_code: Option<Code>,
}

/// The QR code that is shown.
#[derive(Serialize)]
struct Qr {
    /// The picture, base64.
    png: String,
    expires_at: Timestamp,
}

/// The pairing code that is shown.
#[derive(Clone, Serialize)]
struct Code {
    code: String,
    expires_at: Timestamp,
}

// Who has one of them can link the number.
impl std::fmt::Debug for Qr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Qr")
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code")
    }
}

/// All numbers, for the beginning of the stream; nothing for who may not see any.
pub(super) async fn all(engine: &Engine, actor: &Actor) -> Result<Option<Utf8Bytes>, EngineError> {
    let accounts = match engine.accounts(actor).await {
        Ok(accounts) => accounts,
        Err(EngineError::Denied(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let accounts = accounts.into_iter().map(|account| status(engine, actor, account)).collect();
    Ok(Some(hub::json(&Frame::All { accounts }).into()))
}

/// The frames for what has changed: the last state of each number.
pub(super) fn changes<'a>(
    engine: &Engine,
    actor: &Actor,
    payloads: impl Iterator<Item = &'a Payload>,
) -> Vec<Utf8Bytes> {
    let mut order = Vec::new();
    let mut last: HashMap<AccountId, &AccountView> = HashMap::new();
    for payload in payloads {
        if let Payload::Account(account) = payload
            && last.insert(account.id, account).is_none()
        {
            order.push(account.id);
        }
    }
    let mut frames = Vec::new();
    for account in order.into_iter().filter_map(|id| last.remove(&id)) {
        let status = status(engine, actor, account.clone());
        let code = status.pairing_code.clone();
        frames.push(hub::json(&Frame::One(Box::new(status))).into());
        if let Some(code) = code {
            frames.push(hub::json(&Frame::PairingCode { account_id: account.id, code }).into());
        }
    }
    frames
}

fn status(engine: &Engine, actor: &Actor, account: AccountView) -> NumberState {
    let id = account.id;
    // Whoever may not link numbers, or comes a moment too late, gets no code.
    let qr = (account.status == AccountStatus::Qr).then(|| engine.account_qr(actor, id).ok()).flatten();
    let code =
        (account.status == AccountStatus::Pairing).then(|| engine.account_pairing_code(actor, id).ok());
    NumberState {
        account_id: id,
        name: account.name,
        status: account.status,
        message: account.status_detail,
        phone_number: account.phone,
        // None of today's providers tells it.
        battery: None,
        qr: qr.map(|qr| Qr { png: STANDARD.encode(&qr.png), expires_at: qr.expires_at }),
        pairing_code: code.flatten().map(|c| Code { code: c.code, expires_at: c.expires_at }),
    }
}

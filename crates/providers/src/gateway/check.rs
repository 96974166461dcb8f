//! "Test connection": is this a gateway, of which dialect, and is the right phone linked to it?

use balas_domain::Address;
use reqwest::{Client, Method};
use serde_json::Value;

use super::{
    client::Gateway,
    link::{Device, read_devices},
    settings::{self, Dialect},
    transport::{Call, Endpoint, Fault},
};
use crate::{CheckError, lenient::name, provider::Checked};

/// What stands at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// How it speaks.
    pub dialect: Dialect,
    /// Its version, such as `v9.2.0`; told from version 9 on.
    pub version: Option<String>,
    /// The device slots that it has; with version 7 or older the linked phone, if there is one.
    pub devices: Vec<Device>,
}

/// Finds out what stands at an address, without changing anything. Does not need a linked phone.
///
/// # Errors
/// What is wrong, in words that say what to do.
pub async fn detect(
    client: &Client,
    base_url: &str,
    user: &str,
    password: &str,
) -> Result<Detected, CheckError> {
    let explain = |fault: Fault| fault.explain(base_url, None);
    settings::base_url(base_url).map_err(|problem| explain(problem.into()))?;
    let endpoint = Endpoint { http: client, base_url, user, password, device: None };
    let get = |path: &'static [&'static str]| {
        endpoint.exchange(Call { method: &Method::GET, path, query: &[], body: None, key: None })
    };
    match get(&["devices"]).await {
        Ok(list) => {
            // Only version 9 knows this call; some ask for a slot before they answer it.
            let info = get(&["app", "info"]).await.unwrap_or_default();
            let devices = read_devices(Dialect::V8Plus, &list);
            Ok(Detected { dialect: Dialect::V8Plus, version: name(&info, "version"), devices })
        }
        Err(fault) if fault.no_such_call() => {
            let list = match get(&["app", "devices"]).await {
                // The gateway's own "no" is as good a sign: no phone is linked.
                Err(Fault::Refused { error, .. }) if error.code.is_some() => Value::Null,
                other => other.map_err(explain)?,
            };
            let devices = read_devices(Dialect::V7, &list);
            Ok(Detected { dialect: Dialect::V7, version: None, devices })
        }
        Err(fault) => Err(explain(fault)),
    }
}

/// Up to four questions, each of which can show another mistake.
pub async fn run(gateway: &Gateway) -> Result<Checked, CheckError> {
    let devices = devices_of_dialect(gateway).await?;
    let device = match gateway.settings().slot() {
        Some(slot) => {
            let found = devices.iter().find(|d| d.is(slot));
            Some(found.ok_or_else(|| CheckError::DeviceUnknown { device_id: slot.to_owned() })?)
        }
        None if devices.len() > 1 => {
            return Err(CheckError::DeviceNeeded { found: devices.into_iter().map(|d| d.id).collect() });
        }
        None => devices.first(),
    };
    let status = gateway.status().await?;
    if !status.logged_in {
        return Err(CheckError::NotLinked);
    }
    let linked = status.jid.or_else(|| device.and_then(|d| d.jid.clone()));
    if let (Some(expected), Some(found)) = (gateway.settings().own(), &linked)
        && !same_number(&expected, found)
    {
        return Err(CheckError::OtherNumber { expected: expected.label(), found: found.label() });
    }
    if !status.connected {
        return Err(CheckError::NotConnected);
    }
    let webhook_subscribed = match device.filter(|_| gateway.settings().dialect == Dialect::V8Plus) {
        Some(device) => has_webhook(gateway, &device.id).await,
        None => true,
    };
    Ok(Checked {
        display_phone: linked.or_else(|| gateway.settings().own()).map(|a| a.label()).unwrap_or_default(),
        verified_name: device.and_then(|d| d.name.clone()).unwrap_or_default(),
        quality: None,
        webhook_subscribed,
    })
}

/// The devices, if the gateway still speaks as it did when the account was set up.
async fn devices_of_dialect(gateway: &Gateway) -> Result<Vec<Device>, CheckError> {
    let expected = gateway.settings().dialect;
    let other =
        |found: Dialect| Err(CheckError::OtherDialect { expected: expected.words(), found: found.words() });
    let list = match (gateway.ask(&["devices"], &[]).await, expected) {
        (Ok(list), Dialect::V8Plus) => list,
        (Ok(_), Dialect::V7) => return other(Dialect::V8Plus),
        (Err(fault), Dialect::V7) if fault.no_such_call() => {
            gateway.ask(&["app", "devices"], &[]).await.map_err(|fault| gateway.explain(fault))?
        }
        (Err(fault), Dialect::V8Plus) if fault.no_such_call() => {
            // An old gateway, or none at all?
            return match gateway.ask(&["app", "devices"], &[]).await {
                Ok(_) => other(Dialect::V7),
                Err(fault) => Err(gateway.explain(fault)),
            };
        }
        (Err(fault), _) => return Err(gateway.explain(fault)),
    };
    Ok(read_devices(expected, &list))
}

/// Whether this slot delivers to an address of its own. Before version 8.10 nobody can tell.
async fn has_webhook(gateway: &Gateway, slot: &str) -> bool {
    match gateway.ask(&["devices", slot, "webhook"], &[]).await {
        Ok(webhook) => name(&webhook, "webhook_url").is_some(),
        Err(_) => true,
    }
}

/// Whether two numbers are one. People write the numbers of some countries with and without a digit that
/// `WhatsApp` leaves out (Brazil, Mexico, Argentina), so country and end must do.
#[must_use]
pub fn same_number(a: &Address, b: &Address) -> bool {
    let (Address::Phone(a), Address::Phone(b)) = (a, b) else { return a == b };
    let end = |digits: &str| digits.get(digits.len().saturating_sub(8)..).unwrap_or_default().to_owned();
    a == b || (a.len().abs_diff(b.len()) == 1 && a.get(..2) == b.get(..2) && end(a) == end(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_two_spellings() {
        let same = |a: &str, b: &str| same_number(&Address::phone(a).unwrap(), &Address::phone(b).unwrap());
        assert!(same("+62 898 7654 321", "628987654321"));
        assert!(same("5541998765432", "554198765432"));
        assert!(same("5215512345678", "525512345678"));
        assert!(!same("628123456789", "628987654321"));
        assert!(!same("628123456789", "918123456789"));
    }
}

//! "Test connection": does this token reach this number of this business, and do deliveries come?

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    client::Cloud,
    errors::{GraphError, classify, wait},
    transport::Fault,
};
use crate::{
    CheckError,
    lenient::{elements, flag, id, name},
    provider::Checked,
};
use balas_domain::view::{FailureClass, ProviderKind};

/// Most pages of numbers that are looked through, of a hundred each.
const MAX_PAGES: usize = 20;

/// What a call was about, so that a refusal can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Number,
    Business,
}

/// Three questions, each of which can show another mistake.
pub async fn run(cloud: &Cloud) -> Result<Checked, CheckError> {
    let number = ask_number(cloud).await?;
    let (found, shown) = numbers_of_business(cloud).await?;
    if !found {
        let (phone_number_id, waba_id) = ids(cloud);
        return Err(CheckError::NumberNotInBusiness { phone_number_id, waba_id, found: shown });
    }
    let apps = get(cloud, About::Business, &[waba(cloud), "subscribed_apps"], &[]).await?;
    Ok(Checked {
        display_phone: name(&number, "display_phone_number").unwrap_or_default(),
        verified_name: name(&number, "verified_name").unwrap_or_default(),
        quality: name(&number, "quality_rating"),
        webhook_subscribed: !elements(&apps, "data").is_empty(),
    })
}

/// Switches deliveries on. Doing it twice does no harm.
pub async fn subscribe(cloud: &Cloud) -> Result<(), CheckError> {
    let path = [waba(cloud), "subscribed_apps"];
    let answer = cloud.repeat(Method::POST, &path, &[], Some(&json!({}))).await;
    match answer.map_err(|fault| explain(cloud, About::Business, fault)) {
        Ok(answer) if flag(&answer, "success") => Ok(()),
        Ok(_) => Err(not_subscribed(cloud, "it gives no reason".to_owned())),
        // What has no better words of its own.
        Err(CheckError::Other { text, .. }) => Err(not_subscribed(cloud, text)),
        Err(other) => Err(other),
    }
}

fn not_subscribed(cloud: &Cloud, detail: String) -> CheckError {
    CheckError::NotSubscribed { waba_id: waba(cloud).to_owned(), detail }
}

fn waba(cloud: &Cloud) -> &str {
    cloud.settings().waba_id.trim()
}

fn ids(cloud: &Cloud) -> (String, String) {
    (cloud.settings().phone_number_id.trim().to_owned(), waba(cloud).to_owned())
}

async fn get(
    cloud: &Cloud,
    about: About,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<Value, CheckError> {
    cloud.repeat(Method::GET, path, query, None).await.map_err(|fault| explain(cloud, about, fault))
}

/// Reads the number. Sends the proof that we know the app's secret along, which Meta checks whenever it is
/// given: otherwise a wrong secret would show only when the first delivery is refused.
async fn ask_number(cloud: &Cloud) -> Result<Value, CheckError> {
    let proof = proof(cloud);
    let mut query = vec![("fields", "id,display_phone_number,verified_name,quality_rating")];
    query.extend(proof.as_deref().map(|p| ("appsecret_proof", p)));
    let number = get(cloud, About::Number, &[cloud.settings().phone_number_id.trim()], &query).await?;
    if name(&number, "display_phone_number").is_none() {
        // The id is one of something else, such as the business account's.
        return Err(CheckError::UnknownNumber { phone_number_id: ids(cloud).0 });
    }
    Ok(number)
}

/// HMAC-SHA256 of the token with the app secret (Graph API > Securing requests).
fn proof(cloud: &Cloud) -> Option<String> {
    let secrets = cloud.secrets();
    let secret = secrets.app_secret.trim();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok().filter(|_| !secret.is_empty())?;
    mac.update(secrets.token.trim().as_bytes());
    Some(hex::encode(mac.finalize().into_bytes()))
}

/// Whether the number is among the business's, and all of them as shown.
async fn numbers_of_business(cloud: &Cloud) -> Result<(bool, Vec<String>), CheckError> {
    let wanted = cloud.settings().phone_number_id.trim();
    let mut shown = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![("fields", "id,display_phone_number"), ("limit", "100")];
        query.extend(after.as_deref().map(|a| ("after", a)));
        let page = get(cloud, About::Business, &[waba(cloud), "phone_numbers"], &query).await?;
        for number in elements(&page, "data") {
            if id(number, "id").as_deref() == Some(wanted) {
                return Ok((true, shown));
            }
            shown.extend(name(number, "display_phone_number").filter(|_| shown.len() < 10));
        }
        let paging = page.get("paging").unwrap_or(&Value::Null);
        let next = paging.get("cursors").and_then(|c| id(c, "after")).filter(|n| after.as_ref() != Some(n));
        // `next` is the whole address with the token in it: only the cursor is used.
        let (Some(next), true) = (next, paging.get("next").is_some()) else { break };
        after = Some(next);
    }
    Ok((false, shown))
}

/// What a failed call says about the settings.
fn explain(cloud: &Cloud, about: About, fault: Fault) -> CheckError {
    let url = cloud.settings().base_url.trim().to_owned();
    match fault {
        Fault::Settings { text, field } => CheckError::Other { text, code: None, field },
        Fault::NoConnection { detail } | Fault::Lost { detail, http: None, .. } => {
            CheckError::Unreachable { by: ProviderKind::Cloud, url, detail }
        }
        Fault::Lost { detail, http: Some(http), .. } if http < 500 => CheckError::Other {
            text: format!(
                "{url} does not answer like Meta's Graph API ({detail}). Correct the base address in the \
                 configuration."
            ),
            code: None,
            field: None,
        },
        Fault::Lost { detail, .. } => CheckError::Busy { detail, retry_after: None },
        Fault::Refused { http, error, retry_after, .. } => {
            refused(cloud, about, http, &error, wait(&error, retry_after))
        }
    }
}

fn refused(
    cloud: &Cloud,
    about: About,
    http: u16,
    error: &GraphError,
    retry_after: Option<std::time::Duration>,
) -> CheckError {
    let words = error.words.clone().unwrap_or_else(|| format!("HTTP status {http}"));
    let mentions = |part: &str| words.to_ascii_lowercase().contains(part);
    let unknown = || {
        let (phone_number_id, waba_id) = ids(cloud);
        match about {
            About::Number => CheckError::UnknownNumber { phone_number_id },
            About::Business => CheckError::UnknownBusiness { waba_id },
        }
    };
    let code = error.code;
    match code {
        // Before all others: Meta answers with the code of any wrong argument.
        _ if mentions("appsecret_proof") => CheckError::AppSecret,
        // 463 is "expired", but Meta's own example of a plainly wrong token carries it too.
        Some(190) if error.subcode == Some(463) && mentions("expired") => CheckError::TokenExpired,
        Some(190 | 0 | 102 | 104) => CheckError::TokenRejected { code },
        Some(3 | 10 | 200..=299) => CheckError::MissingPermission { code },
        Some(803) => unknown(),
        // No such object, or no access to it: Meta does not tell which.
        Some(100) if error.subcode == Some(33) || mentions("phone number id") => unknown(),
        Some(100) if mentions("version") => CheckError::Other {
            text: format!(
                "Meta does not know version {} of its API. Correct it in the configuration.",
                cloud.settings().version
            ),
            code,
            field: None,
        },
        _ => match (classify(error, Some(http)).0, code) {
            (FailureClass::Auth, _) => CheckError::TokenRejected { code },
            (FailureClass::Throttled | FailureClass::Transient, _) => {
                CheckError::Busy { detail: words, retry_after }
            }
            (_, None) if http == 404 => unknown(),
            _ => CheckError::Other {
                text: format!(
                    "Meta does not give this number free: {words}. Look at the number in WhatsApp Manager, \
                     then test again."
                ),
                code,
                field: (about == About::Number).then_some("phone_number_id"),
            },
        },
    }
}

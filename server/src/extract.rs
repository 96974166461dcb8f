//! Reading requests so that every refusal is a [`Problem`] that names what is wrong.

use std::{str::FromStr, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::problem::Problem;

/// Largest JSON body, in bytes. The largest useful one is a text of 4,096 characters.
pub const MAX_JSON: usize = 256 * 1024;

/// How long a body may take to arrive.
pub const ARRIVAL: Duration = Duration::from_secs(30);

/// The whole body, unless it is larger than `limit`: then nothing is read that need not be.
///
/// # Errors
/// 413 when it is larger, 408 when it takes too long, 400 when the connection breaks.
pub async fn read_body(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|n| n > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    let Ok(collected) = timeout(ARRIVAL, Limited::new(body, limit).collect()).await else {
        return Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "the body took too long; send it again",
        ));
    };
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Err(_) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete",
            "the body ended too early; send it again",
        )),
    }
}

/// A JSON body.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send the body as JSON, with `Content-Type: application/json`",
            ));
        }
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, MAX_JSON).await?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|e| {
        let path = e.path().to_string();
        let inner = e.into_inner();
        if inner.is_data() {
            // The first line of serde's words, without its position: the field's name says more.
            let words = inner.to_string();
            let words = words.split(" at line ").next().unwrap_or_default().to_owned();
            let field = if path == "." { field_in(&words).unwrap_or_default() } else { path };
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "some fields must be corrected")
                .field(field, words)
        } else {
            malformed(&inner)
        }
    })?;
    json.end().map_err(|e| malformed(&e))?;
    Ok(value)
}

fn malformed(e: &serde_json::Error) -> Problem {
    let detail = format!("the body is no valid JSON (line {}, column {}); correct it", e.line(), e.column());
    Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
}

/// serde names missing and unknown fields of the outermost object only in its words, between backticks.
fn field_in(words: &str) -> Option<String> {
    let mut parts = words.split('`');
    parts.next()?.contains("field").then(|| parts.next().map(str::to_owned)).flatten()
}

/// The query string.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(|e| {
            let words = e.body_text();
            let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(&words);
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                format!("the query string is not right: {words}"),
            )
        })
    }
}

/// Longest search text, in characters. Databases refuse patterns that are much longer.
const MAX_SEARCH: usize = 200;

/// A search text as it can be looked for: without control characters, which no stored text has.
///
/// # Errors
/// When it is too long.
pub fn search(q: Option<String>) -> Result<Option<String>, Problem> {
    let Some(q) = q else { return Ok(None) };
    let q: String = q.chars().filter(|c| !c.is_control()).collect();
    if q.chars().count() > MAX_SEARCH {
        let words = format!("must have at most {MAX_SEARCH} characters");
        let detail = "the search text is too long; search for less";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "too_long", detail).field("q", words));
    }
    Ok(Some(q).filter(|q| !q.is_empty()))
}

/// The id in the address. What is no id names nothing, so it is 404 like any other unknown one.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found("such thing"))?;
        let raw = params.iter().map(|(_, value)| value).last().unwrap_or_default();
        raw.parse().map(Self).map_err(|_| Problem::not_found("such thing"))
    }
}

/// The id in the address, and behind it the name of something that belongs to it.
#[derive(Clone, Debug)]
pub struct Named<T>(pub T, pub String);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let nothing = || Problem::not_found("such thing");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| nothing())?;
        let mut params = params.iter().map(|(_, value)| value);
        let (Some(id), Some(name)) = (params.next(), params.next()) else { return Err(nothing()) };
        Ok(Self(id.parse().map_err(|_| nothing())?, name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use balas_domain::query::NewText;
    use serde_json::json;

    use super::*;

    fn refused(body: &str) -> serde_json::Value {
        serde_json::to_value(parse::<NewText>(body.as_bytes()).unwrap_err()).unwrap()
    }

    #[test]
    fn refusals_name_the_field() {
        let missing = refused(r#"{"text":"x"}"#);
        assert_eq!(
            (&missing["status"], &missing["errors"][0]["field"]),
            (&json!(422), &json!("id")),
            "{missing}"
        );
        let wrong = refused(r#"{"id":"no-uuid","text":"x"}"#);
        assert_eq!((&wrong["status"], &wrong["errors"][0]["field"]), (&json!(422), &json!("id")), "{wrong}");
        let wrong = refused(r#"{"id":"01900000-0000-7000-8000-000000000000","text":5}"#);
        assert_eq!(wrong["errors"][0]["field"], "text");
        assert_eq!(refused("{\"id\":")["code"], "malformed_json");
        assert_eq!(refused("")["code"], "malformed_json");
        assert_eq!(refused("{\"text\": \"x\" \"id\"")["status"], 400);
        let twice = r#"{"id":"01900000-0000-7000-8000-000000000000","text":"x"} {}"#;
        assert_eq!(refused(twice)["code"], "malformed_json");
    }

    #[tokio::test]
    async fn large_bodies_are_not_read() {
        let mut headers = HeaderMap::new();
        let body = Body::from("12345");
        assert_eq!(read_body(&headers, body, 5).await.unwrap(), "12345");
        assert_eq!(read_body(&headers, Body::from("123456"), 5).await.unwrap_err().status(), 413);
        headers.insert(header::CONTENT_LENGTH, 50_000_000.into());
        // A body that would never end is not waited for.
        assert_eq!(read_body(&headers, endless(), 5).await.unwrap_err().status(), 413);
    }

    fn endless() -> Body {
        Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>())
    }

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_are_given_up() {
        assert_eq!(read_body(&HeaderMap::new(), endless(), 5).await.unwrap_err().status(), 408);
    }
}

//! Errors as programs get them: problem details after RFC 9457.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use balas_domain::form::FieldError;
use balas_engine::{EngineError, UploadRefused};
use serde::Serialize;

/// The media type of what [`Problem`] becomes.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, what to do, and where. Boxed: every handler may return one, few do.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Details>);

/// What went wrong, what to do, and where.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Details {
    /// Names the kind of problem: `urn:balas:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:balas:problem:not_found")]
    kind: String,
    /// The kind in a few words.
    #[schema(example = "Not found")]
    title: Cow<'static, str>,
    /// The HTTP status again, for those who only see the body.
    #[serde(serialize_with = "as_number")]
    #[schema(value_type = u16, example = 404)]
    status: StatusCode,
    /// What happened and what to do next, for people.
    detail: String,
    /// A stable word for programs.
    #[schema(example = "not_found")]
    code: Cow<'static, str>,
    /// Fields that must be corrected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// One field that must be corrected.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct FieldProblem {
    /// The field's name; nested ones with dots.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem with the status's usual title.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind: format!("urn:balas:problem:{code}"),
            title: title(status).into(),
            status,
            detail: detail.into(),
            code: code.into(),
            errors: Vec::new(),
            retry_after: None,
        }))
    }

    /// Names one field that must be corrected.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldProblem { field: field.into(), detail: detail.into() });
        self
    }

    /// Tells when it is worth trying again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Its HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "sign in, or send a valid token as `Authorization: Bearer …`; `balas token create` makes one",
        )
    }

    /// The request comes from another site's page.
    #[must_use]
    pub fn foreign_origin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "this request does not come from a page of this server; if it does, set --public-url to the address in \
             your browser",
        )
    }

    /// No such thing.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no {what} here; check the address and the id"),
        )
    }

    /// The body is larger than it may be.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body may have at most {limit} bytes; send less at once"),
        )
    }

    /// Too many requests.
    #[must_use]
    pub fn too_many(wait: Duration) -> Self {
        let seconds = whole_seconds(wait);
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            format!("too many requests from your address; wait {seconds} s and try again"),
        )
        .retry_after(wait)
    }

    /// Something that the sender can do nothing about. What it was is in the log, not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something went wrong on the server; try again, and tell an admin the request id if it stays",
        )
    }

    /// Storing failed for now.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the server cannot store or read data at the moment; try again in a few seconds",
        )
        .retry_after(Duration::from_secs(2))
    }
}

/// Never zero: "wait 0 seconds" would be answered by the same refusal.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

const fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "Bad request",
        StatusCode::UNAUTHORIZED => "Not signed in",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::METHOD_NOT_ALLOWED => "Method not allowed",
        StatusCode::REQUEST_TIMEOUT => "Too slow",
        StatusCode::CONFLICT => "Conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "Unsupported media type",
        StatusCode::UNPROCESSABLE_ENTITY => "Some fields must be corrected",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        StatusCode::SERVICE_UNAVAILABLE => "Not available at the moment",
        _ => "Something went wrong",
    }
}

impl From<EngineError> for Problem {
    fn from(e: EngineError) -> Self {
        use EngineError as E;
        let status = match &e {
            E::Denied(_) | E::Refused(_) => StatusCode::FORBIDDEN,
            E::NotFound { .. } => StatusCode::NOT_FOUND,
            E::Invalid(_)
            | E::Empty
            | E::TooLong { .. }
            | E::CaptionTooLong { .. }
            | E::Unsendable(_)
            | E::NotComposed
            | E::Unconfirmed { .. }
            | E::Media(_)
            | E::Check(_) => StatusCode::UNPROCESSABLE_ENTITY,
            E::Upload(refused) => match refused {
                UploadRefused::TooLarge(_) | UploadRefused::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
                UploadRefused::Empty
                | UploadRefused::Harmful(_)
                | UploadRefused::Unscannable
                | UploadRefused::NotRedrawn
                | UploadRefused::NoSticker
                | UploadRefused::StickerMoves => StatusCode::UNPROCESSABLE_ENTITY,
                UploadRefused::Unscanned => StatusCode::SERVICE_UNAVAILABLE,
                UploadRefused::TooMany => StatusCode::TOO_MANY_REQUESTS,
                UploadRefused::OutOfPlace(_) | UploadRefused::Busy | UploadRefused::Unfinished(_) => {
                    StatusCode::CONFLICT
                }
            },
            E::BadCursor => StatusCode::BAD_REQUEST,
            E::Provider { .. } => StatusCode::BAD_GATEWAY,
            E::Conflict { .. }
            | E::AccountNotReady { .. }
            | E::WindowClosed
            | E::NothingToRetry
            | E::Unsupported { .. }
            | E::Transition(_) => StatusCode::CONFLICT,
            E::Store(source) if source.is_transient() => {
                tracing::warn!(error = %source, "the database did not answer");
                return Self::unavailable();
            }
            E::Store(_) | E::Storage(_) | E::Secret(_) | E::Internal(_) => {
                tracing::error!(error = %chain(&e), "a request failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let problem = Self::new(status, e.code(), e.to_string());
        match e {
            E::Invalid(errors) => errors
                .into_iter()
                .fold(problem, |p, FieldError { field, problem: words }| p.field(field, words.to_string())),
            E::Empty => problem.field("text", "is required"),
            E::TooLong { .. } => problem.field("text", "is too long"),
            E::CaptionTooLong { .. } => problem.field("caption", "is too long"),
            E::Upload(UploadRefused::Unscanned) => problem.retry_after(Duration::from_mins(1)),
            E::Check(check) => match check.field() {
                Some(field) => problem.field(field, check.to_string()),
                None => problem,
            },
            _ => problem,
        }
    }
}

/// An error with all that caused it, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut out = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        out.push_str(": ");
        out.push_str(&cause.to_string());
        source = cause.source();
    }
    out
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.0.status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        let headers = response.headers_mut();
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, whole_seconds(wait).into());
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_shape() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "correct it")
            .field("name", "is required");
        insta::assert_json_snapshot!(problem, @r#"
        {
          "type": "urn:balas:problem:invalid",
          "title": "Some fields must be corrected",
          "status": 422,
          "detail": "correct it",
          "code": "invalid",
          "errors": [
            {
              "field": "name",
              "detail": "is required"
            }
          ]
        }
        "#);
    }

    #[test]
    fn waiting_is_never_zero() {
        let response = Problem::too_many(Duration::from_millis(3)).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(whole_seconds(Duration::from_millis(1001)), 2);
    }
}

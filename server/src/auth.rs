//! Who asks: a member with a session cookie, or a program with a bearer token. The only place where an
//! [`Actor`] comes from a request.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use balas_engine::Actor;

use crate::{origin, problem::Problem, state::AppState};

/// The session cookie's name.
pub const COOKIE: &str = "balas_session";

/// How the asker showed who he is. Kept so that long-lived sockets can be checked again.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The session cookie's value.
    Session(String),
    /// A bearer token.
    Bearer(String),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Session(_) => "Session(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

impl Credential {
    /// What the request carries. A bearer token is meant deliberately, so it counts before the cookie, and a
    /// wrong one does not fall back to it.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().unwrap_or_default();
            let bearer = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            return Some(Self::Bearer(bearer.map_or("", |(_, token)| token.trim()).to_owned()));
        }
        CookieJar::from_headers(headers).get(COOKIE).map(|c| Self::Session(c.value().to_owned()))
    }

    /// Whose it is; `None` when it is not or no longer valid.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn actor(&self, state: &AppState) -> Result<Option<Actor>, Problem> {
        Ok(match self {
            Self::Session(token) => state.engine.actor_by_session(token).await?,
            Self::Bearer(token) => state.engine.actor_by_token(token).await?,
        })
    }

    /// Whether browsers attach it by themselves, so that other sites' pages could abuse it.
    #[must_use]
    pub const fn is_ambient(&self) -> bool {
        matches!(self, Self::Session(_))
    }
}

/// Whoever asks must be known. Writes by cookie must come from our own pages.
#[derive(Clone, Debug)]
pub struct Caller(pub Actor);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let credential = Credential::of(&parts.headers).ok_or_else(Problem::unauthorized)?;
        if credential.is_ambient() && !parts.method.is_safe() && !origin::is_ours(&parts.headers, state) {
            return Err(Problem::foreign_origin());
        }
        credential.actor(state).await?.map(Self).ok_or_else(Problem::unauthorized)
    }
}

/// Who asks for a page, if he is known. In the request's extensions, for what is rendered.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Actor>);

/// Puts [`Visitor`] into the extensions of pages and server functions, and refuses writes that do not come
/// from our own pages: signing in included, or another site could sign its visitor in as someone else.
pub async fn recognise(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if !request.method().is_safe() && !origin::is_ours(request.headers(), &state) {
        return Problem::foreign_origin().into_response();
    }
    let actor = match Credential::of(request.headers()) {
        Some(credential @ Credential::Session(_)) => match credential.actor(&state).await {
            Ok(actor) => actor,
            Err(problem) => return problem.into_response(),
        },
        _ => None,
    };
    request.extensions_mut().insert(Visitor(actor));
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(header::HeaderName, &str)]) -> Option<Credential> {
        Credential::of(&pairs.iter().map(|(k, v)| (k.clone(), v.parse().unwrap())).collect())
    }

    #[test]
    fn what_counts() {
        let session = Credential::Session("abc".into());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(header::COOKIE, "a=b; balas_session=abc")]), Some(session));
        let both = [(header::COOKIE, "balas_session=abc"), (header::AUTHORIZATION, "bearer  t ")];
        assert_eq!(of(&both), Some(Credential::Bearer("t".into())));
        let basic = [(header::COOKIE, "balas_session=abc"), (header::AUTHORIZATION, "Basic eA==")];
        assert_eq!(of(&basic), Some(Credential::Bearer(String::new())));
        assert_eq!(format!("{:?}", of(&both).unwrap()), "Bearer(…)");
    }
}

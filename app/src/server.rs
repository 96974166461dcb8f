//! The server's side: answers requests for pages and the calls that pages make.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use balas_domain::{Timestamp, inbox::Snapshot, view::Me};
use balas_engine::{ClientInfo, Engine, EngineError, SignInError, access::Actor};
use http_body_util::{BodyExt, Limited};
use leptos::{prelude::*, tachys::view::RenderHtml};

use crate::{
    api::{self, ApiError},
    boot::{Boot, PageData, SignInProblem},
    cookie,
    i18n::{Lang, Theme},
    pages::part::Parts,
    root::Root,
    route::{Route, is_own_path, parameter},
    shell::{self, Assets},
    when::{Zone, ZoneInfo},
};

/// What does not change from one request to the next.
#[derive(Clone, Debug)]
pub struct Site {
    /// Addresses of the hashed files.
    pub assets: Arc<Assets>,
    /// Whether browsers reach us by TLS: cookies are then marked `Secure`.
    pub secure: bool,
}

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who is signed in, by the session cookie.
    pub actor: Option<Actor>,
    /// The client's address, for the security log.
    pub ip: Option<IpAddr>,
}

/// A sign-in form is small.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// Answers a request for a page, or for signing in or out.
pub async fn page(site: &Site, engine: &Engine, visitor: Visitor, request: Request<Body>) -> Response {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let mut response = match (request.method().clone(), request.uri().path()) {
        (Method::POST, "/sign-in") => sign_in(site, engine, visitor, request).await,
        (Method::POST, "/sign-out") => {
            let headers = request.into_parts().0.headers;
            sign_out(site, engine, &headers).await
        }
        (Method::GET | Method::HEAD, _) => {
            // Only the headers are kept: a body cannot be looked at from two threads.
            let headers = request.into_parts().0.headers;
            let signed_in = visitor.actor.is_some();
            let mut response = show(site, engine, visitor, &headers, &path).await;
            if signed_in {
                renew(site, &headers, &mut response);
            }
            response
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(shell::CONTENT_SECURITY_POLICY));
    // Pages show customers' messages: nothing in between may keep them.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers a call of the page: one of the functions in `crate::api`.
pub async fn call(site: &Site, engine: &Engine, visitor: Visitor, request: Request<Body>) -> Response {
    let _ = site;
    let engine = engine.clone();
    let context = move || {
        provide_context(engine.clone());
        provide_context(visitor.clone());
    };
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

async fn show(site: &Site, engine: &Engine, visitor: Visitor, headers: &HeaderMap, path: &str) -> Response {
    let route = Route::parse(path);
    let Some(actor) = visitor.actor else {
        return match route {
            Route::SignIn { .. } => {
                let boot = boot(engine, headers, path);
                render(site, StatusCode::OK, boot)
            }
            Route::Kit => render(site, StatusCode::OK, boot(engine, headers, path)),
            _ => {
                let next = is_own_path(path).then(|| path.to_owned()).filter(|next| next != "/");
                Redirect::to(&Route::SignIn { next }.href()).into_response()
            }
        };
    };
    if let Route::SignIn { next } = &route {
        return Redirect::to(next.as_deref().unwrap_or("/inbox")).into_response();
    }
    if path == "/" {
        return Redirect::to("/inbox").into_response();
    }
    let mut boot = boot(engine, headers, path);
    match load(engine, &actor, &route).await {
        Ok(loaded) => {
            // An old link to a conversation that has become part of another, or to a message that moved along.
            if let (Route::Inbox { open: Some(open), message, filter }, Some(thread)) =
                (&route, &loaded.inbox.thread)
                && thread.conversation.id != *open
            {
                let open = Some(thread.conversation.id);
                let route = Route::Inbox { open, message: *message, filter: filter.clone() };
                return Redirect::to(&route.href()).into_response();
            }
            // The zone of the workspace serves until the browser has told its own.
            if boot.zone.name.is_empty() {
                boot.zone = zone_info(&loaded.me.time_zone, boot.now);
            }
            let missing = matches!(route, Route::NotFound) || matches!(loaded.page, PageData::Missing);
            let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
            boot.me = Some(loaded.me);
            boot.inbox = Some(loaded.inbox);
            boot.page = loaded.page;
            render(site, status, boot)
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be loaded");
            boot.page = PageData::Failed;
            render(site, StatusCode::INTERNAL_SERVER_ERROR, boot)
        }
    }
}

struct Loaded {
    me: Me,
    inbox: Snapshot,
    page: PageData,
}

/// Reads what a page shows.
async fn load(engine: &Engine, actor: &Actor, route: &Route) -> Result<Loaded, EngineError> {
    let me = engine.me(actor).await?;
    let (open, message) = match route {
        Route::Inbox { open, message, .. } => (*open, *message),
        _ => (None, None),
    };
    // The whole list is always there, whatever the filter: it feeds the counts.
    let everything = crate::route::Filter::default().query(None);
    let (inbox, open_missing) = match engine.snapshot(actor, &everything, open, message).await {
        Ok(inbox) => (inbox, false),
        Err(EngineError::NotFound { .. }) if open.is_some() => {
            (engine.snapshot(actor, &everything, None, None).await?, true)
        }
        Err(error) => return Err(error),
    };
    let page = match api::page_data(engine, actor, route).await {
        Ok(_) if open_missing => PageData::Missing,
        Ok(page) => page,
        Err(EngineError::NotFound { .. } | EngineError::Denied(_)) => PageData::Missing,
        Err(error) => return Err(error),
    };
    Ok(Loaded { me, inbox, page })
}

/// What is known before anyone is signed in.
fn boot(engine: &Engine, headers: &HeaderMap, path: &str) -> Boot {
    let cookies = headers.get(header::COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let now = engine.now();
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    Boot {
        lang: cookie::find(cookies, cookie::LANG)
            .and_then(Lang::from_code)
            .unwrap_or_else(|| Lang::negotiate(accepted.unwrap_or_default())),
        theme: cookie::find(cookies, cookie::THEME).map_or(Theme::System, Theme::from_code),
        now,
        zone: cookie::find(cookies, cookie::ZONE).map_or_else(ZoneInfo::default, |name| zone_info(name, now)),
        host,
        path: path.to_owned(),
        ..Boot::default()
    }
}

/// The zone with its offset at this moment; without a name if there is no such zone.
fn zone_info(name: &str, now: Timestamp) -> ZoneInfo {
    let name = name.replace("%2F", "/");
    Zone::named(&name).map_or_else(ZoneInfo::default, |zone| ZoneInfo { offset: zone.offset_at(now), name })
}

fn render(site: &Site, status: StatusCode, boot: Boot) -> Response {
    // Idempotent; reactive code asks for an executor even where nothing is spawned.
    let _ = any_spawner::Executor::init_tokio();
    let zone = Zone::named(&boot.zone.name).unwrap_or(Zone::Fixed(boot.zone.offset));
    let title = crate::root::title(&boot);
    let owner = Owner::new_root(None);
    let body = owner
        .with(|| Root(crate::root::RootProps { boot: boot.clone(), zone, parts: Parts::here() }).to_html());
    drop(owner);
    let html = shell::document(&site.assets, &boot, &title, &body);
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html)
        .into_response()
}

async fn sign_in(site: &Site, engine: &Engine, visitor: Visitor, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_FORM_BYTES).collect().await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let form = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let field = |name| parameter(&form, name).unwrap_or_default();
    let (email, password) = (field("email"), field("password"));
    let next = parameter(&form, "next").filter(|next| is_own_path(next));
    let agent = parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
    let client = ClientInfo { ip: visitor.ip.map(|ip| ip.to_string()), user_agent: agent.map(str::to_owned) };
    let path = Route::SignIn { next: next.clone() }.href();

    let (status, problem) = match engine.sign_in(email.trim(), &password, &client).await {
        Ok(session) => {
            let seconds = i64::try_from(session.expires_at.since(engine.now()).as_secs()).unwrap_or(i64::MAX);
            let cookie = cookie::session(&session.token, seconds, site.secure);
            let mut response = Redirect::to(next.as_deref().unwrap_or("/inbox")).into_response();
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, value);
            }
            return response;
        }
        Err(SignInError::Wrong) => (StatusCode::UNAUTHORIZED, SignInProblem::Refused),
        Err(SignInError::TooMany { retry_after }) => {
            (StatusCode::TOO_MANY_REQUESTS, SignInProblem::TooMany { seconds: retry_after.as_secs() })
        }
        Err(error) => {
            tracing::error!(%error, "a sign-in could not be checked");
            (StatusCode::INTERNAL_SERVER_ERROR, SignInProblem::Failed)
        }
    };
    let known = boot(engine, &parts.headers, &path);
    let boot = Boot { page: PageData::SignIn { email, problem: Some(problem) }, ..known };
    render(site, status, boot)
}

/// The session lasts as long as it is used, and so must the browser's cookie.
fn renew(site: &Site, headers: &HeaderMap, response: &mut Response) {
    let cookies = headers.get(header::COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let Some(token) = cookie::find(cookies, cookie::SESSION) else { return };
    let seconds = i64::try_from(balas_engine::SESSION.as_secs()).unwrap_or(i64::MAX);
    if let Ok(value) = HeaderValue::from_str(&cookie::session(token, seconds, site.secure)) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

async fn sign_out(site: &Site, engine: &Engine, headers: &HeaderMap) -> Response {
    let cookies = headers.get(header::COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if let Some(token) = cookie::find(cookies, cookie::SESSION)
        && let Err(error) = engine.sign_out(token).await
    {
        tracing::error!(%error, "a sign-out could not be stored");
    }
    let mut response = Redirect::to("/sign-in").into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie::no_session(site.secure)) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Invalid(fields) => Self::Fields(fields),
            other => Self::Refused { code: other.code().to_owned(), text: other.to_string() },
        }
    }
}

//! Keeps other web pages away from the control API: a browser on this machine could otherwise be used to
//! write in it.

use axum::{
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::Trouble;

/// Lets a request through when its `Host` is this machine (or a plain address, not a name that somebody could
/// point here) and its `Origin`, if any, is the same.
pub(super) async fn same_machine(request: Request, next: Next) -> Response {
    if allowed(request.headers()) {
        return next.run(request).await;
    }
    let text = "the control API answers requests from its own page and from tools on this machine only; \
                open it as http://127.0.0.1";
    Trouble(StatusCode::FORBIDDEN, text.to_owned()).into_response()
}

fn allowed(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    is_plain(host) && text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host))
}

fn is_plain(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn names_that_could_point_anywhere_are_refused() {
        for good in ["127.0.0.1:3100", "localhost:3100", "localhost", "[::1]:3100", "192.168.1.5:80"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["evil.example:3100", "localhost.evil.example", "", "127.0.0.1.nip.io:3100"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}

//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use balas_engine::ClientInfo;

use crate::state::AppState;

/// The client's address, as far as it can be believed. In the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp {
    /// The address itself; `None` when the connection has none (tests).
    pub ip: Option<IpAddr>,
    /// Whether the connection came through a proxy that says so.
    pub proxied: bool,
}

/// Puts [`ClientIp`] into the extensions.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let ip = client_ip(peer, request.headers(), &state.trusted_proxies);
    request.extensions_mut().insert(ip);
    next.run(request).await
}

/// The address of the client. `X-Forwarded-For` is read from the right, and only as far as trusted proxies
/// wrote it: whatever stands further left is what the client claims.
fn client_ip(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> ClientIp {
    let forwarded = headers.get_all("x-forwarded-for");
    let proxied = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    let mut ip = peer.map(|p| p.to_canonical());
    let hops: Vec<&str> =
        forwarded.iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
    for hop in hops.iter().rev() {
        if !ip.is_some_and(|ip| trusted.contains(&ip)) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(claimed) => ip = Some(claimed.to_canonical()),
            Err(_) => break,
        }
    }
    ClientIp { ip, proxied }
}

/// What the engine is told about who signs in.
#[must_use]
pub fn info(ip: Option<&ClientIp>, headers: &HeaderMap) -> ClientInfo {
    ClientInfo {
        ip: ip.and_then(|c| c.ip).map(|ip| ip.to_string()),
        user_agent: headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        client_ip(Some(peer.parse().unwrap()), &headers, &trusted).ip.unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(ip("9.9.9.9", &["1.2.3.4"], &[]), "9.9.9.9");
        assert_eq!(ip("127.0.0.1", &["1.2.3.4"], &["127.0.0.1"]), "1.2.3.4");
        assert_eq!(
            ip("127.0.0.1", &["6.6.6.6, 1.2.3.4"], &["127.0.0.1"]),
            "1.2.3.4",
            "the left part is a claim"
        );
        assert_eq!(ip("127.0.0.1", &["6.6.6.6", "1.2.3.4, 10.0.0.1"], &["127.0.0.1", "10.0.0.1"]), "1.2.3.4");
        assert_eq!(ip("127.0.0.1", &["junk"], &["127.0.0.1"]), "127.0.0.1");
        assert_eq!(ip("::ffff:9.9.9.9", &[], &[]), "9.9.9.9");
    }
}

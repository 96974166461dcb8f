//! How often one address may ask.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::DashMapStateStore,
};

use crate::{client::ClientIp, problem::Problem};

/// Addresses remembered before those that have been quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// A limit per address. Clones share it.
#[derive(Clone)]
pub struct Limit(Arc<RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>>);

impl Limit {
    /// So many per second on average, ten times as many at once.
    #[must_use]
    pub fn per_second(n: u32) -> Self {
        let n = at_least_one(n);
        Self::new(Quota::per_second(n).allow_burst(n.saturating_mul(at_least_one(10))))
    }

    /// So many per minute, all of them at once if need be.
    #[must_use]
    pub fn per_minute(n: u32) -> Self {
        Self::new(Quota::per_minute(at_least_one(n)))
    }

    fn new(quota: Quota) -> Self {
        Self(Arc::new(RateLimiter::keyed(quota)))
    }

    /// Counts one request of an address.
    ///
    /// # Errors
    /// With the time to wait, when it asks too often.
    pub fn check(&self, ip: IpAddr) -> Result<(), Duration> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        self.0
            .check_key(&network(ip))
            .map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }
}

fn at_least_one(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)
}

/// Whoever has one IPv6 address has the whole /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// Refuses who asks too often.
pub async fn enforce(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    let ip = request.extensions().get::<ClientIp>().and_then(|c| c.ip);
    // Without an address there is no connection either: a test.
    if let Some(ip) = ip
        && let Err(wait) = limit.check(ip)
    {
        metrics::counter!("balas_rate_limited_total").increment(1);
        return Problem::too_many(wait).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_limit() {
        let limit = Limit::per_minute(2);
        let (a, b): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "2.2.2.2".parse().unwrap());
        assert!(limit.check(a).is_ok() && limit.check(a).is_ok());
        let wait = limit.check(a).unwrap_err();
        assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30), "{wait:?}");
        assert!(limit.check(b).is_ok());
    }

    #[test]
    fn a_network_is_one_asker() {
        let limit = Limit::per_minute(1);
        assert!(limit.check("2001:db8::1".parse().unwrap()).is_ok());
        assert!(limit.check("2001:db8::2".parse().unwrap()).is_err());
        assert!(limit.check("2001:db8:0:1::2".parse().unwrap()).is_ok());
    }
}

//! `/metrics` in Prometheus' text format: for the machine itself, or with an admin's token.

use std::{fs, sync::OnceLock};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use balas_domain::Permission;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{auth::Credential, client::ClientIp, problem::Problem, state::AppState};

/// Bounds of the histograms, in seconds: from what a user does not notice to what he complains about.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// The process's recorder, installed at the first call. Should another be installed already, ours stays
/// empty.
pub fn handle() -> PrometheusHandle {
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder =
                match builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS) {
                    Ok(builder) => builder,
                    Err(_) => PrometheusBuilder::new(),
                };
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("metrics are recorded elsewhere; /metrics stays empty");
            }
            handle
        })
        .clone()
}

/// Prints them.
pub async fn show(
    State(state): State<AppState>,
    ip: Option<Extension<ClientIp>>,
    headers: HeaderMap,
) -> Response {
    // A reverse proxy on this machine makes everyone look local; it says so in its headers.
    let local = ip.is_some_and(|Extension(c)| !c.proxied && c.ip.is_some_and(|ip| ip.is_loopback()));
    if !local && let Err(problem) = admin(&state, &headers).await {
        return problem.into_response();
    }
    if let Some(bytes) = resident_bytes() {
        metrics::gauge!("process_resident_memory_bytes").set(bytes);
    }
    metrics::gauge!("balas_open_sockets").set(state.sockets.len() as f64);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics.render())
        .into_response()
}

async fn admin(state: &AppState, headers: &HeaderMap) -> Result<(), Problem> {
    let credential = Credential::of(headers).ok_or_else(Problem::unauthorized)?;
    let actor = credential.actor(state).await?.ok_or_else(Problem::unauthorized)?;
    actor
        .require(Permission::ManageAccounts)
        .map_err(|denied| Problem::from(balas_engine::EngineError::from(denied)))
}

/// Memory in use, as the kernel counts it; `None` where it does not tell.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

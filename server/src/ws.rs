//! `/ws`: the live stream. One reader per workspace follows the log and hands every socket the same bytes; a
//! socket that is behind reads the log itself until it has caught up.

mod hub;
mod socket;
mod statuses;

use std::time::Duration;

use axum::{
    extract::{Query, State, WebSocketUpgrade},
    http::HeaderMap,
    response::{IntoResponse, Response},
};

pub use hub::Hub;
use serde::Deserialize;

use crate::{auth::Credential, origin, problem::Problem, state::AppState};

/// Largest frame from a client, in bytes. The longest useful one has a hundred.
const MAX_FRAME: usize = 16 * 1024;

/// What is read at once from a socket, in bytes.
const READ_BUFFER: usize = 4 * 1024;

/// How patient sockets are. Tests shorten it.
#[derive(Clone, Copy, Debug)]
pub struct SocketRules {
    /// Until the first frame must have come.
    pub hello: Duration,
    /// Between our pings.
    pub ping: Duration,
    /// Without any sign from the other side until it counts as gone.
    pub idle: Duration,
    /// Between checks that whoever is signed in still is.
    pub recheck: Duration,
    /// How long one frame may take to go out.
    pub write: Duration,
    /// Batches of events that may wait for a socket before it is closed as too slow.
    pub backlog: usize,
    /// Events of one page of catching up.
    pub page: u32,
}

impl Default for SocketRules {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(10),
            ping: Duration::from_secs(25),
            idle: Duration::from_secs(70),
            recheck: Duration::from_secs(5),
            write: Duration::from_secs(15),
            backlog: 512,
            page: 200,
        }
    }
}

/// What a program wants beside the events of the log.
#[derive(Debug, Default, Deserialize)]
pub struct Wishes {
    /// `1`: frames about connected numbers by themselves.
    #[serde(default)]
    whatsapp: u8,
}

/// Opens a socket for who is signed in.
pub async fn open(
    State(state): State<AppState>,
    Query(wishes): Query<Wishes>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(credential) = Credential::of(&headers) else { return Problem::unauthorized().into_response() };
    // Browsers open sockets to any host and send its cookies along: the origin is the only thing that tells.
    if credential.is_ambient() && !origin::is_ours(&headers, &state) {
        return Problem::foreign_origin().into_response();
    }
    let actor = match credential.actor(&state).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return Problem::unauthorized().into_response(),
        Err(problem) => return problem.into_response(),
    };
    if state.stopping.is_cancelled() {
        return Problem::unavailable().into_response();
    }
    let tracked = state.sockets.token();
    // What comes in is short, and each socket keeps its buffer: the usual 128 KiB would be 128 MB for 1,000
    // sockets.
    let upgrade = upgrade.read_buffer_size(READ_BUFFER).max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME);
    upgrade.on_upgrade(move |socket| async move {
        // Held until the end, so that a stopping server waits for the good-bye.
        let _tracked = tracked;
        socket::run(state, socket, credential, actor, wishes.whatsapp == 1).await;
    })
}

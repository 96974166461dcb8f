//! A WhatsApp world on your own machine that speaks Meta's Cloud API and GOWA's REST API, webhooks included.
//!
//! One listener serves four things:
//!
//! - the **Graph API** (`/v23.0/{phone-number-id}/messages`, `…/media`, …) for whoever would otherwise call
//!   `https://graph.facebook.com`; its webhooks go out signed and escaped as Meta's do, and its links to files
//!   lead back here,
//! - **gateways** (`/gowa/v7`, `/gowa/v9` and whichever are added): GOWA as its versions 7.7.0 and 9.2.0 speak,
//!   with device slots that businesses' own phones are linked to,
//! - the **control API** (`/control/…`) by which tests let customers write, see what arrived, and order
//!   faults,
//! - the **phones' page** (`/`), where a person plays the customers.
//!
//! It shares no code with the providers of this project, so that it is an independent reading of the
//! contract. It remembers nothing (larger files lie in temporary ones while it runs), calls nothing but this
//! machine, and never runs unless asked to.

mod attach;
mod blob;
mod config;
mod control;
mod deliver;
mod door;
mod envelope;
mod faults;
mod form;
mod gowa;
mod graph;
mod graph_error;
mod handle;
mod runtime;
mod sample;
pub mod seed;
mod wire;
mod world;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use balas_domain::{Clock, Random};
use tokio::{net::TcpListener, task::JoinHandle};

pub use config::{Config, Device, Gateway, GatewayVersion, Number, Timing};
pub use deliver::Delivery;
pub use faults::{Calls, Faults};
pub use handle::World;
pub use world::{
    Attach, Card, DeviceView, Edit, GatewayView, GroupStep, Handset, Incoming, MediaFacts, MediaKind,
    MemberChange, NewGroup, NewMember, Past, Place, Poll, Reaction, Sent, Status, WorldError,
};

use crate::{door::Door, door::Scissors, runtime::Shared, world::State};

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("the sandbox cannot listen on {address}: {source}; choose another address")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A number of the configuration cannot live here.
    #[error("the sandbox cannot take the number {phone_number_id}: {source}")]
    Number {
        /// Which one.
        phone_number_id: String,
        /// What is wrong with it.
        source: WorldError,
    },
    /// The HTTP client for webhooks could not be made.
    #[error("the sandbox cannot make its HTTP client: {0}")]
    Client(Box<dyn std::error::Error + Send + Sync>),
}

/// A sandbox that runs. Dropping it ends its tasks; [`Running::stop`] also waits for them.
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// Starts a sandbox with [`Timing::default`].
///
/// # Errors
///
/// When the address cannot be listened on or a number makes no sense.
pub async fn start(
    config: Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Running, StartError> {
    start_with(config, Timing::default(), clock, random).await
}

/// Starts a sandbox with its own timing, for tests that do not want to wait.
///
/// # Errors
///
/// As [`start`].
pub async fn start_with(
    config: Config,
    timing: Timing,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Running, StartError> {
    let Config { listen, numbers, seed } = config;
    let mut state = State::default();
    if seed {
        state.show_pictures();
    }
    let seeded = numbers.first().filter(|_| seed).map(|number| number.phone_number_id.clone());
    for number in numbers {
        let phone_number_id = number.phone_number_id.clone();
        state.add_number(number).map_err(|source| StartError::Number { phone_number_id, source })?;
    }
    for version in [GatewayVersion::V7, GatewayVersion::V9] {
        // The demo's settings make sense, as a test shows.
        let _ = state.set_gateway(Gateway::demo(version), clock.now());
    }
    let client = deliver::client().map_err(StartError::Client)?;
    let listening =
        TcpListener::bind(listen).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = listening.map_err(|source| StartError::Listen { address: listen, source })?;
    let shared = Arc::new(Shared::new(state, seeded, timing, client, clock, random));
    let service = control::router(Arc::clone(&shared)).into_make_service_with_connect_info::<Scissors>();
    let cancel = shared.cancel.clone();
    let server = tokio::spawn(async move {
        let serving = axum::serve(Door(listener), service).with_graceful_shutdown(cancel.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the sandbox stopped serving");
        }
    });
    Ok(Running { address, shared, server })
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes instead of `https://graph.facebook.com`; also the address of the phones' page.
    pub fn base_url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        format!("http://{address}")
    }

    /// Sets where the webhooks of a number go. Those that waited for an address go out.
    pub fn set_webhook_url(&self, phone_number_id: &str, url: String) {
        if !self.shared.set_webhook_url(phone_number_id, Some(url)) {
            tracing::warn!(phone_number_id, "no such number in the sandbox");
        }
    }

    /// The base address of a gateway.
    pub fn gateway_url(&self, name: &str) -> String {
        format!("{}/gowa/{name}", self.base_url())
    }

    /// The world inside, for tests in the same process.
    pub fn world(&self) -> World {
        World(Arc::clone(&self.shared))
    }

    /// Ends everything: open connections get a moment to finish, waiting webhooks are forgotten.
    pub async fn stop(mut self) {
        self.shared.stop().await;
        // Clients that keep a connection open must not hold us up.
        if tokio::time::timeout(Duration::from_secs(2), &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
    }
}

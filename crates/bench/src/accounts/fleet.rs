//! Many numbers on one of the sandbox's gateways, linked from the start.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{Error, Result, http::Connection};

/// How long one of them, or all together, may take to get somewhere.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(10);

/// The numbers, and how to speak with server and sandbox.
pub(crate) struct Fleet {
    api: Connection,
    address: SocketAddr,
    token: String,
    pub(crate) ids: Vec<String>,
}

impl Fleet {
    /// Connects so many numbers; they run afterwards.
    pub(crate) async fn connect(
        address: SocketAddr,
        sandbox: SocketAddr,
        token: &str,
        size: usize,
    ) -> Result<Self> {
        let failed = || Error::io("cannot reach the server");
        let mut control = Connection::open(sandbox).await.map_err(failed())?;
        let api = Connection::open(address).await.map_err(failed())?;
        let mut fleet =
            Self { api, address, token: format!("Authorization: Bearer {token}"), ids: Vec::new() };
        for n in 0..size {
            let (device, phone) = (format!("fleet-{n}"), format!("62899000{n:04}"));
            let made = json!({"device": format!("v9/{device}"), "phone": phone, "name": "Fleet"});
            control
                .post("/control/devices", &[], made.to_string().as_bytes())
                .await
                .map_err(Error::io("cannot reach the sandbox"))?
                .json::<Value>()?;
            let session = json!({
                "name": format!("Fleet {n}"),
                "phone": format!("+{phone}"),
                "base_url": format!("http://{sandbox}/gowa/v9"),
                "user": "balas",
                "password": "sandbox-gateway",
                "webhook_secret": "a-secret-of-the-measurement",
                "device_id": device,
            });
            let account = fleet.post("", &session).await?;
            fleet.ids.push(account["id"].as_str().unwrap_or_default().to_owned());
        }
        fleet.until("ready", &fleet.ids.clone()).await?;
        Ok(fleet)
    }

    /// After the server was started again.
    pub(crate) async fn reconnect(&mut self) -> Result<()> {
        let api = Connection::open(self.address).await;
        self.api = api.map_err(Error::io("cannot reach the server"))?;
        Ok(())
    }

    /// Calls the API below `/whatsapp/sessions`.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.call(&format!("/whatsapp/sessions{path}"), body).await
    }

    /// Reads from the API.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Value> {
        let answer = self.api.get(&format!("/api/v1{path}"), &[&self.token]).await;
        answer.map_err(Error::io("cannot reach the server"))?.json()
    }

    /// Calls the API.
    pub(crate) async fn call(&mut self, path: &str, body: &Value) -> Result<Value> {
        let path = format!("/api/v1{path}");
        let answer = self.api.post(&path, &[&self.token], body.to_string().as_bytes()).await;
        answer.map_err(Error::io("cannot reach the server"))?.json()
    }

    /// Waits until these have a status; how long that took.
    pub(crate) async fn until(&mut self, status: &str, ids: &[String]) -> Result<Duration> {
        let started = Instant::now();
        loop {
            let all = self.get("/whatsapp/sessions").await?;
            let items = all["items"].as_array().cloned().unwrap_or_default();
            let mut ours = items.iter().filter(|a| ids.iter().any(|id| a["id"] == id.as_str()));
            if ours.clone().count() == ids.len() && ours.all(|account| account["status"] == status) {
                return Ok(started.elapsed());
            }
            if started.elapsed() > PATIENCE {
                let all = serde_json::to_string(&items)?;
                return Err(Error::Server(format!("not all accounts became {status}: {all}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

//! A large document goes up, out, and down again: what the server needs of memory for it.

use std::time::Duration;

use balas_domain::{
    Clock, MessageId,
    file::{LARGEST, UPLOAD_PART},
};
use balas_engine::ambient::{OsRandom, SystemClock};
use balas_sandbox::{Attach, MediaKind};
use serde_json::{Value, json};

use super::{Shop, receive};
use crate::{
    Error, Result,
    http::Connection,
    local::{Local, settled},
    report::Report,
    row::Floor,
    server::Server,
    surroundings::Surroundings,
};

/// What gateways take of a document, in bytes.
const MOST: u64 = 50_000_000;
const CUSTOMER: &str = "6286600000002";
/// Between looks at the server's memory.
const LOOK: Duration = Duration::from_millis(10);
const FAILED: &str = "cannot reach the server";

pub(super) async fn up_and_down(report: &mut Report, surroundings: &Surroundings) -> Result<()> {
    let shop = Shop::open(surroundings).await?;
    let local = Local::open(&shop.database).await?;
    let outcome = measure(report, &shop, &local).await;
    local.close().await;
    shop.close().await?;
    outcome
}

async fn measure(report: &mut Report, shop: &Shop, local: &Local) -> Result<()> {
    receive(&shop.sandbox, 0, CUSTOMER, "Hello", None)?;
    let conversation = settled("the first message", async || local.with(CUSTOMER).await).await?;
    let mut caller = Caller::connect(&shop.server, &shop.token).await?;
    let conversation = conversation.id.to_string();
    // Pools and buffers that are made once.
    let small = caller.up(&conversation, UPLOAD_PART).await?;
    caller.until_sent(&conversation, &small).await?;
    caller.down(&small, UPLOAD_PART).await?;

    let before = shop.server.resident_bytes()?;
    let grown = |most: u64| most.saturating_sub(before) as f64 / 1_000_000.0;
    let up = async {
        let message = caller.up(&conversation, MOST).await?;
        caller.until_sent(&conversation, &message).await
    };
    let ((), most) = peak(&shop.server, up).await?;
    let name =
        "document of 50 MB, the most that gateways take, up and out: memory that the server takes for it";
    report.floor(name, grown(most), "MB", Floor::AtMost(20.0));
    let large = Attach { size: Some(LARGEST), ..Attach::sample(MediaKind::Document) };
    receive(&shop.sandbox, 0, CUSTOMER, "All of it", Some(large))?;
    let comes = settled("the document", async || caller.document_here(&conversation).await);
    let (message, most) = peak(&shop.server, comes).await?;
    report.floor("  … of 100 MB, coming", grown(most), "MB", Floor::AtMost(20.0));
    let ((), most) = peak(&shop.server, caller.down(&message, LARGEST)).await?;
    report.floor("  … down", grown(most), "MB", Floor::AtMost(20.0));
    Ok(())
}

/// The most memory that the server held meanwhile.
async fn peak<T>(server: &Server, work: impl Future<Output = Result<T>>) -> Result<(T, u64)> {
    let mut most = server.resident_bytes()?;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, most.max(server.resident_bytes()?))),
            () = tokio::time::sleep(LOOK) => most = most.max(server.resident_bytes()?),
        }
    }
}

/// Who uploads and downloads.
struct Caller {
    api: Connection,
    auth: String,
}

impl Caller {
    async fn connect(server: &Server, token: &str) -> Result<Self> {
        let api = Connection::open(server.address).await.map_err(Error::io(FAILED))?;
        Ok(Self { api, auth: format!("Authorization: Bearer {token}") })
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.api.post(path, &[&self.auth], body.to_string().as_bytes()).await;
        answer.map_err(Error::io(FAILED))?.json()
    }

    /// Uploads so many bytes and sends them; the message's id.
    async fn up(&mut self, conversation: &str, size: u64) -> Result<String> {
        let begun = self.post("/api/v1/uploads", &json!({"name": "large.txt", "size": size})).await?;
        let upload = begun["id"].as_str().unwrap_or_default().to_owned();
        let line = format!("{size} bytes\n");
        let part = line.repeat(UPLOAD_PART as usize / line.len() + 1);
        for offset in (0..size).step_by(UPLOAD_PART as usize) {
            let length = UPLOAD_PART.min(size - offset) as usize;
            let path = format!("/api/v1/uploads/{upload}?offset={offset}");
            let answer = self.api.put(&path, &[&self.auth], &part.as_bytes()[..length]).await;
            answer.map_err(Error::io(FAILED))?.json::<Value>()?;
        }
        let id = MessageId::new(SystemClock.now(), &OsRandom).to_string();
        let body = json!({"id": id, "upload": upload, "wish": "document"});
        self.post(&format!("/api/v1/conversations/{conversation}/files"), &body).await?;
        Ok(id)
    }

    async fn until_sent(&mut self, conversation: &str, message: &str) -> Result<()> {
        let path = format!("/api/v1/conversations/{conversation}/messages?limit=20");
        loop {
            let page: Value = self.api.get(&path, &[&self.auth]).await.map_err(Error::io(FAILED))?.json()?;
            let found = page["items"].as_array().into_iter().flatten().find(|m| m["id"] == message);
            match found.and_then(|m| m["delivery"]["status"].as_str()) {
                Some("sent" | "delivered" | "read") => return Ok(()),
                Some("failed" | "unknown") | None => {
                    return Err(Error::Server(format!("the document was not sent: {found:?}")));
                }
                Some(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// The customer's document, if it is here. `WhatsApp` counts seconds, so it need not be the newest message.
    async fn document_here(&mut self, conversation: &str) -> Result<Option<String>> {
        let path = format!("/api/v1/conversations/{conversation}/messages?limit=20");
        let page: Value = self.api.get(&path, &[&self.auth]).await.map_err(Error::io(FAILED))?.json()?;
        let mut messages = page["items"].as_array().into_iter().flatten();
        let here = messages.find(|m| m["direction"] == "in" && m["file"]["state"] == "here");
        Ok(here.and_then(|message| message["id"].as_str()).map(ToOwned::to_owned))
    }

    async fn down(&mut self, message: &str, size: u64) -> Result<()> {
        let path = format!("/api/v1/messages/{message}/file");
        let answer = self.api.get(&path, &[&self.auth]).await.map_err(Error::io(FAILED))?;
        if answer.status == 200 && answer.body.len() as u64 == size {
            return Ok(());
        }
        Err(Error::Server(format!("the document came as {} with {} bytes", answer.status, answer.body.len())))
    }
}

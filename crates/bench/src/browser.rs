//! A Chromium without a window, driven over its own protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>).

use std::{
    collections::VecDeque,
    env,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{Error, Result, http::Connection};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// How long the browser may take to start, and a page to become usable.
const LIMIT: Duration = Duration::from_secs(30);
/// How long one command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);
/// Without a request for so long a page counts as loaded.
const QUIET: Duration = Duration::from_millis(500);

/// One browser with one page. Ends with its value.
#[derive(Debug)]
pub struct Browser {
    socket: WebSocketStream<TcpStream>,
    commands: u64,
    /// Events that came while an answer was awaited.
    events: VecDeque<Value>,
    /// Ended and removed with this value, in this order.
    child: Child,
    _profile: tempfile::TempDir,
}

/// Something that a page loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// From where.
    pub url: String,
    /// Bytes that went over the wire for it, head included.
    pub bytes: u64,
    /// `content-encoding`, empty if there was none.
    pub encoding: String,
}

fn trouble(what: impl Into<String>) -> Error {
    Error::Browser(what.into())
}

/// The browser's program: `$CHROMIUM`, or one on the search path.
fn program() -> Result<PathBuf> {
    if let Some(given) = env::var_os("CHROMIUM") {
        return Ok(given.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found =
        env::split_paths(&path).flat_map(|folder| NAMES.map(|n| folder.join(n))).find(|file| file.is_file());
    found.ok_or_else(|| {
        trouble("there is no Chromium; install it (Debian: apt-get install chromium) or set CHROMIUM")
    })
}

impl Browser {
    /// Starts it, with a new profile in a folder below `folder`.
    ///
    /// # Errors
    /// When there is none or it does not start.
    pub async fn launch(folder: &Path) -> Result<Self> {
        let profile = tempfile::Builder::new()
            .prefix("chromium-")
            .tempdir_in(folder)
            .map_err(Error::io("cannot make a folder for the browser"))?;
        let child = Command::new(program()?)
            .args([
                "--headless=new",
                "--remote-debugging-port=0",
                // Its own walls need rights that containers do not give; it sees nothing but our pages.
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-default-browser-check",
                "--disable-extensions",
                "--disable-component-update",
                "--disable-background-networking",
                "--disable-sync",
                "--disable-background-timer-throttling",
                "--disable-renderer-backgrounding",
                "--mute-audio",
                "--window-size=1280,800",
                // Nothing outside of this machine, even by accident.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(Error::io("cannot start Chromium"))?;
        let (address, path) = page_address(profile.path()).await?;
        let stream = TcpStream::connect(address).await.map_err(Error::io("cannot reach Chromium"))?;
        let (socket, _) = tokio_tungstenite::client_async(format!("ws://{address}{path}"), stream).await?;
        let mut browser = Self { socket, commands: 0, events: VecDeque::new(), child, _profile: profile };
        for domain in ["Page", "Runtime", "Network"] {
            browser.command(&format!("{domain}.enable"), json!({})).await?;
        }
        Ok(browser)
    }

    /// Ends it. When it is only dropped, its helpers outlive it for a moment and may write into the folder that is
    /// being removed.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn close(mut self) -> Result<()> {
        // Its answer may be cut off by its end.
        let _ = self.command("Browser.close", json!({})).await;
        let ended = tokio::time::timeout(LIMIT, self.child.wait()).await;
        ended
            .map_err(|_| trouble("it does not end"))?
            .map(drop)
            .map_err(Error::io("cannot wait for Chromium"))
    }

    /// Sets a cookie for a server.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub async fn set_cookie(&mut self, server: SocketAddr, name: &str, value: &str) -> Result<()> {
        let cookie =
            json!({"name": name, "value": value, "url": format!("http://{server}/"), "httpOnly": true});
        self.command("Network.setCookie", cookie).await.map(drop)
    }

    /// Makes the window so large, in pixels.
    ///
    /// # Errors
    /// When the browser refuses it.
    pub async fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", size).await.map(drop)
    }

    /// Opens a page with an empty cache and waits until it works and loads nothing more; what it loaded.
    ///
    /// # Errors
    /// When it does not begin to work in time.
    pub async fn open(&mut self, url: &str) -> Result<Vec<Resource>> {
        self.command("Network.setCacheDisabled", json!({"cacheDisabled": true})).await?;
        self.events.clear();
        self.command("Page.navigate", json!({"url": url})).await?;
        let started = Instant::now();
        let (mut loaded, mut quiet_since) = (0, Instant::now());
        loop {
            let state = "JSON.stringify([location.href, { ...document.documentElement?.dataset }])";
            let state = self.evaluate(state).await?;
            let state: Value = serde_json::from_str(state.as_str().unwrap_or("null"))?;
            if state[1].get("broken").is_some() {
                return Err(trouble(format!("the page at {url} says that it is broken")));
            }
            let finished = self.finished().count();
            if finished != loaded {
                (loaded, quiet_since) = (finished, Instant::now());
            }
            if state[0] == url && state[1].get("hydrated").is_some() && quiet_since.elapsed() > QUIET {
                return Ok(self.resources());
            }
            if started.elapsed() > LIMIT {
                return Err(trouble(format!("the page at {url} did not begin to work: {state}")));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn finished(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(|e| e["method"] == "Network.loadingFinished").map(|e| &e["params"])
    }

    fn resources(&self) -> Vec<Resource> {
        let answer = |id: &Value| {
            let mut answers = self.events.iter().filter(|e| e["method"] == "Network.responseReceived");
            answers.find(|e| e["params"]["requestId"] == *id).map(|e| &e["params"]["response"])
        };
        self.finished()
            .map(|finished| {
                let answer = answer(&finished["requestId"]);
                let text =
                    |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
                let headers = answer.map(|a| &a["headers"]);
                Resource {
                    url: text(answer.map(|a| &a["url"])),
                    bytes: finished["encodedDataLength"].as_f64().unwrap_or_default() as u64,
                    encoding: text(
                        headers.and_then(|h| h.get("content-encoding").or_else(|| h.get("Content-Encoding"))),
                    ),
                }
            })
            .collect()
    }

    /// The value of an expression in the page; promises are awaited.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.command("Runtime.evaluate", parameters).await?;
        if let Some(exception) = answer.get("exceptionDetails") {
            return Err(trouble(format!("the page threw: {exception}")));
        }
        Ok(answer["result"]["value"].take())
    }

    async fn command(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.commands += 1;
        let id = self.commands;
        let text = json!({"id": id, "method": method, "params": parameters}).to_string();
        self.socket.send(Message::Text(text.into())).await?;
        let answer = tokio::time::timeout(COMMAND_LIMIT, self.answer(id)).await;
        let mut answer = answer.map_err(|_| trouble(format!("{method} takes too long")))??;
        match answer.get("error") {
            Some(error) => Err(trouble(format!("{method} failed: {error}"))),
            None => Ok(answer["result"].take()),
        }
    }

    async fn answer(&mut self, id: u64) -> Result<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let value: Value = serde_json::from_str(&text)?;
                    if value["id"] == id {
                        return Ok(value);
                    }
                    if value["method"].as_str().is_some_and(|m| m.starts_with("Network.")) {
                        self.events.push_back(value);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(e.into()),
                None => return Err(trouble("it ended")),
            }
        }
    }
}

/// Where the page can be driven. The browser writes its port into its profile when it listens.
async fn page_address(profile: &Path) -> Result<(SocketAddr, String)> {
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        tokio::time::sleep(LOOK).await;
        let text = std::fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
        let Some(port) = text.lines().next().and_then(|l| l.parse::<u16>().ok()) else { continue };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let Ok(mut connection) = Connection::open(address).await else { continue };
        let answer = connection.get("/json/list", &[]).await.map_err(Error::io("cannot ask Chromium"))?;
        let pages: Vec<Value> = answer.json()?;
        let page =
            pages.iter().find(|p| p["type"] == "page").and_then(|p| p["webSocketDebuggerUrl"].as_str());
        if let Some((_, path)) = page.and_then(|url| url.split_once("/devtools/")) {
            return Ok((address, format!("/devtools/{path}")));
        }
    }
    Err(trouble("it did not start"))
}

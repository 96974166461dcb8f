//! The bridge: our own program that runs WhatsApp Web in browsers. It is started when the first account needs it,
//! watched, started again when it dies, and ended when no account needs it any more.
//!
//! It speaks as a gateway does, so accounts on it are looked after as those on gateways (`accounts::linked`); what
//! is particular to them is in `accounts::bridge`. Here is only the process.

mod process;
mod requirements;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use balas_domain::Timestamp;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::watch;

use self::process::{NoStart, Process};
use crate::Engine;

/// Who uses it. There is only us.
const USER: &str = "balas";
/// Why there is none where the configuration names none.
pub(crate) const NO_BRIDGE: &str = "This program runs without the bridge. Use the server.";
/// It must answer within this time, asked whether it is well.
const ANSWER: Duration = Duration::from_secs(10);
/// So many questions in a row may stay without answer.
const MAX_SILENCE: u32 = 3;
/// One that ran so long was well: the next end is a new trouble.
const WELL: Duration = Duration::from_mins(1);

/// Where the bridge lies and how it is started.
#[derive(Clone, Debug)]
pub struct BridgeConfig {
    /// Its folder, with its packages.
    pub folder: PathBuf,
    /// What of it is started.
    pub program: PathBuf,
    /// Node.js.
    pub node: PathBuf,
    /// The browser; `None` for the system's Chromium.
    pub chromium: Option<PathBuf>,
    /// Where it keeps profiles and callbacks. Whoever can read it can use the linked phones.
    pub data: PathBuf,
    /// Where it reaches this server: scheme, host and port.
    pub deliver_to: String,
}

/// How the process stands.
#[derive(Clone)]
pub(crate) enum State {
    /// Nobody needs it, or it is being started.
    Down,
    /// It answers.
    Up(Arc<Up>),
    /// It has ended by itself, or did not start, and is started again; why.
    Broken(String),
    /// It cannot be started; why, and what to do.
    Unusable(String),
}

/// A running bridge.
pub(crate) struct Up {
    pub(crate) url: String,
    pub(crate) user: &'static str,
    pub(crate) password: String,
}

/// How the process stands, and who needs it.
pub(crate) struct Bridge {
    state: watch::Sender<State>,
    needs: watch::Sender<usize>,
    /// Held while a browser is being started.
    pub(crate) turn: tokio::sync::Mutex<()>,
    broke_at: AtomicI64,
}

impl Default for Bridge {
    fn default() -> Self {
        Self {
            state: watch::Sender::new(State::Down),
            needs: watch::Sender::new(0),
            turn: tokio::sync::Mutex::default(),
            broke_at: AtomicI64::new(0),
        }
    }
}

/// As long as one of these lives the process shall run.
pub(crate) struct Need(watch::Sender<usize>);

impl Drop for Need {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n -= 1);
    }
}

impl Bridge {
    /// Lets it run. What kept it from starting before is tried anew.
    pub(crate) fn need(&self) -> Need {
        self.state.send_if_modified(|state| {
            let unusable = matches!(state, State::Unusable(_));
            if unusable {
                *state = State::Down;
            }
            unusable
        });
        self.needs.send_modify(|n| *n += 1);
        Need(self.needs.clone())
    }

    /// When it last ended by itself since the server started.
    pub(crate) fn broke_at(&self) -> Timestamp {
        Timestamp(self.broke_at.load(Ordering::Relaxed))
    }

    /// How it stands, now and from now on.
    pub(crate) fn follow(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// The running one.
    pub(crate) fn up(&self) -> Option<Arc<Up>> {
        match &*self.state.borrow() {
            State::Up(up) => Some(Arc::clone(up)),
            _ => None,
        }
    }

    /// Waits for it to run; why it does not.
    pub(crate) async fn wait_up(&self, patience: Duration) -> Result<Arc<Up>, String> {
        let mut state = self.follow();
        let decided = state.wait_for(|s| matches!(s, State::Up(_) | State::Unusable(_)));
        // Copied at once: what is borrowed holds up whoever changes it.
        let decided = tokio::time::timeout(patience, decided).await.map(|found| found.map(|s| s.clone()));
        match decided {
            Ok(Ok(State::Up(up))) => Ok(up),
            Ok(Ok(State::Unusable(why))) => Err(why),
            _ => Err("The bridge is being started. Try again in a moment.".to_owned()),
        }
    }
}

/// How a run came to its end.
enum Ended {
    NotNeeded,
    Stopping,
    Broken { why: String, ran: Duration },
    Unusable(String),
}

impl Engine {
    /// Runs the bridge whenever it is needed, until the engine stops.
    pub(crate) async fn keep_bridge(&self) {
        let mut needs = self.bridge.needs.subscribe();
        let mut failures = 0;
        loop {
            tokio::select! {
                needed = needs.wait_for(|n| *n > 0) => if needed.is_err() { return },
                () = self.stop.cancelled() => return,
            }
            match self.run_bridge(&mut needs).await {
                Ended::NotNeeded => {
                    failures = 0;
                    self.bridge.state.send_replace(State::Down);
                }
                Ended::Stopping => return,
                Ended::Unusable(why) => {
                    tracing::error!(why, "the bridge cannot be started");
                    self.bridge.state.send_replace(State::Unusable(why));
                    tokio::select! {
                        changed = needs.changed() => if changed.is_err() { return },
                        () = self.stop.cancelled() => return,
                    }
                }
                Ended::Broken { why, ran } => {
                    failures = if ran >= WELL { 1 } else { failures + 1 };
                    metrics::counter!("balas_bridge_restarts_total").increment(1);
                    tracing::error!(why, failures, "the bridge has ended by itself; starting it again");
                    self.bridge.broke_at.store(self.clock.now().0, Ordering::Relaxed);
                    self.bridge.state.send_replace(State::Broken(why.clone()));
                    self.wake_bridge_accounts();
                    self.alert_bridge_restart(&why).await;
                    self.pause(self.config.rhythm.backoff(failures)).await;
                }
            }
        }
    }

    async fn run_bridge(&self, needs: &mut watch::Receiver<usize>) -> Ended {
        let Some(config) = &self.config.bridge else {
            return Ended::Unusable(NO_BRIDGE.to_owned());
        };
        let browser = match config.browser().await {
            Ok(browser) => browser,
            Err(why) => return Ended::Unusable(why),
        };
        // Known to this process and that one only, so it need not be stored.
        let mut password = [0; 24];
        self.random.fill(&mut password);
        let password = URL_SAFE_NO_PAD.encode(password);
        let mut process = match Process::spawn(config, &browser, &format!("{USER}:{password}")) {
            Ok(process) => process,
            Err(error) => return Ended::Unusable(format!("The bridge cannot be started ({error}).")),
        };
        let started = tokio::time::Instant::now();
        let url = tokio::select! {
            url = process.address() => url,
            () = self.stop.cancelled() => {
                process.end().await;
                return Ended::Stopping;
            }
        };
        let url = match url {
            Ok(url) => url,
            Err(NoStart::Failed(why)) => return Ended::Broken { why, ran: Duration::ZERO },
            Err(NoStart::Unusable(why)) => {
                return Ended::Unusable(format!("The bridge cannot be started ({why})."));
            }
        };
        let up = Arc::new(Up { url, user: USER, password });
        self.take_up_devices(&up).await;
        tracing::info!(url = up.url, "the bridge runs");
        self.bridge.state.send_replace(State::Up(Arc::clone(&up)));
        self.wake_bridge_accounts();
        tokio::select! {
            why = process.ended() => return Ended::Broken { why, ran: started.elapsed() },
            () = self.silent(&up) => {
                process.kill().await;
                return Ended::Broken { why: "it did not answer any more".to_owned(), ran: started.elapsed() };
            }
            () = self.not_needed(needs) => {}
            () = self.stop.cancelled() => {}
        }
        self.bridge.state.send_replace(State::Down);
        process.end().await;
        if self.stop.is_cancelled() { Ended::Stopping } else { Ended::NotNeeded }
    }

    /// Comes back when nobody has needed it for a while.
    async fn not_needed(&self, needs: &mut watch::Receiver<usize>) {
        loop {
            if needs.wait_for(|n| *n == 0).await.is_err() {
                return;
            }
            let needed_again = needs.wait_for(|n| *n > 0);
            if tokio::time::timeout(self.config.rhythm.linger, needed_again).await.is_err() {
                return;
            }
        }
    }

    /// Comes back when it has not answered for a while, though its process lives.
    async fn silent(&self, up: &Up) {
        let mut silence = 0;
        while silence < MAX_SILENCE {
            tokio::time::sleep(self.config.rhythm.poll).await;
            let asked = self.http.get(format!("{}/health", up.url)).timeout(ANSWER).send().await;
            silence = if asked.is_ok() { 0 } else { silence + 1 };
        }
    }
}

//! The live stream over real connections.

use std::{net::SocketAddr, time::Duration};

use crate::support::{Options, TestApp, found, until};
use balas_domain::{
    Event, MessageId, Payload, Role, Seq,
    form::GatewayForm,
    query::NewText,
    socket::{CLOSE_LAGGED, CLOSE_SIGNED_OUT, ClientFrame, Presence, ServerFrame, Typist},
};
use balas_engine::{MemberChange, ambient::OsRandom};
use balas_server::ws::SocketRules;
use balas_store::testing::Kind;
use futures::{SinkExt as _, StreamExt as _};
use rstest::rstest;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest as _},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

type Connected = Result<Socket, tungstenite::Error>;

async fn connect(address: SocketAddr, headers: &[(&'static str, String)]) -> Connected {
    connect_to(address, "/ws", headers).await
}

async fn connect_to(address: SocketAddr, path: &str, headers: &[(&'static str, String)]) -> Connected {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    // A small buffer, so that not reading is noticed soon.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
    client_async(request, stream).await.map(|(stream, _)| Socket(stream))
}

/// As a program.
async fn with_token(app: &TestApp, address: SocketAddr, role: Role) -> Socket {
    let token = app.engine.create_token(&app.owner, "test", role).await.unwrap();
    connect(address, &[("authorization", format!("Bearer {token}"))]).await.unwrap()
}

/// As a browser with our page open.
async fn with_session(address: SocketAddr, session: &str) -> Connected {
    let headers = [("cookie", format!("balas_session={session}")), ("origin", format!("http://{address}"))];
    connect(address, &headers).await
}

fn refused(connected: Connected) -> u16 {
    match connected {
        Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("let in"),
    }
}

impl Socket {
    async fn say(&mut self, frame: &ClientFrame) {
        self.0.send(Message::text(serde_json::to_string(frame).unwrap())).await.unwrap();
    }

    async fn hello(&mut self, since: Seq) -> Seq {
        self.say(&ClientFrame::Hello { since }).await;
        match self.frame().await {
            ServerFrame::Welcome { seq } => seq,
            other => panic!("no welcome: {other:?}"),
        }
    }

    /// The next frame or the close code.
    async fn next(&mut self) -> Result<ServerFrame, u16> {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    async fn frame(&mut self) -> ServerFrame {
        self.next().await.expect("a frame, not a close")
    }

    /// Reads events until the log's position is reached.
    async fn events_to(&mut self, seq: Seq) -> Vec<Event> {
        let mut events = Vec::new();
        while events.last().is_none_or(|e: &Event| e.seq < seq) {
            match self.frame().await {
                ServerFrame::Events { events: more } => {
                    assert!(!more.is_empty());
                    events.extend(more);
                }
                ServerFrame::Pong | ServerFrame::Typing { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        events
    }

    /// Reads on until the server closes, and tells the code.
    async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

async fn head(app: &TestApp) -> Seq {
    let mut tx = app.engine.store().read().await.unwrap();
    balas_store::events::head(app.owner.workspace, &mut tx).await.unwrap()
}

fn seqs(events: &[Event]) -> Vec<i64> {
    events.iter().map(|e| e.seq.0).collect()
}

#[rstest]
#[case(Kind::Sqlite)]
#[case(Kind::Postgres)]
#[tokio::test]
async fn what_happens_is_told_at_once_and_without_a_gap(#[case] kind: Kind) {
    let app = TestApp::on(kind).await;
    let address = app.listen();
    let mut one = with_token(&app, address, Role::Agent).await;
    let mut two = with_token(&app, address, Role::Owner).await;
    let start = one.hello(head(&app).await).await;
    assert_eq!(start, two.hello(start).await);
    for n in 0..5 {
        app.receive("6281200001111", "Sari", &format!("message {n}")).await;
    }
    let end = head(&app).await;
    let (a, b) = (one.events_to(end).await, two.events_to(end).await);
    assert_eq!(a, b);
    assert_eq!(seqs(&a), (start.0 + 1..=end.0).collect::<Vec<_>>());
    let told = a.iter().filter(|e| matches!(&e.payload, Payload::Message(_))).count();
    assert!(told >= 5);
}

#[tokio::test]
async fn resuming_gives_exactly_what_was_missed() {
    let app = TestApp::with(Options {
        // Many small pages instead of one.
        rules: SocketRules { page: 3, ..SocketRules::default() },
        ..Options::default()
    })
    .await;
    let address = app.listen();
    for n in 0..6 {
        app.receive("6281200001111", "Sari", &format!("message {n}")).await;
    }
    let end = head(&app).await;
    for since in [0, 1, end.0 / 2, end.0 - 1] {
        let mut socket = with_token(&app, address, Role::Agent).await;
        assert_eq!(socket.hello(Seq(since)).await, end);
        assert_eq!(seqs(&socket.events_to(end).await), (since + 1..=end.0).collect::<Vec<_>>());
    }
    // Saying hello again on the same socket begins anew.
    let mut socket = with_token(&app, address, Role::Agent).await;
    socket.hello(end).await;
    socket.hello(Seq(end.0 - 2)).await;
    assert_eq!(seqs(&socket.events_to(end).await), [end.0 - 1, end.0]);
}

#[tokio::test]
async fn a_position_that_cannot_be_is_told_to_fetch_anew() {
    let app = TestApp::init().await;
    let address = app.listen();
    let mut socket = with_token(&app, address, Role::Agent).await;
    let end = socket.hello(Seq(1_000_000)).await;
    assert_eq!(socket.frame().await, ServerFrame::Resync);
    // Nothing until hello is said again with a good one.
    app.receive("6281200001111", "Sari", "between").await;
    assert_eq!(socket.hello(end).await, head(&app).await);
    let reached = head(&app).await;
    assert_eq!(socket.events_to(reached).await[0].seq, end.next());
}

#[tokio::test]
async fn a_log_that_was_cut_is_told_too() {
    let app = TestApp::init().await;
    let address = app.listen();
    app.receive("6281200001111", "Sari", "old").await;
    let end = head(&app).await;
    let mut tx = app.engine.store().begin().await.unwrap();
    balas_store::events::purge(app.owner.workspace, &mut tx, end).await.unwrap();
    tx.commit().await.unwrap();
    let mut socket = with_token(&app, address, Role::Agent).await;
    socket.hello(Seq(1)).await;
    assert_eq!(socket.frame().await, ServerFrame::Resync);
}

#[tokio::test]
async fn who_may_open_one() {
    let app = TestApp::init().await;
    let address = app.listen();
    let session = app.session(Role::Agent).await;
    assert_eq!(refused(connect(address, &[]).await), 401);
    assert_eq!(
        refused(connect(address, &[("authorization", "Bearer balas_nonsense".to_owned())]).await),
        401
    );
    let cookie = || ("cookie", format!("balas_session={session}"));
    assert_eq!(refused(connect(address, &[cookie()]).await), 403, "a cookie without an origin");
    for origin in ["http://evil.test", "null", "https://127.0.0.1"] {
        assert_eq!(
            refused(connect(address, &[cookie(), ("origin", origin.to_owned())]).await),
            403,
            "{origin}"
        );
    }
    let mut socket = with_session(address, &session).await.unwrap();
    socket.hello(Seq(0)).await;
}

#[tokio::test]
async fn another_workspace_hears_nothing() {
    let app = TestApp::init().await;
    let address = app.listen();
    let stranger = found(&app.engine, "elsewhere", "owner@elsewhere.test").await;
    let token = app.engine.create_token(&stranger, "test", Role::Owner).await.unwrap();
    let mut theirs = connect(address, &[("authorization", format!("Bearer {token}"))]).await.unwrap();
    let begin = theirs.hello(Seq(0)).await;
    theirs.events_to(begin).await;
    let mut ours = with_token(&app, address, Role::Agent).await;
    ours.hello(head(&app).await).await;
    let row = app.receive("6281200001111", "Sari", "secret").await;
    ours.events_to(head(&app).await).await;
    // Naming our conversation changes nothing.
    theirs.say(&ClientFrame::Typing { conversation_id: row.id, presence: Presence::Typing }).await;
    theirs.say(&ClientFrame::Viewing { conversation_id: Some(row.id) }).await;
    theirs.say(&ClientFrame::Ping).await;
    assert_eq!(theirs.frame().await, ServerFrame::Pong, "nothing came before the answer to the last frame");
    ours.say(&ClientFrame::Ping).await;
    loop {
        match ours.frame().await {
            ServerFrame::Pong => break,
            ServerFrame::Typing { .. } => panic!("a stranger types in our conversation"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn typing_is_shown_to_colleagues() {
    let app = TestApp::init().await;
    let address = app.listen();
    let row = app.receive("6281200001111", "Sari", "hi").await;
    let now = head(&app).await;
    let (one, two) = (app.session(Role::Agent).await, app.session(Role::Agent).await);
    let (mut one, mut two) =
        (with_session(address, &one).await.unwrap(), with_session(address, &two).await.unwrap());
    one.hello(now).await;
    two.hello(now).await;
    // Both have caught up once the answer to a ping is there.
    for socket in [&mut one, &mut two] {
        socket.say(&ClientFrame::Ping).await;
        while socket.frame().await != ServerFrame::Pong {}
    }
    one.say(&ClientFrame::Typing { conversation_id: row.id, presence: Presence::Typing }).await;
    loop {
        if let ServerFrame::Typing { conversation_id, who, presence } = two.frame().await {
            assert_eq!((conversation_id, presence), (row.id, Presence::Typing));
            assert!(matches!(who, Typist::Member { .. }));
            break;
        }
    }
    one.say(&ClientFrame::Ping).await;
    loop {
        match one.frame().await {
            ServerFrame::Pong => break,
            ServerFrame::Typing { .. } => panic!("told about himself"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn signing_out_closes_the_socket() {
    let rules = SocketRules { recheck: Duration::from_millis(50), ..SocketRules::default() };
    let app = TestApp::with(Options { rules, ..Options::default() }).await;
    let address = app.listen();
    let session = app.session(Role::Agent).await;
    let mut socket = with_session(address, &session).await.unwrap();
    socket.hello(head(&app).await).await;
    app.engine.sign_out(&session).await.unwrap();
    assert_eq!(socket.closed().await, CLOSE_SIGNED_OUT);
}

#[tokio::test]
async fn switching_a_member_off_closes_his_socket_at_once() {
    // The periodic check would come far too late.
    let rules = SocketRules { recheck: Duration::from_hours(1), ..SocketRules::default() };
    let app = TestApp::with(Options { rules, ..Options::default() }).await;
    let address = app.listen();
    let session = app.session(Role::Agent).await;
    let actor = app.engine.actor_by_session(&session).await.unwrap().unwrap();
    let mut socket = with_session(address, &session).await.unwrap();
    socket.hello(head(&app).await).await;
    let off = MemberChange { active: Some(false), ..MemberChange::default() };
    app.engine.update_member(&app.owner, actor.member().unwrap(), &off).await.unwrap();
    assert_eq!(socket.closed().await, CLOSE_SIGNED_OUT);
}

#[tokio::test]
async fn a_socket_that_does_not_read_is_closed_and_misses_nothing() {
    let rules = SocketRules { backlog: 4, write: Duration::from_secs(5), ..SocketRules::default() };
    let app = TestApp::with(Options { rules, ..Options::default() }).await;
    let address = app.listen();
    let row = app.receive("6281200001111", "Sari", "hi").await;
    let start = head(&app).await;
    let mut slow = with_token(&app, address, Role::Agent).await;
    slow.hello(start).await;
    let mut quick = with_token(&app, address, Role::Agent).await;
    quick.hello(start).await;
    // Until what waits for the slow one no longer fits anywhere: kernel buffers first, then our queue.
    let text = "x".repeat(4_096);
    let mut last = start;
    until("the slow one was closed", async || {
        for _ in 0..20 {
            let id = MessageId::new(app.engine.now(), &OsRandom);
            let new = NewText { id, text: text.clone(), reply_to: None };
            app.engine.send(&app.owner, row.id, &new).await.unwrap();
        }
        slow_is_closing(&app)
    })
    .await;
    let mut seen = start;
    let code = loop {
        match slow.next().await {
            Ok(ServerFrame::Events { events }) => {
                for event in events {
                    assert_eq!(event.seq, seen.next(), "no gap before the close");
                    seen = event.seq;
                }
            }
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, CLOSE_LAGGED);
    let mut again = with_token(&app, address, Role::Agent).await;
    last = last.max(again.hello(seen).await);
    if seen < last {
        assert_eq!(again.events_to(last).await[0].seq, seen.next());
    }
}

/// The server has given up on a reader; its good-bye still waits in line.
fn slow_is_closing(app: &TestApp) -> bool {
    app.state.metrics.render().contains("balas_sockets_closed_total{code=\"4008\"}")
}

#[tokio::test]
async fn bad_manners() {
    let rules = SocketRules { hello: Duration::from_millis(200), ..SocketRules::default() };
    let app = TestApp::with(Options { rules, ..Options::default() }).await;
    let address = app.listen();
    let mut silent = with_token(&app, address, Role::Agent).await;
    assert_eq!(silent.closed().await, 1008);
    for bad in ["{", "[]", r#"{"type":"typing"}"#, r#"{"type":"hello","since":"x"}"#] {
        let mut rude = with_token(&app, address, Role::Agent).await;
        rude.0.send(Message::text(bad)).await.unwrap();
        assert_eq!(rude.closed().await, 1008, "{bad}");
    }
    let mut binary = with_token(&app, address, Role::Agent).await;
    binary.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(binary.closed().await, 1008);
    let mut huge = with_token(&app, address, Role::Agent).await;
    huge.0.send(Message::text("x".repeat(100_000))).await.unwrap();
    assert_ne!(huge.closed().await, 1008, "too large to be looked at");
    let mut flood = with_token(&app, address, Role::Agent).await;
    flood.hello(head(&app).await).await;
    for _ in 0..400 {
        if flood.0.send(Message::text(r#"{"type":"ping"}"#)).await.is_err() {
            break;
        }
    }
    assert_eq!(flood.closed().await, 1008);
    let mut newer = with_token(&app, address, Role::Agent).await;
    newer.hello(head(&app).await).await;
    newer.0.send(Message::text(r#"{"type":"something new","x":1}"#)).await.unwrap();
    newer.say(&ClientFrame::Ping).await;
    while newer.frame().await != ServerFrame::Pong {}
}

#[tokio::test]
async fn a_stopping_server_says_so() {
    let app = TestApp::init().await;
    let address = app.listen();
    let mut greeted = with_token(&app, address, Role::Agent).await;
    greeted.hello(head(&app).await).await;
    let mut silent = with_token(&app, address, Role::Agent).await;
    app.state.stopping.cancel();
    assert_eq!(greeted.closed().await, 1001);
    assert_eq!(silent.closed().await, 1001);
    app.state.sockets.close();
    timeout(PATIENCE, app.state.sockets.wait()).await.expect("all have gone");
    let token = app.engine.create_token(&app.owner, "late", Role::Agent).await.unwrap();
    assert_eq!(refused(connect(address, &[("authorization", format!("Bearer {token}"))]).await), 503);
}

/// A socket that also tells of connected numbers by themselves.
async fn with_statuses(app: &TestApp, address: SocketAddr, role: Role) -> Socket {
    let token = app.engine.create_token(&app.owner, "test", role).await.unwrap();
    let headers = [("authorization", format!("Bearer {token}"))];
    let mut socket = connect_to(address, "/ws?whatsapp=1", &headers).await.unwrap();
    socket.say(&ClientFrame::Hello { since: head(app).await }).await;
    socket
}

impl Socket {
    /// Reads on until a frame of that type for which this is true.
    async fn value(&mut self, kind: &str, wanted: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await.expect("a frame in time").unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
            if frame["type"] == kind && wanted(&frame) {
                return frame;
            }
        }
    }
}

#[tokio::test]
async fn who_asks_for_it_is_told_of_numbers_by_themselves() {
    let app = TestApp::on(Kind::Sqlite).await;
    let address = app.listen();
    let mut admin = with_statuses(&app, address, Role::Admin).await;
    let mut agent = with_statuses(&app, address, Role::Agent).await;
    let all = admin.value("whatsapp-all-statuses", |_| true).await;
    assert_eq!(all["accounts"].as_array().map(Vec::len), Some(1));
    assert_eq!(all["accounts"][0]["account_id"], app.account.to_string());
    assert_eq!(all["accounts"][0]["status"], "ready");
    assert_eq!(all["accounts"][0]["battery"], serde_json::Value::Null);

    app.engine.stop_account(&app.owner, app.account).await.unwrap();
    let stopped = agent.value("whatsapp-status", |frame| frame["status"] == "idle").await;
    assert_eq!(stopped["account_id"], app.account.to_string());

    let form = GatewayForm {
        name: "Shop".to_owned(),
        phone: "+62 811 2222 333".to_owned(),
        base_url: format!("{}/gowa/v9", app.sandbox.base_url()),
        user: "balas".to_owned(),
        password: "sandbox-gateway".to_owned(),
        webhook_secret: "a-secret-of-this-test".to_owned(),
        device_id: String::new(),
    };
    let linked = app.engine.create_gateway(&app.owner, &form).await.unwrap().id;
    let of_linked = |frame: &serde_json::Value| frame["account_id"] == linked.to_string();
    let qr = admin.value("whatsapp-status", |frame| of_linked(frame) && frame["status"] == "qr").await;
    // A PNG begins so.
    assert!(qr["qr"]["png"].as_str().unwrap().starts_with("iVBORw0KGgo"), "{qr}");
    let seen = agent.value("whatsapp-status", |frame| of_linked(frame) && frame["status"] == "qr").await;
    assert!(seen.get("qr").is_none(), "an agent may not link numbers");

    let shown = app.engine.pair_account(&app.owner, linked).await.unwrap();
    let code = admin.value("whatsapp-pairing-code", of_linked).await;
    assert_eq!(code["code"], shown.code);
    let later = app.engine.stop_account(&app.owner, linked).await.unwrap();
    assert_eq!(later.status, balas_domain::AccountStatus::Idle);
    // Nobody else was told the code.
    let last = agent.value("whatsapp-status", |frame| {
        assert!(frame.get("pairing_code").is_none());
        of_linked(frame) && frame["status"] == "idle"
    });
    last.await;
}

/// Reads on until a frame says what is waited for.
async fn hear(socket: &mut Socket, said: impl Fn(&ServerFrame) -> bool) {
    while !said(&socket.frame().await) {}
}

#[tokio::test]
async fn members_hear_what_there_is_to_do_and_who_looks_where() {
    let app = TestApp::init().await;
    let address = app.listen();
    let row = app.receive("6281200001111", "Sari", "halo").await;
    let (session, other) = (app.session(Role::Agent).await, app.session(Role::Supervisor).await);
    let mut agent = with_session(address, &session).await.unwrap();
    let mut colleague = with_session(address, &other).await.unwrap();
    let open = |n: u32| move |frame: &ServerFrame| matches!(frame, ServerFrame::Counts { counts } if counts.sum(|_| true, |tally| tally.open) == n);
    agent.hello(Seq(0)).await;
    hear(&mut agent, open(1)).await;
    colleague.hello(Seq(0)).await;
    app.receive("6281200002222", "Budi", "halo juga").await;
    hear(&mut agent, open(2)).await;

    colleague.say(&ClientFrame::Viewing { conversation_id: Some(row.id) }).await;
    hear(&mut agent, |frame| {
        matches!(frame, ServerFrame::Viewers { viewers } if viewers.len() == 1 && viewers[0].conversation_id == row.id)
    })
    .await;
    // What is no conversation of the workspace is nowhere.
    let elsewhere = balas_domain::ConversationId(uuid::Uuid::from_u128(404));
    colleague.say(&ClientFrame::Viewing { conversation_id: Some(elsewhere) }).await;
    hear(&mut agent, |frame| matches!(frame, ServerFrame::Viewers { viewers } if viewers.is_empty())).await;
    colleague.say(&ClientFrame::Viewing { conversation_id: Some(row.id) }).await;
    hear(&mut agent, |frame| matches!(frame, ServerFrame::Viewers { viewers } if viewers.len() == 1)).await;
    drop(colleague);
    hear(&mut agent, |frame| matches!(frame, ServerFrame::Viewers { viewers } if viewers.is_empty())).await;
}

//! Alerts: raised when something is wrong for too long, told to the outside, closed when it is over.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::sync::{Arc, Mutex};

use balas_domain::{
    AccountId, AccountStatus, AlertKind, AlertView, MessageStatus, Payload, Role, WorkspaceSettings,
    form::AlertWebhookForm, query::ListQuery,
};
use balas_engine::{EngineError, MailConfig, MailSecurity};
use balas_providers::sign;
use balas_sandbox::{Faults, Incoming};
use balas_store::testing::Kind;
use rstest::rstest;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

use crate::support::{PHONE, World};

const FROM: &str = "6281200001111";
const SECRET: &str = "signs-the-alerts";

impl World {
    async fn alerts(&self) -> Vec<AlertView> {
        self.engine.alerts(&self.owner, true).await.unwrap()
    }

    /// Waits until the account's alert of that kind is open, or over.
    pub async fn alert(&self, account: AccountId, kind: AlertKind, open: bool) -> AlertView {
        let is = |a: &AlertView| a.account_id == account && a.kind == kind && a.closed_at.is_none() == open;
        self.until(&format!("{kind} is open: {open}"), async || self.alerts().await.iter().any(is)).await;
        self.alerts().await.into_iter().find(is).unwrap()
    }
}

/// A mail server that takes everything.
async fn mail_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    async fn converse(stream: TcpStream, mails: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 test\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let answer: &[u8] = match line.split(' ').next().unwrap_or_default().to_uppercase().as_str() {
                "EHLO" => b"250 test\r\n",
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await?;
                    let mut mail = String::new();
                    while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                        mail.push_str(&line);
                        mail.push('\n');
                    }
                    mails.lock().unwrap().push(mail);
                    b"250 taken\r\n"
                }
                "QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await?;
        }
        Ok(())
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails = Arc::<Mutex<Vec<String>>>::default();
    let taken = Arc::clone(&mails);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, Arc::clone(&taken)));
        }
    });
    (port, mails)
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_number_that_stays_away_is_told_of_everywhere(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let settings = WorkspaceSettings {
        alert_after_minutes: 1,
        alert_emails: vec!["admin@example.org".to_owned()],
        ..WorkspaceSettings::default()
    };
    let refused = world.engine.set_workspace_settings(&world.owner, &settings).await;
    assert!(matches!(refused, Err(EngineError::Refused(_))), "there is no mail server yet");
    let (port, mails) = mail_server().await;
    let mail = MailConfig {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: MailSecurity::None,
        user: None,
        password: String::new(),
        from: "Balas <balas@example.org>".to_owned(),
    };
    world.change_config(|config| config.mail = Some(mail)).await;
    let sink = MockServer::start().await;
    // It is in trouble itself at first.
    let trouble = Mock::given(method("POST")).respond_with(ResponseTemplate::new(500));
    trouble.up_to_n_times(1).mount(&sink).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(204)).mount(&sink).await;
    let form = AlertWebhookForm { url: format!("{}/alerts", sink.uri()), secret: SECRET.to_owned() };
    world.engine.set_alert_webhook(&world.owner, Some(&form)).await.unwrap();
    let set = world.engine.set_workspace_settings(&world.owner, &settings).await.unwrap();
    assert_eq!((set.alert_webhook, set.alert_after_minutes), (Some(form.url), 1));

    let (account, device) = world.linked().await;
    world.sandbox.world().disconnect(&device, true).unwrap();
    let alert = world.alert(account, AlertKind::NotConnected, true).await;
    assert!(alert.detail.contains("no connection to WhatsApp"), "{}", alert.detail);
    let snapshot = world.engine.snapshot(&world.owner, &ListQuery::default(), None, None).await.unwrap();
    assert_eq!(snapshot.alerts, std::slice::from_ref(&alert));
    let agent = world.member(Role::Agent).await;
    let denied = world.engine.acknowledge_alert(&agent, alert.id).await;
    assert!(matches!(denied, Err(EngineError::Denied(_))));
    let admin = world.member(Role::Admin).await;
    let noted = world.engine.acknowledge_alert(&admin, alert.id).await.unwrap();
    assert_eq!(noted.acknowledged.as_ref().unwrap().by, "admin");
    let again = world.engine.acknowledge_alert(&world.owner, alert.id).await.unwrap();
    assert_eq!(again, noted, "who did so first stands");

    world.sandbox.world().connect(&device).unwrap();
    let over = world.alert(account, AlertKind::NotConnected, false).await;
    assert_eq!(over.id, alert.id);
    assert!(world.engine.alerts(&world.owner, false).await.unwrap().is_empty());
    let told = world.log().await.into_iter().filter(|event| matches!(event.payload, Payload::Alert(_)));
    assert_eq!(told.count(), 3, "raised, acknowledged, closed");

    world.until("both mails came", async || mails.lock().unwrap().len() == 2).await;
    let mails = mails.lock().unwrap().clone();
    assert!(
        mails[0].contains("To: admin@example.org") && mails[0].contains("Subject: Linked is not connected")
    );
    assert!(mails[1].contains("Subject: Over: Linked is not connected"), "{}", mails[1]);
    let posts = async || sink.received_requests().await.unwrap();
    world.until("both posts were taken", async || posts().await.len() == 3).await;
    let posts: Vec<Request> = posts().await;
    let events: Vec<serde_json::Value> = posts
        .iter()
        .map(|post| {
            let signature = post.headers.get("x-hub-signature-256").unwrap().to_str().unwrap();
            assert_eq!(signature, sign(SECRET, &post.body));
            serde_json::from_slice(&post.body).unwrap()
        })
        .collect();
    let words: Vec<_> = events.iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(words, ["alert.raised", "alert.raised", "alert.closed"]);
    assert_eq!(events[2]["alert"]["id"], alert.id.to_string());
    assert_eq!((&events[0]["account"], &events[0]["workspace"]), (&"Linked".into(), &"Test".into()));
    world.stop().await;
}

#[tokio::test]
async fn a_gateway_that_delivers_nothing_raises_an_alert() {
    let world = World::new(Kind::Sqlite).await;
    let (account, device) = world.linked().await;
    let lose = Faults { account: Some(device.to_string()), lose: true, ..Faults::default() };
    world.sandbox.world().faults(lose).unwrap();
    let write = |text| world.sandbox.world().receive(&Incoming::text(PHONE, FROM, "Sari", text)).unwrap();
    write("do you hear me?");
    world.alert(account, AlertKind::Mute, true).await;
    world.sandbox.world().clear_faults();
    write("and now?");
    world.alert(account, AlertKind::Mute, false).await;
    world.stop().await;
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn messages_that_fail_one_after_the_other_raise_an_alert(#[case] kind: Kind) {
    let mut world = World::new(kind).await;
    let conversation = world.receive(FROM, "hello").await.id;
    let send = async |world: &World, text: &str| {
        let new = world.text(text);
        world.engine.send(&world.owner, conversation, &new).await.unwrap();
        world
            .until("it was tried", async || {
                world.message(conversation, new.id).await.delivery.status >= MessageStatus::Sent
            })
            .await;
    };
    // Blocked for breaking WhatsApp's rules.
    let faults = Faults { code: Some(368), ..Faults::default() };
    world.sandbox.world().faults(faults).unwrap();
    for text in ["one", "two", "three", "four"] {
        send(&world, text).await;
    }
    assert_eq!(world.alerts().await, [], "that may happen");
    // A restart does not make them forgotten.
    world.restart().await;
    world.status(world.account, AccountStatus::Ready).await;
    send(&world, "one too many").await;
    let alert = world.alert(world.account, AlertKind::Failing, true).await;
    assert!(alert.detail.starts_with("5 messages in a row"), "{}", alert.detail);
    world.sandbox.world().clear_faults();
    send(&world, "better").await;
    world.alert(world.account, AlertKind::Failing, false).await;
    world.stop().await;
}

#[tokio::test]
async fn of_an_account_that_is_stopped_nothing_is_expected() {
    let world = World::new(Kind::Sqlite).await;
    let settings = WorkspaceSettings { alert_after_minutes: 1, ..WorkspaceSettings::default() };
    world.engine.set_workspace_settings(&world.owner, &settings).await.unwrap();
    let (account, device) = world.linked().await;
    world.sandbox.world().log_out(&device).unwrap();
    world.status(account, AccountStatus::Error).await;
    world.alert(account, AlertKind::NotConnected, true).await;
    world.engine.stop_account(&world.owner, account).await.unwrap();
    world.alert(account, AlertKind::NotConnected, false).await;
    world.engine.delete_account(&world.owner, account, "Linked").await.unwrap();
    assert_eq!(world.alerts().await, [], "with the account its alerts go");
    world.stop().await;
}

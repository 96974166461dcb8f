//! The webhook sender: signature, escaping, order, retries.

use std::{net::SocketAddr, time::Duration};

use balas_sandbox::Timing;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Receiver, SITI, Sandbox, answer, timing, until};

#[tokio::test]
async fn a_message_arrives_signed_and_escaped() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Olá 😀 https://x.io/a").await;
    let arrived = receiver.wait(1).await.remove(0);
    assert!(arrived.signed);
    assert_eq!(arrived.what(), "Olá 😀 https://x.io/a");
    let raw = String::from_utf8(arrived.raw).unwrap();
    assert!(raw.contains(r"Ol\u00e1 \ud83d\ude00 https:\/\/x.io\/a"), "{raw}");
}

#[tokio::test]
async fn a_send_climbs_the_ladder() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Halo").await;
    let (_, body) = answer(sandbox.send(&Sandbox::text(SITI, "Halo kak")).await).await;
    let arrived = receiver.wait(3).await;
    assert_eq!(
        arrived.iter().map(super::support::Arrived::what).collect::<Vec<_>>(),
        ["Halo", "sent", "delivered"]
    );
    for status in &arrived[1..] {
        let node = &status.value["statuses"][0];
        assert_eq!(node["id"], body["messages"][0]["id"]);
        assert_eq!(node["biz_opaque_callback_data"], "msg:Halo kak");
        assert_eq!(node["recipient_id"], SITI);
    }
    let sent = sandbox.look(&format!("/control/messages?to={SITI}")).await;
    assert_eq!((&sent[0]["text"], &sent[0]["status"]), (&json!("Halo kak"), &json!("delivered")));
    assert_eq!(sandbox.control("/control/read", &json!({"to": SITI})).await.0, 200);
    assert_eq!(receiver.wait(4).await[3].what(), "read");
}

#[tokio::test]
async fn outside_the_window_it_fails_after_the_200() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Halo").await;
    receiver.wait(1).await;
    sandbox.clock.advance(Duration::from_hours(25));
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "late")).await.status(), 200);
    let failed = receiver.wait(2).await.remove(1);
    assert_eq!(failed.what(), "failed");
    assert_eq!(failed.value["statuses"][0]["errors"][0]["code"], 131_047);
}

#[tokio::test]
async fn a_refused_webhook_is_tried_again_and_blocks_nobody() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    receiver.answer([500, 503, 404]);
    sandbox.hear(SITI, "one").await;
    // Same phone, so same lane: it must get past the one that is refused.
    sandbox.hear(SITI, "two").await;
    until("both taken", async || (sandbox.running.world().pending() == 0).then_some(())).await;
    let log = sandbox.running.world().deliveries();
    assert_eq!(log.len(), 5, "{log:?}");
    assert_eq!(log.iter().filter(|entry| entry.status == Some(200)).count(), 2);
    assert!(log.iter().any(|entry| entry.attempt > 1));
    assert_eq!(log[0].what, "message text");
    let shown = sandbox.look("/control/deliveries?limit=2").await;
    assert_eq!(shown.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_comes_back_gets_everything_in_order() {
    let sandbox =
        Sandbox::with(Timing { retry_waits: vec![Duration::from_millis(20)], ..timing() }, false).await;
    // An address where nobody listens yet.
    let parked = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = parked.local_addr().unwrap();
    drop(parked);
    sandbox.running.set_webhook_url(&sandbox.number.phone_number_id, format!("http://{address}/hook"));
    let texts: Vec<String> = (0..20).map(|n| format!("message {n}")).collect();
    for text in &texts {
        sandbox.hear(SITI, text).await;
    }
    let down =
        async || sandbox.running.world().deliveries().iter().any(|entry| entry.error.is_some()).then_some(());
    until("a failed attempt", down).await;
    let receiver = Receiver::at(address).await;
    let arrived = receiver.wait(texts.len()).await;
    assert_eq!(arrived.iter().map(super::support::Arrived::what).collect::<Vec<_>>(), texts);
    until("nothing left", async || (sandbox.running.world().pending() == 0).then_some(())).await;
}

#[tokio::test]
async fn gives_up_in_the_end() {
    let timing = Timing { give_up_after: Duration::from_millis(50), ..timing() };
    let sandbox = Sandbox::with(timing, false).await;
    let receiver = Receiver::start().await;
    receiver.answer([500; 100]);
    sandbox.running.set_webhook_url(&sandbox.number.phone_number_id, receiver.url());
    sandbox.hear(SITI, "never taken").await;
    until("it gave up", async || (sandbox.running.world().pending() == 0).then_some(())).await;
    let attempts = receiver.arrived().len();
    assert!((2..50).contains(&attempts), "{attempts} attempts");
}

#[tokio::test]
async fn stops_with_webhooks_and_streams_open() {
    let sandbox = Sandbox::start().await;
    sandbox.hear(SITI, "nobody takes this").await;
    let mut stream = sandbox.client.get(sandbox.url("/control/stream")).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    let url = sandbox.url("/control/numbers");
    tokio::time::timeout(Duration::from_secs(30), sandbox.running.stop()).await.expect("stops");
    assert!(sandbox.client.get(url).send().await.is_err(), "nobody listens any more");
}

//! Trouble on demand, each kind once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{SITI, Sandbox, answer, until};

async fn set(sandbox: &Sandbox, faults: Value) {
    let (status, body) = sandbox.control("/control/faults", &faults).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn rate_limits_come_with_their_headers() {
    let sandbox = Sandbox::start().await;
    set(&sandbox, json!({"code": 130_429, "times": 1})).await;
    let response = sandbox.send(&Sandbox::text(SITI, "a")).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "5");
    let usage: Value =
        serde_json::from_slice(response.headers()["x-business-use-case-usage"].as_bytes()).unwrap();
    let usage = usage.as_object().unwrap().values().next().unwrap();
    assert_eq!(usage[0]["estimated_time_to_regain_access"], 1);
    let (_, body) = answer(response).await;
    assert_eq!((&body["error"]["code"], &body["error"]["is_transient"]), (&json!(130_429), &json!(true)));
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "b")).await.status(), 200, "only once");
    assert_eq!(sandbox.look("/control/messages").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn codes_and_statuses() {
    let sandbox = Sandbox::start().await;
    for (faults, status, code) in [
        (json!({"code": 131_056}), 400, 131_056),
        (json!({"code": 1}), 500, 1),
        (json!({"status": 503}), 503, 2),
        (json!({"status": 500}), 500, 1),
        (json!({"code": 190}), 401, 190),
    ] {
        set(&sandbox, faults.clone()).await;
        let (got, body) = answer(sandbox.send(&Sandbox::text(SITI, "a")).await).await;
        assert_eq!((got, body["error"]["code"].as_i64()), (status, Some(code)), "{faults}");
    }
    let number = sandbox.graph_get(&format!("/v23.0/{}", sandbox.number.phone_number_id)).await;
    assert_eq!(number.status(), 401, "an expired token opens nothing");
    set(&sandbox, json!({"status": 502})).await;
    let gateway = sandbox.send(&Sandbox::text(SITI, "a")).await;
    assert_eq!(gateway.status(), 502);
    assert!(gateway.text().await.unwrap().contains("<html>"));
    sandbox.client.delete(sandbox.url("/control/faults")).send().await.unwrap();
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "a")).await.status(), 200);
}

#[tokio::test]
async fn answers_get_lost_after_the_message_was_accepted() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Halo").await;
    receiver.wait(1).await;
    let url = sandbox.url(&format!("/v23.0/{}/messages", sandbox.number.phone_number_id));
    let post = |text: &str| {
        sandbox.client.post(&url).bearer_auth(&sandbox.number.token).json(&Sandbox::text(SITI, text))
    };
    set(&sandbox, json!({"lost_answer": true, "times": 1})).await;
    let error = post("lost").send().await.unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    set(&sandbox, json!({"timeout_after_accept": true, "times": 1})).await;
    let error = post("slow").timeout(Duration::from_millis(100)).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    let arrived = receiver.wait(5).await;
    let mut data: Vec<&str> = arrived[1..]
        .iter()
        .filter_map(|hook| hook.value["statuses"][0]["biz_opaque_callback_data"].as_str())
        .collect();
    data.sort_unstable();
    assert_eq!(data, ["msg:lost", "msg:lost", "msg:slow", "msg:slow"]);
    let sent = sandbox.look(&format!("/control/messages?to={SITI}")).await;
    assert_eq!(sent.as_array().unwrap().len(), 2, "accepted once each");
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "fine")).await.status(), 200);
}

#[tokio::test]
async fn delays_and_failed_statuses() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    sandbox.hear(SITI, "Halo").await;
    set(&sandbox, json!({"delay_ms": 60, "fail_status": 131_026, "times": 1})).await;
    let began = Instant::now();
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "a")).await.status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(60));
    let arrived = receiver.wait(2).await;
    let failed = arrived.iter().find(|hook| hook.what() == "failed").expect("a failed status");
    assert_eq!(failed.value["statuses"][0]["errors"][0]["code"], 131_026);
}

#[tokio::test]
async fn muted_webhooks_wait() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    set(&sandbox, json!({"mute": true})).await;
    for n in 0..3 {
        sandbox.hear(SITI, &n.to_string()).await;
    }
    assert_eq!(sandbox.running.world().pending(), 3);
    assert!(receiver.arrived().is_empty());
    sandbox.running.world().clear_faults();
    let arrived = receiver.wait(3).await;
    assert_eq!(arrived.iter().map(super::support::Arrived::what).collect::<Vec<_>>(), ["0", "1", "2"]);
}

#[tokio::test]
async fn duplicates_and_shuffles() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    set(&sandbox, json!({"duplicate": 3})).await;
    sandbox.hear(SITI, "thrice").await;
    let arrived = receiver.wait(3).await;
    assert!(arrived.iter().all(|hook| hook.raw == arrived[0].raw));
    set(&sandbox, json!({"shuffle": 20})).await;
    let texts: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    for text in &texts {
        sandbox.hear(SITI, text).await;
    }
    let arrived: Vec<String> =
        receiver.wait(23).await[3..].iter().map(super::support::Arrived::what).collect();
    assert_ne!(arrived, texts);
    let (mut sorted, mut all) = (arrived, texts);
    sorted.sort();
    all.sort();
    assert_eq!(sorted, all);
}

#[tokio::test]
async fn an_unfilled_shuffle_window_empties_itself() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    set(&sandbox, json!({"shuffle": 100})).await;
    sandbox.hear(SITI, "alone").await;
    assert_eq!(receiver.wait(1).await[0].what(), "alone");
}

#[tokio::test]
async fn wrong_signatures_are_refused_and_tried_again() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    set(&sandbox, json!({"wrong_signature": true, "times": 2})).await;
    sandbox.hear(SITI, "a").await;
    let arrived = receiver.wait(3).await;
    assert_eq!(arrived.iter().map(|hook| hook.signed).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
async fn slow_bodies_arrive_whole() {
    let (sandbox, receiver) = Sandbox::with_receiver().await;
    set(&sandbox, json!({"slow": 80, "times": 1})).await;
    sandbox.hear(SITI, "slow").await;
    assert!(receiver.wait(1).await[0].signed);
    // The log is written once the answer came back.
    let entry = until("the log", async || sandbox.running.world().deliveries().pop()).await;
    assert!(entry.millis >= 80, "{entry:?}");
}

#[tokio::test]
async fn faults_of_a_number_leave_others_alone() {
    let sandbox = Sandbox::start().await;
    set(&sandbox, json!({"account": sandbox.number.phone_number_id, "code": 131_056})).await;
    let (status, body) = sandbox.control("/control/faults", &json!({"account": "999", "mute": true})).await;
    assert_eq!(status, 404, "{body}");
    let other = json!({"phone_number_id": "111", "waba_id": "222", "display_phone_number": "+1 555 010 0001",
        "verified_name": "Other", "token": "other-token", "app_secret": "s", "verify_token": "v"});
    assert_eq!(sandbox.control("/control/numbers", &other).await.0, 200);
    let request = sandbox.client.post(sandbox.url("/v23.0/111/messages")).bearer_auth("other-token");
    assert_eq!(request.json(&Sandbox::text(SITI, "a")).send().await.unwrap().status(), 200);
    assert_eq!(sandbox.send(&Sandbox::text(SITI, "a")).await.status(), 400);
}

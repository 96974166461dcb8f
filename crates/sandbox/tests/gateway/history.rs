//! Filling an account with its past, and making up for what was missed.

use std::time::Duration;

use balas_domain::{Address, Content};
use balas_providers::{Provider as _, gateway::HistoryQuery, inbound::Inbound};
use balas_sandbox::{Faults, GatewayVersion, Incoming, Timing};
use rstest::rstest;
use serde_json::json;

use crate::support::*;

async fn texts(rig: &Rig, chat: &Address, query: HistoryQuery) -> Vec<String> {
    let page = rig.gateway.messages(chat, query, rig.now()).await.unwrap();
    assert_eq!(page.unreadable, 0);
    let text = |content| match content {
        Content::Text { text } => text,
        other => format!("{other:?}"),
    };
    page.messages.into_iter().map(|message| text(message.content)).collect()
}

#[rstest]
#[tokio::test]
async fn the_past_comes_a_while_after_the_link(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::with(version, Timing { history_after: Duration::from_secs(2), ..timing() }).await;
    rig.world.add_handset(OWN, Some("Toko Melati")).unwrap();
    rig.hear("before");
    assert!(rig.hook.arrived().is_empty());
    rig.clock.advance(Duration::from_mins(1));
    rig.world.link(&rig.device, OWN, "").unwrap();
    assert_eq!(rig.gateway.chats(100, 0).await.unwrap().total, 0);
    rig.clock.advance(Duration::from_secs(2));
    let chats = rig.gateway.chats(100, 0).await.unwrap().chats;
    assert_eq!((chats[0].address.clone(), chats[0].name.as_deref()), (siti(), Some("Siti")));
    assert_eq!(chats[0].last_message_at, Some(NOW));
    assert_eq!(texts(&rig, &siti(), HistoryQuery::default()).await, ["before"]);
}

#[rstest]
#[tokio::test]
async fn pages_and_filters(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    for number in 0..5 {
        rig.hear(&format!("{number}"));
        rig.clock.advance(Duration::from_mins(1));
    }
    rig.gateway.send(&text("ours")).await.unwrap();
    let all = HistoryQuery::default();
    assert_eq!(texts(&rig, &siti(), all).await, ["ours", "4", "3", "2", "1", "0"]);
    assert_eq!(texts(&rig, &siti(), HistoryQuery { limit: 2, offset: 2, ..all }).await, ["3", "2"]);
    assert_eq!(texts(&rig, &siti(), HistoryQuery { from_us: Some(true), ..all }).await, ["ours"]);
    let since = Some(NOW.after(Duration::from_mins(3)));
    assert_eq!(texts(&rig, &siti(), HistoryQuery { since, ..all }).await, ["ours", "4", "3"]);
    let until = Some(NOW.after(Duration::from_mins(1)));
    assert_eq!(texts(&rig, &siti(), HistoryQuery { until, ..all }).await, ["1", "0"]);
    let page = rig.gateway.messages(&siti(), HistoryQuery { limit: 4, ..all }, rig.now()).await.unwrap();
    assert_eq!((page.total, page.next_offset), (6, Some(4)));
    assert!(page.messages[0].from_us && page.messages.iter().all(|message| message.history));
    // A chat that the gateway does not know is empty, and to the old version an error.
    let nobody = Address::Phone("6281200007777".into());
    let unknown = rig.gateway.messages(&nobody, all, rig.now()).await;
    assert_eq!(unknown.map(|page| page.messages.len()).ok(), (version == V9).then_some(0));

    for number in 0..3 {
        rig.clock.advance(Duration::from_mins(1));
        let from = format!("628120000200{number}");
        rig.world.receive(&Incoming::text(OWN, &from, &from, "hi")).unwrap();
    }
    let first = rig.gateway.chats(2, 0).await.unwrap();
    assert_eq!((first.total, first.next_offset), (4, Some(2)));
    assert_eq!(first.chats[0].address, Address::Phone("6281200002002".into()), "the newest first");
    let last = rig.gateway.chats(2, 2).await.unwrap();
    assert_eq!((last.chats[1].address.clone(), last.next_offset), (siti(), None));
}

#[rstest]
#[tokio::test]
async fn files_are_in_it_and_a_place_is_not(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    for message in [
        json!({"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "caption": "look"}}),
        json!({"type": "location", "location": {"latitude": 1.0, "longitude": 1.0}}),
    ] {
        let incoming =
            Incoming { text: None, message: Some(message), ..Incoming::text(OWN, SITI, "Siti", "") };
        rig.world.receive(&incoming).unwrap();
    }
    let page = rig.gateway.messages(&siti(), HistoryQuery::default(), rig.now()).await.unwrap();
    assert_eq!(page.messages.len(), 1);
    assert!(
        matches!(&page.messages[0].content, Content::Media(media) if media.caption.as_deref() == Some("look"))
    );
}

/// The road back after an outage: events are gone, the store is not.
#[rstest]
#[tokio::test]
async fn what_was_missed_can_be_read_later(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.hear("known");
    rig.hook.wait(1).await;
    rig.world
        .faults(Faults { account: Some(rig.device.to_string()), lose: true, ..Faults::default() })
        .unwrap();
    rig.clock.advance(Duration::from_mins(1));
    rig.hear("missed");
    rig.gateway.send(&text("sent meanwhile")).await.unwrap();
    rig.world.clear_faults();
    rig.clock.advance(Duration::from_mins(1));
    rig.hear("after");
    rig.hook
        .find("the one after", |event| match event {
            Inbound::Message(m) => (m.content == Content::Text { text: "after".into() }).then_some(()),
            _ => None,
        })
        .await;
    assert!(!rig.hook.arrived().iter().any(|webhook| webhook.raw.to_string().contains("missed")));
    let missed = HistoryQuery { since: Some(NOW.after(Duration::from_secs(1))), ..HistoryQuery::default() };
    assert_eq!(texts(&rig, &siti(), missed).await, ["after", "sent meanwhile", "missed"]);
}

/// An answer got lost: the chat tells whether the message went out.
#[rstest]
#[tokio::test]
async fn an_unknown_outcome_is_found_in_the_chat(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.world.faults(Faults { gateway_timeout: true, times: Some(1), ..Faults::default() }).unwrap();
    rig.gateway.send(&text("went out")).await.unwrap_err();
    rig.world.faults(Faults { status: Some(504), times: Some(1), ..Faults::default() }).unwrap();
    rig.gateway.send(&text("did not")).await.unwrap_err();
    let ours = HistoryQuery { from_us: Some(true), limit: 20, ..HistoryQuery::default() };
    assert_eq!(texts(&rig, &siti(), ours).await, ["went out"]);
}

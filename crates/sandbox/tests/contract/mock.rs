//! Client → Prism, which answers with the examples of the vendor's documents.

use balas_domain::{Address, socket::Presence};
use balas_providers::{
    Body, Provider as _,
    gateway::{HistoryQuery, detect},
};
use balas_sandbox::GatewayVersion;
use rstest::rstest;

use crate::{OWN, client, dialect, message, prism::Prism, relay::Relay, siti, text};

#[rstest]
#[case(GatewayVersion::V7)]
#[case(GatewayVersion::V9)]
#[tokio::test]
#[ignore = "needs Node and Prism"]
async fn the_documents_answers_are_understood(#[case] version: GatewayVersion) {
    let prism = Prism::mock(version).await;
    let relay = Relay::start(&prism.url, &prism.url, &[]).await;
    let gateway = client(&relay.url, version);
    let now = balas_domain::Timestamp::from_seconds(1_800_000_000);
    let v9 = version == GatewayVersion::V9;

    let http = balas_providers::http::client().unwrap();
    let found = detect(&http, &relay.url, "balas", "sandbox-gateway").await.unwrap();
    assert_eq!(found.dialect, dialect(version));
    assert_eq!(found.devices.len(), 1);
    if v9 {
        gateway.create_device("shop", "http://127.0.0.1:9/hook", "long-enough-and-random").await.unwrap();
        gateway.set_webhook("http://127.0.0.1:9/hook", "long-enough-and-random").await.unwrap();
    }
    // There is no picture behind the example's link.
    gateway.login().await.unwrap_err();
    gateway.pairing_code(OWN).await.unwrap();
    gateway.status().await.unwrap();
    gateway.reconnect().await.unwrap();
    gateway.send(&text(siti(), "Halo")).await.unwrap();
    let group = Address::Group("120363402106999999".into());
    gateway.send(&text(group.clone(), "Halo")).await.unwrap();
    gateway.send(&text(Address::Lid("251556368777322".into()), "Halo")).await.unwrap();
    gateway
        .send(&message(siti(), Body::Reaction { target: "3EB0".into(), emoji: String::new() }))
        .await
        .unwrap();
    gateway.mark_read(&siti(), "3EB0").await.unwrap();
    gateway.typing(&siti(), Presence::Typing, None).await.unwrap();
    gateway.typing(&siti(), Presence::Paused, None).await.unwrap();
    assert!(!gateway.chats(100, 0).await.unwrap().chats.is_empty());
    let query =
        HistoryQuery { since: Some(now), until: Some(now), from_us: Some(true), ..HistoryQuery::default() };
    let messages = gateway.messages(&siti(), query, now).await.unwrap();
    assert_eq!((messages.messages.is_empty(), messages.unreadable), (false, 0));
    gateway.user_info(&siti()).await.unwrap();
    gateway.group_info(&group).await.unwrap();
    assert!(gateway.check_number(&siti()).await.is_ok());
    gateway.logout().await.unwrap();
    if v9 {
        gateway.delete_device().await.unwrap();
    }

    let seen = relay.seen();
    assert!(seen.len() >= 18, "{} exchanges", seen.len());
    for seen in &seen {
        assert!(seen.about("request").is_empty(), "{seen:#?}");
        // No answer that is not in the document: a call that it does not have.
        let left_out = seen.call.contains("/statics/")
            || (!v9 && (seen.call.contains("/app/status") || seen.call.contains("/devices")));
        assert!(seen.status < 400 || left_out, "{seen:#?}");
    }
}

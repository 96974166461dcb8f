//! Client → Prism → sandbox.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use balas_domain::{
    Address, Timestamp,
    ambient::test::{CountingRandom, TestClock},
};
use balas_providers::{
    Body, Provider as _,
    gateway::{HistoryQuery, detect},
};
use balas_sandbox::{Config, Device, Faults, GatewayVersion, Incoming, NewGroup, NewMember, Timing};
use rstest::rstest;

use crate::{OWN, SITI, client, dialect, message, prism::Prism, relay::Relay, siti, text};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

#[rstest]
// `/app/status` is in the code of version 7.7, but missing from its document; `/devices` is how the client
// finds out that the gateway is an old one.
#[case(GatewayVersion::V7, &["/statics/", "/app/status", "/devices"])]
#[case(GatewayVersion::V9, &["/statics/"])]
#[tokio::test]
#[ignore = "needs Node and Prism"]
async fn everything_that_is_said_is_allowed(
    #[case] version: GatewayVersion,
    #[case] undocumented: &'static [&'static str],
) {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config { listen, numbers: Vec::new(), seed: false };
    let timing =
        Timing { link_after: Duration::from_millis(5), history_after: Duration::ZERO, ..Timing::default() };
    let clock = Arc::new(TestClock::at(NOW));
    let running =
        balas_sandbox::start_with(config, timing, clock, Arc::new(CountingRandom::default())).await.unwrap();
    let world = running.world();
    let (name, device) = match version {
        GatewayVersion::V7 => ("v7", Device::new("v7", "")),
        GatewayVersion::V9 => ("v9", Device::new("v9", "shop")),
    };
    let upstream = running.gateway_url(name);
    let prism = Prism::proxy(version, &upstream).await;
    let relay = Relay::start(&prism.url, &upstream, undocumented).await;
    let gateway = client(&relay.url, version);

    // Set up and link.
    let http = balas_providers::http::client().unwrap();
    let found = detect(&http, &relay.url, "balas", "sandbox-gateway").await.unwrap();
    assert_eq!(found.dialect, dialect(version));
    if version == GatewayVersion::V9 {
        gateway.create_device("shop", "http://127.0.0.1:9/hook", "long-enough-and-random").await.unwrap();
        gateway.set_webhook("http://127.0.0.1:9/hook", "long-enough-and-random").await.unwrap();
    }
    gateway.status().await.unwrap();
    gateway.pairing_code(OWN).await.unwrap();
    gateway.login().await.unwrap();
    world.scan(&device, OWN, Some("Toko Melati")).unwrap();
    while !gateway.status().await.unwrap().logged_in {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    gateway.check().await.unwrap();
    assert_eq!(gateway.devices().await.unwrap().len(), 1);

    // Traffic of all kinds that are stored.
    let hello =
        Incoming { lid: Some("251556368777322".into()), ..Incoming::text(OWN, SITI, "Siti", "hello <&>") };
    let id = world.receive(&hello).unwrap();
    let photo = serde_json::json!({"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}});
    let photo = Incoming { text: None, message: Some(photo), ..Incoming::text(OWN, SITI, "Siti", "") };
    world.receive(&photo).unwrap();
    let group = NewGroup {
        account: OWN.into(),
        name: "Support".into(),
        members: vec![NewMember { from: Some(SITI.into()), ..NewMember::default() }],
        ..NewGroup::default()
    };
    let group = Address::jid(&world.add_group(&group).unwrap()).unwrap();
    gateway.send(&text(siti(), "Halo")).await.unwrap();
    gateway.send(&text(group.clone(), "Halo semua")).await.unwrap();
    gateway.send(&text(Address::Lid("251556368777322".into()), "Halo")).await.unwrap();
    let reaction = Body::Reaction { target: id.clone(), emoji: "👍".into() };
    gateway.send(&message(siti(), reaction)).await.unwrap();
    gateway.mark_read(&siti(), &id).await.unwrap();
    gateway.typing(&siti(), None).await.unwrap();
    gateway.typing_ceased(&siti()).await.unwrap();

    // What is remembered.
    assert_eq!(gateway.chats(100, 0).await.unwrap().total, 2);
    let query =
        HistoryQuery { since: Some(NOW), until: Some(NOW), from_us: Some(false), ..HistoryQuery::default() };
    assert_eq!(gateway.messages(&siti(), query, NOW).await.unwrap().messages.len(), 2);
    gateway.user_info(&siti()).await.unwrap();
    assert_eq!(gateway.group_info(&group).await.unwrap().members.len(), 2);
    assert!(gateway.check_number(&siti()).await.unwrap());

    // The end of a link.
    gateway.reconnect().await.unwrap();
    let order = Faults { status: Some(500), times: Some(1), ..Faults::default() };
    world.faults(order).unwrap();
    gateway.send(&text(siti(), "fails")).await.unwrap_err();
    gateway.logout().await.unwrap();
    if version == GatewayVersion::V9 {
        gateway.delete_device().await.unwrap();
    }

    let seen = relay.seen();
    assert!(seen.len() >= 20, "{} exchanges", seen.len());
    let failed = seen.iter().find(|seen| seen.status == 500).unwrap();
    assert!(!failed.about("response").is_empty(), "Prism looks at answers");
    for seen in &seen {
        assert!(seen.about("request").is_empty(), "{seen:#?}");
        // The documents describe the code of an error as a number. It is a word.
        let known = |violation: &&serde_json::Value| seen.status >= 400 && violation["location"][2] == "code";
        let complaints: Vec<_> =
            seen.about("response").into_iter().filter(|complaint| !known(complaint)).collect();
        assert!(complaints.is_empty(), "{seen:#?}");
    }

    // And at requests: this one is not allowed.
    let wrong = http.post(format!("{}/send/message", relay.url)).basic_auth("balas", Some("sandbox-gateway"));
    wrong.json(&serde_json::json!({"phone": 1, "message": "x"})).send().await.unwrap();
    assert!(!relay.seen().last().unwrap().about("request").is_empty());
}

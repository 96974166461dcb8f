//! Client → Prism → sandbox.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use balas_domain::{
    Address, Timestamp,
    ambient::test::{CountingRandom, TestClock},
    socket::Presence,
};
use balas_providers::{
    Body, Provider as _,
    gateway::{HistoryQuery, detect},
};
use balas_sandbox::{Config, Device, Faults, GatewayVersion, Incoming, NewGroup, NewMember, Timing};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    OWN, SITI, client, dialect,
    form::{File, form},
    message,
    prism::Prism,
    relay::Relay,
    siti, text,
};

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
    let photo = json!({"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}});
    let photo = Incoming { text: None, message: Some(photo), ..Incoming::text(OWN, SITI, "Siti", "") };
    let photo = world.receive(&photo).unwrap();
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
    gateway.typing(&siti(), Presence::Typing, None).await.unwrap();
    gateway.typing(&siti(), Presence::Paused, None).await.unwrap();

    // What is remembered.
    assert_eq!(gateway.chats(100, 0).await.unwrap().total, 2);
    let query =
        HistoryQuery { since: Some(NOW), until: Some(NOW), from_us: Some(false), ..HistoryQuery::default() };
    assert_eq!(gateway.messages(&siti(), query, NOW).await.unwrap().messages.len(), 2);
    gateway.user_info(&siti()).await.unwrap();
    world.show_picture(SITI, Some(1)).unwrap();
    assert_eq!(gateway.group_info(&group).await.unwrap().members.len(), 2);
    assert!(gateway.check_number(&siti()).await.unwrap());

    // What our client does not ask (yet).
    let photo = format!("/message/{photo}/download?phone={SITI}@s.whatsapp.net");
    let group_jid =
        gateway.group_info(&group).await.unwrap().address.to_string().replace("group:", "") + "@g.us";
    let Calls { get, post } = rest(version, &id, &photo, &group_jid);
    for path in get {
        let call = http.get(format!("{}{path}", relay.url)).basic_auth("balas", Some("sandbox-gateway"));
        let answer = call.header("X-Device-Id", "shop").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
    }
    for (path, body) in post {
        let call = http.post(format!("{}{path}", relay.url)).basic_auth("balas", Some("sandbox-gateway"));
        let answer = call.header("X-Device-Id", "shop").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
    }

    for (what, mime) in [
        ("image", "image/png"),
        ("audio", "audio/ogg"),
        ("video", "video/mp4"),
        ("file", "application/pdf"),
        ("sticker", "image/webp"),
    ] {
        let file = File { field: what, name: "file.bin", mime, bytes: b"OggS" };
        let mut fields = vec![("phone", "6281200001001@s.whatsapp.net"), ("duration", "86400")];
        match what {
            "image" | "video" => {
                fields.extend([("caption", "look"), ("view_once", "false"), ("compress", "true")]);
            }
            "file" => fields.push(("caption", "look")),
            "audio" if version == GatewayVersion::V9 => fields.push(("ptt", "true")),
            _ => {}
        }
        let (kind, body) = form(&fields, Some(file));
        let call =
            http.post(format!("{}/send/{what}", relay.url)).basic_auth("balas", Some("sandbox-gateway"));
        let call = call.header("X-Device-Id", "shop").header("content-type", kind);
        let answer = call.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{what}: {}", answer.text().await.unwrap());
    }

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
    for seen in &seen {
        assert!(seen.violations.is_empty(), "{seen:#?}");
    }

    // Prism does look: at answers (no document knows this status) …
    let odd = Faults { status: Some(418), times: Some(1), ..Faults::default() };
    world.faults(odd).unwrap();
    gateway.send(&text(siti(), "odd")).await.unwrap_err();
    assert!(!relay.seen().last().unwrap().about("response").is_empty());
    // … and at requests.
    let wrong = http.post(format!("{}/send/message", relay.url)).basic_auth("balas", Some("sandbox-gateway"));
    wrong.json(&json!({"phone": 1, "message": "x"})).send().await.unwrap();
    assert!(!relay.seen().last().unwrap().about("request").is_empty());
}

struct Calls {
    get: Vec<String>,
    post: Vec<(String, Value)>,
}

fn rest(version: GatewayVersion, id: &str, photo: &str, group: &str) -> Calls {
    let jid = format!("{SITI}@s.whatsapp.net");
    let mut get = vec![
        format!("/user/avatar?phone={jid}"),
        format!("/user/business-profile?phone={jid}"),
        "/user/my/groups".to_owned(),
        "/user/my/contacts".to_owned(),
        "/user/my/privacy".to_owned(),
        format!("/group/participants?group_id={group}"),
        format!("/group/invite-link?group_id={group}"),
        format!("/chat/{jid}/messages?search=hello&media_only=false"),
        "/chats?search=siti&has_media=true".to_owned(),
        "/app/devices".to_owned(),
    ];
    let mut post = vec![
        (format!("/message/{id}/update"), json!({"phone": jid, "message": "better"})),
        (format!("/message/{id}/revoke"), json!({"phone": jid})),
        (format!("/message/{id}/delete"), json!({"phone": jid})),
        (format!("/message/{id}/star"), json!({"phone": jid})),
        ("/send/location".to_owned(), json!({"phone": jid, "latitude": "-7.8", "longitude": "110.4"})),
        (
            "/send/contact".to_owned(),
            json!({"phone": jid, "contact_name": "Budi", "contact_phone": "628120000"}),
        ),
        ("/send/link".to_owned(), json!({"phone": jid, "link": "https://example.com", "caption": "see"})),
        (
            "/send/poll".to_owned(),
            json!({"phone": jid, "question": "?", "options": ["a", "b"], "max_answer": 1}),
        ),
        ("/send/presence".to_owned(), json!({"type": "available"})),
        (format!("/chat/{jid}/pin"), json!({"pinned": true})),
        ("/group".to_owned(), json!({"title": "New", "participants": [jid]})),
        ("/group/name".to_owned(), json!({"group_id": group, "name": "Renamed"})),
        ("/group/topic".to_owned(), json!({"group_id": group, "topic": "All about it"})),
    ];
    if version == GatewayVersion::V9 {
        get.extend(
            [
                "/health",
                "/app/status",
                "/app/info",
                "/devices/shop",
                "/devices/shop/status",
                "/devices/shop/webhook",
            ]
            .map(str::to_owned),
        );
        get.push(photo.to_owned());
        post.push((format!("/message/{id}/forward"), json!({"phone": jid})));
        post.push((format!("/chat/{jid}/archive"), json!({"archived": true})));
        post.push((format!("/chat/{jid}/disappearing"), json!({"timer_seconds": 86_400})));
    }
    Calls { get, post }
}

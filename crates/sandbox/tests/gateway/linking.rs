//! Linking a phone by QR code and by pairing code, and what happens to the link.

use std::time::Duration;

use balas_providers::{
    CheckError,
    gateway::{DeviceState, Settings},
};
use balas_sandbox::{GatewayVersion, Incoming};
use rstest::rstest;

use crate::support::*;

async fn ready(rig: &Rig) {
    until("the link", async || rig.gateway.status().await.unwrap().logged_in.then_some(())).await;
}

#[rstest]
#[tokio::test]
async fn a_scanned_code_links_after_a_moment(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::bare(version).await;
    assert!(!rig.gateway.status().await.unwrap().logged_in);
    assert!(rig.world.scan(&rig.device, OWN, None).is_err(), "there is no code to scan");
    let qr = rig.gateway.login().await.unwrap();
    assert!(qr.png.starts_with(b"\x89PNG"));
    assert_eq!(qr.expires_in, Duration::from_secs(30));
    rig.world.scan(&rig.device, "+62 811 0000 002", Some("Toko Melati")).unwrap();
    let between = rig.gateway.status().await.unwrap();
    assert!(between.connected && !between.logged_in, "scanned, finishing: {between:?}");
    ready(&rig).await;
    let status = rig.gateway.status().await.unwrap();
    assert_eq!((status.connected, status.jid), (true, Some(own())));
    assert_eq!(rig.gateway.login().await, Err(CheckError::AlreadyLinked));
    let device = rig.gateway.devices().await.unwrap().remove(0);
    assert_eq!((device.jid, device.state), (Some(own()), DeviceState::LoggedIn));
}

#[rstest]
#[tokio::test]
async fn codes_expire_six_times_and_the_seventh_works(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::bare(version).await;
    let mut pictures = Vec::new();
    for round in 0..6 {
        let qr = rig.gateway.login().await.unwrap();
        assert!(!pictures.contains(&qr.png), "each code is another one");
        pictures.push(qr.png);
        if round % 2 == 0 {
            rig.clock.advance(qr.expires_in);
        } else {
            rig.world.expire_code(&rig.device).unwrap();
        }
        let error = rig.world.scan(&rig.device, OWN, None).unwrap_err();
        assert!(error.to_string().contains("expired"), "{error}");
        assert!(!rig.gateway.status().await.unwrap().connected);
    }
    rig.gateway.login().await.unwrap();
    rig.world.scan(&rig.device, OWN, None).unwrap();
    ready(&rig).await;
}

#[rstest]
#[tokio::test]
async fn a_pairing_code_fits_one_phone(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::bare(version).await;
    let code = rig.gateway.pairing_code("+62 811-0000-002").await.unwrap();
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert!(rig.world.pair("AAAA-AAAA", OWN, None).is_err());
    let other = rig.world.pair(&code, "628110000009", None).unwrap_err();
    assert!(other.to_string().contains(OWN), "{other}");
    let typed = code.replace('-', "").to_lowercase();
    assert_eq!(rig.world.pair(&typed, OWN, None).unwrap(), rig.device);
    ready(&rig).await;
    assert_eq!(rig.gateway.pairing_code(OWN).await, Err(CheckError::AlreadyLinked));
}

#[rstest]
#[tokio::test]
async fn pairing_wants_an_international_number(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::bare(version).await;
    for (number, word) in [("0811 0000 002", "international"), ("62811", "short")] {
        let error = rig.gateway.pairing_code(number).await.unwrap_err();
        assert!(error.to_string().contains(word), "{number}: {error}");
    }
    let code = rig.gateway.pairing_code(OWN).await.unwrap();
    rig.clock.advance(Duration::from_secs(161));
    assert!(rig.world.pair(&code, OWN, None).unwrap_err().to_string().contains("expired"));
}

#[rstest]
#[tokio::test]
async fn logging_out_from_either_side(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.gateway.logout().await.unwrap();
    assert!(!rig.gateway.status().await.unwrap().logged_in);
    assert_eq!(rig.gateway.logout().await, Err(CheckError::NotLinked));
    rig.world.link(&rig.device, OWN, "").unwrap();
    rig.world.log_out(&rig.device).unwrap();
    let status = rig.gateway.status().await.unwrap();
    assert!(!status.logged_in && !status.connected && status.jid.is_none());
    assert!(rig.hook.arrived().is_empty(), "nobody is told about links");
    rig.gateway.login().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn what_came_without_a_connection_comes_with_the_next_one(#[values(V7, V9)] version: GatewayVersion) {
    let rig = Rig::linked(version).await;
    rig.world.disconnect(&rig.device, true).unwrap();
    let status = rig.gateway.status().await.unwrap();
    assert!(status.logged_in && !status.connected);
    let id = rig.hear("are you there?");
    rig.gateway.reconnect().await.unwrap();
    assert!(!rig.gateway.status().await.unwrap().connected, "it does not help");
    assert!(rig.hook.arrived().is_empty());
    rig.world.connect(&rig.device).unwrap();
    let found = rig.hook.find("the message", |event| match event {
        balas_providers::inbound::Inbound::Message(message) => Some(message.provider_id.clone()),
        _ => None,
    });
    assert_eq!(found.await, id);
    assert!(rig.gateway.status().await.unwrap().connected);
}

#[tokio::test]
async fn a_slot_of_our_own_from_making_to_deleting() {
    let rig = Rig::bare(V9).await;
    let slot = Settings { device_id: Some("acc_1".into()), ..settings(&rig.running, V9) };
    let gateway = made(slot, Duration::from_secs(20));
    let hook = Hook::start().await;
    hook.expect_secret("first-secret-of-it");
    let made = gateway.create_device("acc_1", &hook.url, "first-secret-of-it").await.unwrap();
    assert_eq!((made.id.as_str(), made.state), ("acc_1", DeviceState::Disconnected));
    gateway.login().await.unwrap();
    let device = balas_sandbox::Device::new("v9", "acc_1");
    rig.world.scan(&device, OWN, Some("Toko")).unwrap();
    until("the link", async || gateway.status().await.unwrap().logged_in.then_some(())).await;
    rig.world.receive(&Incoming::text("v9/acc_1", SITI, "Siti", "to its own address")).unwrap();
    hook.wait(1).await;
    assert_eq!(hook.forged(), 0);
    assert!(rig.hook.arrived().is_empty(), "its own address replaces the gateway's");
    gateway.set_webhook(&rig.hook.url, SECRET).await.unwrap();
    rig.hear("to the other one");
    rig.hook.wait(1).await;
    gateway.delete_device().await.unwrap();
    gateway.delete_device().await.unwrap();
    assert!(!gateway.devices().await.unwrap().iter().any(|device| device.id == "acc_1"));
    assert!(matches!(gateway.status().await, Err(CheckError::DeviceUnknown { .. })));
}

#[tokio::test]
async fn one_phone_linked_twice_tells_both() {
    let rig = Rig::linked(V9).await;
    rig.world.link(&balas_sandbox::Device::new("v7", ""), OWN, "").unwrap();
    let mut settings = balas_sandbox::Gateway::demo(V7);
    settings.webhook_urls = vec![rig.hook.url.clone()];
    rig.world.set_gateway(settings).unwrap();
    let id = rig.hear("to both");
    let arrived = rig.hook.wait(2).await;
    assert!(arrived.iter().any(|webhook| webhook.raw["session_id"] == "shop"));
    assert!(arrived.iter().any(|webhook| webhook.raw["message"]["id"] == id.as_str()));
}

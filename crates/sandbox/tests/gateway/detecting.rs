//! "Test connection".

use std::time::Duration;

use balas_providers::{
    CheckError, Provider,
    gateway::{Dialect, Settings, detect},
    http::client,
};
use balas_sandbox::{Device, Faults};
use rstest::rstest;

use crate::support::*;

#[rstest]
#[case(V7, Dialect::V7, None)]
#[case(V9, Dialect::V8Plus, Some("v9.2.0"))]
#[tokio::test]
async fn both_dialects_are_told_apart(
    #[case] version: balas_sandbox::GatewayVersion,
    #[case] dialect: Dialect,
    #[case] release: Option<&str>,
) {
    let rig = Rig::linked(version).await;
    let http = client().unwrap();
    let url = settings(&rig.running, version).base_url;
    let found = detect(&http, &url, "balas", "sandbox-gateway").await.unwrap();
    assert_eq!((found.dialect, found.version.as_deref()), (dialect, release));
    assert_eq!(found.devices.len(), 1);
    assert_eq!(
        (found.devices[0].jid.clone(), found.devices[0].name.as_deref()),
        (Some(own()), Some("Toko Melati"))
    );
    let wrong = detect(&http, &url, "balas", "wrong").await;
    assert_eq!(wrong, Err(CheckError::WrongPassword));
    // A gateway of this name does not exist: a text that is no gateway's.
    let nowhere = format!("{}/gowa/none", rig.running.base_url());
    assert!(matches!(detect(&http, &nowhere, "", "").await, Err(CheckError::NotGateway { .. })));
}

#[rstest]
#[tokio::test]
async fn the_check_says_what_is_missing(#[values(V7, V9)] version: balas_sandbox::GatewayVersion) {
    let rig = Rig::bare(version).await;
    assert_eq!(rig.gateway.check().await, Err(CheckError::NotLinked));
    rig.world.link(&rig.device, OWN, "Toko Melati").unwrap();
    let checked = rig.gateway.check().await.unwrap();
    assert_eq!((checked.display_phone, checked.verified_name.as_str()), (own().label(), "Toko Melati"));
    // A slot has no address of its own yet; an old gateway cannot tell.
    assert_eq!(checked.webhook_subscribed, version == V7);
    rig.world.disconnect(&rig.device, false).unwrap();
    assert_eq!(rig.gateway.check().await, Err(CheckError::NotConnected));
    rig.gateway.reconnect().await.unwrap();
    assert!(rig.gateway.check().await.is_ok());
    let other = Settings { phone: Some("+62 811 0000 009".into()), ..settings(&rig.running, version) };
    let other = made(other, Duration::from_secs(20));
    assert!(matches!(other.check().await, Err(CheckError::OtherNumber { .. })));
    rig.world
        .faults(Faults { html: true, calls: Some(balas_sandbox::Calls::All), ..Faults::default() })
        .unwrap();
    assert!(matches!(rig.gateway.check().await, Err(CheckError::NotGateway { .. })));
    rig.world.faults(Faults { down: true, ..Faults::default() }).unwrap();
    assert!(rig.gateway.check().await.is_err());
}

#[tokio::test]
async fn several_slots_want_a_name() {
    let rig = Rig::linked(V9).await;
    let unnamed = Settings { device_id: None, ..settings(&rig.running, V9) };
    let unnamed = made(unnamed, Duration::from_secs(20));
    assert!(unnamed.check().await.is_ok(), "the only slot needs no name");
    rig.world.link(&Device::new("v9", "other"), "628110000003", "Other").unwrap();
    let needed = unnamed.check().await.unwrap_err();
    assert_eq!(needed, CheckError::DeviceNeeded { found: vec!["shop".into(), "other".into()] });
    assert!(matches!(unnamed.send(&text("hi")).await, Err(error) if error.text.contains("several numbers")));
    let gone = Settings { device_id: Some("gone".into()), ..settings(&rig.running, V9) };
    let gone = made(gone, Duration::from_secs(20));
    assert_eq!(gone.check().await, Err(CheckError::DeviceUnknown { device_id: "gone".into() }));
    // A slot answers to its phone's address too.
    let jid = Settings { device_id: Some(format!("{OWN}:12@s.whatsapp.net")), ..settings(&rig.running, V9) };
    let jid = made(jid, Duration::from_secs(20));
    assert!(jid.status().await.unwrap().logged_in);
}

#[tokio::test]
async fn another_version_is_noticed() {
    let rig = Rig::linked(V9).await;
    let old = Settings { dialect: Dialect::V7, ..settings(&rig.running, V9) };
    assert!(matches!(made(old, Duration::from_secs(20)).check().await, Err(CheckError::OtherDialect { .. })));
    let new = Settings { dialect: Dialect::V8Plus, device_id: None, ..settings(&rig.running, V7) };
    assert!(matches!(made(new, Duration::from_secs(20)).check().await, Err(CheckError::OtherDialect { .. })));
}

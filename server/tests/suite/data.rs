//! Data is taken away over REST: as files that browsers save, and for good.

use balas_domain::Role;
use rstest::rstest;
use serde_json::json;

use crate::support::TestApp;

const FROM: &str = "6281200001111";

#[rstest]
#[case::whatsapp("whatsapp", "application/zip", "zip")]
#[case::json("json", "application/json", "json")]
#[case::html("html", "text/html; charset=utf-8", "html")]
#[tokio::test]
async fn an_export_is_saved_and_never_shown(#[case] format: &str, #[case] mime: &str, #[case] ending: &str) {
    let app = TestApp::init().await;
    let row = app.receive(FROM, "Sari \"<b>\" Ünal", "<script>alert(1)</script>").await;
    let client = app.with_user(Role::Supervisor).await;
    let path = format!("/api/v1/conversations/{}/export?format={format}&zone=Asia/Tokyo", row.id);
    let answer = client.get(&path).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, mime));
    let how = answer.header("content-disposition");
    assert!(how.starts_with("attachment; filename=\"WhatsApp Chat - Sari"), "{how}");
    assert!(how.contains(&format!(".{ending}\"; filename*=UTF-8''")), "{how}");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.body.is_empty());
    if ending != "zip" {
        assert_eq!(answer.text().contains("<script>"), ending == "json");
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_said() {
    let app = TestApp::init().await;
    let row = app.receive(FROM, "Sari", "hello").await;
    let client = app.with_token(Role::Admin).await;
    let export = format!("/api/v1/conversations/{}/export", row.id);
    assert_eq!(client.get(&format!("{export}?format=pdf")).await.problem(400), "bad_query");
    let zone = client.get(&format!("{export}?zone=Mars")).await;
    assert_eq!(zone.problem(422), "invalid");
    assert_eq!(zone.json()["errors"][0]["field"], "zone");
    let contact = format!("/api/v1/contacts/{}", row.contact_id.unwrap());
    let wrong =
        client.send(axum::http::Method::DELETE, &format!("{contact}?confirm=Budi"), &json!(null)).await;
    assert_eq!(wrong.problem(422), "unconfirmed");
    assert_eq!(client.get(&contact).await.status, 200);
}

#[tokio::test]
async fn a_conversation_is_cleared_and_its_contact_erased() {
    let app = TestApp::init().await;
    let row = app.receive(FROM, "Sari", "the-secret-word").await;
    let client = app.with_token(Role::Admin).await;
    let conversation = format!("/api/v1/conversations/{}", row.id);
    let cleared = client.post(&format!("{conversation}/clear"), &json!(null)).await;
    assert_eq!(cleared.status, 200, "{}", cleared.text());
    assert_eq!(cleared.json()["last"], json!(null));
    let thread = client.get(&format!("{conversation}/messages")).await;
    assert_eq!(thread.json()["items"], json!([]));
    let contact = format!("/api/v1/contacts/{}", row.contact_id.unwrap());
    let given = client.get(&format!("{contact}/export")).await;
    assert_eq!((given.status.as_u16(), given.header("content-type")), (200, "application/zip"));
    let erased =
        client.send(axum::http::Method::DELETE, &format!("{contact}?confirm=Sari"), &json!(null)).await;
    assert_eq!(erased.status, 204, "{}", erased.text());
    assert_eq!(client.get(&contact).await.problem(404), "not_found");
    assert_eq!(client.get(&conversation).await.problem(404), "not_found");
}

//! Pages and signing in, as a browser without scripts sees them.

use crate::support::{Answer, Client, Options, TestApp};
use axum::{
    body::Body,
    http::{Method, header},
};
use balas_domain::Role;
use balas_server::config::Limits;

async fn submit(app: &TestApp, client: &Client<'_>, path: &str, form: &str) -> Answer {
    let request = client
        .request(&Method::POST, path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "text/html");
    app.ask(request.body(Body::from(form.to_owned())).unwrap()).await
}

const RIGHT: &str = "email=owner%40home.test&password=long+enough";

#[tokio::test]
async fn in_and_out() {
    let app = TestApp::init().await;
    app.receive("6281200001111", "Sari <b>", "halo").await;
    let mut browser = app.nobody();
    let turned_away = browser.get("/inbox").await;
    assert!(turned_away.status.is_redirection(), "{turned_away:?}");
    assert!(turned_away.header("location").starts_with("/sign-in"), "{turned_away:?}");
    let form = browser.get("/sign-in").await;
    assert_eq!(form.status, 200);
    assert!(form.header("content-type").starts_with("text/html"));

    let wrong = submit(&app, &browser, "/sign-in", "email=owner%40home.test&password=wrong").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.header("set-cookie"), "");
    let signed_in = submit(&app, &browser, "/sign-in", RIGHT).await;
    assert!(signed_in.status.is_redirection(), "{}", signed_in.text());
    let cookie = signed_in.header("set-cookie").to_owned();
    for part in ["balas_session=", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "browsers would not send it back over http");
    browser.cookie = Some(cookie.split(';').next().unwrap().to_owned());

    let inbox = browser.get("/inbox").await;
    assert_eq!(inbox.status, 200, "{}", inbox.text());
    assert!(
        inbox.text().contains("Sari &lt;b&gt;") || inbox.text().contains("Sari &lt;b>"),
        "{}",
        inbox.text()
    );
    assert!(!inbox.text().contains("Sari <b>"));
    assert!(inbox.header("content-security-policy").contains("script-src 'self'"));
    assert_eq!(inbox.header("cache-control"), "no-store");
    assert_eq!(browser.get("/no-such-page").await.status, 404);

    let out = submit(&app, &browser, "/sign-out", "").await;
    assert!(out.status.is_redirection());
    assert!(browser.get("/inbox").await.status.is_redirection(), "the session has ended");
}

#[tokio::test]
async fn other_sites_cannot_sign_anyone_in_or_out() {
    let app = TestApp::init().await;
    let mut browser = app.with_user(Role::Agent).await;
    for origin in [None, Some("http://evil.test"), Some("null")] {
        browser.origin = origin.map(str::to_owned);
        for path in ["/sign-in", "/sign-out", "/api/ui/anything"] {
            assert_eq!(submit(&app, &browser, path, RIGHT).await.status, 403, "{path} {origin:?}");
        }
    }
    assert_eq!(browser.get("/inbox").await.status, 200);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let limits = Limits { sign_in_per_minute: 3, ..Limits::default() };
    let app = TestApp::with(Options { limits, ..Options::default() }).await;
    let browser = app.nobody();
    for n in 0..3 {
        let answer = submit(&app, &browser, "/sign-in", &format!("email=a{n}%40home.test&password=x")).await;
        assert_eq!(answer.status, 401);
    }
    let refused = submit(&app, &browser, "/sign-in", RIGHT).await;
    assert_eq!(refused.status, 429);
    assert!(!refused.header("retry-after").is_empty());
    assert!(refused.text().contains("too many requests"), "{}", refused.text());
    assert!(refused.header("content-type").starts_with("text/plain"), "a person reads it");
    assert_eq!(browser.get("/sign-in").await.status, 200, "looking is free");
}

#[tokio::test]
async fn a_large_call_is_refused() {
    let app = TestApp::init().await;
    let browser = app.with_user(Role::Agent).await;
    let answer = submit(&app, &browser, "/api/ui/anything", &"x".repeat(1_000_000)).await;
    assert_eq!(answer.status, 413);
}

//! What those who run the server look at.

use std::net::SocketAddr;

use crate::support::{Options, TestApp};
use axum::{
    body::Body,
    http::{Method, header},
};
use balas_domain::Role;

#[tokio::test]
async fn health() {
    let app = TestApp::init().await;
    assert_eq!(app.nobody().get("/health/live").await.status, 200);
    let ready = app.nobody().get("/health/ready").await;
    assert_eq!(ready.status, 200, "{}", ready.text());
    assert_eq!(ready.json()["checks"]["database"], "ok");

    app.state.stop_workers().await;
    let idle = app.nobody().get("/health/ready").await;
    assert_eq!((idle.status.as_u16(), &idle.json()["checks"]["workers"]), (503, &"failing".into()));

    app.engine.store().close().await;
    let down = app.nobody().get("/health/ready").await;
    assert_eq!((down.status.as_u16(), &down.json()["checks"]["database"]), (503, &"failing".into()));
    assert_eq!(app.nobody().get("/health/live").await.status, 200, "the process itself lives");

    app.state.stopping.cancel();
    assert_eq!(app.nobody().get("/health/ready").await.json()["checks"]["started"], "stopping");
}

#[tokio::test]
async fn metrics_are_for_the_machine_and_for_admins() {
    let app = TestApp::init().await;
    assert_eq!(app.nobody().get("/metrics").await.problem(401), "unauthorized");
    assert_eq!(app.with_token(Role::Supervisor).await.get("/metrics").await.problem(403), "denied");
    let admin = app.with_token(Role::Admin).await.get("/metrics").await;
    assert_eq!(admin.status, 200);
    assert!(admin.text().contains("balas_http_seconds"), "{}", admin.text());
    assert!(admin.text().contains("process_resident_memory_bytes"));
    assert!(!admin.text().contains(&app.account.to_string()), "routes are templates");

    let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
    let local = TestApp::with(Options { peer, ..Options::default() }).await;
    assert_eq!(local.nobody().get("/metrics").await.status, 200);
    // Through a reverse proxy on this machine everyone looks local.
    let proxied = local.nobody().request(&Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(local.ask(proxied.body(Body::empty()).unwrap()).await.status, 401);
}

#[tokio::test]
async fn with_an_https_address_browsers_stay_on_it() {
    let public_url = Some("https://inbox.example.org".parse().unwrap());
    let app = TestApp::with(Options { public_url, ..Options::default() }).await;
    let answer = app.nobody().get("/sign-in").await;
    assert!(answer.header("strict-transport-security").contains("max-age"));
    let form = "email=owner%40home.test&password=long+enough";
    let request = app
        .nobody()
        .request(&Method::POST, "/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let mut request = request.body(Body::from(form)).unwrap();
    request.headers_mut().insert(header::ORIGIN, "https://inbox.example.org".parse().unwrap());
    let cookie = app.ask(request).await;
    assert!(cookie.header("set-cookie").contains("; Secure"), "{cookie:?}");
}

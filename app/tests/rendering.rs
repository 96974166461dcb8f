//! Pages as the server renders them, from made-up data.
#![cfg(feature = "ssr")]
#![expect(clippy::unwrap_used, reason = "tests may stop at once")]

mod sample;

use balas_app::{
    Root, RootProps,
    boot::{Boot, PageData, SignInProblem},
    i18n::Lang,
    pages::part::Parts,
    root::title,
    shell::{Assets, document},
    when::Zone,
};
use leptos::{prelude::*, tachys::view::RenderHtml};

fn render(boot: Boot) -> String {
    let _ = any_spawner::Executor::init_tokio();
    let assets = Assets { js: "/pkg/a.js".into(), wasm: "/pkg/a.wasm".into(), css: "/pkg/a.css".into() };
    let title = title(&boot);
    let owner = Owner::new_root(None);
    let body = owner.with(|| {
        Root(RootProps { boot: boot.clone(), zone: Zone::Fixed(7 * 3600), parts: Parts::here() }).to_html()
    });
    let html = document(&assets, &boot, &title, &body);
    if let Some(folder) = option_env!("BALAS_PREVIEW") {
        let name = boot.path.replace(['/', '?'], "_");
        std::fs::write(format!("{folder}/{name}.html"), &html).unwrap();
    }
    html
}

#[tokio::test]
async fn the_inbox_shows_list_and_thread() {
    let html = render(sample::boot("/inbox/0198c0de-0000-7000-8000-000000000001"));
    for words in ["Ana Souza", "Budi Santoso", "Where is my order?", "You", "(6) Balas", "Write an answer"] {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("<script>alert"), "a customer's name became markup");
}

#[tokio::test]
async fn a_list_without_an_open_conversation_says_what_to_do() {
    let html = render(sample::boot("/inbox"));
    assert!(html.contains("Choose a conversation"));
}

#[tokio::test]
async fn an_empty_inbox_says_what_comes_next() {
    let mut boot = sample::boot("/inbox?empty=1");
    if let Some(inbox) = &mut boot.inbox {
        inbox.conversations.items.clear();
        inbox.accounts.clear();
    }
    let html = render(boot);
    assert!(html.contains("No conversations yet") && html.contains("/accounts/new"));
}

#[tokio::test]
async fn the_sign_in_is_a_plain_form_that_says_what_is_wrong() {
    let page = PageData::SignIn { email: "ana@example.org".into(), problem: Some(SignInProblem::Refused) };
    let html = render(Boot { path: "/sign-in?next=/inbox".into(), page, ..Boot::default() });
    for words in
        ["method=\"post\"", "action=\"/sign-in\"", "value=\"ana@example.org\"", "E-mail or password is wrong"]
    {
        assert!(html.contains(words), "{words}");
    }
    assert!(html.contains("name=\"next\" value=\"/inbox\""));
}

#[tokio::test]
async fn every_language_speaks() {
    for (lang, words) in [(Lang::Id, "Kotak masuk"), (Lang::Pt, "Caixa de entrada")] {
        let html = render(Boot { lang, ..sample::boot("/inbox") });
        assert!(html.contains(words), "{words}");
        assert!(html.contains(&format!("<html lang=\"{}\"", lang.code())));
    }
}

#[tokio::test]
async fn pages_of_the_house_render() {
    for (path, words) in [
        ("/accounts", "Support"),
        ("/accounts/new", "Phone number ID"),
        ("/members", "Rina"),
        ("/contacts", "Ana Souza"),
        ("/labels", "12 conversations"),
        ("/nope", "There is no such page"),
        ("/kit", "Kit"),
    ] {
        let html = render(sample::boot(path));
        assert!(html.contains(words), "{path}: {words}");
    }
}

#[tokio::test]
async fn an_agent_is_not_offered_what_he_may_not_do() {
    let html = render(sample::boot_as("/accounts", balas_domain::Role::Agent));
    assert!(html.contains("Support") && !html.contains("/accounts/new"));
    let html = render(sample::boot_as("/accounts/new", balas_domain::Role::Agent));
    assert!(html.contains("There is no such page"));
    let html = render(sample::boot_as("/members", balas_domain::Role::Agent));
    assert!(!html.contains("Add a member"));
    let html = render(sample::boot_as("/labels", balas_domain::Role::Agent));
    assert!(html.contains("There is no such page") && !html.contains("href=\"/labels\""));
}

#[tokio::test]
async fn a_page_that_could_not_be_read_offers_another_try() {
    let html = render(Boot { path: "/inbox".into(), page: PageData::Failed, ..Boot::default() });
    assert!(html.contains("This page could not be loaded"));
}

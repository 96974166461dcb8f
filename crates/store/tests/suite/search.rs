//! Words in messages are found on both databases alike.

use balas_domain::{
    AccountId, Content,
    content::{Media, MediaKind},
    search::SearchQuery,
};
use balas_store::{StoreError, accounts, messages, search, testing::Kind};
use rstest::rstest;

use crate::world::*;

async fn say(world: &World, n: u128, seconds: i64, text: &str) {
    let conversation = world.conversation(1).await;
    let new =
        messages::NewMessage { content: Content::text(text), ..world.inbound(conversation, n, seconds) };
    world.insert(&new).await;
}

fn query(q: &str) -> SearchQuery {
    SearchQuery { q: q.to_owned(), ..SearchQuery::default() }
}

async fn found(world: &World, query: &SearchQuery) -> Vec<u128> {
    let mut tx = world.db.read().await.unwrap();
    let page = search::messages(world.ws, &mut tx, query).await.unwrap();
    page.items.into_iter().map(|hit| hit.id.0.as_u128()).collect()
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn all_words_in_any_order_and_the_last_as_a_beginning(#[case] kind: Kind) {
    let world = World::new(kind).await;
    say(&world, 1, 30, "Olá! O seu PEDIDO nº 4711/B já chegou em São Paulo.").await;
    say(&world, 2, 10, "Pedidos de ontem: 4711, 4712").await;
    say(&world, 3, 20, "https://example.org/pedido?id=9 \u{1F4E6}").await;
    for (q, expected) in [
        ("pedido", &[1, 3, 2][..]),
        ("pedido chegou", &[1]),
        ("chegou pedido", &[1]),
        ("PÉDIDO sao", &[1]),
        ("ped", &[1, 3, 2]),
        ("pe", &[]),
        ("ped chegou", &[]),
        ("4711", &[1, 2]),
        ("4711 b", &[1]),
        ("example.org", &[3]),
        ("\u{1F4E6}", &[]),
        ("", &[]),
        ("\" OR * ' & | ! : (", &[]),
        ("pedido\u{0}", &[1, 3, 2]),
    ] {
        assert_eq!(found(&world, &query(q)).await, expected, "{q}");
    }
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn what_changes_is_found_as_it_is_now(#[case] kind: Kind) {
    let world = World::new(kind).await;
    say(&world, 1, 1, "first draft").await;
    let mut write = world.write().await;
    messages::edit(&mut write, message_id(1), Content::text("second thought"), at(2)).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(found(&world, &query("draft")).await, []);
    assert_eq!(found(&world, &query("thought")).await, [1]);

    let mut write = world.write().await;
    messages::revoke(&mut write, message_id(1), at(3)).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(found(&world, &query("thought")).await, []);

    say(&world, 2, 4, "the account goes").await;
    let mut write = world.write().await;
    accounts::delete(&mut write, world.account).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(found(&world, &query("account")).await, []);
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_files_name_is_found_also_if_it_is_told_later(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let conversation = world.conversation(1).await;
    let document = Media { kind: MediaKind::Document, ..Media::default() };
    let told = Content::Media(Media {
        reference: Some("4711".to_owned()),
        file_name: Some("Fatura Março.pdf".to_owned()),
        ..document.clone()
    });
    for n in [1, 2] {
        let content = Content::Media(document.clone());
        world.insert(&messages::NewMessage { content, ..world.inbound(conversation, n, 1) }).await;
    }
    let mut write = world.write().await;
    messages::revoke(&mut write, message_id(2), at(2)).await.unwrap();
    for n in [1, 2] {
        messages::tell_where(&mut write, message_id(n), &told).await.unwrap();
    }
    write.commit().await.unwrap();
    assert_eq!(found(&world, &query("fatura marco")).await, [1], "what was taken back is not found");
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn hits_come_in_pages_newest_first_whenever_they_were_stored(#[case] kind: Kind) {
    let world = World::new(kind).await;
    // Several in one second, and what is older stored later.
    for n in 0..30_u128 {
        let seconds = (n * 7 % 30 / 3) as i64;
        say(&world, n + 1, seconds, "the same word").await;
    }
    let other = add_account(&world.db, world.ws, 2).await;
    let all = found(&world, &query("word")).await;
    assert_eq!(all.len(), 30);
    let mut paged = Vec::new();
    let mut next = SearchQuery { limit: Some(7), account: Some(world.account), ..query("word") };
    loop {
        let mut tx = world.db.read().await.unwrap();
        let page = search::messages(world.ws, &mut tx, &next).await.unwrap();
        paged.extend(page.items.iter().map(|hit| (hit.at, hit.id.0.as_u128())));
        next.cursor = page.next;
        if next.cursor.is_none() {
            break;
        }
    }
    assert!(paged.is_sorted_by(|a, b| a.0 >= b.0), "newest first");
    assert_eq!(paged.iter().map(|(_, id)| *id).collect::<Vec<_>>(), all);
    assert_eq!(found(&world, &SearchQuery { account: Some(other), ..query("word") }).await, []);
    let nobody = SearchQuery { account: Some(AccountId(id(9))), ..query("word") };
    assert_eq!(found(&world, &nobody).await, []);
    let bad = SearchQuery { cursor: Some("x".to_owned()), ..query("word") };
    let mut tx = world.db.read().await.unwrap();
    assert!(matches!(search::messages(world.ws, &mut tx, &bad).await, Err(StoreError::BadCursor)));
}

#[rstest]
#[case::sqlite(Kind::Sqlite)]
#[case::postgres(Kind::Postgres)]
#[tokio::test]
async fn a_conversation_is_searched_alone(#[case] kind: Kind) {
    let world = World::new(kind).await;
    let here = world.conversation(1).await;
    let other = world.conversation(2).await;
    let texts = [
        "Olá, seu PEDIDO chegou",
        "pedidos de ontem",
        "o pedido, 100% certo_mesmo",
        "chegou o quê?",
        "你好吗",
    ];
    for (n, text) in (1..).zip(texts) {
        for (conversation, n) in [(here, n), (other, n + 100)] {
            let content = Content::text(text);
            world
                .insert(&messages::NewMessage { content, ..world.inbound(conversation, n, n as i64 % 3) })
                .await;
        }
    }
    let within = |q: &str| SearchQuery { conversation: Some(here), ..query(q) };
    for (q, expected) in [
        ("pedido", &[2, 1, 3][..]),
        ("ped", &[2, 1, 3]),
        ("pe", &[]),
        ("edido", &[]),
        ("pedido chegou", &[1]),
        ("CHEGOU pédi", &[1]),
        ("100 certo", &[3]),
        ("% _", &[]),
        ("", &[]),
        ("好", &[5]),
        ("好你", &[5]),
    ] {
        assert_eq!(found(&world, &within(q)).await, expected, "{q}");
        // The same as of all conversations, but for the others.
        let mut all = found(&world, &SearchQuery { limit: Some(100), ..query(q) }).await;
        all.retain(|n| *n < 100);
        assert_eq!(all, expected, "{q}");
    }
    let mut seen = Vec::new();
    let mut page = SearchQuery { limit: Some(2), ..within("pedido") };
    loop {
        let mut tx = world.db.read().await.unwrap();
        let found = search::messages(world.ws, &mut tx, &page).await.unwrap();
        seen.extend(found.items.into_iter().map(|hit| hit.id.0.as_u128()));
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [2, 1, 3]);

    let foreign = balas_store::testing::workspace(&world.db, 2).await;
    let mut tx = world.db.read().await.unwrap();
    assert_eq!(search::messages(foreign, &mut tx, &within("pedido")).await.unwrap().items, []);
}

//! A small workspace: three numbers, three members, a few customers, one thread with everything in it.

use balas_app::{
    boot::{Boot, PageData},
    when::ZoneInfo,
};
use balas_domain::{
    AccountId, AccountStatus, Address, ContactId, Content, ConversationId, Delivery, LabelView, MediaStorage,
    MemberId, MessageId, MessageStatus, Role, Seq, Timestamp,
    content::{Media, MediaKind},
    counts::{Counts, Tally, Whose},
    inbox::{MessagePage, Snapshot, ThreadPage},
    view::{
        AccountSetup, AccountView, Author, ContactView, ConversationView, Direction, Failure, FailureClass,
        LastMessage, Me, MemberView, MessageView, Page, ProviderKind, Quote, Reaction,
    },
};

/// Wednesday, 12 March 2025, 14:05 UTC.
pub const NOW: Timestamp = Timestamp::from_seconds(1_741_788_330);

fn uuid<T: std::str::FromStr>(n: u32) -> T
where
    T::Err: std::fmt::Debug,
{
    format!("0198c0de-0000-7000-8000-{n:012x}").parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.as_seconds() - minutes * 60)
}

fn account(n: u32, name: &str, status: AccountStatus) -> AccountView {
    AccountView {
        id: uuid::<AccountId>(n),
        name: name.into(),
        provider: ProviderKind::Cloud,
        phone: Some("+1 555 010 0001".into()),
        external_id: format!("10000000000{n}"),
        status,
        status_detail: (status == AccountStatus::Error).then(|| "Meta says the token has expired.".into()),
        last_delivery_at: (status == AccountStatus::Ready).then(|| ago(3)),
        primary: false,
        settings: balas_domain::AccountSettings::default(),
        usage: balas_domain::DailyUse::default(),
        code_expires_at: None,
        sync: None,
        quality: None,
        capabilities: ProviderKind::Cloud.capabilities(),
        version: Seq(1),
    }
}

fn member(n: u32, name: &str, role: Role) -> MemberView {
    let email = format!("{}@demo.test", name.to_lowercase());
    MemberView { id: uuid::<MemberId>(n), name: name.into(), email, role, active: n != 3, version: Seq(1) }
}

fn row(
    n: u32,
    title: &str,
    said: Content,
    minutes: i64,
    unread: i32,
    status: Option<MessageStatus>,
) -> ConversationView {
    ConversationView {
        id: uuid::<ConversationId>(n),
        account_id: uuid(1 + n % 2),
        contact_id: Some(uuid::<ContactId>(n)),
        address: Address::phone(&format!("62812345678{n:02}")).unwrap(),
        title: title.into(),
        group: None,
        last: Some(LastMessage {
            id: uuid(100 + n),
            preview: said.preview(),
            author: None,
            direction: if status.is_some() { Direction::Out } else { Direction::In },
            status: status.unwrap_or(MessageStatus::Read),
            at: ago(minutes),
        }),
        unread,
        last_inbound_at: Some(ago(minutes + 5)),
        sort_at: ago(minutes),
        work: balas_domain::Work::default(),
        picture: None,
        version: Seq(1),
    }
}

fn media(kind: MediaKind, caption: Option<&str>, name: Option<&str>) -> Content {
    Content::Media(Media {
        kind,
        caption: caption.map(Into::into),
        file_name: name.map(Into::into),
        ..Media::default()
    })
}

fn message(n: u32, minutes: i64, author: Author, content: Content, status: MessageStatus) -> MessageView {
    MessageView {
        id: uuid::<MessageId>(n),
        conversation_id: uuid(1),
        account_id: uuid(2),
        sent_with: None,
        direction: if matches!(author, Author::Contact { .. }) { Direction::In } else { Direction::Out },
        author,
        content,
        mentions: Vec::new(),
        delivery: Delivery { attempt: 1, status },
        failure: None,
        held: None,
        quote: None,
        reactions: Vec::new(),
        votes: Vec::new(),
        at: ago(minutes),
        edited: false,
        revoked: false,
        recovered: false,
        file: None,
        version: Seq(1),
    }
}

fn thread() -> Vec<MessageView> {
    let ana = || Author::Contact { id: None, name: "Ana Souza".into() };
    let me = || Author::Member { id: uuid(1), name: "Rina".into() };
    let other = || Author::Member { id: uuid(2), name: "Marco".into() };
    let read = MessageStatus::Read;
    let mut all = vec![
        message(1, 1600, ana(), Content::text("Hi! Do you ship to *Bandung*?"), read),
        message(
            2,
            1590,
            other(),
            Content::text("Hello Ana 👋\nYes, _every day_. See https://example.org/shipping."),
            read,
        ),
        message(3, 1589, other(), Content::text("It takes two to three days."), MessageStatus::Delivered),
        message(
            4,
            300,
            Author::PhoneApp,
            Content::text("Sent from the phone in the shop"),
            MessageStatus::Played,
        ),
        message(5, 65, ana(), media(MediaKind::Image, Some("This is what arrived"), None), read),
        message(6, 64, ana(), media(MediaKind::Document, None, Some("receipt-2025-03.pdf")), read),
        message(7, 60, me(), Content::text("Thank you, I am looking into it."), MessageStatus::Sent),
        message(8, 58, me(), Content::text("Could you send me the order number?"), MessageStatus::Failed),
        message(9, 57, me(), Content::text("One more moment, please."), MessageStatus::Unknown),
        message(
            10,
            30,
            ana(),
            Content::Unsupported { kind: "poll".into(), raw: serde_json::Value::Null },
            read,
        ),
        message(
            11,
            20,
            ana(),
            Content::Location { latitude: -6.9, longitude: 107.6, name: Some("Home".into()), address: None },
            read,
        ),
        message(12, 12, ana(), Content::text("Where is my order?"), read),
        message(
            13,
            11,
            ana(),
            Content::text(
                "I have waited for a week now, and nobody at the shop picks up the phone. A very long message has to wrap at a comfortable width, so that it stays readable on a wide screen as well as on a narrow one.",
            ),
            read,
        ),
        message(14, 1, me(), Content::text("It left our house this morning ✓"), MessageStatus::Queued),
    ];
    all[7].failure =
        Some(Failure { class: FailureClass::Throttled, code: Some(130_429), text: "Rate limit hit".into() });
    all[6].quote = Some(Quote {
        message_id: Some(uuid(6)),
        author: Some("Ana Souza".into()),
        preview: Some(all[5].content.preview()),
    });
    all[11].reactions = vec![
        Reaction { emoji: "🙏".into(), from_us: true, author: "Rina".into() },
        Reaction { emoji: "❤️".into(), from_us: false, author: "Ana Souza".into() },
    ];
    all[12].edited = true;
    all[3].revoked = true;
    all.reverse();
    all
}

/// What the server hands over for a path, for an owner.
pub fn boot(path: &str) -> Boot {
    boot_as(path, Role::Owner)
}

/// All open, nobody looks after them.
fn counts(rows: &[ConversationView]) -> Counts {
    let tally = |row: &ConversationView| Tally {
        account: row.account_id,
        whose: Whose::Nobodys,
        groups: row.address.is_group(),
        open: 1,
        unread: u32::from(row.unread > 0),
        messages: row.unread.unsigned_abs(),
    };
    Counts { tallies: rows.iter().map(tally).collect(), labels: Vec::new() }
}

/// What the server hands over for a path, for a role.
pub fn boot_as(path: &str, role: Role) -> Boot {
    let rows = vec![
        row(
            1,
            "Ana Souza",
            Content::text("It left our house this morning ✓"),
            1,
            0,
            Some(MessageStatus::Queued),
        ),
        row(2, "Budi Santoso", media(MediaKind::Audio, None, None), 4, 2, None),
        row(3, "<script>alert(1)</script>", Content::text("<b>bold?</b>"), 22, 3, None),
        row(4, "+62 812 3456 7804", media(MediaKind::Image, Some("our shop"), None), 90, 0, None),
        row(5, "مريم", Content::text("متى تفتحون غدًا؟"), 200, 1, None),
        row(
            6,
            "Joana Pereira de Albuquerque Cavalcanti e Silva",
            Content::text("Obrigada!"),
            1500,
            0,
            Some(MessageStatus::Read),
        ),
        row(
            7,
            "Toko Makmur",
            Content::text("We will come back to you tomorrow"),
            4000,
            0,
            Some(MessageStatus::Failed),
        ),
        row(8, "Wei", media(MediaKind::Sticker, None, None), 12_000, 0, None),
    ];
    let open = path.contains("000001").then(|| ThreadPage {
        conversation: rows[0].clone(),
        messages: MessagePage { items: thread(), next: None, newer: None },
    });
    let me = MemberView { role, ..member(1, "Rina", role) };
    let page = match path {
        "/contacts" => PageData::Contacts {
            page: Page {
                items: (1..5)
                    .map(|n| ContactView {
                        id: uuid(n),
                        name: ["Ana Souza", "Budi Santoso", "مريم", "Wei"][n as usize - 1].into(),
                        phones: if n == 4 { vec![] } else { vec![format!("62812345678{n:02}")] },
                        username: (n == 2).then(|| "budi.s".into()),
                        created_at: ago(i64::from(n) * 5000),
                    })
                    .collect(),
                next: Some("next".into()),
            },
        },
        _ if path.starts_with("/accounts/0198") => PageData::Account {
            setup: Box::new(AccountSetup {
                account: account(2, "Support", AccountStatus::Ready),
                webhook_path: "/webhooks/cloud/0198c0de-0000-7000-8000-000000000002".into(),
                verify_token: Some("a-word-of-our-own".into()),
                webhook_by_hand: false,
                storages: vec![MediaStorage::Local],
            }),
        },
        "/labels" => PageData::Labels { uses: vec![(uuid(1), 12)] },
        "/nope" => PageData::Missing,
        _ => PageData::None,
    };
    Boot {
        now: NOW,
        zone: ZoneInfo { name: "Asia/Jakarta".into(), offset: 7 * 3600 },
        host: "balas.example".into(),
        path: path.into(),
        me: Some(Me {
            member: Some(me.clone()),
            role,
            workspace: "Demo".into(),
            time_zone: "Asia/Jakarta".into(),
        }),
        inbox: Some(Snapshot {
            seq: Seq(1),
            accounts: vec![
                account(1, "Sales", AccountStatus::Error),
                account(2, "Support", AccountStatus::Ready),
                account(3, "Returns", AccountStatus::Idle),
            ],
            members: vec![me, member(2, "Marco", Role::Agent), member(3, "Dewi", Role::Supervisor)],
            alerts: Vec::new(),
            labels: vec![LabelView { id: uuid(1), name: "Orders".into(), colour: 3, version: Seq(1) }],
            counts: counts(&rows),
            workspace: balas_domain::view::WorkspaceView::default(),
            thread: open,
            conversations: Page { items: rows, next: Some("more".into()) },
        }),
        page,
        ..Boot::default()
    }
}

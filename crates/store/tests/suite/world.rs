//! A workspace with one account, and short ways to fill it.

use balas_domain::{
    AccountId, Address, ContactId, Content, ConversationId, Delivery, Identity, IdentityKind, MessageId,
    MessageStatus, Timestamp, WorkspaceId,
    view::{ConversationView, Direction, MessageView, ProviderKind},
};
use balas_store::{
    Committed, Write, accounts, contacts, conversations, messages,
    messages::{AuthorRef, NewMessage, Reactor, Source},
    testing::{Kind, TestStore, fresh, workspace},
};
use serde_json::json;
use uuid::Uuid;

/// When everything happens unless told otherwise.
pub const NOW: Timestamp = Timestamp::from_seconds(1_760_000_000);

pub fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub fn message_id(n: u128) -> MessageId {
    MessageId(id(n))
}

pub fn phone(digits: &str) -> Identity {
    Identity { kind: IdentityKind::Phone, value: digits.to_owned() }
}

pub fn lid(value: &str) -> Identity {
    Identity { kind: IdentityKind::Lid, value: value.to_owned() }
}

pub fn user(value: &str) -> Identity {
    Identity { kind: IdentityKind::User, value: value.to_owned() }
}

pub struct World {
    pub db: TestStore,
    pub ws: WorkspaceId,
    pub account: AccountId,
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        let db = fresh(kind).await;
        let ws = workspace(&db, 1).await;
        let account = add_account(&db, ws, 1).await;
        Self { db, ws, account }
    }

    pub async fn write(&self) -> Write {
        self.db.write(self.ws, NOW).await.unwrap()
    }

    /// A conversation with a phone number that ends in `n`, without a contact.
    pub async fn conversation(&self, n: u32) -> ConversationId {
        let mut write = self.write().await;
        let id = ensure(&mut write, self.account, n).await;
        write.commit().await.unwrap();
        id
    }

    /// Stores one message in a transaction of its own.
    pub async fn insert(&self, new: &NewMessage) -> Committed {
        let mut write = self.write().await;
        assert_eq!(messages::insert(&mut write, new).await.unwrap(), messages::Inserted::New);
        write.commit().await.unwrap()
    }

    pub async fn view(&self, conversation: ConversationId) -> ConversationView {
        let mut tx = self.db.read().await.unwrap();
        conversations::get(self.ws, &mut tx, conversation).await.unwrap().expect("the conversation exists")
    }

    pub async fn message(&self, id: MessageId) -> MessageView {
        self.record(id).await.view
    }

    pub async fn record(&self, id: MessageId) -> messages::MessageRecord {
        let mut tx = self.db.read().await.unwrap();
        messages::get(self.ws, &mut tx, id).await.unwrap().expect("the message exists")
    }

    /// An incoming text that counts as unread.
    pub fn inbound(&self, conversation: ConversationId, n: u128, seconds: i64) -> NewMessage {
        NewMessage {
            id: message_id(n),
            conversation_id: conversation,
            account_id: self.account,
            provider_id: Some(format!("wamid.{n}")),
            direction: Direction::In,
            author: AuthorRef::Contact(None, "Budi".to_owned()),
            content: Content::text(format!("message {n}")),
            delivery: Delivery { attempt: 1, status: MessageStatus::Read },
            quote_provider_id: None,
            quote_message_id: None,
            at: at(seconds),
            counts_unread: true,
            source: Source::Live,
            origin: None,
        }
    }

    /// An outgoing text that waits for its turn.
    pub fn outbound(&self, conversation: ConversationId, n: u128, seconds: i64) -> NewMessage {
        NewMessage {
            provider_id: None,
            direction: Direction::Out,
            author: AuthorRef::Api("robot".to_owned()),
            delivery: Delivery::QUEUED,
            ..self.inbound(conversation, n, seconds)
        }
    }
}

pub async fn add_account(db: &TestStore, ws: WorkspaceId, n: u32) -> AccountId {
    let account = AccountId(id(0xacc_0000 + u128::from(n)));
    let mut write = db.write(ws, NOW).await.unwrap();
    accounts::create(&mut write, &new_account(account, n)).await.unwrap();
    write.commit().await.unwrap();
    account
}

pub fn new_account(account: AccountId, n: u32) -> accounts::NewAccount {
    accounts::NewAccount {
        id: account,
        name: format!("Number {n}"),
        provider: ProviderKind::Cloud,
        external_id: format!("10655{n}"),
        phone: None,
        config: json!({ "version": "v23.0" }),
        secrets: vec![0, 1, 255],
        settings: balas_domain::AccountSettings::default(),
    }
}

pub fn address(n: u32) -> Address {
    Address::Phone(format!("62812{n:07}"))
}

pub fn conversation_id(n: u32) -> ConversationId {
    ConversationId(id(0xc0_0000_0000 + u128::from(n)))
}

pub async fn ensure(write: &mut Write, account: AccountId, n: u32) -> ConversationId {
    conversations::ensure(write, account, &address(n), None, conversation_id(n)).await.unwrap().0
}

/// A contact with a conversation.
pub async fn ensure_with_contact(
    write: &mut Write,
    account: AccountId,
    n: u32,
    name: Option<&str>,
) -> ConversationId {
    let address = address(n);
    let identity = address.identity().unwrap();
    let new_contact = ContactId(id(0xc1_0000_0000 + u128::from(n)));
    let name = name.map(|name| (name, NOW));
    let contact = contacts::resolve(write, "", &[identity], name, None, new_contact).await.unwrap();
    conversations::ensure(write, account, &address, Some(contact), conversation_id(n)).await.unwrap().0
}

pub fn reactor(key: &str, name: &str, from_us: bool) -> Reactor {
    Reactor { key: key.to_owned(), name: name.to_owned(), from_us }
}

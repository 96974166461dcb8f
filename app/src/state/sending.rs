//! The way of a message from the composer to the server: shown at once, kept until the server has it, sent
//! once.

use std::time::Duration;

use balas_domain::{
    AccountId, Content, ConversationId, Mention, MessageId, Payload,
    view::{Author, MessageView, Quote},
};
use leptos::{prelude::*, task::spawn_local};

use super::{
    App,
    drafts::Draft,
    live::Link,
    outbox::{self, Outbox, Unsent},
    sign_in_again,
};
use crate::{
    api::{self, ApiError},
    browser::{
        ambient::{self, BrowserRandom},
        timer,
    },
    i18n::fill,
};

/// How long to wait when the server answers, but cannot take messages right now.
const SERVER_TROUBLE: Duration = Duration::from_secs(5);

/// Messages on their way to the server.
#[derive(Clone, Copy)]
pub(crate) struct Sending {
    /// What waits.
    pub(crate) outbox: RwSignal<Outbox>,
    /// What was refused and has to go back into the composer.
    pub(crate) returned: RwSignal<Option<(ConversationId, Draft)>>,
    /// What was refused and has to stand in its dialog again: all but texts.
    pub(crate) reopened: RwSignal<Option<(ConversationId, Content)>>,
    busy: StoredValue<bool>,
}

impl Sending {
    pub(crate) fn new() -> Self {
        Self {
            outbox: RwSignal::new(Outbox::default()),
            returned: RwSignal::new(None),
            reopened: RwSignal::new(None),
            busy: StoredValue::new(false),
        }
    }

    /// Takes up what was left by the last page.
    pub(crate) fn restore(self, app: App) {
        let Some(author) = author(app) else { return };
        let restored = Outbox::restored(outbox::stored(), &author);
        for unsent in restored.iter() {
            app.inbox().put_local(unsent.bubble());
        }
        self.outbox.set(restored);
    }

    /// Sends a message: the bubble is there at once.
    pub(crate) fn submit(
        self,
        app: App,
        conversation: ConversationId,
        account: AccountId,
        (content, mentions): (Content, Vec<Mention>),
        answers: Option<&MessageView>,
    ) {
        let Some(author) = author(app) else { return };
        let now = ambient::now();
        let unsent = Unsent {
            author,
            conversation,
            account,
            id: MessageId::new(now, &BrowserRandom),
            content,
            mentions,
            reply_to: answers.map(|message| message.id),
            quote: answers.map(quote_of),
            at: now,
        };
        outbox::store(&unsent);
        app.inbox().put_local(unsent.bubble());
        self.outbox.update(|outbox| outbox.push(unsent));
        self.flush(app);
    }

    /// Sends what waits, one after the other.
    pub(crate) fn flush(self, app: App) {
        if self.busy.get_value() {
            return;
        }
        self.busy.set_value(true);
        spawn_local(async move {
            while let Some(unsent) = self.outbox.with_untracked(|outbox| outbox.next().cloned()) {
                let answer = api::send_message(unsent.conversation, unsent.request()).await;
                match answer {
                    Ok(message) => {
                        self.done(unsent.id);
                        app.inbox().confirm(Payload::Message(Box::new(message)));
                    }
                    Err(error) if error.is_temporary() => {
                        if app.live().link.get_untracked() != Link::Online {
                            // The stream's return starts it again.
                            break;
                        }
                        timer::sleep(SERVER_TROUBLE).await;
                    }
                    Err(ApiError::SignedOut) => {
                        sign_in_again();
                        break;
                    }
                    Err(error) => self.give_back(app, &unsent, &error),
                }
            }
            self.busy.set_value(false);
        });
    }

    fn done(self, id: MessageId) {
        outbox::forget(id);
        self.outbox.update(|outbox| {
            outbox.remove(id);
        });
    }

    /// The server refused it: it goes back where it came from, with the reason.
    fn give_back(self, app: App, unsent: &Unsent, error: &ApiError) {
        self.done(unsent.id);
        app.inbox().remove_local(unsent.conversation, unsent.id);
        match &unsent.content {
            Content::Text { text } => {
                let draft = Draft { text: text.clone(), ..Draft::default() };
                self.put_back(app, unsent.conversation, draft);
            }
            other => self.reopened.set(Some((unsent.conversation, other.clone()))),
        }
        let reason = error.words(app.words);
        app.toasts().bad(fill(app.words.refused_returned, &[("reason", &reason)]));
    }

    /// What the server did not take goes back to where it was written, before what was begun there meanwhile.
    pub(crate) fn put_back(self, app: App, conversation: ConversationId, draft: Draft) {
        let draft = draft.merged(app.drafts().get(conversation));
        app.drafts().set(conversation, &draft);
        self.returned.set(Some((conversation, draft)));
    }
}

/// Sends a failed message again.
pub(crate) fn retry(app: App, id: MessageId) {
    spawn_local(async move {
        match api::retry(id).await {
            Ok(message) => app.inbox().confirm(Payload::Message(Box::new(message))),
            Err(error) => app.complain(&error),
        }
    });
}

/// Who writes here.
pub(crate) fn author(app: App) -> Option<Author> {
    let member = app.me()?.member?;
    Some(Author::Member { id: member.id, name: member.name })
}

/// A message as it stands above its answer.
pub(crate) fn quote_of(message: &MessageView) -> Quote {
    Quote {
        message_id: Some(message.id),
        author: Some(author_name(&message.author)),
        preview: Some(message.content.preview()),
    }
}

/// The name as data; screens say "you" and "phone" in their own words.
fn author_name(author: &Author) -> String {
    match author {
        Author::Contact { name, .. } | Author::Member { name, .. } | Author::Api { name } => name.clone(),
        Author::PhoneApp => String::new(),
    }
}

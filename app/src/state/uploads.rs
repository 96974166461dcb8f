//! Files on their way from this page to the server: shown at once as messages, sent one after the other, each in parts, so
//! that a lost connection costs one part.

use std::time::Duration;

use balas_domain::{
    AccountId, Content, ConversationId, Delivery, FileState, FileView, MessageId, MessageStatus, NewFile,
    Payload, Seq, Timestamp, UploadId,
    content::{Media, MediaKind},
    file::{UPLOAD_PART, UploadView, clean_file_name},
    media::Wish,
    view::{Author, Direction, MessageView, Quote},
};
use leptos::{prelude::*, task::spawn_local};

use super::{App, live::Link, sign_in_again};
use crate::{
    api::ApiError,
    browser::{ambient, timer, upload},
    i18n::fill,
    ui::{
        icon::{Icon, icon},
        preview::media_sign,
    },
};

/// How long to wait when the server answers, but cannot take files right now.
const SERVER_TROUBLE: Duration = Duration::from_secs(5);

/// A file on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Upload {
    new: NewFile,
    conversation: ConversationId,
    name: String,
    size: u64,
    /// Bytes that the server has.
    sent: u64,
    /// Begun there.
    begun: bool,
    /// How much the server has must be asked before it goes on.
    unsure: bool,
    /// Why the server refused it, for people.
    refused: Option<String>,
}

/// A file that somebody has chosen; its bytes are kept by [`upload`] under the id that its message will have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) id: MessageId,
    pub(crate) name: String,
    /// As the browser takes it, by its name.
    pub(crate) mime: String,
    pub(crate) size: u64,
    /// Where the browser shows it, if it is a picture.
    pub(crate) picture: Option<String>,
}

/// Where it goes and what goes with it.
#[derive(Clone)]
pub(crate) struct Along {
    pub(crate) conversation: ConversationId,
    pub(crate) account: AccountId,
    pub(crate) author: Author,
    pub(crate) caption: String,
    pub(crate) answers: Option<(MessageId, Quote)>,
}

/// All files on their way.
#[derive(Clone, Copy)]
pub(crate) struct Uploads {
    list: RwSignal<Vec<Upload>>,
    busy: StoredValue<bool>,
}

impl Uploads {
    pub(crate) fn new() -> Self {
        Self { list: RwSignal::new(Vec::new()), busy: StoredValue::new(false) }
    }

    /// Whether this message's file goes from here.
    pub(crate) fn is_going(self, id: MessageId) -> Memo<bool> {
        Memo::new(move |_| self.list.with(|list| list.iter().any(|upload| upload.new.id == id)))
    }

    /// Whether the page should not be left now.
    pub(crate) fn any(self) -> bool {
        self.list.with_untracked(|list| list.iter().any(|upload| upload.refused.is_none()))
    }

    /// Sends a file: its message is there at once.
    pub(crate) fn submit(self, app: App, chosen: Chosen, wish: Wish, along: Along) {
        let (now, id) = (ambient::now(), chosen.id);
        let name = clean_file_name(&chosen.name).unwrap_or_else(|| "file".to_owned());
        let (reply_to, quote) = along.answers.map_or((None, None), |(id, quote)| (Some(id), Some(quote)));
        let said = Media {
            kind: kind_of(&chosen.mime, wish),
            voice: wish == Wish::Voice,
            caption: Some(along.caption.clone()).filter(|caption| !caption.is_empty()),
            mime: Some(chosen.mime),
            file_name: Some(name.clone()),
            ..Media::default()
        };
        app.inbox().put_local(bubble(id, along.conversation, along.account, along.author, said, quote, now));
        let new = NewFile {
            id,
            // Told by the server when it begins.
            upload: UploadId(id.0),
            caption: along.caption,
            wish,
            reply_to,
        };
        let upload = Upload {
            new,
            conversation: along.conversation,
            name,
            size: chosen.size,
            sent: 0,
            begun: false,
            unsure: false,
            refused: None,
        };
        self.list.update(|list| list.push(upload));
        self.flush(app);
    }

    /// Sends what waits, one after the other.
    pub(crate) fn flush(self, app: App) {
        if self.busy.get_value() {
            return;
        }
        self.busy.set_value(true);
        spawn_local(async move {
            while let Some(upload) =
                self.list.with_untracked(|list| list.iter().find(|upload| upload.refused.is_none()).cloned())
            {
                let (id, caption) = (upload.new.id, upload.new.caption.clone());
                match self.advance(upload).await {
                    Ok(None) => {}
                    Ok(Some(message)) => {
                        self.drop(id);
                        // It is not what its name said, and takes no words: they go on their own.
                        if !caption.is_empty()
                            && matches!(&message.content, Content::Media(said) if said.caption.is_none())
                        {
                            let (to, by) = (message.conversation_id, message.account_id);
                            app.sending().submit(app, to, by, (Content::text(caption), Vec::new()), None);
                        }
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
                    Err(error) => {
                        let words = reason(app, &error);
                        self.change(id, |upload| upload.refused = Some(words));
                    }
                }
            }
            self.busy.set_value(false);
        });
    }

    /// Takes one step; the message when it is sent.
    async fn advance(self, upload: Upload) -> Result<Option<MessageView>, ApiError> {
        let id = upload.new.id;
        let Some(file) = upload::kept(id) else {
            self.drop(id);
            return Ok(None);
        };
        if !upload.begun {
            let there = upload::begin(&upload.name, upload.size).await?;
            self.change(id, |upload| {
                upload.new.upload = there.id;
                upload.begun = true;
            });
            return Ok(None);
        }
        if upload.unsure || upload.sent < upload.size {
            match go_on(&upload, &file).await {
                Ok(there) => {
                    self.change(id, |upload| (upload.unsure, upload.sent) = (false, there.received));
                }
                // It was given up meanwhile: begin anew.
                Err(ApiError::Refused { code, .. }) if code == "not_found" => {
                    self.change(id, |upload| {
                        (upload.begun, upload.unsure, upload.sent) = (false, false, 0);
                    });
                }
                Err(error) => return Err(error),
            }
            return Ok(None);
        }
        upload::send(upload.conversation, &upload.new).await.map(Some)
    }

    /// The member does not want it any more.
    fn cancel(self, app: App, id: MessageId) {
        let found = self.list.with_untracked(|list| list.iter().find(|upload| upload.new.id == id).cloned());
        let Some(found) = found else { return };
        self.drop(id);
        app.inbox().remove_local(found.conversation, id);
        if found.begun {
            spawn_local(upload::cancel(found.new.upload));
        }
    }

    fn again(self, app: App, id: MessageId) {
        // What the server has already is not sent again, and no second upload counts against what one person may send.
        self.change(id, |upload| (upload.refused, upload.unsure) = (None, upload.begun));
        self.flush(app);
    }

    fn change(self, id: MessageId, change: impl FnOnce(&mut Upload)) {
        self.list.update(|list| {
            if let Some(upload) = list.iter_mut().find(|upload| upload.new.id == id) {
                change(upload);
            }
        });
    }

    fn drop(self, id: MessageId) {
        upload::forget(id);
        self.list.update(|list| list.retain(|upload| upload.new.id != id));
    }
}

/// Why the server refused it, for people.
fn reason(app: App, error: &ApiError) -> String {
    let words = app.lang.file_words();
    match error {
        ApiError::Refused { code, .. } if code == "file_harmful" => words.upload_harmful.to_owned(),
        ApiError::Refused { code, .. } if code == "file_unscannable" => words.upload_unscannable.to_owned(),
        ApiError::Refused { code, .. } if code == "no_sticker" => words.no_sticker.to_owned(),
        ApiError::Refused { code, .. } if code == "sticker_moves" => words.sticker_moves.to_owned(),
        error => error.words(app.words),
    }
}

/// How far a file is that goes from here.
pub(crate) fn progress(app: App, id: MessageId, said: &Media) -> AnyView {
    let uploads = app.uploads();
    let of = move |list: &[Upload]| list.iter().find(|upload| upload.new.id == id).cloned();
    let words = app.lang.file_words();
    let now = Memo::new(move |_| uploads.list.with(|list| of(list)));
    let percent = move || now.get().map_or(100, |upload| upload.sent * 100 / upload.size.max(1));
    let text = move || match now.get().and_then(|upload| upload.refused) {
        Some(reason) => fill(words.not_uploaded, &[("reason", &reason)]),
        None if app.live().link.get() == Link::Offline => words.waiting.to_owned(),
        None => fill(words.uploading, &[("percent", &percent().to_string())]),
    };
    let refused = move || now.with(|upload| upload.as_ref().is_some_and(|upload| upload.refused.is_some()));
    let (sign, _) = media_sign(said, app.words);
    let name = said.file_name.clone().unwrap_or_default();
    view! {
        <div class="piece">
            <span class="piece-sign">{icon(sign)}</span>
            <div>
                <p class="piece-name" dir="auto">{name.clone()}</p>
                <p class="piece-below" role="status">{text}</p>
                <Show when=move || !refused()>
                    <progress max="100" value=percent aria-label=name.clone()></progress>
                </Show>
            </div>
            <div class="piece-acts">
                <Show when=refused>
                    <button
                        type="button"
                        class="icon-button"
                        aria-label=words.again
                        title=words.again
                        on:click=move |_| uploads.again(app, id)
                    >
                        {icon(Icon::Retry)}
                    </button>
                </Show>
                <button
                    type="button"
                    class="icon-button"
                    aria-label=words.cancel
                    title=words.cancel
                    on:click=move |_| uploads.cancel(app, id)
                >
                    {icon(Icon::Close)}
                </button>
            </div>
        </div>
    }
    .into_any()
}

/// What it will be, as far as its announced type tells.
fn kind_of(mime: &str, wish: Wish) -> MediaKind {
    match (wish, mime.split('/').next().unwrap_or_default()) {
        (Wish::Document, _) => MediaKind::Document,
        (Wish::Sticker, _) => MediaKind::Sticker,
        (Wish::Voice, _) | (_, "audio") => MediaKind::Audio,
        (_, "image") => MediaKind::Image,
        (_, "video") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

/// Sends the next part, or asks where the server stands; how far it has come.
async fn go_on(upload: &Upload, file: &web_sys::Blob) -> Result<UploadView, ApiError> {
    if !upload.unsure {
        let length = UPLOAD_PART.min(upload.size - upload.sent);
        match upload::part(upload.new.upload, file, upload.sent, length).await {
            // What was sent before may have arrived after all, or a crash has lost some of it.
            Err(ApiError::Refused { code, .. }) if code == "out_of_place" => {}
            other => return other,
        }
    }
    upload::state(upload.new.upload).await
}

/// As the thread shows it until the server has it.
fn bubble(
    id: MessageId,
    conversation_id: ConversationId,
    account_id: AccountId,
    author: Author,
    said: Media,
    quote: Option<Quote>,
    at: Timestamp,
) -> MessageView {
    MessageView {
        id,
        conversation_id,
        account_id,
        sent_with: None,
        direction: Direction::Out,
        author,
        content: Content::Media(said),
        file: Some(Box::new(FileView::only(FileState::Coming))),
        mentions: Vec::new(),
        delivery: Delivery { attempt: 1, status: MessageStatus::Queued },
        failure: None,
        held: None,
        quote,
        reactions: Vec::new(),
        votes: Vec::new(),
        at,
        edited: false,
        revoked: false,
        recovered: false,
        version: Seq(0),
    }
}

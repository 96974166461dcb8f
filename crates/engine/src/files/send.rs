//! A file on its way out: what was uploaded is looked at, made fit for `WhatsApp`, and kept; then its message is stored.

use std::{borrow::Cow, path::Path};

use balas_domain::{
    Content, ConversationId, Permission,
    content::Media,
    file::{MAX_CAPTION, NewFile, clean_file_name},
    media::{self, FileFacts, SendAs, Wish},
    view::{MessageView, ProviderKind},
};
use balas_store::{accounts, messages};
use image::DynamicImage;

use super::{StorageError, UploadRefused, look, spool, sticker, voice};
use crate::{
    Engine,
    access::Actor,
    error::EngineError,
    outbox::{Answer, same_message},
    reading,
};

/// The longer side of a picture as `WhatsApp` shows it at most; larger ones are made smaller.
const PICTURE_SIDE: u32 = 2_560;
/// A picture is made smaller only down to this.
const SMALLEST_SIDE: u32 = 800;
/// Bytes that tell whether a picture moves.
const START: usize = 32;

impl Engine {
    /// Sends an uploaded file. The same id again gives the same message.
    ///
    /// # Errors
    /// When the actor may not, the upload is not finished, `WhatsApp` takes no such file, or as
    /// [`Engine::send`].
    pub async fn send_file(
        &self,
        actor: &Actor,
        conversation: ConversationId,
        new: &NewFile,
    ) -> Result<MessageView, EngineError> {
        actor.require(Permission::Reply)?;
        let ws = actor.workspace;
        let caption = balas_domain::text::clean_body(&new.caption);
        let characters = caption.chars().count();
        if characters > MAX_CAPTION {
            return Err(EngineError::CaptionTooLong { characters });
        }
        let account = {
            let mut tx = self.store.read().await?;
            let conversation = reading::conversation(actor, &mut tx, conversation).await?;
            if let Some(existing) = messages::get(ws, &mut tx, new.id).await? {
                return same_message(existing, conversation.id);
            }
            let account = accounts::view(ws, &mut tx, conversation.account_id).await?;
            account.ok_or(EngineError::NotFound { what: "account" })?
        };
        let upload = self.known_upload(actor, new.upload).await?;
        if upload.view.received < upload.view.size {
            return Err(UploadRefused::Unfinished(upload.view).into());
        }
        self.look_at_upload(actor, &upload).await?;
        let ready = {
            let (from, folder) = (self.upload_path(new.upload), self.files.folders.spool.clone());
            let (wish, provider) = (new.wish, account.provider);
            let name = upload.name.clone();
            self.looking(move || prepare(&from, &folder, &name, wish, provider)).await??
        };
        let file = spool::measured(ready.file).await.map_err(StorageError::Disk)?;
        let contents = self.keep_file(ws, account.settings.media_storage, &file).await?;
        let said = Media {
            kind: ready.send_as.kind(),
            voice: ready.send_as.voice(),
            caption: Some(caption)
                .filter(|caption| !caption.trim().is_empty() && ready.send_as.takes_caption()),
            mime: Some(contents.mime.clone()),
            file_name: Some(ready.name),
            reference: None,
            sha256: None,
        };
        let answer = Answer {
            id: new.id,
            reply_to: new.reply_to,
            content: Content::Media(said),
            file: Some((contents, new.upload)),
        };
        let sent = self.answer(actor, conversation, answer).await?;
        self.drop_upload(new.upload).await;
        Ok(sent)
    }
}

/// A file that is fit to be sent.
struct Ready {
    file: tempfile::TempPath,
    send_as: SendAs,
    name: String,
}

/// Makes a copy of an upload that `WhatsApp` takes: recordings in the container that it plays, pictures without what
/// cameras write into them (the place, above all) and not larger than they are shown, stickers of the size that phones
/// show. Documents stay as they are.
fn prepare(
    from: &Path,
    folder: &Path,
    name: &str,
    wish: Wish,
    provider: ProviderKind,
) -> Result<Ready, EngineError> {
    let disk = |error| EngineError::from(StorageError::Disk(error));
    let mut mime = look::sniff(from).map_err(disk)?;
    let mut name = clean_file_name(name).unwrap_or_else(|| "file".to_owned());
    let mut file = None;
    match wish {
        // Browsers record into WebM or Ogg.
        Wish::Voice if mime.ends_with("/webm") => {
            let ogg = spool::empty(folder).map_err(disk)?;
            voice::webm_to_ogg(from, &ogg).map_err(|error| {
                tracing::info!(%error, "a recording could not be read");
                EngineError::Refused("the recording cannot be read; record it again")
            })?;
            "audio/ogg".clone_into(&mut mime);
            file = Some(ogg);
        }
        Wish::Sticker if mime.starts_with("image/") => {
            if let Some(bytes) = sticker::made(from, &mime)? {
                let webp = spool::empty(folder).map_err(disk)?;
                std::fs::write(&webp, bytes).map_err(disk)?;
                "image/webp".clone_into(&mut mime);
                file = Some(webp);
            }
            name = renamed(&name, &mime);
        }
        Wish::Sticker => return Err(UploadRefused::NoSticker.into()),
        Wish::Natural if matches!(mime.as_str(), "image/jpeg" | "image/png" | "image/webp") => {
            let most = media::limit(provider, SendAs::Image, false).bytes;
            let Some((bytes, kind)) = look::open(from).and_then(|picture| redrawn(&picture, &mime, most))
            else {
                return Err(UploadRefused::NotRedrawn.into());
            };
            let redrawn = spool::empty(folder).map_err(disk)?;
            std::fs::write(&redrawn, bytes).map_err(disk)?;
            name = renamed(&name, kind);
            kind.clone_into(&mut mime);
            file = Some(redrawn);
        }
        // Pictures that nobody here can open, with all that cameras write into them.
        Wish::Natural
            if matches!(mime.as_str(), "image/heic" | "image/heif" | "image/avif" | "image/tiff") =>
        {
            return Err(UploadRefused::NotRedrawn.into());
        }
        _ => {}
    }
    let file = if let Some(file) = file {
        file
    } else {
        let copy = spool::empty(folder).map_err(disk)?;
        std::fs::copy(from, &copy).map_err(disk)?;
        copy
    };
    let size = std::fs::metadata(&file).map_err(disk)?.len();
    let facts = FileFacts { mime: &mime, size, animated: moves(&file).map_err(disk)? };
    let plan = media::plan(provider, wish, facts)?;
    if plan.send_as == SendAs::Voice {
        name = renamed(&name, &mime);
    }
    Ok(Ready { file, send_as: plan.send_as, name })
}

fn moves(file: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut start = Vec::with_capacity(START);
    std::fs::File::open(file)?.take(START as u64).read_to_end(&mut start)?;
    Ok(media::moves(&start))
}

/// A picture's pixels and nothing else, at most as large as it is shown, and with as many bytes as are taken, if that can
/// be had.
fn redrawn(picture: &DynamicImage, mime: &str, limit: u64) -> Option<(Vec<u8>, &'static str)> {
    let fits = |bytes: &Vec<u8>| bytes.len() as u64 <= limit;
    // Drawings stay sharp; photographs would become many times larger as such.
    if mime == "image/png" {
        let mut out = std::io::Cursor::new(Vec::new());
        within(picture, PICTURE_SIDE).write_to(&mut out, image::ImageFormat::Png).ok()?;
        let png = out.into_inner();
        if fits(&png) {
            return Some((png, "image/png"));
        }
    }
    let mut side = PICTURE_SIDE;
    loop {
        let jpeg = look::jpeg(&within(picture, side))?;
        if fits(&jpeg) || side <= SMALLEST_SIDE {
            return Some((jpeg, "image/jpeg"));
        }
        side = side * 3 / 4;
    }
}

/// Neither side longer than this.
fn within(picture: &DynamicImage, side: u32) -> Cow<'_, DynamicImage> {
    if picture.width().max(picture.height()) <= side {
        return Cow::Borrowed(picture);
    }
    Cow::Owned(picture.resize(side, side, image::imageops::FilterType::Triangle))
}

/// The same name with the ending of what is in it.
fn renamed(name: &str, mime: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}.{}", media::ending(mime).unwrap_or("bin"))
}

//! What somebody attaches to a message, as a file of the store.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    blob::Blob,
    runtime::Shared,
    sample,
    world::{Attach, Attachment, Incoming, MediaKind, WorldError},
};

impl Shared {
    /// The file that a phone sends.
    pub(crate) fn attachment(&self, attach: &Attach) -> Result<Attachment, WorldError> {
        let Attach { kind, file_name, mime, base64, size, file, bytes, .. } = attach;
        let ways = [base64.is_some(), size.is_some(), file.is_some(), bytes.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            let text = "say once what the file is: base64, size (a sample that large) or file (an id from POST \
                        /control/media)";
            return Err(WorldError::Invalid(text.to_owned()));
        }
        let kept = |bytes: &[u8]| self.blobs.put(bytes).map_err(|error| invalid(&error));
        let given = match (base64, file, bytes) {
            (Some(base64), ..) => {
                let bytes = STANDARD.decode(base64.trim());
                Some(kept(&bytes.map_err(|error| invalid(&format!("base64 cannot be read: {error}")))?)?)
            }
            (_, Some(id), _) => {
                let unknown =
                    || format!("no file {id} is here any more; hand it over again (POST /control/media)");
                Some(self.blobs.get(id).ok_or_else(|| invalid(&unknown()))?)
            }
            (.., Some(bytes)) => Some(kept(bytes)?),
            _ => None,
        };
        let (blob, own, own_name) = if let Some(blob) = given {
            // A voice message says which codec it holds, other files do not.
            let looks = blob.looks_like().filter(|_| *kind != MediaKind::Voice);
            let own = looks.unwrap_or(kind.mime()).to_owned();
            (blob, own, (*kind == MediaKind::Document).then_some("document"))
        } else {
            let sample = sample::of(*kind, mime.as_deref(), self.nth());
            let blob = sample.store(&self.blobs, *size).map_err(|error| invalid(&error))?;
            (blob, sample.mime, sample.file_name)
        };
        Ok(Attachment {
            blob,
            mime: mime.clone().unwrap_or(own),
            file_name: file_name.clone().or_else(|| own_name.map(str::to_owned)),
            voice: *kind == MediaKind::Voice,
        })
    }

    /// What a gateway gets for a raw message that only tells of a file.
    pub(crate) fn stand_in(&self, incoming: &Incoming) -> Option<Attachment> {
        let (kind, body) = incoming.raw()?;
        let kind = MediaKind::of(kind, body)?;
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        let attach = Attach { kind, file_name: text("filename"), ..Attach::default() };
        let file = self.attachment(&attach).ok()?;
        Some(Attachment { mime: text("mime_type").unwrap_or_else(|| kind.mime().to_owned()), ..file })
    }

    /// A file by its SHA-256, as the control API names files, or by Meta's media id.
    pub(crate) fn file(&self, id: &str) -> Option<Arc<Blob>> {
        self.blobs.get(id).or_else(|| Some(Arc::clone(&self.state().media(id, self.now())?.file.blob)))
    }

    /// One of the pictures.
    fn nth(&self) -> u8 {
        let mut entropy = [0];
        self.random.fill(&mut entropy);
        entropy[0]
    }
}

fn invalid(error: &impl ToString) -> WorldError {
    WorldError::Invalid(error.to_string())
}

//! One line of a message: an icon and a word for what is no text.

use balas_domain::{
    Content,
    content::{Media, Preview, PreviewKind},
};
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::i18n::Words;

/// The word for a kind; none for text, which speaks for itself.
pub(crate) const fn kind_words(kind: PreviewKind, words: &Words) -> Option<&'static str> {
    Some(match kind {
        PreviewKind::Text => return None,
        PreviewKind::Image => words.kind_image,
        PreviewKind::Video => words.kind_video,
        PreviewKind::Audio => words.kind_audio,
        PreviewKind::Voice => words.kind_voice,
        PreviewKind::Document => words.kind_document,
        PreviewKind::Sticker => words.kind_sticker,
        PreviewKind::Location => words.kind_location,
        PreviewKind::Contact => words.kind_contact,
        PreviewKind::Poll => words.kind_poll,
        PreviewKind::System => words.kind_system,
        PreviewKind::Deleted => words.kind_deleted,
        PreviewKind::Unsupported => words.kind_unsupported,
    })
}

/// The icon for a kind; none for text.
pub(crate) const fn kind_icon(kind: PreviewKind) -> Option<Icon> {
    Some(match kind {
        PreviewKind::Text => return None,
        PreviewKind::Image => Icon::Image,
        PreviewKind::Video => Icon::Video,
        PreviewKind::Audio => Icon::Audio,
        PreviewKind::Voice => Icon::Mic,
        PreviewKind::Document => Icon::Document,
        PreviewKind::Sticker => Icon::Sticker,
        PreviewKind::Location => Icon::Location,
        PreviewKind::Contact => Icon::Contact,
        PreviewKind::Poll => Icon::Poll,
        PreviewKind::System => Icon::Info,
        PreviewKind::Deleted => Icon::Deleted,
        PreviewKind::Unsupported => Icon::Unsupported,
    })
}

/// The icon and the word for a file.
pub(crate) fn media_sign(said: &Media, words: &Words) -> (Icon, &'static str) {
    let kind = Content::Media(said.clone()).preview().kind;
    (kind_icon(kind).unwrap_or(Icon::Document), kind_words(kind, words).unwrap_or(words.kind_document))
}

/// The line as plain words.
pub(crate) fn preview_words(preview: &Preview, words: &Words) -> String {
    match kind_words(preview.kind, words) {
        None => preview.text.clone(),
        // WhatsApp's own lines are sentences already.
        Some(_) if preview.kind == PreviewKind::System && !preview.text.is_empty() => preview.text.clone(),
        Some(kind) if preview.text.is_empty() => kind.to_owned(),
        Some(kind) => format!("{kind}: {}", preview.text),
    }
}

/// The line with its icon.
pub(crate) fn preview_line(preview: &Preview, words: &'static Words) -> impl IntoView + use<> {
    let text = match kind_words(preview.kind, words) {
        Some(kind) if preview.text.is_empty() => kind.to_owned(),
        _ => preview.text.clone(),
    };
    view! {
        {kind_icon(preview.kind).map(icon)}
        <span dir="auto">{text}</span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn what_is_no_text_gets_a_word() {
        let words = Lang::En.words();
        let said = |kind, text: &str| preview_words(&Preview { kind, text: text.into() }, words);
        assert_eq!(said(PreviewKind::Text, "hi"), "hi");
        assert_eq!(said(PreviewKind::Image, ""), "Photo");
        assert_eq!(said(PreviewKind::Image, "our shop"), "Photo: our shop");
        assert_eq!(said(PreviewKind::System, "Ana changed her number"), "Ana changed her number");
    }
}

//! What there is to say about files: a table of its own, so that it comes with the opened conversation and not before.

mod en;
mod id;
mod pt;

use super::Lang;

macro_rules! file_words {
    ($($name:ident,)*) => {
        /// The words about files in one language.
        #[derive(Debug)]
        pub(crate) struct FileWords {
            $(pub(crate) $name: &'static str,)*
        }

        #[cfg(test)]
        impl FileWords {
            /// Name and text of every word, to compare languages.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

file_words! {
    // What came.
    away,
    load,
    coming,
    checking,
    failed,
    again,
    gone,
    harmful,
    save,
    open_picture,
    picture_alt,
    sticker_alt,
    viewer,
    // Players.
    play,
    pause,
    position,
    speed,
    unplayable,
    // Sending.
    drop_here,
    tray,
    take_out,
    as_document,
    caption_hint,
    uploading,
    waiting,
    cancel,
    not_uploaded,
    upload_harmful,
    no_sticker,
    sticker_moves,
    upload_unscannable,
    too_large,
    too_large_unless,
    // Recording.
    record,
    recording,
    record_send,
    record_drop,
    no_microphone,
}

impl Lang {
    /// Its words about files.
    #[must_use]
    pub(crate) const fn file_words(self) -> &'static FileWords {
        match self {
            Self::En => &en::WORDS,
            Self::Id => &id::WORDS,
            Self::Pt => &pt::WORDS,
        }
    }
}

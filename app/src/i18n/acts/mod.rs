//! What there is to say about what one does with a message, and about emoji: a table of its own, so that it comes with the
//! opened conversation and not before.

mod en;
mod id;
mod pt;

use super::Lang;

macro_rules! act_words {
    ($($name:ident,)*) => {
        /// The words about what one does with messages in one language.
        #[derive(Debug)]
        pub(crate) struct ActWords {
            $(pub(crate) $name: &'static str,)*
        }

        #[cfg(test)]
        impl ActWords {
            /// Name and text of every word, to compare languages.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

act_words! {
    more,
    too_fast,
    quick,
    react,
    unreact,
    more_emoji,
    edit,
    delete,
    versions,
    edit_title,
    edit_save,
    delete_title,
    delete_text,
    delete_yes,
    versions_title,
    versions_failed,
    nothing_before,
    emoji,
    emoji_search,
    emoji_none,
    emoji_failed,
    emoji_found_one,
    emoji_found_many,
    recent,
    smileys,
    people,
    animals,
    food,
    travel,
    activities,
    objects,
    symbols,
    flags,
}

impl Lang {
    /// Its words about what one does with messages.
    #[must_use]
    pub(crate) const fn act_words(self) -> &'static ActWords {
        match self {
            Self::En => &en::WORDS,
            Self::Id => &id::WORDS,
            Self::Pt => &pt::WORDS,
        }
    }
}

//! What there is to say about places, contact cards and polls: a table of its own, so that it comes with the opened
//! conversation and not before.

mod en;
mod id;
mod pt;

use super::Lang;

macro_rules! add_words {
    ($($name:ident,)*) => {
        /// The words about what else than words and files one sends in one language.
        #[derive(Debug)]
        pub(crate) struct AddWords {
            $(pub(crate) $name: &'static str,)*
        }

        #[cfg(test)]
        impl AddWords {
            /// Name and text of every word, to compare languages.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

add_words! {
    add,
    files,
    sticker,
    sticker_title,
    sticker_picture,
    sticker_help,
    sticker_wrong,
    sticker_preview,
    place,
    cards,
    poll,
    place_title,
    place_where,
    place_help,
    place_wrong,
    place_name,
    place_address,
    place_bare,
    cards_title,
    cards_search,
    cards_none,
    cards_failed,
    cards_chosen,
    cards_take_out,
    cards_new,
    cards_name,
    cards_phone,
    cards_phone_wrong,
    cards_add,
    cards_apart,
    poll_title,
    poll_question,
    poll_answer_n,
    poll_several,
    poll_as_text,
    poll_twice,
    poll_one,
    poll_any,
    poll_votes_one,
    poll_votes_many,
    poll_no_votes,
    poll_unseen,
}

impl Lang {
    /// Its words about places, contact cards and polls.
    #[must_use]
    pub(crate) const fn add_words(self) -> &'static AddWords {
        match self {
            Self::En => &en::WORDS,
            Self::Id => &id::WORDS,
            Self::Pt => &pt::WORDS,
        }
    }
}

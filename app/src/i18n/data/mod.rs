//! What there is to say about taking a conversation away, as a file or for good: a table of its own, so that it comes with
//! the opened conversation and not before.

mod en;
mod id;
mod pt;

use super::Lang;

macro_rules! data_words {
    ($($name:ident,)*) => {
        /// The words about a conversation's data in one language.
        #[derive(Debug)]
        pub(crate) struct DataWords {
            $(pub(crate) $name: &'static str,)*
        }

        #[cfg(test)]
        impl DataWords {
            /// Name and text of every word, to compare languages.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

data_words! {
    export,
    export_lead,
    form,
    whatsapp,
    whatsapp_text,
    html,
    html_text,
    json,
    json_text,
    notes,
    download,
    clear,
    clear_title,
    clear_text,
    clear_kept,
    clear_yes,
    cleared,
}

impl Lang {
    /// Its words about a conversation's data.
    #[must_use]
    pub(crate) const fn data_words(self) -> &'static DataWords {
        match self {
            Self::En => &en::WORDS,
            Self::Id => &id::WORDS,
            Self::Pt => &pt::WORDS,
        }
    }
}

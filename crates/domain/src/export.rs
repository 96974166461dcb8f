//! In which forms a conversation can be taken away.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A form of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ExportFormat {
    /// As `WhatsApp` itself exports: a ZIP archive with `_chat.txt` and the files beside it.
    #[default]
    Whatsapp,
    /// Everything, for programs.
    Json,
    /// One page, to be read and printed.
    Html,
}

impl ExportFormat {
    /// All forms, the most usual first.
    pub const ALL: [Self; 3] = [Self::Whatsapp, Self::Html, Self::Json];

    /// The word used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for ExportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no form of an export; use whatsapp, json or html")]
pub struct UnknownExportFormat(pub String);

impl FromStr for ExportFormat {
    type Err = UnknownExportFormat;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|form| form.as_str() == s).ok_or_else(|| UnknownExportFormat(s.to_owned()))
    }
}

//! Where a file that came with a message can be had.

use std::fmt;

/// What `Media::reference` holds for a gateway's files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MediaRef {
    /// Already on the gateway's disk: the path below its base address, such as `statics/media/1-a.jpeg`. It is
    /// deleted there when somebody tidies up, so it is to be fetched at once.
    Path(String),
    /// Not yet: `GET /message/{id}/download?phone={chat}` makes the gateway fetch it from `WhatsApp`.
    Message(String),
}

/// What stands before a message's id.
const MESSAGE: &str = "message:";

impl MediaRef {
    /// The path if it is a harmless one on the gateway, else the message.
    pub(super) fn of(path: Option<&str>, message_id: &str) -> Self {
        let path = path.map(|p| p.trim().trim_start_matches("./"));
        match path.filter(|p| harmless(p)) {
            Some(path) => Self::Path(path.to_owned()),
            None => Self::Message(message_id.to_owned()),
        }
    }

    /// From `Media::reference`; `None` if it is none of ours.
    #[must_use]
    pub fn read(reference: &str) -> Option<Self> {
        match reference.strip_prefix(MESSAGE) {
            Some(id) => (!id.is_empty()).then(|| Self::Message(id.to_owned())),
            None => harmless(reference).then(|| Self::Path(reference.to_owned())),
        }
    }
}

impl fmt::Display for MediaRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Message(id) => write!(f, "{MESSAGE}{id}"),
        }
    }
}

/// Whether a path leads into the gateway's folder of files and nowhere else.
pub(super) fn harmless(path: &str) -> bool {
    let sound = |segment: &str| {
        !segment.is_empty()
            && !segment.bytes().all(|b| b == b'.')
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'))
    };
    path.len() <= 512 && path.strip_prefix("statics/").is_some_and(|rest| rest.split('/').all(sound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_in_the_gateways_folder() {
        for path in ["statics/media/1752404751-ad9e.jpe", "statics/media/628@s/2026-08-20/x.jpeg"] {
            let media = MediaRef::of(Some(path), "3EB0");
            assert_eq!(media, MediaRef::Path(path.into()));
            assert_eq!(MediaRef::read(&media.to_string()), Some(media));
        }
        for path in [
            "",
            "statics/",
            "/etc/passwd",
            "statics/../secret",
            "statics/media/%2e%2e/x",
            "http://192.0.2.1/x",
            "statics//x",
            "statics/a?b",
            "statics/a\\b",
        ] {
            assert_eq!(MediaRef::of(Some(path), "3EB0"), MediaRef::Message("3EB0".into()), "{path}");
            assert_eq!(MediaRef::read(path), None, "{path}");
        }
        assert_eq!(MediaRef::read("message:3EB0"), Some(MediaRef::Message("3EB0".into())));
        assert_eq!(MediaRef::read("message:"), None);
    }
}

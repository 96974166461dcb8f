//! What a file is, told from its first bytes.

/// The MIME type; nothing when it is none of those that phones show.
pub(crate) fn mime(head: &[u8]) -> Option<&'static str> {
    let at = |from: usize, mark: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(mark));
    Some(match head {
        _ if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if at(0, b"\xff\xd8\xff") => "image/jpeg",
        _ if at(0, b"GIF8") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        _ if at(0, b"OggS") => "audio/ogg",
        _ if at(0, b"ID3") || at(0, b"\xff\xfb") => "audio/mpeg",
        _ if at(0, b"#!AMR") => "audio/amr",
        _ if at(4, b"ftypM4A") => "audio/mp4",
        _ if at(4, b"ftyp3gp") => "video/3gpp",
        _ if at(4, b"ftyp") => "video/mp4",
        _ if at(0, b"\x1a\x45\xdf\xa3") => "video/webm",
        _ if at(0, b"%PDF-") => "application/pdf",
        _ => return None,
    })
}

/// Whether this is a WebP that moves: an extended one with the animation bit.
pub(crate) fn is_animated(head: &[u8]) -> bool {
    mime(head) == Some("image/webp")
        && head.get(12..16) == Some(b"VP8X")
        && head.get(20).is_some_and(|flags| flags & 0x02 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart() {
        assert_eq!(mime(b"\x89PNG\r\n\x1a\n\0\0"), Some("image/png"));
        assert_eq!(mime(b"RIFF\x1a\0\0\0WEBPVP8L"), Some("image/webp"));
        assert_eq!(mime(b"\0\0\0\x18ftypisom"), Some("video/mp4"));
        assert_eq!(mime(b"\0\0\0\x18ftypM4A "), Some("audio/mp4"));
        for unknown in [&b""[..], b"PNG", b"<html>", b"RIFF", b"PK\x03\x04"] {
            assert_eq!(mime(unknown), None);
        }
    }

    #[test]
    fn moving_stickers_say_so() {
        let extended = |flags: u8| [&b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0"[..], &[flags, 0, 0, 0]].concat();
        assert!(is_animated(&extended(0x12)));
        assert!(!is_animated(&extended(0x10)));
        assert!(!is_animated(b"RIFF\x1a\0\0\0WEBPVP8L\x0a\0\0\0\x12"));
    }
}

//! Files that people could have sent: pictures and documents made here, and a voice message, a sticker and a
//! clip that lie beside this text (`README.md` tells how those were made).

mod document;
mod picture;

use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use crate::{
    blob::{Blob, Blobs, StoreError},
    world::MediaKind,
};

const VOICE: &[u8] = include_bytes!("voice.ogg");
const STICKER: &[u8] = include_bytes!("sticker.webp");
const CLIP: &[u8] = include_bytes!("clip.mp4");
/// How large a file of a type is that nobody can make here.
const BLANK: u64 = 1_024;
/// Bytes that are written at once when a sample is made larger.
const PIECE: usize = 64 * 1024;

/// A file that can be made in any size.
pub(crate) struct Sample {
    pub(crate) mime: String,
    pub(crate) file_name: Option<&'static str>,
    head: &'static [u8],
    /// What makes it larger stands between head and tail.
    fill: u8,
    tail: &'static [u8],
}

/// A sample of this kind; pictures come in several. A document of another type than PDF has no sense in it.
pub(crate) fn of(kind: MediaKind, mime: Option<&str>, nth: u8) -> Sample {
    let fixed = |mime: &str, head| Sample { mime: mime.into(), file_name: None, head, fill: 0, tail: &[] };
    match (kind, mime) {
        (MediaKind::Image, _) => fixed("image/png", picture(nth)),
        (MediaKind::Video, _) => fixed("video/mp4", CLIP),
        (MediaKind::Audio, _) => fixed("audio/ogg", VOICE),
        (MediaKind::Voice, _) => fixed("audio/ogg; codecs=opus", VOICE),
        (MediaKind::Sticker, _) => fixed("image/webp", STICKER),
        (MediaKind::Document, None | Some("application/pdf")) => {
            let (head, tail) = document();
            let file_name = Some("invoice.pdf");
            Sample { mime: "application/pdf".into(), file_name, head, fill: b' ', tail }
        }
        (MediaKind::Document, Some(mime)) => {
            Sample { mime: mime.into(), file_name: Some("document"), head: &[], fill: b'.', tail: &[] }
        }
    }
}

impl Sample {
    /// The SHA-256 of its natural size.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        Sha256::new().chain_update(self.head).chain_update(self.tail).finalize().into()
    }

    /// Puts it into the store, made as large as that if it is said; says in words what cannot be.
    pub(crate) fn store(&self, blobs: &Blobs, size: Option<u64>) -> Result<Arc<Blob>, Refused> {
        let least = (self.head.len() + self.tail.len()) as u64;
        let size = size.unwrap_or(if least == 0 { BLANK } else { least });
        let Some(mut missing) = size.checked_sub(least) else {
            return Err(Refused::TooSmall { mime: self.mime.clone(), least });
        };
        let mut spool = blobs.begin();
        spool.write(self.head)?;
        let fill = vec![self.fill; PIECE];
        while missing > 0 {
            let piece = missing.min(PIECE as u64);
            spool.write(&fill[..piece as usize])?;
            missing -= piece;
        }
        spool.write(self.tail)?;
        Ok(spool.finish())
    }
}

/// Why a sample was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("a real {mime} has at least {least} bytes here; ask for a larger one, or send your own bytes")]
    TooSmall { mime: String, least: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn picture(nth: u8) -> &'static [u8] {
    static MADE: [OnceLock<Vec<u8>>; picture::COUNT] = [const { OnceLock::new() }; picture::COUNT];
    let nth = usize::from(nth) % picture::COUNT;
    // A test shows that it can be made.
    MADE[nth].get_or_init(|| picture::png(nth).unwrap_or_default())
}

fn document() -> (&'static [u8], &'static [u8]) {
    static MADE: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (head, tail) = MADE.get_or_init(document::pdf);
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::MediaKind::{Audio, Document, Image, Sticker, Video, Voice};

    fn made(kind: MediaKind, size: Option<u64>) -> Vec<u8> {
        of(kind, None, 0).store(&Blobs::default(), size).unwrap().read().unwrap()
    }

    fn little(bytes: &[u8]) -> u32 {
        u32::from_le_bytes(bytes[..4].try_into().unwrap())
    }

    /// The checksum of Ogg pages: polynomial 0x04c11db7, nothing reflected, nothing inverted (RFC 3533).
    fn ogg_crc(page: &[u8]) -> u32 {
        page.iter().fold(0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
                if crc & 0x8000_0000 == 0 { crc << 1 } else { crc << 1 ^ 0x04c1_1db7 }
            })
        })
    }

    #[test]
    fn samples_are_what_they_say() {
        for (kind, mime) in [
            (Image, "image/png"),
            (Video, "video/mp4"),
            (Audio, "audio/ogg"),
            (Voice, "audio/ogg"),
            (Document, "application/pdf"),
            (Sticker, "image/webp"),
        ] {
            let blobs = Blobs::default();
            let sample = of(kind, None, 3);
            let blob = sample.store(&blobs, None).unwrap();
            assert_eq!(blob.looks_like(), Some(mime));
            assert!(sample.mime.starts_with(mime));
            assert!(blob.size() < 100_000, "{kind:?}: {}", blob.size());
        }
    }

    #[test]
    fn every_picture_is_another_and_can_be_seen() {
        let mut seen = std::collections::HashSet::new();
        for nth in 0..picture::COUNT as u8 {
            let bytes = picture(nth);
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let frame = reader.next_frame(&mut pixels).unwrap();
            assert!(frame.width >= 300 && frame.height >= 200);
            assert!(seen.insert(bytes));
        }
    }

    #[test]
    fn the_voice_message_is_ogg_with_opus_in_it() {
        let mut rest = VOICE;
        let (mut pages, mut heads) = (0, Vec::new());
        while !rest.is_empty() {
            assert!(rest.starts_with(b"OggS\0"));
            let segments = usize::from(rest[26]);
            let content: usize = rest[27..27 + segments].iter().map(|length| usize::from(*length)).sum();
            let (page, after) = rest.split_at(27 + segments + content);
            let mut bare = page.to_vec();
            bare[22..26].fill(0);
            assert_eq!(ogg_crc(&bare), little(&page[22..]), "page {pages}");
            assert_eq!(little(&page[18..]), pages, "pages are numbered");
            heads.push(page[27 + segments..].to_vec());
            let last = page[5] & 4 != 0;
            assert_eq!(last, after.is_empty(), "only the last page says that it is the last");
            (rest, pages) = (after, pages + 1);
        }
        assert!(heads[0].starts_with(b"OpusHead\x01") && heads[1].starts_with(b"OpusTags"));
        assert!(pages > 2, "there is something to hear");
    }

    #[test]
    fn the_sticker_fills_its_square() {
        // A lossy or lossless WebP, or an extended one: all say their size within the first thirty bytes.
        let size = match &STICKER[12..16] {
            b"VP8X" => (little(&STICKER[24..28]) & 0xff_ffff) + 1,
            b"VP8L" => (little(&STICKER[21..25]) & 0x3fff) + 1,
            _ => little(&STICKER[26..30]) & 0x3fff,
        };
        assert_eq!(size, 512);
        assert!(STICKER.len() <= 100 * 1024, "Meta's limit");
    }

    #[test]
    fn a_document_of_any_size_can_be_found_its_way_about() {
        for size in [None, Some(50_000), Some(300_001)] {
            let bytes = made(Document, size);
            assert!(size.is_none_or(|size| bytes.len() as u64 == size));
            let end = bytes.len() - 40;
            let end = String::from_utf8_lossy(&bytes[end..]).into_owned();
            let start = end.split("startxref\n").nth(1).unwrap().lines().next().unwrap();
            let table = &bytes[start.parse::<usize>().unwrap()..];
            let table = String::from_utf8_lossy(&table[..table.len().min(400)]).into_owned();
            let mut lines = table.lines();
            assert_eq!(lines.next(), Some("xref"));
            let count: usize = lines.next().unwrap().strip_prefix("0 ").unwrap().parse().unwrap();
            assert_eq!(lines.next(), Some("0000000000 65535 f "));
            for number in 1..count {
                let at: usize = lines.next().unwrap()[..10].parse().unwrap();
                assert!(bytes[at..].starts_with(format!("{number} 0 obj").as_bytes()), "object {number}");
            }
            assert!(bytes.ends_with(b"%%EOF\n"));
        }
    }

    #[test]
    fn any_size_can_be_had_from_the_smallest_on() {
        for kind in [Image, Video, Audio, Voice, Document, Sticker] {
            assert_eq!(made(kind, Some(200_000)).len(), 200_000);
            let error = of(kind, None, 0).store(&Blobs::default(), Some(10)).unwrap_err();
            assert!(matches!(error, Refused::TooSmall { .. }), "{error}");
        }
        let sheet = of(Document, Some("text/csv"), 0);
        assert_eq!(sheet.store(&Blobs::default(), Some(10)).unwrap().size(), 10);
        assert_eq!(sheet.store(&Blobs::default(), None).unwrap().size(), BLANK);
    }
}

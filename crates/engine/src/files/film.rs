//! How large a film is, and how long films and sounds are, as their container says: ISO base media, which is MP4, M4A, 3GP
//! and `QuickTime`. Only heads of boxes and two small boxes are read, and not many of them, whatever a file claims.

use std::io::{Read, Seek, SeekFrom};

/// Boxes that are looked at before a file is given up.
const MOST_BOXES: u32 = 512;
/// A length that nobody knows, in both widths.
const UNKNOWN: [u64; 2] = [u32::MAX as u64, u64::MAX];

/// What a container tells of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Width and height as it is to be seen, below 65,536.
    pub(super) frame: Option<(u32, u32)>,
    /// Milliseconds.
    pub(super) duration: Option<u32>,
}

/// What a container tells; nothing if it is none, or damaged.
pub(super) fn told(mut from: impl Read + Seek) -> Told {
    let mut told = Told::default();
    let Ok(end) = from.seek(SeekFrom::End(0)) else { return told };
    let mut boxes = Boxes { from, left: MOST_BOXES };
    let Some(movie) = boxes.find(*b"moov", Part { kind: *b"file", start: 0, end }) else { return told };
    let mut at = movie.start;
    while let Some(part) = boxes.next(at, movie.end) {
        match &part.kind {
            b"mvhd" => told.duration = boxes.duration(part),
            b"trak" if told.frame.is_none() => told.frame = boxes.frame(part),
            _ => {}
        }
        at = part.end;
    }
    told
}

/// What a box holds, between two places of the file.
#[derive(Clone, Copy)]
struct Part {
    kind: [u8; 4],
    start: u64,
    end: u64,
}

struct Boxes<R> {
    from: R,
    left: u32,
}

impl<R: Read + Seek> Boxes<R> {
    /// The box that begins here. Each ends behind where it begins, so going on from there comes to an end.
    fn next(&mut self, at: u64, end: u64) -> Option<Part> {
        if at >= end {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let [a, b, c, d, kind @ ..] = self.bytes::<8>(at)?;
        let (head, size) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (8, end - at),
            1 => (16, u64::from_be_bytes(self.bytes(at.checked_add(8)?)?)),
            size => (8, u64::from(size)),
        };
        let (start, end) = (at.checked_add(head)?, at.checked_add(size)?.min(end));
        (start <= end).then_some(Part { kind, start, end })
    }

    /// The first box of a kind within another.
    fn find(&mut self, kind: [u8; 4], within: Part) -> Option<Part> {
        let mut at = within.start;
        loop {
            let part = self.next(at, within.end)?;
            if part.kind == kind {
                return Some(part);
            }
            at = part.end;
        }
    }

    /// How long all of it is, by the movie's head.
    fn duration(&mut self, head: Part) -> Option<u32> {
        let (scale, length) = if self.is_wide(head)? {
            (self.number(head, 20)?, u64::from_be_bytes(self.field(head, 24)?))
        } else {
            (self.number(head, 12)?, u64::from(self.number(head, 16)?))
        };
        if length == 0 || UNKNOWN.contains(&length) {
            return None;
        }
        u32::try_from(length.checked_mul(1_000)?.checked_div(u64::from(scale))?).ok()
    }

    /// How large the picture of a track is; sounds have none.
    fn frame(&mut self, track: Part) -> Option<(u32, u32)> {
        let head = self.find(*b"tkhd", track)?;
        let matrix = if self.is_wide(head)? { 52 } else { 40 };
        // Whole pixels stand in the upper half.
        let (width, height) = (self.number(head, matrix + 36)? >> 16, self.number(head, matrix + 40)? >> 16);
        // Phones film upright by turning: then nothing of a side stays in its direction.
        let turned = self.number(head, matrix)? == 0 && self.number(head, matrix + 16)? == 0;
        let frame = if turned { (height, width) } else { (width, height) };
        (width > 0 && height > 0).then_some(frame)
    }

    /// Whether times are written in eight bytes.
    fn is_wide(&mut self, head: Part) -> Option<bool> {
        self.field::<1>(head, 0).map(|[version]| version == 1)
    }

    fn number(&mut self, part: Part, at: u64) -> Option<u32> {
        self.field(part, at).map(u32::from_be_bytes)
    }

    fn field<const N: usize>(&mut self, part: Part, at: u64) -> Option<[u8; N]> {
        let from = part.start.checked_add(at)?;
        if from.checked_add(N as u64)? > part.end {
            return None;
        }
        self.bytes(from)
    }

    fn bytes<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.from.seek(SeekFrom::Start(at)).ok()?;
        self.from.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::{prelude::*, sample::Index};

    use super::*;

    fn boxed(kind: [u8; 4], inner: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inner.len() + 8).unwrap();
        [&size.to_be_bytes()[..], &kind, inner].concat()
    }

    /// Numbers of four bytes each.
    fn words(all: &[u32]) -> Vec<u8> {
        all.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    const STRAIGHT: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];
    const TURNED: [u32; 9] = [0, 1 << 16, 0, u32::MAX << 16, 0, 0, 0, 0, 1 << 30];

    fn track(width: u32, height: u32, matrix: [u32; 9]) -> Vec<u8> {
        let head = [&[0; 10][..], &matrix, &[width << 16, height << 16]].concat();
        boxed(*b"trak", &[boxed(*b"tkhd", &words(&head)), boxed(*b"mdia", &[])].concat())
    }

    fn film(head: &[u32], tracks: &[Vec<u8>]) -> Vec<u8> {
        let movie = boxed(*b"moov", &[boxed(*b"mvhd", &words(head)), tracks.concat()].concat());
        [boxed(*b"ftyp", b"isom\0\0\0\0"), boxed(*b"mdat", &[7; 99]), movie].concat()
    }

    fn of(bytes: &[u8]) -> Told {
        told(Cursor::new(bytes))
    }

    #[test]
    fn films_tell_how_large_and_how_long_they_are() {
        let sound = track(0, 0, STRAIGHT);
        let film_of = |matrix| film(&[0, 0, 0, 600, 7_500], &[sound.clone(), track(1_920, 1_080, matrix)]);
        assert_eq!(of(&film_of(STRAIGHT)), Told { frame: Some((1_920, 1_080)), duration: Some(12_500) });
        assert_eq!(of(&film_of(TURNED)).frame, Some((1_080, 1_920)));
        let long = film(&[1 << 24, 0, 0, 0, 0, 1_000, 0, 61_000], &[]);
        assert_eq!(of(&long), Told { frame: None, duration: Some(61_000) });
    }

    #[test]
    fn what_nobody_knows_is_not_told() {
        for head in [[0, 0, 0, 0, 9], [0, 0, 0, 600, 0], [0, 0, 0, 600, u32::MAX]] {
            assert_eq!(of(&film(&head, &[])), Told::default());
        }
        assert_eq!(of(b""), Told::default());
        assert_eq!(of(&boxed(*b"moov", &boxed(*b"mvhd", &[0; 12]))), Told::default(), "cut off");
        // A film that says that it ends before it begins, and one of nothing but heads.
        assert_eq!(of(&[0, 0, 0, 4, b'm', b'o', b'o', b'v']), Told::default());
        assert_eq!(of(&boxed(*b"free", &[]).repeat(100_000)), Told::default());
    }

    proptest! {
        #[test]
        fn no_file_does_any_harm(hurt in any::<Vec<(Index, u8)>>(), end in any::<Index>()) {
            let mut bytes = film(&[0, 0, 0, 600, 7_500], &[track(640, 360, STRAIGHT)]);
            for (at, byte) in hurt {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            of(&bytes[..end.index(bytes.len())]);
            let told = of(&bytes);
            prop_assert!(told.frame.is_none_or(|(width, height)| width < 1 << 16 && height < 1 << 16));
        }

        #[test]
        fn nor_does_noise(bytes in any::<Vec<u8>>()) {
            of(&[boxed(*b"moov", &bytes), bytes].concat());
        }
    }
}

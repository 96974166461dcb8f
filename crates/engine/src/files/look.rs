//! What is in a file, found out by looking: nobody's word is taken for it.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use balas_domain::file::WAVEFORM;
use image::{
    DynamicImage, ImageDecoder, ImageReader, Limits, codecs::jpeg::JpegEncoder, imageops::FilterType,
};

use super::film;

/// Bytes that tell what a file is.
const HEAD: usize = 8_192;
/// Pictures with a longer side are not opened: a few bytes of a picture can stand for gigabytes of pixels.
const LONGEST_SIDE: u32 = 12_000;
/// Memory that opening a picture may take.
const PICTURE_MEMORY: u64 = 256 << 20;
/// Longer side of a small picture.
const PREVIEW_SIDE: u32 = 640;
/// Side of what people show of themselves: twice the largest place where it is shown.
const SQUARE_SIDE: u32 = 128;
/// Quality of pictures that we write, 1–100.
const QUALITY: u8 = 82;
/// Opus counts samples at this rate, whatever was recorded.
const OPUS_RATE: u64 = 48_000;

/// What is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Its MIME type.
    pub(crate) mime: String,
    /// Of pictures and films: width and height in pixels as they are shown.
    pub(crate) frame: Option<(u32, u32)>,
    /// Of sounds and films: milliseconds.
    pub(crate) duration: Option<u32>,
    /// Of voice messages: how loud it is, 0–100 each.
    pub(crate) waveform: Vec<u8>,
    /// A small JPEG of it.
    pub(crate) preview: Option<Vec<u8>>,
}

/// Looks at a file. What cannot be opened is still a file: then only its type is known.
pub(crate) fn look(path: &Path) -> io::Result<Looked> {
    let mime = sniff(path)?;
    let mut looked = Looked { mime, ..Looked::default() };
    if is_picture(&looked.mime) {
        if let Some(picture) = open(path) {
            looked.frame = Some((picture.width(), picture.height()));
            looked.preview = preview(&picture);
        }
    } else if looked.mime == "audio/ogg"
        && let Some((duration, waveform)) = opus(path)
    {
        looked.duration = Some(duration);
        looked.waveform = waveform;
    } else if let "video/mp4" | "video/x-m4v" | "video/3gpp" | "video/quicktime" | "audio/mp4" =
        looked.mime.as_str()
    {
        let told = film::told(File::open(path)?);
        (looked.frame, looked.duration) = (told.frame, told.duration);
    }
    Ok(looked)
}

/// Whether we open files of this type.
fn is_picture(mime: &str) -> bool {
    matches!(mime, "image/jpeg" | "image/png" | "image/webp" | "image/gif")
}

/// Its MIME type by what stands at its beginning.
pub(crate) fn sniff(path: &Path) -> io::Result<String> {
    let mut head = Vec::with_capacity(HEAD);
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(type_of(&head).to_owned())
}

fn type_of(head: &[u8]) -> &'static str {
    match infer::get(head).map(|kind| kind.mime_type()) {
        // The same container by three names.
        Some("audio/opus" | "audio/ogg" | "application/ogg") => "audio/ogg",
        Some("audio/x-wav") => "audio/wav",
        Some("audio/m4a" | "audio/x-m4a") => "audio/mp4",
        // Marks of text are no sign of what it is; and a picture made of script is text.
        Some(known) if !known.starts_with("text/") && known != "image/svg+xml" => known,
        _ => written(head),
    }
}

/// Text, or nothing that anybody knows.
fn written(head: &[u8]) -> &'static str {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() && head.len() == HEAD => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return "application/octet-stream",
    };
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    if text.is_empty() || text.contains(odd) { "application/octet-stream" } else { "text/plain" }
}

/// Opens a picture as it is meant to be seen; `None` if it is none, damaged, or too large.
pub(crate) fn open(path: &Path) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(BufReader::new(File::open(path).ok()?)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(PICTURE_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let turned = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if let Some(turned) = turned {
        picture.apply_orientation(turned);
    }
    Some(picture)
}

fn preview(picture: &DynamicImage) -> Option<Vec<u8>> {
    let small = if picture.width().max(picture.height()) > PREVIEW_SIDE {
        picture.thumbnail(PREVIEW_SIDE, PREVIEW_SIDE)
    } else {
        picture.clone()
    };
    jpeg(&small)
}

/// The middle of a picture as a small square JPEG; `None` if it is no picture.
pub(crate) fn square(path: &Path) -> io::Result<Option<Vec<u8>>> {
    if !is_picture(&sniff(path)?) {
        return Ok(None);
    }
    Ok(open(path).and_then(|picture| {
        let side = picture.width().min(picture.height()).clamp(1, SQUARE_SIDE);
        jpeg(&picture.resize_to_fill(side, side, FilterType::Triangle))
    }))
}

/// As a JPEG, on white where one can look through it. Nothing of the original file but its pixels is in it.
pub(crate) fn jpeg(picture: &DynamicImage) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let flat = if picture.color().has_alpha() {
        let mut flat = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([255; 4]));
        image::imageops::overlay(&mut flat, &picture.to_rgba8(), 0, 0);
        DynamicImage::ImageRgba8(flat).to_rgb8()
    } else {
        picture.to_rgb8()
    };
    JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&flat).ok()?;
    Some(out)
}

/// How long a voice message is, and how loud from beginning to end. Opus spends more bytes on what is louder, so the
/// sizes of its packets draw the picture without any of them being decoded.
fn opus(path: &Path) -> Option<(u32, Vec<u8>)> {
    let file = File::open(path).ok()?;
    let mut packets = ogg::PacketReader::new(BufReader::new(file));
    let head = packets.read_packet().ok()??;
    if !head.data.starts_with(b"OpusHead") || head.data.len() < 19 {
        return None;
    }
    let before = u64::from(u16::from_le_bytes([head.data[10], head.data[11]]));
    packets.read_packet().ok()??;
    let (mut sizes, mut end) = (Vec::new(), 0);
    // What is broken off is as long as it is.
    while let Ok(Some(packet)) = packets.read_packet() {
        if sizes.len() >= 1 << 20 {
            break;
        }
        sizes.push(packet.data.len());
        end = end.max(packet.absgp_page());
    }
    let samples = end.saturating_sub(before);
    let duration = u32::try_from(samples * 1_000 / OPUS_RATE).unwrap_or(u32::MAX);
    Some((duration, bars(&sizes)))
}

/// The sizes as bars of 0–100.
fn bars(sizes: &[usize]) -> Vec<u8> {
    if sizes.is_empty() {
        return Vec::new();
    }
    let bar = |n: usize| {
        let from = n * sizes.len() / WAVEFORM;
        let to = ((n + 1) * sizes.len() / WAVEFORM).max(from + 1).min(sizes.len());
        sizes.get(from..to).map_or(0, |part| part.iter().sum::<usize>() / part.len().max(1))
    };
    let bars: Vec<usize> = (0..WAVEFORM).map(bar).collect();
    let loudest = bars.iter().copied().max().unwrap_or(1).max(1);
    bars.into_iter().map(|bar| u8::try_from(bar * 100 / loudest).unwrap_or(100)).collect()
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbImage};
    use rstest::rstest;

    use super::*;

    fn opened(bytes: &[u8]) -> Option<DynamicImage> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        open(&path)
    }

    fn drawn(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = io::Cursor::new(Vec::new());
        RgbImage::new(width, height).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    /// What looks like two things is the one of which no harm comes, or is not shown.
    #[rstest]
    #[case::page(b"<!doctype html><script>alert(1)</script>", "text/plain")]
    #[case::page_behind_a_mark(b"\xef\xbb\xbf<html>", "text/plain")]
    #[case::page_behind_space(b" \n\t<html><body onload=alert(1)>", "text/plain")]
    #[case::drawing(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain")]
    #[case::style(b"<?xml version='1.0'?><?xml-stylesheet href='javascript:alert(1)'?><a/>", "text/plain")]
    #[case::page_in_other_letters(b"\xff\xfe<\0h\0t\0m\0l\0>\0", "application/octet-stream")]
    #[case::page_behind_a_zero(b"\0<html><script>alert(1)</script>", "application/octet-stream")]
    #[case::picture_and_script(b"GIF89a/*<svg/onload=alert(1)>*/=1;alert(1)", "image/gif")]
    #[case::nothing(b"", "application/octet-stream")]
    fn types_are_found_by_looking(#[case] bytes: &[u8], #[case] mime: &str) {
        assert_eq!(type_of(bytes), mime);
    }

    #[test]
    fn what_has_too_long_a_side_is_not_opened() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
            assert!(opened(&drawn(LONGEST_SIDE, 1, format)).is_some(), "{format:?}");
            assert!(opened(&drawn(1, LONGEST_SIDE + 1, format)).is_none(), "{format:?}");
        }
    }

    fn squared(bytes: &[u8]) -> Option<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        square(&path).unwrap()
    }

    #[rstest]
    #[case::wide(640, 320, 128)]
    #[case::high(200, 900, 128)]
    #[case::small(96, 96, 96)]
    #[case::tiny(1, 40, 1)]
    fn what_people_show_becomes_a_small_square(#[case] width: u32, #[case] height: u32, #[case] side: u32) {
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let bytes = squared(&drawn(width, height, format)).unwrap();
            assert_eq!(type_of(&bytes), "image/jpeg");
            let small = image::load_from_memory(&bytes).unwrap();
            assert_eq!((small.width(), small.height()), (side, side));
        }
    }

    /// Only pixels get through.
    #[test]
    fn nothing_but_what_is_seen_of_a_picture_is_kept() {
        let mut photo = drawn(40, 40, ImageFormat::Jpeg);
        let comment = b"taken at home";
        let length = u16::try_from(comment.len() + 2).unwrap().to_be_bytes();
        let segment: Vec<u8> = [&[0xff, 0xfe][..], &length, comment].concat();
        photo.splice(2..2, segment);
        photo.extend(b"<script>alert(1)</script>");
        let square = squared(&photo).unwrap();
        for secret in [&comment[..], b"<script"] {
            assert!(!square.windows(secret.len()).any(|part| part == secret));
        }
        for other in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"<html>", b""] {
            assert_eq!(squared(other), None);
        }
    }

    /// Whole pictures of which the first bytes say that they are huge: nothing is taken for them before that is known.
    #[test]
    fn what_says_that_it_is_huge_is_not_opened() {
        let mut png = drawn(16, 16, ImageFormat::Png);
        png[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        let mut gif = drawn(16, 16, ImageFormat::Gif);
        gif[6..10].copy_from_slice(&[0xff; 4]);
        let mut jpeg = drawn(16, 16, ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|mark| mark == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        for bomb in [png, gif, jpeg] {
            assert!(opened(&bomb).is_none());
        }
    }

    #[test]
    fn what_is_broken_off_has_no_picture() {
        for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let whole = drawn(64, 64, format);
            for length in [0, 4, 12, 20, whole.len() / 2] {
                assert!(opened(&whole[..length]).is_none(), "{format:?} {length}");
            }
        }
    }
}

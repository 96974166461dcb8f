//! The files that a gateway keeps below `statics/`: pictures of QR codes, and what came with messages.

use balas_domain::Timestamp;
use qrcode::{Color, QrCode};

use crate::{
    config::{Gateway, GatewayVersion},
    world::{Attachment, MediaKind, event::Said},
};

/// Pixels per module of a QR code.
const SCALE: usize = 8;
/// White modules around it.
const QUIET: usize = 4;

/// A QR code as a picture.
pub(crate) fn qr_png(content: &str) -> Option<Vec<u8>> {
    let code = QrCode::new(content).ok()?;
    let modules = code.width();
    let colors = code.to_colors();
    let side = (modules + 2 * QUIET) * SCALE;
    let dark = |x: usize, y: usize| {
        let module = |pixel: usize| (pixel / SCALE).checked_sub(QUIET).filter(|module| *module < modules);
        match (module(x), module(y)) {
            (Some(x), Some(y)) => colors.get(y * modules + x) == Some(&Color::Dark),
            _ => false,
        }
    };
    let pixels: Vec<u8> =
        (0..side * side).map(|index| if dark(index % side, index / side) { 0 } else { 255 }).collect();
    png(side, &pixels)
}

/// A square picture in shades of grey.
fn png(side: usize, pixels: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let side = u32::try_from(side).ok()?;
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

/// Whether messages of this type come with a file.
pub(crate) fn is_media(kind: &str) -> bool {
    matches!(kind, "image" | "video" | "audio" | "document" | "sticker")
}

/// The MIME type of a message's file.
pub(crate) fn mime(said: &Said) -> &str {
    let own = said.media.as_ref().map(|file| file.mime.as_str());
    own.or_else(|| said.body["mime_type"].as_str())
        .or_else(|| MediaKind::of(&said.kind, &said.body).map(MediaKind::mime))
        .unwrap_or_default()
}

/// The name of a document, as the version tells it that fetches nothing by itself.
pub(crate) fn told_name(said: &Said) -> &str {
    said.media
        .as_ref()
        .and_then(|file| file.file_name.as_deref())
        .unwrap_or_else(|| said.body["filename"].as_str().unwrap_or_default())
}

/// Where the gateway puts a message's file as soon as it hears of it, if it does.
pub(crate) fn path(said: &Said, gateway: &Gateway) -> Option<String> {
    let fetches = gateway.auto_download || gateway.version == GatewayVersion::V7;
    if !is_media(&said.kind) || !fetches {
        return None;
    }
    let extension = extension(mime(said), Some(told_name(said)), gateway.version);
    Some(format!("statics/media/{}-{}.{extension}", said.at.as_seconds(), safe(&said.id)))
}

/// Where the gateway puts a message's file when it is told to fetch it: in a folder of the chat.
pub(crate) fn fetched_path(chat: &str, id: &str, at: Timestamp, file: &Attachment) -> String {
    let chat = chat.split('@').next().unwrap_or(chat);
    let day = at.to_string();
    let day = day.split('T').next().unwrap_or_default();
    let extension = extension(&file.mime, file.file_name.as_deref(), GatewayVersion::V9);
    format!("statics/media/{chat}/{day}/{}-{}.{extension}", at.as_seconds(), safe(id))
}

/// Where WhatsApp itself keeps a file: locked, and not to be reached from here.
pub(crate) fn sealed_url(id: &str) -> String {
    format!("https://mmg.whatsapp.net/v/{}.enc", safe(id))
}

/// An id as part of a file's name.
fn safe(id: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    id.chars().map(keep).collect()
}

/// What a file's name ends with. Which word stands for a photo depends on the library of the version.
fn extension<'a>(mime: &str, name: Option<&'a str>, version: GatewayVersion) -> &'a str {
    let plain = mime.split(';').next().unwrap_or_default().trim();
    let known = match plain {
        "image/jpeg" if version == GatewayVersion::V7 => "jpe",
        "image/jpeg" => "jpeg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "audio/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/amr" => "amr",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        _ => "",
    };
    let own = name.and_then(|name| name.rsplit_once('.')).map(|(_, own)| own);
    match (known, own) {
        ("", Some(own)) if (1..=8).contains(&own.len()) && own.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            own
        }
        ("", _) => "bin",
        (known, _) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_is_a_sharp_picture() {
        let content = "2@0123456789abcdef,0123456789abcdef,0123456789abcdef,0123456789abcdef";
        let bytes = qr_png(content).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        let side = frame.width as usize;
        assert_eq!(frame.width, frame.height);
        let at = |x: usize, y: usize| pixels[y * side + x];
        assert_eq!(at(0, 0), 255, "a quiet zone surrounds it");
        // The finder pattern in the corner: dark, light, dark.
        let corner = QUIET * SCALE;
        assert_eq!(
            [
                at(corner, corner),
                at(corner + SCALE, corner + SCALE),
                at(corner + 3 * SCALE, corner + 3 * SCALE)
            ],
            [0, 255, 0]
        );
        assert!(pixels.iter().all(|pixel| matches!(pixel, 0 | 255)));
    }

    #[test]
    fn files_are_named_after_what_they_are() {
        for (mime, name, expected) in [
            ("image/jpeg", None, "jpeg"),
            ("audio/ogg; codecs=opus", None, "ogg"),
            ("application/pdf", Some("invoice.exe"), "pdf"),
            ("application/vnd.ms-excel", Some("sheet.xls"), "xls"),
            ("application/vnd.ms-excel", Some("../../etc/passwd"), "bin"),
            ("application/vnd.ms-excel", None, "bin"),
        ] {
            assert_eq!(extension(mime, name, GatewayVersion::V9), expected, "{mime} {name:?}");
        }
        assert_eq!(extension("image/jpeg", None, GatewayVersion::V7), "jpe");
        assert_eq!(safe("3A00_é/.."), "3a00-----");
    }
}

//! The files that a gateway keeps below `statics/`: pictures of QR codes, and what came with messages.

use balas_domain::Timestamp;
use qrcode::{Color, QrCode};
use serde_json::Value;

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

/// What came with a message, for every type that a gateway stores: a small file of the right kind.
pub(crate) fn media(file: &str) -> Option<(&'static str, Vec<u8>)> {
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension {
        // A picture is a PNG whatever it is called: the gateway does not look inside either.
        "jpeg" | "jpe" | "png" => ("image/png", png(64, &[128; 64 * 64])?),
        "webp" => (
            "image/webp",
            b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0".to_vec(),
        ),
        "ogg" => ("audio/ogg", b"OggS\0\x02\0\0\0\0\0\0\0\0OpusHead".to_vec()),
        "mp4" => ("video/mp4", b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2".to_vec()),
        "pdf" => (
            "application/pdf",
            b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec(),
        ),
        _ => return None,
    })
}

/// Whether messages of this type come with a file.
pub(crate) fn is_media(kind: &str) -> bool {
    matches!(kind, "image" | "video" | "audio" | "document" | "sticker")
}

/// The MIME type of a message's file.
pub(crate) fn mime<'a>(kind: &str, body: &'a Value) -> &'a str {
    body["mime_type"].as_str().unwrap_or(match kind {
        "image" => "image/jpeg",
        "video" => "video/mp4",
        "audio" => "audio/ogg; codecs=opus",
        "sticker" => "image/webp",
        _ => "application/pdf",
    })
}

/// Where the gateway puts a message's file. `jpeg` is what the version calls photos.
pub(crate) fn path(id: &str, at: Timestamp, kind: &str, jpeg: &str) -> String {
    let extension = match kind {
        "image" => jpeg,
        "video" => "mp4",
        "audio" => "ogg",
        "sticker" => "webp",
        _ => "pdf",
    };
    format!("statics/media/{}-{}.{extension}", at.as_seconds(), id.to_ascii_lowercase())
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
    fn every_kind_has_a_file() {
        for kind in ["image", "video", "audio", "document", "sticker"] {
            assert!(is_media(kind));
            assert!(media(&path("3A00", Timestamp::from_seconds(1), kind, "jpe")).is_some(), "{kind}");
        }
        assert!(media("passwd").is_none());
    }
}

//! Stickers. A WebP of the right measures goes as it is, moving or not; any other picture is drawn onto a square that one
//! can look through.

use std::{fs::File, io::Read, path::Path};

use balas_domain::{
    media::{self, SendAs},
    view::ProviderKind,
};
use image::{RgbaImage, imageops};

use super::{StorageError, UploadRefused, look};
use crate::error::EngineError;

/// Stickers are so wide and high.
const SIDE: u32 = 512;
/// How good a sticker is at first, and how good if it has too many bytes so; 0–100.
const QUALITIES: [f32; 5] = [90.0, 75.0, 55.0, 30.0, 10.0];
/// Bytes that tell what else is in a WebP.
const START: usize = 32;

/// Which byte of a WebP tells that, and the bits of it for what cameras and programs write into pictures.
const FLAGS: usize = 20;
const WRITTEN: u8 = 0b1100;

/// The sticker that a picture makes; `None` if it is one already.
pub(super) fn made(from: &Path, mime: &str) -> Result<Option<Vec<u8>>, EngineError> {
    let disk = |error| EngineError::from(StorageError::Disk(error));
    let mut start = Vec::with_capacity(START);
    let mut file = File::open(from).map_err(disk)?;
    let size = file.metadata().map_err(disk)?.len();
    file.by_ref().take(START as u64).read_to_end(&mut start).map_err(disk)?;
    let picture = look::open(from).ok_or(UploadRefused::NoSticker)?;
    let animated = media::moves(&start);
    let written =
        start.get(FLAGS).is_some_and(|flags| flags & WRITTEN != 0) && start.get(12..16) == Some(b"VP8X");
    let fits =
        mime == "image/webp" && (picture.width(), picture.height()) == (SIDE, SIDE) && size <= most(animated);
    // What moves cannot be drawn anew, and no camera has made it.
    if fits && (animated || !written) {
        return Ok(None);
    }
    if animated {
        return Err(UploadRefused::StickerMoves.into());
    }
    let small = picture.resize(SIDE, SIDE, imageops::FilterType::Triangle).to_rgba8();
    let mut square = RgbaImage::new(SIDE, SIDE);
    let (x, y) = ((SIDE - small.width()) / 2, (SIDE - small.height()) / 2);
    imageops::replace(&mut square, &small, x.into(), y.into());
    let encoder = webp::Encoder::from_rgba(&square, SIDE, SIDE);
    let sticker = QUALITIES.into_iter().find_map(|quality| {
        let sticker = encoder.encode_simple(false, quality).ok()?;
        (sticker.len() as u64 <= most(false)).then(|| sticker.to_vec())
    });
    Ok(Some(sticker.ok_or(UploadRefused::NoSticker)?))
}

/// What phones show as a sticker. Gateways take more, and would make another of it.
const fn most(animated: bool) -> u64 {
    media::limit(ProviderKind::Cloud, SendAs::Sticker, animated).bytes
}

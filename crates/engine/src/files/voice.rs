//! Recordings of browsers become what `WhatsApp` plays as voice messages: Opus in Ogg. The sound itself stays as it was
//! recorded; only its container is another (RFC 7845).

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::Path,
};

use matroska_demuxer::{Frame, MatroskaFile};
use ogg::writing::{PacketWriteEndInfo, PacketWriter};

/// Identifies the one stream in the file; any number does.
const SERIAL: u32 = 0x0ba1_a500;
/// Longest recording, in packets: three hours of 20 ms.
const MOST_PACKETS: usize = 540_000;
/// Samples that a page holds before the next one begins: one second, so that players can seek.
const PAGE: u64 = 48_000;

/// Why a recording cannot be made a voice message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VoiceError {
    /// Not the container.
    #[error("the recording cannot be read: {0}")]
    Unreadable(String),
    /// Not the sound in it.
    #[error("the recording holds no Opus sound")]
    NotOpus,
    /// The disk.
    #[error("a file on the server could not be written: {0}")]
    Disk(#[from] std::io::Error),
}

/// Writes the Opus sound of a `WebM` recording into an Ogg file.
///
/// # Errors
/// When there is none in it.
pub(crate) fn webm_to_ogg(from: &Path, to: &Path) -> Result<(), VoiceError> {
    let unreadable = |error: matroska_demuxer::DemuxError| VoiceError::Unreadable(error.to_string());
    let mut recording = MatroskaFile::open(BufReader::new(File::open(from)?)).map_err(unreadable)?;
    let track =
        recording.tracks().iter().find(|track| track.codec_id() == "A_OPUS").ok_or(VoiceError::NotOpus)?;
    let number = track.track_number().get();
    let head = track.codec_private().filter(|head| head.starts_with(b"OpusHead") && head.len() >= 19);
    let head = head.ok_or(VoiceError::NotOpus)?.to_vec();
    let before = u64::from(u16::from_le_bytes([head[10], head[11]]));

    let mut out = PacketWriter::new(BufWriter::new(File::create(to)?));
    out.write_packet(head, SERIAL, PacketWriteEndInfo::EndPage, 0)?;
    out.write_packet(tags(), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
    // The last packet has to say so, so each is written when the next one is there.
    let (mut waiting, mut samples, mut page, mut packets) = (None::<Vec<u8>>, before, before, 0);
    let mut frame = Frame::default();
    while packets < MOST_PACKETS {
        match recording.next_frame(&mut frame) {
            Ok(true) => {}
            Ok(false) => break,
            // A recording that was broken off is as long as it is.
            Err(_) if waiting.is_some() => break,
            Err(error) => return Err(unreadable(error)),
        }
        if frame.track != number || frame.data.is_empty() {
            continue;
        }
        if let Some(packet) = waiting.replace(std::mem::take(&mut frame.data)) {
            samples += u64::from(length(&packet));
            let full = samples - page >= PAGE;
            let end = if full { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            page = if full { samples } else { page };
            out.write_packet(packet, SERIAL, end, samples)?;
        }
        packets += 1;
    }
    let last = waiting.ok_or(VoiceError::NotOpus)?;
    samples += u64::from(length(&last));
    out.write_packet(last, SERIAL, PacketWriteEndInfo::EndStream, samples)?;
    out.into_inner().flush()?;
    Ok(())
}

/// The comment header, which must be there: who wrote it, and no comments.
fn tags() -> Vec<u8> {
    const VENDOR: &[u8] = b"Balas";
    let mut tags = b"OpusTags".to_vec();
    tags.extend_from_slice(&(VENDOR.len() as u32).to_le_bytes());
    tags.extend_from_slice(VENDOR);
    tags.extend_from_slice(&0_u32.to_le_bytes());
    tags
}

/// How many samples a packet holds, by its first byte (RFC 6716, section 3.1).
fn length(packet: &[u8]) -> u32 {
    let Some(&first) = packet.first() else { return 0 };
    let frame = match first >> 3 {
        // SILK: 10, 20, 40, 60 ms.
        config @ 0..12 => [480, 960, 1_920, 2_880][usize::from(config % 4)],
        // Hybrid: 10, 20 ms.
        config @ 12..16 => [480, 960][usize::from(config % 2)],
        // CELT: 2.5, 5, 10, 20 ms.
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1).copied().unwrap_or_default() & 0x3f),
    };
    frame * frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_tell_their_length() {
        for (first, second, samples) in [
            (0b0000_0000, 0, 480),
            (0b0001_1000, 0, 2_880),
            (0b0110_1001, 0, 1_920),
            (0b1111_1000, 0, 960),
            (0b1110_0011, 4, 480),
        ] {
            assert_eq!(length(&[first, second]), samples, "{first:08b}");
        }
        assert_eq!(length(&[]), 0);
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        for bytes in [&b""[..], b"OggS", &[0x1a, 0x45, 0xdf, 0xa3, 0x80], &[0xff; 4_096]] {
            std::fs::write(&from, bytes).unwrap();
            assert!(matches!(webm_to_ogg(&from, &to), Err(VoiceError::Unreadable(_) | VoiceError::NotOpus)));
        }
    }
}

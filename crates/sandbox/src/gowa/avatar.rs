//! `GET /user/avatar`: what a phone or group shows as its picture. Really it lies at WhatsApp, where nobody gets from here;
//! so it lies on the gateway.

use serde_json::json;

use super::{
    answer::{Answer, Done, Refusal},
    call::Call,
    jid, no_route,
};

/// Sides of the small and the large picture, in pixels.
const SMALL: u32 = 96;
const LARGE: u32 = 640;

pub(super) fn ask(call: &Call<'_>) -> Answer {
    let who = jid::recipient(call.parameter("phone")?)?;
    call.linked()?;
    let state = call.state();
    let shown = jid::key(&state, &who).and_then(|key| state.picture(&key).map(|nth| (key, nth)));
    let (key, nth) = shown.ok_or_else(|| Refusal::internal("no avatar found"))?;
    let preview = call.query.get("is_preview").is_some_and(|asked| asked == "true");
    let size = if preview { "preview" } else { "image" };
    let url = format!("{}/statics/avatar/{size}/{nth}-{key}.png", call.base_url());
    Ok(Done::new("Success get avatar", json!({"url": url, "id": format!("17556500{nth:02}"), "type": size})))
}

/// The bytes, for as long as it is what is shown.
pub(super) fn file(call: &Call<'_>, size: &str, name: &str) -> Answer {
    let side = if size == "preview" { SMALL } else { LARGE };
    let shown = name.strip_suffix(".png").and_then(|name| name.split_once('-')).and_then(|(nth, key)| {
        let nth = nth.parse().ok()?;
        (call.state().picture(key) == Some(nth)).then(|| drawn(key, nth, side))?
    });
    Ok(Done::File("image/png", shown.ok_or_else(|| no_route(call))?))
}

/// Head and shoulders in two colours, each picture of each phone another.
fn drawn(key: &str, nth: u32, side: u32) -> Option<Vec<u8>> {
    let seed = key.bytes().fold(nth.wrapping_mul(0x9e37_79b9) ^ 0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let [red, green, blue, _] = seed.to_le_bytes();
    let (dark, light) = ([red / 2, green / 2, blue / 2], [128 + red / 2, 128 + green / 2, 128 + blue / 2]);
    let (middle, unit) = (i64::from(side) / 2, i64::from(side) / 8);
    let within = |x: i64, y: i64, at: i64, radius: i64| {
        let (x, y) = (x - middle, y - at);
        x * x + y * y < radius * radius
    };
    let mut pixels = Vec::with_capacity(side as usize * side as usize * 3);
    for y in 0..i64::from(side) {
        for x in 0..i64::from(side) {
            let person = within(x, y, unit * 3, unit * 3 / 2) || within(x, y, unit * 8, unit * 3);
            pixels.extend(if person { light } else { dark });
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_another() {
        let one = drawn("6281200001111", 1, SMALL).unwrap();
        assert_eq!(Some(&one), drawn("6281200001111", 1, SMALL).as_ref());
        assert_ne!(Some(&one), drawn("6281200001111", 2, SMALL).as_ref());
        assert_ne!(Some(&one), drawn("6281200002222", 1, SMALL).as_ref());
    }
}

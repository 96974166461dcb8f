//! Where something is, as people paste it: coordinates, or a link of a map.

use crate::content::is_place;

/// Names that maps give to a point in their links, those that mean a chosen place before those that mean what is seen.
const POINTS: [&str; 7] = ["q=", "query=", "ll=", "destination=", "center=", "geo:", "@"];

/// Latitude and longitude in a text: `-6.2, 106.8`, `geo:-6.2,106.8`, or a link of Google Maps, Apple's or
/// OpenStreetMap. Short links hold no coordinates; one has to open those first.
#[must_use]
pub fn find(text: &str) -> Option<(f64, f64)> {
    let text = text.trim().replace("%2C", ",").replace("%2c", ",");
    let sound =
        |(latitude, longitude): (f64, f64)| is_place(latitude, longitude).then_some((latitude, longitude));
    if let Some(found) = pair(&text, ",; \t").filter(|(_, rest)| rest.is_empty()).and_then(|(p, _)| sound(p))
    {
        return Some(found);
    }
    // Google's name for the place itself; `@` is only the middle of the map.
    let named = |latitude: &str, longitude: &str| {
        let number_after =
            |key: &str| text.split_once(key).and_then(|(_, rest)| number(rest)).map(|(n, _)| n);
        number_after(latitude).zip(number_after(longitude)).and_then(sound)
    };
    named("!3d", "!4d").or_else(|| named("mlat=", "mlon=")).or_else(|| {
        let at = |key: &str| {
            text.split_once(key).and_then(|(_, rest)| pair(rest, ",")).and_then(|(p, _)| sound(p))
        };
        POINTS.into_iter().find_map(at).or_else(|| {
            // #map=16/-6.2/106.8
            let (_, rest) = text.split_once("#map=")?.1.split_once('/')?;
            pair(rest, "/").and_then(|(p, _)| sound(p))
        })
    })
}

/// Two numbers with something between them, and what follows.
fn pair<'a>(text: &'a str, between: &str) -> Option<((f64, f64), &'a str)> {
    let (first, rest) = number(text)?;
    let second = rest.trim_start_matches(|c| between.contains(c) || c == ' ' || c == '+');
    if second.len() == rest.len() {
        return None;
    }
    let (second, rest) = number(second)?;
    Some(((first, second), rest))
}

/// A decimal number at the beginning, and what follows. By whole numbers: reading fractions weighs much in a browser.
fn number(text: &str) -> Option<(f64, &str)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let (mut value, mut scale, mut seen) = (0_i64, 1_i64, None);
    let mut end = 0;
    for (at, c) in digits.char_indices() {
        match c.to_digit(10) {
            // Beyond a millionth of a millimetre nobody looks.
            Some(_) if value > 1_000_000_000_000_000 => {}
            Some(digit) => {
                value = value * 10 + i64::from(digit);
                if seen.is_some() {
                    scale *= 10;
                }
            }
            None if c == '.' && seen.is_none() && at > 0 => seen = Some(at),
            None => break,
        }
        end = at + c.len_utf8();
    }
    (end > 0).then(|| (sign * value as f64 / scale as f64, &digits[end..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_found() {
        for (text, latitude, longitude) in [
            ("-6.2, 106.816666", -6.2, 106.816_666),
            (" -6.2;106.8 ", -6.2, 106.8),
            ("-6 106", -6.0, 106.0),
            ("geo:-6.2,106.8?z=15", -6.2, 106.8),
            ("https://maps.google.com/?q=-6.2,106.8", -6.2, 106.8),
            ("https://www.google.com/maps/search/?api=1&query=-6.2%2C106.8", -6.2, 106.8),
            ("https://www.google.com/maps/@-6.2,106.8,15z", -6.2, 106.8),
            (
                "https://www.google.com/maps/place/Monas/@-6.17,106.82,17z/data=!3m1!4b1!4m6!3m5!8m2!3d-6.1754!4d106.8272",
                -6.1754,
                106.8272,
            ),
            ("https://maps.apple.com/?ll=-6.2,106.8&q=Kantor", -6.2, 106.8),
            ("https://www.openstreetmap.org/?mlat=-6.2&mlon=106.8#map=16/-6.3/106.9", -6.2, 106.8),
            ("https://www.openstreetmap.org/#map=16/-6.2/106.8", -6.2, 106.8),
        ] {
            assert_eq!(find(text), Some((latitude, longitude)), "{text}");
        }
    }

    #[test]
    fn nothing_is_made_up() {
        for text in [
            "",
            "Jalan Sudirman 12, 10220",
            "https://maps.app.goo.gl/abcDEF",
            "https://maps.google.com/?q=Kantor+Pusat",
            "91, 0",
            "0, 181",
            "12",
            "-",
            "., .",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_place_comes_back(latitude in -90.0_f64..=90.0, longitude in -180.0_f64..=180.0) {
            let (a, b) = find(&format!("{latitude:.6},{longitude:.6}")).unwrap();
            prop_assert!((a - latitude).abs() < 1e-6 && (b - longitude).abs() < 1e-6);
        }

        #[test]
        fn nothing_panics(text in "\\PC*") {
            let _ = find(&text);
        }
    }
}

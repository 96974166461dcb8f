//! Times as the gateway writes and reads them: RFC 3339, with the offset of its container's clock.

use balas_domain::Timestamp;

/// To the second, at this many minutes ahead of UTC.
pub(crate) fn written(at: Timestamp, offset_minutes: i32) -> String {
    if offset_minutes == 0 {
        return at.to_string();
    }
    let (date, clock) = parts(at, offset_minutes);
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let offset = offset_minutes.unsigned_abs();
    format!("{date}T{clock}{sign}{:02}:{:02}", offset / 60, offset % 60)
}

/// As Go prints a time in sentences: `2026-08-20 10:30:00 +0700 +0700`.
pub(crate) fn in_words(at: Timestamp, offset_minutes: i32) -> String {
    let (date, clock) = parts(at, offset_minutes);
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let offset = offset_minutes.unsigned_abs();
    let offset = format!("{sign}{:02}{:02}", offset / 60, offset % 60);
    let zone = if offset_minutes == 0 { "UTC" } else { &offset };
    format!("{date} {clock} {offset} {zone}")
}

fn parts(at: Timestamp, offset_minutes: i32) -> (String, String) {
    let c = at.civil(offset_minutes * 60);
    (
        format!("{:04}-{:02}-{:02}", c.year, c.month, c.day),
        format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second),
    )
}

/// Reads a time in RFC 3339; a fraction of a second is dropped.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let zone = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone);
    let numbers = |text: &str, mark: char| -> Option<Vec<i64>> {
        text.split(mark).map(|part| part.parse().ok()).collect()
    };
    let [year, month, day] = numbers(date, '-')?.try_into().ok()?;
    let clock = clock.split('.').next().unwrap_or_default();
    let [hour, minute, second] = numbers(clock, ':')?.try_into().ok()?;
    let sound = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !sound {
        return None;
    }
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let [hours, minutes] = numbers(zone.get(1..)?, ':')?.try_into().ok()?;
            let offset = hours * 3_600 + minutes * 60;
            if zone.starts_with('-') { -offset } else { offset }
        }
    };
    // Civil date to days after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    Some(Timestamp::from_seconds(days * 86_400 + hour * 3_600 + minute * 60 + second - offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for seconds in [0, 1_709_210_096, 1_800_000_000, 951_782_400, 4_102_444_799] {
            let at = Timestamp::from_seconds(seconds);
            for offset in [0, 420, -210] {
                assert_eq!(read(&written(at, offset)), Some(at), "{}", written(at, offset));
            }
        }
        assert_eq!(written(Timestamp::from_seconds(1_709_210_096), 420), "2024-02-29T19:34:56+07:00");
        assert_eq!(in_words(Timestamp::from_seconds(1_709_210_096), 420), "2024-02-29 19:34:56 +0700 +0700");
        assert_eq!(in_words(Timestamp::from_seconds(1_709_210_096), 0), "2024-02-29 12:34:56 +0000 UTC");
        assert_eq!(read("2024-02-29T12:34:56.789Z"), Some(Timestamp::from_seconds(1_709_210_096)));
        for bad in [
            "",
            "yesterday",
            "2024-02-29",
            "2024-13-01T00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T25:00:00Z",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}

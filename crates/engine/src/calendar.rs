//! Days as a workspace's people count them.

use balas_domain::Timestamp;
use jiff::{civil::Date, tz::TimeZone};

/// A day of a workspace's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970.
    pub number: i64,
    /// When the next one begins.
    pub ends_at: Timestamp,
}

/// The day that it is at this moment in this time zone (an IANA name). A zone that is unknown counts as UTC.
#[must_use]
pub fn day(now: Timestamp, zone: &str) -> Day {
    exact(now, zone).unwrap_or_else(|| {
        let number = now.as_seconds().div_euclid(86_400);
        Day { number, ends_at: Timestamp::from_seconds((number + 1) * 86_400) }
    })
}

fn exact(now: Timestamp, zone: &str) -> Option<Day> {
    let zone = TimeZone::get(zone)
        .inspect_err(
            |error| tracing::warn!(zone, %error, "this time zone is not known; counting days in UTC"),
        )
        .ok()?;
    let today = jiff::Timestamp::from_microsecond(now.0).ok()?.to_zoned(zone.clone()).date();
    let epoch = Date::new(1970, 1, 1).ok()?;
    let number = today.duration_since(epoch).as_hours() / 24;
    // Where midnight is left out, as when summer begins in some countries, the day begins at the first moment after.
    let tomorrow = today.tomorrow().ok()?.to_zoned(zone).ok()?;
    Some(Day { number, ends_at: Timestamp(tomorrow.timestamp().as_microsecond()) })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[rstest]
    #[case::utc("2026-03-01T23:59:59Z", "UTC", "2026-03-02T00:00:00Z")]
    #[case::jakarta("2026-03-01T23:59:59Z", "Asia/Jakarta", "2026-03-02T17:00:00Z")]
    #[case::short_day("2026-03-29T12:00:00Z", "Europe/Berlin", "2026-03-29T22:00:00Z")]
    #[case::long_day("2026-10-25T12:00:00Z", "Europe/Berlin", "2026-10-25T23:00:00Z")]
    // Midnight does not exist on this day in Cairo: it begins at one.
    #[case::no_midnight("2026-04-23T12:00:00Z", "Africa/Cairo", "2026-04-23T22:00:00Z")]
    #[case::nowhere("2026-03-01T12:00:00Z", "Mars/Olympus", "2026-03-02T00:00:00Z")]
    fn days_end_at_local_midnight(#[case] now: &str, #[case] zone: &str, #[case] ends: &str) {
        let today = day(at(now), zone);
        assert_eq!(today.ends_at, at(ends));
        let tomorrow = day(today.ends_at, zone);
        assert_eq!(tomorrow.number, today.number + 1);
        assert_eq!(day(Timestamp(today.ends_at.0 - 1), zone), today);
    }

    #[test]
    fn numbers_count_from_1970() {
        assert_eq!(day(Timestamp(0), "UTC").number, 0);
        assert_eq!(day(Timestamp(0), "America/New_York").number, -1);
        assert_eq!(day(at("2026-11-21T10:00:00Z"), "UTC").number, 20_778);
    }
}

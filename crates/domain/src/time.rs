//! Time: microseconds since 1970 in UTC, in a newtype.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds since 1970, as Meta and whatsapp-web.js send them.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// From milliseconds since 1970, as browsers count.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Whole milliseconds since 1970, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This much later; stops at the end of time instead of wrapping.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Year, month (1–12), day (1–31), hour, minute, second at the given offset from UTC in seconds.
    #[must_use]
    pub const fn civil(self, offset_seconds: i32) -> Civil {
        let local = self.as_seconds() + offset_seconds as i64;
        let days = local.div_euclid(86_400);
        let second_of_day = local.rem_euclid(86_400);
        // Days to civil date after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
        Civil {
            year,
            month: month as u8,
            day: day as u8,
            hour: (second_of_day / 3_600) as u8,
            minute: (second_of_day % 3_600 / 60) as u8,
            second: (second_of_day % 60) as u8,
            day_number: days,
        }
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = self.civil(0);
        write!(f, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second)
    }
}

/// A moment as a wall clock shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year of the Gregorian calendar.
    pub year: i64,
    /// 1–12.
    pub month: u8,
    /// 1–31.
    pub day: u8,
    /// 0–23.
    pub hour: u8,
    /// 0–59.
    pub minute: u8,
    /// 0–59.
    pub second: u8,
    /// Days since 1970-01-01 on that wall clock; equal means "same day", and modulo 7 tells the weekday.
    pub day_number: i64,
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, the reverse of [`Timestamp::civil`]; `None` if there is no
/// such date.
#[must_use]
pub fn day_number(year: i64, month: u8, day: u8) -> Option<i64> {
    if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Civil date to days after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let y = year - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (i64::from(month) + 9) % 12;
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    let days = era * 146_097 + doe - 719_468;
    // The 31st of a month without one would be the next month's first.
    let there = Timestamp::from_seconds(days * 86_400).civil(0);
    ((there.month, there.day) == (month, day)).then_some(days)
}

impl Civil {
    /// 0 = Monday … 6 = Sunday. (1970-01-01 was a Thursday.)
    #[must_use]
    pub const fn weekday(self) -> u8 {
        (self.day_number + 3).rem_euclid(7) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates() {
        let t = Timestamp::from_seconds(1_709_210_096); // 2024-02-29T12:34:56Z
        assert_eq!(t.to_string(), "2024-02-29T12:34:56Z");
        assert_eq!(t.civil(0).weekday(), 3);
        assert_eq!(t.civil(7 * 3600).hour, 19);
        assert_eq!(Timestamp::from_seconds(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(t.civil(12 * 3600).day_number, t.civil(0).day_number + 1);
    }

    #[test]
    fn dates_have_numbers_and_what_is_no_date_has_none() {
        for day in -100_000..100_000 {
            let c = Timestamp::from_seconds(day * 86_400).civil(0);
            assert_eq!(day_number(c.year, c.month, c.day), Some(day));
        }
        for (year, month, day) in
            [(2025, 2, 29), (2025, 4, 31), (2025, 0, 1), (2025, 13, 1), (2025, 1, 0), (10_000, 1, 1)]
        {
            assert_eq!(day_number(year, month, day), None, "{year}-{month}-{day}");
        }
    }
}

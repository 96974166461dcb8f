//! Times as people read them. Pure: the same moment, zone and language give the same words on the server and
//! in the browser.

use balas_domain::{Timestamp, time::Civil};
use serde::{Deserialize, Serialize};

use crate::i18n::{Lang, Words, fill};

/// The zone that a page was rendered in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneInfo {
    /// Its IANA name; empty when none was known.
    pub name: String,
    /// Its offset from UTC when the page was rendered, in seconds.
    pub offset: i32,
}

/// Tells how far a wall clock is from UTC at a moment.
#[derive(Clone, Debug)]
pub enum Zone {
    /// Always the same, in seconds east of UTC.
    Fixed(i32),
    /// The browser's own zone.
    Browser,
    /// A zone by its IANA name.
    #[cfg(feature = "ssr")]
    Named(Box<jiff::tz::TimeZone>),
}

impl Zone {
    /// The zone of that name; `None` if there is no such zone.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name.is_empty() || name.len() > 64 {
            return None;
        }
        jiff::tz::TimeZone::get(name).ok().map(|zone| Self::Named(Box::new(zone)))
    }

    /// Seconds east of UTC at that moment.
    #[must_use]
    pub fn offset_at(&self, at: Timestamp) -> i32 {
        match self {
            Self::Fixed(seconds) => *seconds,
            Self::Browser => crate::browser::zone::offset_at(at),
            #[cfg(feature = "ssr")]
            Self::Named(zone) => {
                jiff::Timestamp::from_second(at.as_seconds()).map_or(0, |at| zone.to_offset(at).seconds())
            }
        }
    }

    /// The day as a number: equal means "same day".
    #[must_use]
    pub fn day_number(&self, at: Timestamp) -> i64 {
        self.civil(at).day_number
    }

    /// The moment at which the wall clock shows a day and a second of it. A time that is left out because clocks are put
    /// forward is the one that follows.
    #[must_use]
    pub fn moment(&self, day_number: i64, second: i64) -> Timestamp {
        let local = day_number * DAY as i64 + second;
        let at = |offset: i32| Timestamp::from_seconds(local - i64::from(offset));
        let near = at(self.offset_at(at(0)));
        let exact = at(self.offset_at(near));
        // Where the clock never shows it, the two lie on either side of the gap.
        let shown = exact.as_seconds() + i64::from(self.offset_at(exact));
        if shown == local { exact } else { exact.max(near) }
    }

    /// Year, month, day and time on the wall clock.
    #[must_use]
    pub fn civil(&self, at: Timestamp) -> Civil {
        at.civil(self.offset_at(at))
    }
}

/// The day as a number, in a zone by its IANA name.
#[cfg(feature = "ssr")]
pub(crate) fn day_in(zone: &str, at: Timestamp) -> i64 {
    Zone::named(zone).unwrap_or(Zone::Fixed(0)).day_number(at)
}

/// The day as a number, in a zone by its IANA name.
#[cfg(not(feature = "ssr"))]
pub(crate) fn day_in(zone: &str, at: Timestamp) -> i64 {
    Zone::Fixed(crate::browser::zone::offset_in(zone, at).unwrap_or_default()).day_number(at)
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Writes times in one language and zone, as seen from one moment.
#[derive(Clone, Copy, Debug)]
pub struct When<'a> {
    /// The language.
    pub lang: Lang,
    /// The zone.
    pub zone: &'a Zone,
    /// From when one looks.
    pub now: Timestamp,
}

impl When<'_> {
    fn words(&self) -> &'static Words {
        self.lang.words()
    }

    /// `14:05`; Indonesian writes `14.05`.
    #[must_use]
    pub fn clock(&self, at: Timestamp) -> String {
        let c = self.zone.civil(at);
        let separator = if self.lang == Lang::Id { '.' } else { ':' };
        format!("{:02}{separator}{:02}", c.hour, c.minute)
    }

    /// For lists, as short as can be: the time today, "yesterday", the weekday, else the date.
    #[must_use]
    pub fn short(&self, at: Timestamp) -> String {
        let (then, now) = (self.zone.civil(at), self.zone.civil(self.now));
        match now.day_number - then.day_number {
            // Our "now" ticks, messages do not wait for it: what is a little ahead is "now" too.
            ..=0 => {
                if self.now.since(at).as_secs() < MINUTE && at.since(self.now).as_secs() < MINUTE {
                    self.words().time_now.to_owned()
                } else {
                    self.clock(at)
                }
            }
            1 => self.words().time_yesterday.to_owned(),
            2..=6 => self.words().weekdays_short[usize::from(then.weekday())].to_owned(),
            _ => self.date(then, now, true),
        }
    }

    /// In a sentence: "just now", "3 min ago", "2 h ago", "yesterday, 14:05", else date and time.
    #[must_use]
    pub fn ago(&self, at: Timestamp) -> String {
        let words = self.words();
        let seconds = self.now.since(at).as_secs();
        let days = self.zone.civil(self.now).day_number - self.zone.civil(at).day_number;
        if seconds < MINUTE {
            words.time_just_now.to_owned()
        } else if seconds < HOUR {
            fill(words.time_minutes_ago, &[("n", &(seconds / MINUTE).to_string())])
        } else if seconds < DAY && days == 0 {
            fill(words.time_hours_ago, &[("n", &(seconds / HOUR).to_string())])
        } else if days == 1 {
            format!("{}, {}", words.time_yesterday_in_sentence, self.clock(at))
        } else {
            self.exact(at)
        }
    }

    /// For the line between two days of a thread.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> String {
        let (then, now) = (self.zone.civil(at), self.zone.civil(self.now));
        match now.day_number - then.day_number {
            ..=0 => self.words().time_today.to_owned(),
            1 => self.words().time_yesterday.to_owned(),
            2..=6 => self.words().weekdays[usize::from(then.weekday())].to_owned(),
            _ => self.date(then, now, false),
        }
    }

    /// For what lies ahead, as short as can be: the time today, else the date with it.
    #[must_use]
    pub fn later(&self, at: Timestamp) -> String {
        let (then, now) = (self.zone.civil(at), self.zone.civil(self.now));
        if then.day_number == now.day_number {
            self.clock(at)
        } else {
            format!("{}, {}", self.date(then, now, true), self.clock(at))
        }
    }

    /// Date and time in full.
    #[must_use]
    pub fn exact(&self, at: Timestamp) -> String {
        let then = self.zone.civil(at);
        // A year that differs from the one of the date itself never leaves the year out.
        let elsewhen = Civil { year: then.year - 1, ..then };
        format!("{}, {}", self.date(then, elsewhen, false), self.clock(at))
    }

    fn date(&self, then: Civil, now: Civil, short: bool) -> String {
        let words = self.words();
        let months = if short { &words.months_short } else { &words.months };
        let month = months[usize::from(then.month.clamp(1, 12)) - 1];
        let day = then.day;
        // Portuguese joins the parts of a full date with "de".
        let glue = if self.lang == Lang::Pt && !short { " de " } else { " " };
        if then.year == now.year {
            format!("{day}{glue}{month}")
        } else {
            format!("{day}{glue}{month}{glue}{}", then.year)
        }
    }
}

/// How long until then, rounded so that nobody is promised more than there is: "23 h", "45 min", "<1 min".
#[must_use]
pub fn remaining(lang: Lang, now: Timestamp, until: Timestamp) -> String {
    let words = lang.words();
    let seconds = until.since(now).as_secs();
    if seconds >= HOUR {
        fill(words.time_hours, &[("n", &(seconds / HOUR).to_string())])
    } else if seconds >= MINUTE {
        fill(words.time_minutes, &[("n", &(seconds / MINUTE).to_string())])
    } else {
        fill(words.time_minutes, &[("n", "<1")])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Wednesday, 12 March 2025, 14:05:30 UTC.
    const NOW: Timestamp = Timestamp::from_seconds(1_741_788_330);
    const UTC: Zone = Zone::Fixed(0);

    fn when(lang: Lang) -> When<'static> {
        When { lang, zone: &UTC, now: NOW }
    }

    fn back(seconds: u64) -> Timestamp {
        NOW.before(Duration::from_secs(seconds))
    }

    #[test]
    fn lists_are_short() {
        let w = when(Lang::En);
        assert_eq!(w.short(back(5)), "now");
        assert_eq!(w.short(back(60)), "14:04");
        assert_eq!(w.short(back(14 * 3600)), "00:05");
        assert_eq!(w.short(back(15 * 3600)), "Yesterday");
        assert_eq!(w.short(back(2 * DAY)), "Mon");
        assert_eq!(w.short(back(6 * DAY)), "Thu");
        assert_eq!(w.short(back(7 * DAY)), "5 Mar");
        assert_eq!(w.short(back(100 * DAY)), "2 Dec 2024");
    }

    #[test]
    fn a_clock_that_is_ahead_shows_the_time() {
        assert_eq!(when(Lang::En).short(NOW.after(Duration::from_secs(90))), "14:07");
        assert_eq!(when(Lang::En).day(NOW.after(Duration::from_secs(90))), "Today");
    }

    #[test]
    fn sentences_tell_how_long_ago() {
        let w = when(Lang::En);
        assert_eq!(w.ago(back(5)), "just now");
        assert_eq!(w.ago(back(3 * 60 + 59)), "3 min ago");
        assert_eq!(w.ago(back(2 * 3600)), "2 h ago");
        assert_eq!(w.ago(back(20 * 3600)), "yesterday, 18:05");
        assert_eq!(w.ago(back(40 * DAY)), "31 January 2025, 14:05");
    }

    #[test]
    fn what_lies_ahead_has_its_date_unless_it_is_today() {
        let ahead = |seconds| when(Lang::En).later(NOW.after(Duration::from_secs(seconds)));
        assert_eq!(ahead(3600), "15:05");
        assert_eq!(ahead(DAY), "13 Mar, 14:05");
        assert_eq!(ahead(300 * DAY), "6 Jan 2026, 14:05");
    }

    #[test]
    fn each_language_writes_dates_its_way() {
        assert_eq!(when(Lang::En).exact(NOW), "12 March 2025, 14:05");
        assert_eq!(when(Lang::Id).exact(NOW), "12 Maret 2025, 14.05");
        assert_eq!(when(Lang::Pt).exact(NOW), "12 de março de 2025, 14:05");
        assert_eq!(when(Lang::Pt).short(back(100 * DAY)), "2 dez. 2024");
        assert_eq!(when(Lang::Id).day(back(2 * DAY)), "Senin");
    }

    #[test]
    fn the_zone_decides_the_day() {
        let jakarta = Zone::Fixed(7 * 3600);
        let w = When { lang: Lang::En, zone: &jakarta, now: NOW };
        // 17:30 UTC on the 11th is already the 12th in Jakarta.
        let at = back(20 * 3600 + 35 * 60);
        assert_eq!(w.day(at), "Today");
        assert_eq!(when(Lang::En).day(at), "Yesterday");
        assert_eq!(w.clock(NOW), "21:05");
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn a_named_zone_knows_its_summer_time() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(zone.offset_at(NOW), 3600);
        assert_eq!(zone.offset_at(NOW.after(Duration::from_secs(60 * DAY))), 7200);
        assert!(Zone::named("Nowhere/Land").is_none());
        assert!(Zone::named("../../etc/passwd").is_none());
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn the_wall_clock_tells_the_moment() {
        for name in
            ["Europe/Berlin", "America/New_York", "Asia/Jakarta", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
        {
            let zone = Zone::named(name).unwrap();
            // Every half hour of a year in which clocks change twice.
            for half_hour in 0..17_520 {
                let at = Timestamp::from_seconds(1_735_689_600 + half_hour * 1_800);
                let c = zone.civil(at);
                let second = i64::from(c.hour) * 3_600 + i64::from(c.minute) * 60;
                let back = zone.moment(c.day_number, second);
                // An hour that comes twice is one of the two.
                assert_eq!(zone.civil(back), c, "{name} {at}");
            }
        }
        // 30 March 2025 and 9 March 2025 have no half past two there.
        for (name, day) in [("Europe/Berlin", 20_177), ("America/New_York", 20_156)] {
            let zone = Zone::named(name).unwrap();
            let c = zone.civil(zone.moment(day, 9_000));
            assert_eq!((c.day_number, c.hour, c.minute), (day, 3, 30), "{name}");
        }
    }

    #[test]
    fn remaining_time_is_never_overstated() {
        let until = |seconds| remaining(Lang::En, NOW, NOW.after(Duration::from_secs(seconds)));
        assert_eq!(until(23 * 3600 + 3599), "23 h");
        assert_eq!(until(3599), "59 min");
        assert_eq!(until(30), "<1 min");
    }
}

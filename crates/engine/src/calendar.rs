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
    use std::{collections::BTreeMap, time::Duration};

    use balas_domain::{
        AccountId, AccountSettings, TrustLevel, ambient::test::CountingRandom, view::ProviderKind,
    };
    use balas_store::{
        accounts::{self, Turn},
        testing,
    };
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

    /// What a sender did who never paused, over days on which clocks change, with restarts on the way and a workspace that
    /// moves: never beyond the pace, never beyond a day's limit, be it that of a new number, and never slower than it must be.
    #[rstest]
    #[case::spring("2026-03-27T20:00:00Z", &["Europe/Berlin"])]
    #[case::autumn("2026-10-23T20:00:00Z", &["Europe/Berlin"])]
    #[case::no_midnight("2026-04-22T20:00:00Z", &["Africa/Cairo"])]
    #[case::southern_autumn("2026-04-03T20:00:00Z", &["America/Santiago"])]
    #[case::moves_west("2026-06-01T20:00:00Z", &["Asia/Jakarta", "America/New_York"])]
    #[case::moves_east("2026-06-01T20:00:00Z", &["America/New_York", "Asia/Jakarta"])]
    #[tokio::test]
    async fn no_schedule_exceeds_a_limit(
        #[case] start: &str,
        #[case] zones: &[&str],
        #[values(false, true)] warm_up: bool,
    ) {
        const LIMIT: u32 = 40;
        let test = testing::fresh(testing::Kind::Sqlite).await;
        let ws = testing::workspace(&test.store, 1).await;
        let pace = TrustLevel::try_from(4).unwrap().pace();
        let mut now = at(start);
        let account = AccountId::new(now, &CountingRandom::default());
        let settings = AccountSettings {
            daily_limit: Some(LIMIT),
            warm_up,
            ..AccountSettings::of_new(ProviderKind::Gateway)
        };
        let new = accounts::NewAccount {
            id: account,
            name: "Shop".to_owned(),
            provider: ProviderKind::Gateway,
            external_id: "6281100000001".to_owned(),
            phone: None,
            config: serde_json::json!({}),
            secrets: Vec::new(),
            settings: settings.clone(),
        };
        let mut write = test.store.write(ws, now).await.unwrap();
        accounts::create(&mut write, &new).await.unwrap();
        write.commit().await.unwrap();

        let end = now.after(Duration::from_hours(5 * 24));
        let (mut sent, mut days) = (Vec::new(), BTreeMap::<i64, u32>::new());
        let mut store = balas_store::Store::connect(&test.url).await.unwrap();
        while now < end {
            // Half the way it moves.
            let zone = zones[usize::from(end.since(now) < Duration::from_hours(60)) % zones.len()];
            let today = day(now, zone);
            let mut write = store.write(ws, now).await.unwrap();
            let turn = accounts::take_turn(&mut write, account, today.number, Some(pace), now).await.unwrap();
            write.commit().await.unwrap();
            match turn {
                Turn::Taken => {
                    sent.push(now);
                    *days.entry(today.number).or_default() += 1;
                    if sent.len() % 17 == 0 {
                        store.close().await;
                        store = balas_store::Store::connect(&test.url).await.unwrap();
                    }
                }
                Turn::TooSoon(until) => {
                    assert!(until > now);
                    now = until;
                }
                Turn::DailyLimit | Turn::WarmUp => now = today.ends_at,
            }
        }
        store.close().await;
        let limits: Vec<_> = (1..).map_while(|n| settings.limit_on(n)).take(days.len()).collect();
        assert_eq!(limits[0] < LIMIT, warm_up);
        let used = || days.values().zip(&limits);
        assert!(used().all(|(sent, limit)| sent <= limit), "{days:?}");
        assert!(used().filter(|(sent, limit)| sent == limit).count() >= 4, "as much as it may: {days:?}");
        for more in [1, 10] {
            let window = pace.burst as usize + more;
            for some in sent.windows(window + 1) {
                let took = some[window].since(some[0]);
                assert!(took >= pace.each * u32::try_from(more).unwrap(), "{window} in {took:?}");
            }
        }
        // The first day begins with what goes at once.
        assert_eq!(sent[pace.burst.min(limits[0]) as usize - 1], sent[0]);
    }
}

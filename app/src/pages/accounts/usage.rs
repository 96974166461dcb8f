//! What a number has sent today, on the workspace's calendar.

use balas_domain::{AccountSettings, DailyUse};

use crate::{
    i18n::{OfficeWords, fill},
    state::App,
};

/// What was sent today, beside today's limit; that of a new number is lower, and the words say so.
pub(super) fn usage_text(
    app: App,
    used: DailyUse,
    settings: &AccountSettings,
    words: &'static OfficeWords,
) -> String {
    in_words(used, settings, app.workspace_day(), words)
}

fn in_words(used: DailyUse, settings: &AccountSettings, today: i64, words: &'static OfficeWords) -> String {
    let (sent, nth) = (used.sent_on(today).to_string(), used.nth_day(today));
    let usage = match settings.limit_on(nth) {
        Some(limit) => fill(words.usage_limited, &[("sent", &sent), ("limit", &limit.to_string())]),
        None => fill(words.usage_unlimited, &[("sent", &sent)]),
    };
    if settings.is_warming_up(nth) {
        return fill(words.usage_warming_up, &[("usage", &usage), ("n", &nth.to_string())]);
    }
    usage
}

#[cfg(test)]
mod tests {
    use balas_domain::view::ProviderKind;

    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_new_number_says_that_it_is_warming_up() {
        let words = Lang::En.office_words();
        let new = AccountSettings::of_new(ProviderKind::Gateway);
        let used = DailyUse { day: 20_000, sent: 12, days_before: 2 };
        assert_eq!(in_words(used, &new, 20_000, words), "12 of 20 sent today, warming up: day 3");
        assert_eq!(in_words(used, &new, 20_001, words), "0 of 30 sent today, warming up: day 4");
        let known = AccountSettings { warm_up: false, ..new };
        assert_eq!(in_words(used, &known, 20_000, words), "12 of 50 sent today");
        assert_eq!(
            in_words(used, &AccountSettings { daily_limit: None, ..known }, 20_000, words),
            "12 sent today"
        );
    }
}

//! Putting a conversation off: until one of the moments that are usually meant, or one of one's own. All of them are
//! those of the wall clock that the member looks at.

use std::time::Duration;

use balas_domain::{ConversationId, Timestamp, time::day_number, work::WorkChange};
use leptos::prelude::*;

use crate::{
    browser::{ambient, dom},
    i18n::fill,
    state::{App, use_app, work::change},
    ui::{
        icon::{Icon, icon},
        menu::Menu,
    },
    when::Zone,
};

const HOUR: Duration = Duration::from_hours(1);
const WEEK: Duration = Duration::from_hours(7 * 24);
/// When a morning begins, in seconds after midnight.
const MORNING: i64 = 9 * 3_600;
/// When an evening begins.
const EVENING: i64 = 18 * 3_600;
/// The field for a moment of one's own.
const FIELD: &str = "put-off-at";

/// A moment that is usually meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preset {
    Hour,
    Evening,
    Tomorrow,
    Monday,
    Week,
}

impl Preset {
    /// In the order of time, mostly.
    const ALL: [Self; 5] = [Self::Hour, Self::Evening, Self::Tomorrow, Self::Monday, Self::Week];

    /// When that is; `None` if it has passed, or another one says the same.
    fn moment(self, now: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let today = zone.civil(now);
        let until = match self {
            Self::Hour => now.after(HOUR),
            Self::Week => now.after(WEEK),
            Self::Evening => zone.moment(today.day_number, EVENING),
            Self::Tomorrow => zone.moment(today.day_number + 1, MORNING),
            Self::Monday => {
                let days = 7 - i64::from(today.weekday());
                // On Sundays that is tomorrow.
                if days == 1 {
                    return None;
                }
                zone.moment(today.day_number + days, MORNING)
            }
        };
        (until > now).then_some(until)
    }

    fn words(self, until: Timestamp, app: App) -> String {
        let words = app.words;
        let said = match self {
            Self::Hour => return words.put_off_hour.to_owned(),
            Self::Week => return words.put_off_week.to_owned(),
            Self::Evening => words.put_off_evening,
            Self::Tomorrow => words.put_off_tomorrow,
            Self::Monday => words.put_off_monday,
        };
        fill(said, &[("time", &app.when(|when| when.clock(until)))])
    }
}

/// Why a moment cannot be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrong {
    /// There is none, or it is not all there.
    Missing,
    /// It is over.
    Past,
}

/// The moment that a field of the browser's for date and time holds: `2025-03-12T14:05`, at times with seconds.
fn read(text: &str, now: Timestamp, zone: &Zone) -> Result<Timestamp, Wrong> {
    let moment = || {
        let (date, time) = text.split_once('T')?;
        let mut date = date.splitn(3, '-');
        let day =
            day_number(date.next()?.parse().ok()?, date.next()?.parse().ok()?, date.next()?.parse().ok()?)?;
        let mut time = time.split(':');
        let (hour, minute) = (time.next()?.parse::<i64>().ok()?, time.next()?.parse::<i64>().ok()?);
        let there = (0..24).contains(&hour) && (0..60).contains(&minute);
        there.then(|| zone.moment(day, hour * 3_600 + minute * 60))
    };
    let until = moment().ok_or(Wrong::Missing)?;
    if until > now { Ok(until) } else { Err(Wrong::Past) }
}

/// As such a field takes it.
fn written(at: Timestamp, zone: &Zone) -> String {
    let c = zone.civil(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute)
}

/// Says until when the conversation is put off, and puts it off.
#[component]
pub(super) fn PutOff(id: ConversationId, until: Memo<Option<Timestamp>>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let own = RwSignal::new(false);
    let label = Signal::derive(move || match until.get() {
        Some(until) => fill(words.put_off_until, &[("time", &app.when(|when| when.exact(until)))]),
        None => words.put_off.to_owned(),
    });
    let choose = move |preset: Preset| {
        own.set(false);
        // The menu may have been open for a while.
        match app.zone.with_untracked(|zone| preset.moment(ambient::now(), zone)) {
            Some(until) => change(app, id, WorkChange::Snooze { until }),
            None => app.toasts().bad(words.put_off_past),
        }
    };
    let presets = move || {
        // As of when it is opened: a menu does not change under the pointer.
        let now = ambient::now();
        let offered = Preset::ALL.into_iter().filter_map(|preset| {
            let until = app.zone.with_untracked(|zone| preset.moment(now, zone))?;
            let said = untrack(|| preset.words(until, app));
            Some(view! {
                <li>
                    <button type="button" on:click=move |_| choose(preset)>
                        {said}
                    </button>
                </li>
            })
        });
        offered.collect_view()
    };
    view! {
        <div class="put-off">
            <Menu id="put-off" label=label sign=Icon::Clock>
                <ul class="menu-list" role="list">
                    {presets()}
                    <li>
                        <button type="button" on:click=move |_| own.set(true)>
                            {words.put_off_own}
                        </button>
                    </li>
                </ul>
            </Menu>
            <Show when=move || own.get()>
                <Own id=id open=own />
            </Show>
        </div>
    }
}

/// Asks for a moment of one's own.
#[component]
fn Own(id: ConversationId, open: RwSignal<bool>) -> impl IntoView {
    let app = use_app();
    let words = app.words;
    let now = ambient::now();
    let (first, least) = app.zone.with_untracked(|zone| {
        let tomorrow = Preset::Tomorrow.moment(now, zone).unwrap_or(now);
        (written(tomorrow, zone), written(now, zone))
    });
    let value = RwSignal::new(first);
    let wrong = RwSignal::new(None::<Wrong>);
    let close = move || {
        open.set(false);
        // The button of the menu, which is what led here.
        if let Ok(Some(button)) = dom::document().query_selector("[popovertarget=put-off]") {
            use wasm_bindgen::JsCast;
            let _ = button.unchecked_into::<web_sys::HtmlElement>().focus();
        }
    };
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let until =
            app.zone.with_untracked(|zone| value.with_untracked(|value| read(value, ambient::now(), zone)));
        match until {
            Ok(until) => {
                close();
                change(app, id, WorkChange::Snooze { until });
            }
            Err(why) => {
                wrong.set(Some(why));
                dom::focus(FIELD);
            }
        }
    };
    // The menu gives the focus back to its button first.
    request_animation_frame(|| dom::focus(FIELD));
    let said = move || {
        wrong.get().map(|wrong| match wrong {
            Wrong::Missing => words.problem_required,
            Wrong::Past => words.put_off_past,
        })
    };
    view! {
        <form
            class="field put-off-own"
            novalidate
            data-invalid=move || wrong.get().is_some().then_some("")
            on:submit=save
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    close();
                }
            }
        >
            <label for=FIELD>{words.put_off_at}</label>
            <input
                id=FIELD
                type="datetime-local"
                min=least
                max="9999-12-31T23:59"
                value=value.get_untracked()
                aria-invalid=move || wrong.get().map(|_| "true")
                aria-describedby=move || wrong.get().map(|_| "put-off-error")
                on:input=move |event| {
                    value.set(event_target_value(&event));
                    wrong.set(None);
                }
            />
            <p class="field-error" id="put-off-error" aria-live="polite">
                {said}
            </p>
            <div class="put-off-foot">
                <button type="button" class="button small" on:click=move |_| close()>
                    {words.cancel}
                </button>
                <button class="button small primary">{icon(Icon::Clock)} {words.put_off}</button>
            </div>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wednesday, 12 March 2025, 14:05 UTC.
    const WEDNESDAY: i64 = 1_741_788_300;
    const DAY: i64 = 86_400;

    fn clock(at: Timestamp, zone: &Zone) -> (i64, u8, u8) {
        let c = zone.civil(at);
        (c.day_number, c.hour, c.minute)
    }

    #[test]
    fn mornings_and_evenings_are_those_of_the_wall_clock() {
        for offset in [-39_600, 0, 12_600] {
            let zone = Zone::Fixed(offset);
            let now = Timestamp::from_seconds(WEDNESDAY - i64::from(offset));
            let today = zone.day_number(now);
            let at = |preset: Preset| preset.moment(now, &zone).map(|at| clock(at, &zone));
            assert_eq!(at(Preset::Hour), Some((today, 15, 5)));
            assert_eq!(at(Preset::Evening), Some((today, 18, 0)));
            assert_eq!(at(Preset::Tomorrow), Some((today + 1, 9, 0)));
            assert_eq!(at(Preset::Monday), Some((today + 5, 9, 0)));
            assert_eq!(at(Preset::Week), Some((today + 7, 14, 5)));
        }
    }

    #[test]
    fn what_has_passed_or_is_said_twice_is_left_out() {
        let zone = Zone::Fixed(0);
        let offered = |seconds: i64| {
            let now = Timestamp::from_seconds(seconds);
            Preset::ALL.into_iter().filter(|preset| preset.moment(now, &zone).is_some()).collect::<Vec<_>>()
        };
        let evening = WEDNESDAY + 4 * 3_600;
        let without = |gone: Preset| Preset::ALL.into_iter().filter(|p| *p != gone).collect::<Vec<_>>();
        assert_eq!(offered(WEDNESDAY), Preset::ALL);
        assert_eq!(offered(evening), without(Preset::Evening));
        let sunday = WEDNESDAY + 4 * DAY;
        assert_eq!(offered(sunday), without(Preset::Monday), "tomorrow is Monday");
        // On Mondays the next one is meant.
        let monday = Timestamp::from_seconds(sunday + DAY);
        let next = Preset::Monday.moment(monday, &zone).map(|at| zone.day_number(at));
        assert_eq!(next, Some(zone.day_number(monday) + 7));
    }

    #[test]
    fn a_moment_of_ones_own_is_read_by_the_wall_clock() {
        let zone = Zone::Fixed(7 * 3_600);
        let now = Timestamp::from_seconds(WEDNESDAY);
        let later = Timestamp::from_seconds(WEDNESDAY + 60);
        assert_eq!(written(later, &zone), "2025-03-12T21:06");
        assert_eq!(read("2025-03-12T21:06", now, &zone), Ok(later));
        assert_eq!(read("2025-03-12T21:06:30", now, &zone), Ok(later));
        assert_eq!(read("2025-03-12T21:05", now, &zone), Err(Wrong::Past));
        assert_eq!(read("0206-03-12T21:05", now, &zone), Err(Wrong::Past));
        for text in ["", "2025-03-12", "2025-02-30T10:00", "2025-03-12T24:00", "2025-03-12T10:60", "xT10:00"]
        {
            assert_eq!(read(text, now, &zone), Err(Wrong::Missing), "{text}");
        }
    }
}

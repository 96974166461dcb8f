//! The notation of `stories/*.txt`.
//!
//! ```text
//! # number | name | 11d 09:14 | user ID.84 username     begins eleven days ago at 09:14 in the shop
//! # number | name | -25m                                its last line was written 25 minutes ago
//! > a customer's line          < the shop's line        <~ delivered, not read yet
//! >+2d after two days          [re 2] quotes line 2     [react 3 😀] puts an emoji on line 3
//! [image] caption   [document name.pdf] caption   [voice]   [sticker]   [poll]
//! [location] name|address   [contact] name|number   [moved 628…]   \n breaks a line
//! ```

use std::time::Duration;

/// One conversation.
#[derive(Debug)]
pub(super) struct Story<'a> {
    pub(super) phone: &'a str,
    pub(super) name: &'a str,
    pub(super) beginning: Beginning,
    pub(super) user_id: Option<&'a str>,
    pub(super) username: Option<&'a str>,
    pub(super) lines: Vec<Line<'a>>,
}

/// Where it stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// The first line: this many days ago, at this second of the shop's day.
    DaysAgo { days: i64, second: i64 },
    /// The last line was written this long ago.
    EndsAgo(Duration),
}

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) ours: bool,
    /// Ours, and not read yet.
    pub(super) unseen: bool,
    /// Time since the line before, if told.
    pub(super) gap: Option<Duration>,
    /// Line that is quoted, counted from 1.
    pub(super) reply_to: Option<usize>,
    pub(super) what: What<'a>,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What<'a> {
    Text(String),
    Image(&'a str),
    Document {
        name: &'a str,
        caption: &'a str,
    },
    Voice,
    Sticker,
    Poll,
    Location {
        name: &'a str,
        address: &'a str,
    },
    Contact {
        name: &'a str,
        phone: &'a str,
    },
    /// On a line, counted from 1.
    Reaction(usize, &'a str),
    Moved(&'a str),
}

/// Reads all stories of a file. What cannot be read is left out; a test makes sure that nothing is.
pub(super) fn parse(text: &str) -> Vec<Story<'_>> {
    let mut stories: Vec<Story<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("# ") {
            stories.extend(parse_head(head));
        } else if let Some(story) = stories.last_mut() {
            story.lines.extend(parse_line(line));
        }
    }
    stories
}

fn parse_head(head: &str) -> Option<Story<'_>> {
    let mut parts = head.split('|').map(str::trim);
    let (phone, name, when) = (parts.next()?, parts.next()?, parts.next()?);
    let beginning = if let Some(ago) = when.strip_prefix('-') {
        Beginning::EndsAgo(duration(ago)?)
    } else {
        let (days, clock) = when.split_once("d ")?;
        let (hour, minute) = clock.split_once(':')?;
        let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
        Beginning::DaysAgo { days: days.parse().ok()?, second: hour * 3_600 + minute * 60 }
    };
    let mut user =
        parts.next().and_then(|part| part.strip_prefix("user ")).unwrap_or_default().split_whitespace();
    Some(Story { phone, name, beginning, user_id: user.next(), username: user.next(), lines: Vec::new() })
}

fn parse_line(line: &str) -> Option<Line<'_>> {
    let (ours, rest) = match line.strip_prefix('<') {
        Some(rest) => (true, rest),
        None => (false, line.strip_prefix('>')?),
    };
    let (unseen, rest) = match rest.strip_prefix('~') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (gap, rest) = match rest.strip_prefix('+') {
        Some(rest) => {
            let (gap, rest) = rest.split_once(' ')?;
            (Some(duration(gap)?), rest)
        }
        None => (None, rest.trim_start()),
    };
    let mut reply_to = None;
    let mut text = rest;
    if let Some(quoted) = rest.strip_prefix("[re ") {
        let (number, rest) = quoted.split_once("] ")?;
        reply_to = Some(number.parse().ok()?);
        text = rest;
    }
    Some(Line { ours, unseen, gap, reply_to, what: parse_what(text)? })
}

fn parse_what(text: &str) -> Option<What<'_>> {
    let Some((tag, rest)) = text.strip_prefix('[').and_then(|tagged| tagged.split_once(']')) else {
        return (!text.is_empty()).then(|| What::Text(text.replace("\\n", "\n")));
    };
    let rest = rest.trim_start();
    Some(match tag.split_once(' ').unwrap_or((tag, "")) {
        ("image", "") => What::Image(rest),
        ("document", name) if !name.is_empty() => What::Document { name, caption: rest },
        ("voice", "") => What::Voice,
        ("sticker", "") => What::Sticker,
        ("poll", "") => What::Poll,
        ("location", "") => {
            let (name, address) = rest.split_once('|')?;
            What::Location { name, address }
        }
        ("contact", "") => {
            let (name, phone) = rest.split_once('|')?;
            What::Contact { name, phone }
        }
        ("react", target) => {
            let (number, emoji) = target.split_once(' ')?;
            What::Reaction(number.parse().ok()?, emoji)
        }
        ("moved", new) => What::Moved(new),
        _ => return None,
    })
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(count * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let story = parse_head("62812 | Siti | 11d 09:14 | user ID.1 siti").unwrap();
        assert_eq!((story.phone, story.name), ("62812", "Siti"));
        assert_eq!(story.beginning, Beginning::DaysAgo { days: 11, second: 9 * 3_600 + 14 * 60 });
        assert_eq!((story.user_id, story.username), (Some("ID.1"), Some("siti")));
        let story = parse_head("62812 | Siti | -25m").unwrap();
        assert_eq!(story.beginning, Beginning::EndsAgo(Duration::from_mins(25)));
    }

    #[test]
    fn lines() {
        let line = parse_line("<~+2h [re 3] Ya\\nsiap").unwrap();
        assert!(line.ours && line.unseen);
        assert_eq!((line.gap, line.reply_to), (Some(Duration::from_hours(2)), Some(3)));
        assert_eq!(line.what, What::Text("Ya\nsiap".to_owned()));
        assert_eq!(parse_line("> [react 3 😀]").unwrap().what, What::Reaction(3, "😀"));
        assert_eq!(parse_line("> [image] a b").unwrap().what, What::Image("a b"));
        let bill = What::Document { name: "a b.pdf", caption: "c" };
        assert_eq!(parse_line("> [document a b.pdf] c").unwrap().what, bill);
        for bad in ["> [nonsense] x", ">", "text", ">+2x a", "> [react x 😀]", "> [document] x"] {
            assert_eq!(parse_line(bad), None, "{bad}");
        }
    }
}

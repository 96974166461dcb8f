//! The demo shop's past: a few dozen conversations of "Toko Melati" as the webhook bodies that Meta would
//! have sent.
//!
//! The words stand in `stories/*.txt`, in a small notation that `story` reads. Message ids depend on the
//! story alone, times on `now`; the same `now` gives the same bytes.

mod story;

use std::time::Duration;

use balas_domain::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use self::story::{Beginning, Line, Story, What};
use crate::{
    Number,
    blob::Blobs,
    envelope::{self, Change, Contact},
    sample::{self, Sample},
    wire::{self, Direction},
    world::{Attachment, MediaKind},
};

const STORIES: [&str; 4] = [
    include_str!("stories/indonesian.txt"),
    include_str!("stories/english.txt"),
    include_str!("stories/portuguese.txt"),
    include_str!("stories/long.txt"),
];

/// The shop is in Yogyakarta: its days begin seven hours before UTC's.
const SHOP_OFFSET: i64 = 7 * 3_600;
/// Changes in one webhook body.
const CHANGES_PER_BODY: usize = 20;

/// Webhook bodies, oldest first, that tell the shop's last twelve days: what customers wrote (`messages`),
/// what the shop answered in the phone app (`smb_message_echoes`), and that the answers were read
/// (`statuses`).
///
/// Nothing in them is later than `now`.
pub fn bodies(number: &Number, now: Timestamp) -> Vec<Vec<u8>> {
    let mut changes: Vec<(Timestamp, Change)> = Vec::new();
    for story in STORIES.iter().flat_map(|text| story::parse(text)) {
        tell(number, &story, now, &mut changes);
    }
    // Stable: what happens in the same second stays in order.
    changes.sort_by_key(|(at, _)| *at);
    let mut bodies = Vec::with_capacity(changes.len() / CHANGES_PER_BODY + 1);
    let mut rest = changes.into_iter().map(|(_, change)| change).peekable();
    while rest.peek().is_some() {
        bodies.push(envelope::body(number, rest.by_ref().take(CHANGES_PER_BODY).collect()));
    }
    bodies
}

fn tell(number: &Number, story: &Story<'_>, now: Timestamp, changes: &mut Vec<(Timestamp, Change)>) {
    let times = times(story, now);
    let id = |index: usize| message_id(story, index);
    // Changes with the story when somebody moves to another number.
    let mut wa_id = story.phone;
    for (index, (line, &at)) in story.lines.iter().zip(&times).enumerate() {
        let mut node = json!({"id": id(index), "timestamp": at.as_seconds().to_string()});
        let (kind, body) = body_of(story, line, index, wa_id);
        node["type"] = json!(kind);
        if !body.is_null() {
            node[kind] = body;
        }
        if kind == "unsupported" {
            node["errors"] = json!([{
                "code": 131_051,
                "title": "Message type unknown",
                "message": "Message type unknown",
                "error_data": {"details": "Message type is currently not supported."},
            }]);
        }
        if let Some(quoted) = line.reply_to.and_then(|quoted| quoted.checked_sub(1)) {
            let ours = story.lines.get(quoted).is_some_and(|line| line.ours);
            let author = if ours { number.digits() } else { wa_id.to_owned() };
            node["context"] = json!({"from": author, "id": id(quoted)});
        }
        if line.ours {
            node["from"] = json!(number.digits());
            node["to"] = json!(wa_id);
            if let Some(user_id) = story.user_id {
                node["to_user_id"] = json!(user_id);
            }
            changes.push((at, Change::echo(number, node)));
            if !matches!(line.what, What::Reaction(..)) {
                let status = if line.unseen { "delivered" } else { "read" };
                changes.push(status_change(number, story, wa_id, &id(index), status, at, now));
            }
        } else {
            node["from"] = json!(wa_id);
            if let Some(user_id) = story.user_id {
                node["from_user_id"] = json!(user_id);
            }
            let contact = Contact {
                name: story.name,
                wa_id: Some(wa_id),
                user_id: story.user_id,
                username: story.username,
            };
            changes.push((at, Change::message(number, contact, node)));
        }
        if let What::Moved(new) = line.what {
            wa_id = new;
        }
    }
}

fn status_change(
    number: &Number,
    story: &Story<'_>,
    wa_id: &str,
    id: &str,
    status: &str,
    sent: Timestamp,
    now: Timestamp,
) -> (Timestamp, Change) {
    let at = sent.after(Duration::from_secs(3)).min(now.max(sent));
    let mut node = json!({
        "id": id,
        "status": status,
        "timestamp": at.as_seconds().to_string(),
        "recipient_id": wa_id,
    });
    if let Some(user_id) = story.user_id {
        node["recipient_user_id"] = json!(user_id);
    }
    (at, Change::status(number, None, node))
}

/// The files of all stories, by their media ids. Each is stored once, however often it is shown.
pub(crate) fn files(blobs: &Blobs) -> Vec<(String, Attachment)> {
    let mut all = Vec::new();
    for story in STORIES.iter().flat_map(|text| story::parse(text)) {
        for (index, line) in story.lines.iter().enumerate() {
            let Some(File { id, kind, sample, name }) = File::of(&story, line, index) else { continue };
            // A store that was just made has room for them.
            let Ok(blob) = sample.store(blobs, None) else { continue };
            let (mime, file_name) = (sample.mime, name.map(str::to_owned));
            all.push((id, Attachment { blob, mime, file_name, voice: kind == MediaKind::Voice }));
        }
    }
    all
}

/// The file of a line.
struct File<'a> {
    id: String,
    kind: MediaKind,
    sample: Sample,
    name: Option<&'a str>,
}

impl<'a> File<'a> {
    fn of(story: &Story<'a>, line: &Line<'a>, index: usize) -> Option<Self> {
        let (kind, name) = match line.what {
            What::Image(_) => (MediaKind::Image, None),
            What::Document { name, .. } => (MediaKind::Document, Some(name)),
            What::Voice => (MediaKind::Voice, None),
            What::Sticker => (MediaKind::Sticker, None),
            _ => return None,
        };
        let seed = [story.phone, "/", &index.to_string()].concat();
        let id = 1_000_000_000_000_000 + u64::from_le_bytes(noise::<8>(&seed)) % 1_000_000_000_000_000;
        Some(Self { id: id.to_string(), kind, sample: sample::of(kind, None, noise::<1>(&seed)[0]), name })
    }

    /// As a webhook tells of it.
    fn node(&self, caption: &str) -> Value {
        let mut node = json!({
            "mime_type": self.sample.mime,
            "sha256": STANDARD.encode(self.sample.sha256()),
            "id": self.id,
        });
        match self.kind {
            MediaKind::Voice => node["voice"] = json!(true),
            MediaKind::Sticker => node["animated"] = json!(false),
            _ => {}
        }
        for (key, value) in [("filename", self.name.unwrap_or_default()), ("caption", caption)] {
            if !value.is_empty() {
                node[key] = json!(value);
            }
        }
        node
    }
}

/// Type and node of a line.
fn body_of(story: &Story<'_>, line: &Line<'_>, index: usize, wa_id: &str) -> (&'static str, Value) {
    if let Some(file) = File::of(story, line, index) {
        let caption = match line.what {
            What::Image(caption) | What::Document { caption, .. } => caption,
            _ => "",
        };
        return (file.kind.word(), file.node(caption));
    }
    match &line.what {
        What::Text(text) => ("text", json!({"body": text})),
        What::Poll => ("unsupported", json!({"type": "poll_creation"})),
        What::Location { name, address } => (
            "location",
            json!({"latitude": 39.7817, "longitude": -89.6501, "name": name, "address": address}),
        ),
        What::Contact { name, phone } => {
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            let first = name.split(' ').next().unwrap_or(name);
            let names = json!({"formatted_name": name, "first_name": first});
            (
                "contacts",
                json!([{"name": names, "phones": [{"phone": phone, "wa_id": digits, "type": "MOBILE"}]}]),
            )
        }
        // Files are told of above.
        What::Image(_) | What::Document { .. } | What::Voice | What::Sticker => ("unsupported", Value::Null),
        What::Reaction(target, emoji) => {
            let target = message_id(story, target.saturating_sub(1));
            ("reaction", json!({"message_id": target, "emoji": emoji}))
        }
        What::Moved(new) => (
            "system",
            json!({
                "body": format!("User {} changed from {wa_id} to {new}", story.name),
                "wa_id": new,
                "type": "user_changed_number",
            }),
        ),
    }
}

/// When each line was written. A story begins on a day at an hour in the shop, or ends a while before `now`.
fn times(story: &Story<'_>, now: Timestamp) -> Vec<Timestamp> {
    let mut passed = Duration::ZERO;
    let mut before: Option<&Line<'_>> = None;
    let mut offsets = Vec::with_capacity(story.lines.len());
    for (index, line) in story.lines.iter().enumerate() {
        if let Some(before) = before {
            let seed = [story.phone, "+", &index.to_string()].concat();
            let roll = u64::from(noise::<1>(&seed)[0]);
            // Going on takes less time than answering.
            let pause = if before.ours == line.ours { 9 + roll % 35 } else { 35 + roll % 190 };
            passed += line.gap.unwrap_or(Duration::from_secs(pause));
        }
        offsets.push(passed);
        before = Some(line);
    }
    let whole = Timestamp::from_seconds(now.as_seconds());
    let begin = match story.beginning {
        Beginning::EndsAgo(ago) => whole.before(ago).before(passed),
        Beginning::DaysAgo { days, second } => {
            let today = (now.as_seconds() + SHOP_OFFSET).div_euclid(86_400);
            Timestamp::from_seconds((today - days) * 86_400 + second - SHOP_OFFSET)
        }
    };
    offsets.into_iter().map(|offset| begin.after(offset).min(whole)).collect()
}

fn message_id(story: &Story<'_>, index: usize) -> String {
    let ours = story.lines.get(index).is_some_and(|line| line.ours);
    let direction = if ours { Direction::Outbound } else { Direction::Inbound };
    wire::wamid(story.phone, direction, noise(&[story.phone, "#", &index.to_string()].concat()))
}

/// Bytes that look random and depend on the text alone: FNV-1a, spread by splitmix64.
fn noise<const N: usize>(text: &str) -> [u8; N] {
    let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    std::array::from_fn(|_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as u8
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    use super::*;

    /// Any moment, and the first and last second of a day in the shop.
    const MOMENTS: [Timestamp; 3] = [
        Timestamp::from_seconds(1_800_000_000),
        Timestamp::from_seconds(86_400 * 20_500 - SHOP_OFFSET),
        Timestamp::from_seconds(86_400 * 20_501 - SHOP_OFFSET - 1),
    ];

    fn changes(now: Timestamp) -> Vec<Value> {
        let parse = |body: Vec<u8>| serde_json::from_slice::<Value>(&body).unwrap();
        let bodies = bodies(&Number::demo(), now).into_iter().map(parse);
        bodies.flat_map(|body| body["entry"][0]["changes"].as_array().unwrap().clone()).collect()
    }

    fn at(node: &Value) -> i64 {
        node["timestamp"].as_str().unwrap().parse().unwrap()
    }

    fn stories() -> Vec<Story<'static>> {
        STORIES.iter().flat_map(|text| story::parse(text)).collect()
    }

    #[test]
    fn every_line_of_the_stories_is_understood() {
        for text in STORIES {
            let written = text.lines().filter(|line| line.starts_with(['<', '>'])).count();
            let read: usize = story::parse(text).iter().map(|story| story.lines.len()).sum();
            assert_eq!(read, written);
            let other = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['<', '>', '#']));
            assert_eq!(other.count(), 0);
            assert_eq!(story::parse(text).len(), text.lines().filter(|line| line.starts_with('#')).count());
        }
    }

    #[test]
    fn there_is_enough_to_look_at() {
        let stories = stories();
        assert!(stories.len() >= 36, "{} conversations", stories.len());
        for story in &stories {
            let length = story.lines.len();
            assert!((2..=40).contains(&length) || length >= 120, "{}: {length} messages", story.name);
        }
        let long = stories.iter().map(|story| story.lines.len()).max().unwrap();
        assert!(long >= 120, "{long}");
        let unanswered =
            stories.iter().filter(|story| story.lines.last().is_some_and(|line| !line.ours)).count();
        assert!((5..20).contains(&unanswered), "{unanswered} unanswered");
        let languages: BTreeSet<&str> = stories.iter().map(|story| &story.phone[..2]).collect();
        assert_eq!(languages, BTreeSet::from(["15", "55", "62"]));
        let phones: HashSet<&str> = stories.iter().map(|story| story.phone).collect();
        assert_eq!(phones.len(), stories.len());
    }

    #[test]
    fn quotes_and_reactions_point_backwards() {
        for story in stories() {
            for (index, line) in story.lines.iter().enumerate() {
                if let Some(quoted) = line.reply_to {
                    assert!((1..=index).contains(&quoted), "{} line {}", story.name, index + 1);
                }
                if let What::Reaction(target, emoji) = &line.what {
                    assert!((1..=index).contains(target), "{} line {}", story.name, index + 1);
                    assert_ne!(story.lines[target - 1].ours, line.ours, "{} line {}", story.name, index + 1);
                    assert!(!emoji.is_empty());
                }
            }
        }
    }

    #[test]
    fn same_now_same_bytes_and_ids_never_change() {
        let ids = |now| -> BTreeSet<String> {
            let text = |node: &Value| node["id"].as_str().unwrap().to_owned();
            changes(now)
                .iter()
                .flat_map(|change| [&change["value"]["messages"][0], &change["value"]["message_echoes"][0]])
                .filter(|node| node.is_object())
                .map(text)
                .collect()
        };
        assert_eq!(bodies(&Number::demo(), MOMENTS[0]), bodies(&Number::demo(), MOMENTS[0]));
        let first = ids(MOMENTS[0]);
        assert_eq!(first, ids(MOMENTS[1]));
        assert_eq!(first.len(), stories().iter().map(|story| story.lines.len()).sum::<usize>(), "all differ");
    }

    #[test]
    fn nothing_is_in_the_future_and_everything_is_in_order() {
        for now in MOMENTS {
            let mut last = 0;
            let mut known = HashSet::new();
            let mut per_chat: BTreeMap<String, i64> = BTreeMap::new();
            for change in changes(now) {
                let value = &change["value"];
                let nodes = ["messages", "message_echoes", "statuses"].map(|key| &value[key][0]);
                let node = nodes.into_iter().find(|node| node.is_object()).unwrap();
                let when = at(node);
                assert!(when >= last && when <= now.as_seconds(), "{node}");
                assert!(when >= now.as_seconds() - 12 * 86_400 - 86_400, "{node}");
                last = when;
                if value["statuses"].is_array() {
                    assert!(
                        known.contains(node["id"].as_str().unwrap()),
                        "a status before its message: {node}"
                    );
                } else {
                    known.insert(node["id"].as_str().unwrap().to_owned());
                    let who = node["to"].as_str().or(node["from"].as_str()).unwrap().to_owned();
                    assert!(per_chat.insert(who, when).unwrap_or(0) <= when);
                }
                let quoted = node["context"]["id"].as_str().or(node["reaction"]["message_id"].as_str());
                assert!(quoted.is_none_or(|id| known.contains(id)), "{node}");
            }
        }
    }

    #[test]
    fn all_kinds_occur_in_metas_form() {
        let changes = changes(MOMENTS[0]);
        let mut kinds = BTreeSet::new();
        for change in &changes {
            let value = &change["value"];
            assert_eq!(value["messaging_product"], "whatsapp");
            assert_eq!(value["metadata"]["phone_number_id"], "100200300400500");
            assert_eq!(change["field"] == "smb_message_echoes", value["message_echoes"].is_array());
            for node in [&value["messages"][0], &value["message_echoes"][0]] {
                let Some(kind) = node["type"].as_str() else { continue };
                assert!(node[kind].is_object() || node[kind].is_array(), "{node}");
                kinds.insert(kind.to_owned());
            }
        }
        let expected = [
            "audio",
            "contacts",
            "document",
            "image",
            "location",
            "reaction",
            "sticker",
            "system",
            "text",
            "unsupported",
        ];
        assert_eq!(kinds, BTreeSet::from(expected.map(str::to_owned)));
    }

    #[test]
    fn the_files_are_those_that_are_told_of() {
        let blobs = Blobs::default();
        let files = files(&blobs);
        let mut told = 0;
        for change in changes(MOMENTS[0]) {
            for node in [&change["value"]["messages"][0], &change["value"]["message_echoes"][0]] {
                let body = &node[node["type"].as_str().unwrap_or_default()];
                let Some(sha) = body["sha256"].as_str() else { continue };
                let (_, file) = files.iter().find(|(id, _)| body["id"] == id.as_str()).unwrap();
                assert_eq!(sha, STANDARD.encode(file.blob.sha256()), "{body}");
                assert_eq!(body["mime_type"], file.mime.as_str());
                assert_eq!(body["filename"].as_str(), file.file_name.as_deref());
                told += 1;
            }
        }
        assert_eq!(told, files.len());
        let different: HashSet<String> = files.iter().map(|(_, file)| file.blob.hex()).collect();
        assert!(different.len() >= 6 && different.len() < files.len(), "{}", different.len());
    }

    #[test]
    fn numbers_are_obviously_made_up() {
        for story in stories() {
            let made_up = story.phone.starts_with("628120000")
                || story.phone.starts_with("1555010")
                || (story.phone.starts_with("55") && &story.phone[4..9] == "90000");
            assert!(made_up && (11..=13).contains(&story.phone.len()), "{}", story.phone);
        }
    }
}

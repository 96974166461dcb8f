//! As `WhatsApp` exports a chat on an iPhone: an archive with `_chat.txt` and the files beside it. Its invisible marks
//! (U+200E) stand where `WhatsApp` puts them: before what it says itself, so that programs tell it from what people wrote.

use std::path::Path;

use balas_domain::{
    Content,
    content::{Media, MediaKind, Poll},
    group::{GroupEvent, GroupNews, named},
    view::{Direction, Vote},
    work::Activity,
};

use super::{Archive, Entry, Pen, Scene, Walk, attach, line};
use crate::{Engine, access::Actor, error::EngineError};

/// Before what no person wrote.
const MARK: char = '\u{200e}';

/// Writes it.
pub(super) async fn write(
    engine: &Engine,
    actor: &Actor,
    scene: &Scene,
    path: &Path,
) -> Result<(), EngineError> {
    let archive = Archive::create(path)?;
    let chat = engine.spooled()?;
    let mut pen = Pen::new(&chat).await?;
    let mut walk = Walk::new(actor.workspace, scene);
    while let Some(entries) = walk.next(engine).await? {
        for entry in entries {
            let attached = attach(engine, actor, scene, &entry, &archive, "").await?;
            pen.put(&written(scene, &entry, attached.as_deref())).await?;
        }
    }
    pen.finish().await?;
    archive.add_text("_chat.txt", &chat).await?;
    archive.finish().await
}

/// A message as it stands in the chat; some take several lines.
fn written(scene: &Scene, entry: &Entry, attached: Option<&str>) -> String {
    let view = &entry.record.view;
    let time = scene.zoned(view.at).strftime("%d/%m/%Y, %H:%M:%S").to_string();
    let (marked, said) = said(entry, attached);
    let who = match &view.content {
        Content::System { .. } | Content::Activity { .. } => line(&scene.conversation.title),
        _ => scene.author(&view.author),
    };
    let begin = if marked { MARK.to_string() } else { String::new() };
    let edited = if view.edited && !view.revoked {
        format!(" {MARK}<This message was edited>")
    } else {
        String::new()
    };
    format!("{begin}[{time}] {who}: {said}{edited}\r\n")
}

/// What it says, and whether `WhatsApp` says it rather than a person.
fn said(entry: &Entry, attached: Option<&str>) -> (bool, String) {
    let view = &entry.record.view;
    if view.revoked {
        let by = if view.direction == Direction::Out {
            "You deleted this message."
        } else {
            "This message was deleted."
        };
        return (true, format!("{MARK}{by}"));
    }
    match &view.content {
        Content::Text { text } => (false, body(&named(text, &view.mentions))),
        Content::Choice { title, .. } => (false, body(title)),
        Content::Note { text } => (true, format!("{MARK}(note) {}", body(text))),
        Content::Media(media) => (true, file(media, attached)),
        Content::Location { latitude, longitude, name, address } => {
            let place: Vec<_> =
                [name.as_deref(), address.as_deref()].into_iter().flatten().map(line).collect();
            let place = if place.is_empty() { String::new() } else { format!("{} ", place.join(", ")) };
            (true, format!("{place}{MARK}Location: https://maps.google.com/?q={latitude},{longitude}"))
        }
        Content::Contacts { cards } => {
            let cards = cards.iter().map(|card| line(&format!("{} {}", card.name, card.phones.join(" "))));
            (true, format!("{MARK}Contact card: {}", cards.collect::<Vec<_>>().join("; ")))
        }
        Content::Poll(asked) => (true, format!("{MARK}POLL:\n{}", poll(asked, &view.votes).join("\n"))),
        Content::System { text, .. } => (true, format!("{MARK}{}", body(text))),
        Content::Activity { activity } => (true, format!("{MARK}{}", happened(activity))),
        Content::Unsupported { .. } => (true, format!("{MARK}This message cannot be shown here.")),
    }
}

/// The question, and each answer with its votes.
pub(super) fn poll(poll: &Poll, votes: &[Vote]) -> Vec<String> {
    let answer = |option: &String| {
        let n = votes.iter().filter(|vote| vote.options.contains(option)).count();
        format!("OPTION: {} ({n} {})", line(option), if n == 1 { "vote" } else { "votes" })
    };
    std::iter::once(line(&poll.question)).chain(poll.options.iter().map(answer)).collect()
}

fn file(media: &Media, attached: Option<&str>) -> String {
    let caption = media.caption.as_deref().map(|caption| format!("{} ", body(caption))).unwrap_or_default();
    if let Some(name) = attached {
        return format!("{caption}{MARK}<attached: {name}>");
    }
    let what = match media.kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
    };
    format!("{caption}{MARK}{what} omitted")
}

/// Lines as they were written, without the marks that are `WhatsApp`'s own.
fn body(text: &str) -> String {
    text.replace("\r\n", "\n").replace(['\r', MARK], "")
}

/// What was done with the conversation, or happened in its group.
pub(super) fn happened(activity: &Activity) -> String {
    match activity {
        Activity::Assigned { to: Some(name), .. } => format!("Assigned to {}", line(name)),
        Activity::Assigned { to: None, .. } => "Assigned to nobody".to_owned(),
        Activity::Resolved => "Resolved".to_owned(),
        Activity::Reopened => "Reopened".to_owned(),
        Activity::Snoozed { until } => format!("Put off until {until}"),
        Activity::Group { news } => group(news),
    }
}

fn group(news: &GroupNews) -> String {
    let mut who: Vec<String> = news.who.iter().map(|name| line(name)).collect();
    if news.us {
        who.push("You".to_owned());
    }
    if news.more > 0 {
        who.push(format!("{} more", news.more));
    }
    let who = who.join(", ");
    match news.event {
        GroupEvent::Joined => format!("{who} joined"),
        GroupEvent::Left => format!("{who} left"),
        GroupEvent::Promoted => format!("{who} became admin"),
        GroupEvent::Demoted => format!("{who} is no longer admin"),
        GroupEvent::Renamed => {
            format!("The group is now called “{}”", line(news.name.as_deref().unwrap_or_default()))
        }
        GroupEvent::Described => "The description of the group was changed".to_owned(),
        GroupEvent::Pictured => "The picture of the group was changed".to_owned(),
        GroupEvent::Closed => "Only admins can send messages now".to_owned(),
        GroupEvent::Opened => "Everybody can send messages now".to_owned(),
        GroupEvent::Locked => "Only admins can change the group now".to_owned(),
        GroupEvent::Unlocked => "Everybody can change the group now".to_owned(),
    }
}

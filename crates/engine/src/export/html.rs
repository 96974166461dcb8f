//! A conversation on one page, to be read and printed. It asks nobody for anything and runs nothing: a policy of its own
//! forbids it, should something ever slip through.

use std::path::Path;

use balas_domain::{
    Content,
    content::Media,
    group::named,
    view::{Direction, MessageView},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::StreamExt;

use super::{
    Entry, Pen, Scene, Walk,
    text::{happened, poll},
};
use crate::{Engine, access::Actor, error::EngineError, files::StorageError};

/// Small pictures stand in the page; larger ones are only named.
const LARGEST_PICTURE: usize = 1 << 19;

const STYLE: &str = "
:root{color-scheme:light}
body{margin:0 auto;max-width:48rem;padding:1.5rem;font:15px/1.45 system-ui,sans-serif;color:#111;background:#fff}
h1{margin:0;font-size:1.4rem}
header p{margin:.2rem 0 1.5rem;color:#555}
h2{margin:1.5rem 0 .5rem;font-size:.85rem;font-weight:600;color:#555;text-align:center}
article{margin:.4rem 0;padding:.5rem .75rem;border-radius:.6rem;background:#f1f1f1;max-width:85%;break-inside:avoid}
article.out{margin-inline-start:auto;background:#dff3dd}
article.internal{margin-inline:auto;background:#fff6d6;font-size:.9rem}
article.told{margin-inline:auto;background:none;color:#555;text-align:center;font-size:.85rem}
p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
blockquote{margin:0 0 .3rem;padding-inline-start:.6rem;border-inline-start:3px solid #999;color:#444}
footer{margin-top:.2rem;font-size:.75rem;color:#555}
img{max-width:16rem;max-height:16rem;border-radius:.4rem;display:block}
ol{margin:.3rem 0 0;padding-inline-start:1.2rem;color:#444;font-size:.85rem}
@media print{body{max-width:none;padding:0;font-size:11pt}article,article.out{border:1px solid #bbb;background:none}}
";

/// Writes it.
pub(super) async fn write(
    engine: &Engine,
    actor: &Actor,
    scene: &Scene,
    path: &Path,
) -> Result<(), EngineError> {
    let mut pen = Pen::new(path).await?;
    pen.put(&head(scene)).await?;
    let mut walk = Walk::new(actor.workspace, scene);
    let mut day = String::new();
    while let Some(entries) = walk.next(engine).await? {
        for entry in entries {
            let today = scene.zoned(entry.record.view.at).strftime("%A, %d %B %Y").to_string();
            if today != day {
                pen.put(&format!("<h2>{}</h2>\n", escaped(&today))).await?;
                day = today;
            }
            let picture = picture(engine, actor, &entry).await?;
            pen.put(&article(scene, &entry, picture.as_deref())).await?;
        }
    }
    pen.put("</main></body></html>\n").await?;
    pen.finish().await
}

fn head(scene: &Scene) -> String {
    let title = escaped(&scene.conversation.title);
    let time = scene.zoned(scene.now).strftime("%d/%m/%Y, %H:%M").to_string();
    let zone = scene.zone.iana_name().unwrap_or("UTC");
    let on = escaped(&scene.account_name());
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n\
         <header><h1 dir=\"auto\">{title}</h1><p>{on} · exported {} · times in {}</p></header><main>\n",
        escaped(&time),
        escaped(zone),
    )
}

fn article(scene: &Scene, entry: &Entry, picture: Option<&str>) -> String {
    let view = &entry.record.view;
    let class = match (&view.content, view.direction) {
        (Content::System { .. } | Content::Activity { .. }, _) => "told",
        (_, direction) => direction.as_str(),
    };
    let quote = view.quote.as_ref().map_or_else(String::new, |quote| {
        let author = quote.author.as_deref().unwrap_or_default();
        let text = quote.preview.as_ref().map_or("", |preview| &preview.text);
        format!(
            "<blockquote dir=\"auto\"><strong>{}</strong> {}</blockquote>",
            escaped(author),
            escaped(text)
        )
    });
    let picture = picture
        .map_or_else(String::new, |data| format!("<img alt=\"\" src=\"data:image/jpeg;base64,{data}\">"));
    let before: String = match entry.versions.split_last() {
        Some((_, before)) if !before.is_empty() => {
            let each = before.iter().map(|version| {
                let at = scene.zoned(version.at).strftime("%d/%m/%Y, %H:%M:%S").to_string();
                format!("<li>{}: {}</li>", escaped(&at), escaped(&version.content.preview().text))
            });
            format!("<ol aria-label=\"What it said before\">{}</ol>", each.collect::<String>())
        }
        _ => String::new(),
    };
    let time = scene.zoned(view.at).strftime("%H:%M:%S").to_string();
    let who =
        if class == "told" { String::new() } else { format!("{} · ", escaped(&scene.author(&view.author))) };
    format!(
        "<article class=\"{class}\">{quote}{picture}<p dir=\"auto\">{}</p>{before}<footer dir=\"auto\">{who}{time}{}</footer></article>\n",
        escaped(&said(view)),
        escaped(&facts(view)),
    )
}

/// What else there is to say of it.
fn facts(view: &MessageView) -> String {
    let mut facts = Vec::new();
    if view.direction == Direction::Out {
        facts.push(view.delivery.status.as_str().to_owned());
    }
    if view.edited && !view.revoked {
        facts.push("edited".to_owned());
    }
    if let Some(failure) = &view.failure {
        facts.push(failure.text.clone());
    }
    for reaction in &view.reactions {
        let who = if reaction.from_us { "us" } else { reaction.author.as_str() };
        facts.push(format!("{} {who}", reaction.emoji));
    }
    facts.iter().flat_map(|fact| [" · ", fact.as_str()]).collect()
}

fn said(view: &MessageView) -> String {
    if view.revoked {
        return "This message was deleted.".to_owned();
    }
    match &view.content {
        Content::Text { text } => named(text, &view.mentions),
        Content::Note { text } | Content::System { text, .. } => text.clone(),
        Content::Choice { title, .. } => title.clone(),
        Content::Media(media) => file(media, view),
        Content::Location { latitude, longitude, name, address } => {
            let place = [name.as_deref(), address.as_deref()].into_iter().flatten();
            let point = format!("{latitude}, {longitude}");
            place.chain([point.as_str()]).collect::<Vec<_>>().join("\n")
        }
        Content::Contacts { cards } => {
            let each = cards.iter().map(|card| format!("{} {}", card.name, card.phones.join(", ")));
            each.collect::<Vec<_>>().join("\n")
        }
        Content::Poll(asked) => poll(asked, &view.votes).join("\n"),
        Content::Activity { activity } => happened(activity),
        Content::Unsupported { .. } => "This message cannot be shown here.".to_owned(),
    }
}

/// What file it is; the words below it.
fn file(media: &Media, view: &MessageView) -> String {
    let mime = view.file.as_ref().and_then(|file| file.mime.as_deref()).unwrap_or("not stored");
    let name = media.file_name.as_deref().map(|name| format!("{name} ")).unwrap_or_default();
    let caption = media.caption.as_deref().map(|caption| format!("\n{caption}")).unwrap_or_default();
    format!("{name}({mime}){caption}")
}

/// The small picture of its file, as it stands in the page.
async fn picture(engine: &Engine, actor: &Actor, entry: &Entry) -> Result<Option<String>, EngineError> {
    let Some((contents, key)) = entry.file.as_ref().and_then(|file| Some((file, file.preview_key.as_ref()?)))
    else {
        return Ok(None);
    };
    let Some(mut bytes) = engine.kept(actor, contents, key).await? else { return Ok(None) };
    let mut all = Vec::new();
    while let Some(chunk) = bytes.next().await {
        all.extend_from_slice(&chunk.map_err(StorageError::Disk)?);
        if all.len() > LARGEST_PICTURE {
            return Ok(None);
        }
    }
    Ok(Some(BASE64_STANDARD.encode(all)))
}

/// As text that is nothing but text, within elements and attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What would turn the rest of the page around.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            escaped("<script>alert('1' & \"2\")</script>\u{202e}"),
            "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;"
        );
    }
}

//! Files that are named by a link (`image_url` and the like): the gateway fetches them by itself.

use futures::StreamExt as _;

use super::{
    answer::Refusal,
    call::{Call, Payload},
};
use crate::{
    blob::Spool,
    deliver::allowed,
    form::{Form, FormFile},
};

/// Fetches the file that a send names by a link, if it does. As everything here, only from this machine.
pub(super) async fn linked_file(call: &mut Call<'_>) -> Result<(), Refusal> {
    let ("POST", ["send", what]) = (call.method.as_str(), &call.segments()[..]) else { return Ok(()) };
    let what = (*what).to_owned();
    // The old version cannot fetch documents.
    let can = match what.as_str() {
        "image" | "audio" | "video" | "sticker" => true,
        "file" => call.is_v9(),
        _ => false,
    };
    if !can || call.file(&what).is_some() {
        return Ok(());
    }
    let fields = call.json()?;
    let Some(url) = fields[format!("{what}_url")].as_str().filter(|url| !url.is_empty()) else {
        return Ok(());
    };
    let file = fetch(call, url)
        .await
        .map_err(|error| Refusal::internal(format!("failed to download {what} from URL {error}")))?;
    let fields = fields.as_object().cloned().unwrap_or_default();
    call.payload = Payload::Form(Form { fields, files: [(what, file)].into() });
    Ok(())
}

async fn fetch(call: &Call<'_>, url: &str) -> Result<FormFile, String> {
    let url = allowed(url)?;
    let name = url.path_segments().and_then(|mut path| path.next_back()).unwrap_or_default().to_owned();
    let answer =
        call.shared.post.client().get(url).send().await.map_err(|error| error.without_url().to_string())?;
    if !answer.status().is_success() {
        return Err(format!("HTTP request failed with status: {}", answer.status()));
    }
    let mime = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
    let mime = mime.unwrap_or("application/octet-stream").to_owned();
    let mut spool: Spool = call.shared.blobs.begin();
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| error.without_url().to_string())?;
        spool.write(&piece).map_err(|error| error.to_string())?;
    }
    let blob = spool.finish();
    Ok(FormFile { name, mime, blob })
}

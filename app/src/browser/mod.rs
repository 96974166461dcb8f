//! The few things that only a browser has, behind small functions. Everything here compiles for the server
//! too, so that event handlers need no conditions, but is only ever called from handlers and effects, which
//! never run there.

pub(crate) mod ambient;
pub(crate) mod attention;
pub(crate) mod dom;
pub(crate) mod intersect;
mod overlay;
pub(crate) mod scroll;
pub(crate) mod storage;
pub(crate) mod timer;
pub(crate) mod upload;
pub(crate) mod zone;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
pub async fn start(parts: crate::pages::part::Parts) {
    use crate::{
        boot::Boot,
        i18n::here,
        pages::office::is_in_office,
        root::{Root, RootProps},
        route::Route,
        when::Zone,
    };

    overlay::install();
    let block = |id: &str| dom::by_id(id).and_then(|block| block.text_content());
    let boot = block("balas-boot").and_then(|json| serde_json::from_slice::<Boot>(json.as_bytes()).ok());
    let words = block("balas-words").is_some_and(|json| here::install(&json));
    let Some(boot) = boot.filter(|_| words) else {
        // The page comes from a server of another version: its words are not ours.
        overlay::show();
        return;
    };
    // What the server has rendered can only be taken over in one go.
    let route = Route::parse(&boot.path);
    let needed = match &route {
        Route::Inbox { open: Some(_), .. } => parts.conversation.load,
        other if is_in_office(other.section()) => parts.office.load,
        _ => None,
    };
    if let Some(load) = needed
        && !load().await
    {
        overlay::show();
        return;
    }
    // The first rendering must repeat the server's words; afterwards the browser's own zone takes over.
    let same_zone = zone::name().is_some_and(|name| name == boot.zone.name);
    let zone = if same_zone { Zone::Browser } else { Zone::Fixed(boot.zone.offset) };
    leptos::mount::hydrate_body(move || Root(RootProps { boot, zone, parts }));
}

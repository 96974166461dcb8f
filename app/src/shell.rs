//! The document around a page: head, data block, and the files that bring it to life.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::{
    boot::Boot,
    i18n::{Lang, Theme},
};

/// Addresses of the hashed files, as in the site's `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Assets {
    /// The glue between browser and program.
    pub js: String,
    /// The program.
    pub wasm: String,
    /// The style sheet.
    pub css: String,
}

/// What a page may load: our own files, and the program. No inline script anywhere. `style-src` allows inline
/// attributes because browsers count scripted positions (the height of the composer) among them.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The whole document around the rendered body.
#[must_use]
pub fn document(assets: &Assets, boot: &Boot, title: &str, body: &str) -> String {
    let data = block(boot);
    let mut html = String::with_capacity(body.len() + data.len() + 2_048);
    let theme = match boot.theme {
        Theme::System => String::new(),
        Theme::Light | Theme::Dark => format!(" data-theme=\"{}\"", boot.theme.code()),
    };
    let Assets { js, wasm, css } = assets;
    for piece in [
        "<!DOCTYPE html><html lang=\"",
        boot.lang.code(),
        "\"",
        &theme,
        "><head><meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover, \
         interactive-widget=resizes-content\">",
        "<meta name=\"color-scheme\" content=\"light dark\">",
        "<meta name=\"referrer\" content=\"same-origin\">",
        "<title>",
        &escape(title),
        "</title><link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">",
        "<link rel=\"manifest\" href=\"/balas.webmanifest\">",
        "<link rel=\"stylesheet\" href=\"",
        &escape(css),
        "\"><link rel=\"modulepreload\" href=\"",
        &escape(js),
        "\"><link rel=\"preload\" as=\"fetch\" type=\"application/wasm\" crossorigin href=\"",
        &escape(wasm),
        "\"><script type=\"application/json\" id=\"balas-boot\">",
        &data,
        "</script><script type=\"application/json\" id=\"balas-words\">",
        words_block(boot.lang),
        "</script><script type=\"module\" src=\"/boot.js\" id=\"balas-program\" data-js=\"",
        &escape(js),
        "\" data-wasm=\"",
        &escape(wasm),
        "\"></script></head><body>",
        body,
        "</body></html>",
    ] {
        html.push_str(piece);
    }
    html
}

/// A language's words. They never change, so they are written once.
fn words_block(lang: Lang) -> &'static str {
    static BLOCKS: LazyLock<[String; Lang::ALL.len()]> =
        LazyLock::new(|| Lang::ALL.map(|lang| block(&lang.words().list())));
    let place = Lang::ALL.iter().position(|other| *other == lang).unwrap_or_default();
    &BLOCKS[place]
}

/// JSON that cannot end its own `<script>` element.
fn block(data: &impl Serialize) -> String {
    // Views hold nothing that JSON cannot express; an empty block makes the browser fetch the page anew.
    let json = serde_json::to_string(data).unwrap_or_default();
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        Assets { js: "/pkg/a.js".into(), wasm: "/pkg/a.wasm".into(), css: "/pkg/a.css".into() }
    }

    #[test]
    fn data_cannot_close_the_block_it_stands_in() {
        let boot = Boot { path: "/inbox?q=</script><script>alert(1)</script>".to_owned(), ..Boot::default() };
        let html = document(&assets(), &boot, "Balas", "");
        assert_eq!(html.matches("</script>").count(), 3, "{html}");
        let start = html.find("balas-boot\">").unwrap() + "balas-boot\">".len();
        let end = start + html[start..].find("</script>").unwrap();
        assert_eq!(serde_json::from_str::<Boot>(&html[start..end]).unwrap(), boot);
    }

    #[test]
    fn a_title_cannot_become_markup() {
        let html = document(&assets(), &Boot::default(), "</title><b>", "");
        assert!(html.contains("<title>&lt;/title>&lt;b></title>") || html.contains("&lt;/title"), "{html}");
        assert!(!html.contains("<b>"));
    }

    #[test]
    fn no_script_is_inline() {
        let html = document(&assets(), &Boot::default(), "Balas", "<main></main>");
        for script in html.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains("src=") || tag.contains("application/json"), "{tag}");
        }
    }
}

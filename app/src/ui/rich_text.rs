//! A message's text with WhatsApp's marks, as elements. Nothing that someone wrote ever becomes markup.

use balas_domain::{
    Mention,
    format::{Node, parse},
};
use leptos::prelude::*;

/// The text as elements.
pub(crate) fn rich_text(text: &str) -> impl IntoView + use<> {
    nodes(parse(text), &[])
}

/// The same with names where somebody is mentioned.
pub(crate) fn mentioning(text: &str, mentions: &[Mention]) -> impl IntoView + use<> {
    nodes(parse(text), mentions)
}

fn nodes(nodes: Vec<Node>, mentions: &[Mention]) -> Vec<AnyView> {
    nodes.into_iter().map(|one| node(one, mentions)).collect()
}

fn node(node: Node, mentions: &[Mention]) -> AnyView {
    match node {
        Node::Text(text) if mentions.is_empty() => text.into_any(),
        Node::Text(text) => named(&text, mentions),
        Node::Bold(inner) => view! { <strong>{nodes(inner, mentions)}</strong> }.into_any(),
        Node::Italic(inner) => view! { <em>{nodes(inner, mentions)}</em> }.into_any(),
        Node::Strike(inner) => view! { <s>{nodes(inner, mentions)}</s> }.into_any(),
        Node::Code(code) => view! { <code>{code}</code> }.into_any(),
        Node::Block(code) => view! { <code class="block">{code}</code> }.into_any(),
        Node::Quote(inner) => view! { <span class="quoted">{nodes(inner, mentions)}</span> }.into_any(),
        Node::Link { href, text } => {
            // `noopener noreferrer`: the page behind it learns neither where it was opened nor gets a handle on us.
            view! { <a href=href target="_blank" rel="noopener noreferrer nofollow">{text}</a> }.into_any()
        }
        Node::Break => view! { <br /> }.into_any(),
    }
}

/// A text's mentions as people read them.
fn named(text: &str, mentions: &[Mention]) -> AnyView {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find('@').map(|at| from + at) {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let tag = &rest[at + 1..at + 1 + digits];
        from = at + 1 + digits;
        if let Some(mention) = mentions.iter().find(|mention| mention.tag == tag) {
            parts.push(rest[..at].to_owned().into_any());
            let said = format!("@{}", mention.name);
            parts.push(view! { <bdi class="mention" >{said}</bdi> }.into_any());
            rest = &rest[from..];
            from = 0;
        }
    }
    parts.push(rest.to_owned().into_any());
    parts.into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use leptos::{prelude::*, tachys::view::RenderHtml};

    use super::rich_text;

    fn html(text: &str) -> String {
        let owner = Owner::new();
        owner.with(|| rich_text(text).to_html()).replace("<!>", "")
    }

    #[test]
    fn marks_become_elements() {
        assert_eq!(html("*a* _b_ ~c~ `d`"), "<strong>a</strong> <em>b</em> <s>c</s> <code>d</code>");
    }

    #[test]
    fn mentions_say_names() {
        let ana = [balas_domain::Mention { tag: "628123".into(), name: "Ana <b>".into() }];
        let owner = Owner::new();
        let out =
            owner.with(|| super::mentioning("*hi* @628123, @6281234 @x", &ana).to_html()).replace("<!>", "");
        assert!(out.contains(">@Ana &lt;b&gt;</bdi>, @6281234 @x"), "{out}");
    }

    #[test]
    fn markup_stays_text() {
        let out = html("<script>alert(1)</script> *<img src=x onerror=alert(1)>*");
        assert!(!out.contains("<script") && !out.contains("<img"), "{out}");
    }

    #[test]
    fn links_lead_outside_without_a_trace() {
        let out = html("see https://example.org/a?b=\"c");
        assert!(out.contains("href=\"https://example.org/a?b=\""), "{out}");
        assert!(out.contains("noopener noreferrer"), "{out}");
        assert!(!html("javascript:alert(1)").contains("href"));
    }
}

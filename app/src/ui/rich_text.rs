//! A message's text with WhatsApp's marks, as elements. Nothing that someone wrote ever becomes markup.

use balas_domain::format::{Node, parse};
use leptos::prelude::*;

/// The text as elements.
pub(crate) fn rich_text(text: &str) -> impl IntoView + use<> {
    nodes(parse(text))
}

fn nodes(nodes: Vec<Node>) -> Vec<AnyView> {
    nodes.into_iter().map(node).collect()
}

fn node(node: Node) -> AnyView {
    match node {
        Node::Text(text) => text.into_any(),
        Node::Bold(inner) => view! { <strong>{nodes(inner)}</strong> }.into_any(),
        Node::Italic(inner) => view! { <em>{nodes(inner)}</em> }.into_any(),
        Node::Strike(inner) => view! { <s>{nodes(inner)}</s> }.into_any(),
        Node::Code(code) => view! { <code>{code}</code> }.into_any(),
        Node::Block(code) => view! { <code class="block">{code}</code> }.into_any(),
        Node::Quote(inner) => view! { <span class="quoted">{nodes(inner)}</span> }.into_any(),
        Node::Link { href, text } => {
            // `noopener noreferrer`: the page behind it learns neither where it was opened nor gets a handle on us.
            view! { <a href=href target="_blank" rel="noopener noreferrer nofollow">{text}</a> }.into_any()
        }
        Node::Break => view! { <br /> }.into_any(),
    }
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

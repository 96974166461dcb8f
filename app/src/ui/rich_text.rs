//! A message's text with WhatsApp's marks, as elements. Nothing that someone wrote ever becomes markup.

use balas_domain::{
    Mention,
    format::{Node, parse},
};
use leptos::prelude::*;

/// What stands out in a text beside its own marks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Marks<'a> {
    /// Who is mentioned, to be called by name.
    pub(crate) mentions: &'a [Mention],
    /// Words that were searched for, as they are spelled there.
    pub(crate) found: &'a [String],
}

/// The text as elements.
pub(crate) fn rich_text(text: &str) -> impl IntoView + use<> {
    nodes(parse(text), Marks::default())
}

/// The same with what stands out.
pub(crate) fn marking(text: &str, marks: Marks<'_>) -> impl IntoView + use<> {
    nodes(parse(text), marks)
}

fn nodes(nodes: Vec<Node>, marks: Marks<'_>) -> Vec<AnyView> {
    nodes.into_iter().map(|one| node(one, marks)).collect()
}

fn node(node: Node, marks: Marks<'_>) -> AnyView {
    match node {
        Node::Text(text) if marks.mentions.is_empty() && marks.found.is_empty() => text.into_any(),
        Node::Text(text) => named(&text, marks),
        Node::Bold(inner) => view! { <strong>{nodes(inner, marks)}</strong> }.into_any(),
        Node::Italic(inner) => view! { <em>{nodes(inner, marks)}</em> }.into_any(),
        Node::Strike(inner) => view! { <s>{nodes(inner, marks)}</s> }.into_any(),
        Node::Code(code) => view! { <code>{code}</code> }.into_any(),
        Node::Block(code) => view! { <code class="block">{code}</code> }.into_any(),
        Node::Quote(inner) => view! { <span class="quoted">{nodes(inner, marks)}</span> }.into_any(),
        Node::Link { href, text } => {
            // `noopener noreferrer`: the page behind it learns neither where it was opened nor gets a handle on us.
            view! { <a href=href target="_blank" rel="noopener noreferrer nofollow">{text}</a> }.into_any()
        }
        Node::Break => view! { <br /> }.into_any(),
    }
}

/// A text's mentions as people read them.
fn named(text: &str, Marks { mentions, found }: Marks<'_>) -> AnyView {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find('@').map(|at| from + at) {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let tag = &rest[at + 1..at + 1 + digits];
        from = at + 1 + digits;
        if let Some(mention) = mentions.iter().find(|mention| mention.tag == tag) {
            parts.push(shown(&rest[..at], found));
            let said = format!("@{}", mention.name);
            parts.push(view! { <bdi class="mention" >{said}</bdi> }.into_any());
            rest = &rest[from..];
            from = 0;
        }
    }
    parts.push(shown(rest, found));
    parts.into_any()
}

/// A text with what was searched for marked.
fn shown(text: &str, found: &[String]) -> AnyView {
    if found.is_empty() {
        return text.to_owned().into_any();
    }
    pieces(text, found)
        .into_iter()
        .map(|(piece, hit)| if hit { view! { <mark>{piece}</mark> }.into_any() } else { piece.into_any() })
        .collect_view()
        .into_any()
}

/// A text cut where a searched word begins or ends.
fn pieces(text: &str, found: &[String]) -> Vec<(String, bool)> {
    let mut pieces = Vec::new();
    let (mut from, mut done) = (0, 0);
    while let Some(start) =
        text[from..].char_indices().map(|(at, _)| from + at).find(|at| hit_at(text, *at, found) > 0)
    {
        let end = start + hit_at(text, start, found);
        if done < start {
            pieces.push((text[done..start].to_owned(), false));
        }
        pieces.push((text[start..end].to_owned(), true));
        (from, done) = (end, end);
    }
    if done < text.len() {
        pieces.push((text[done..].to_owned(), false));
    }
    pieces
}

/// How long the searched word is that begins here; 0 for none. Words of letters must be whole.
fn hit_at(text: &str, at: usize, found: &[String]) -> usize {
    let joins = |one: Option<char>, other: Option<char>| {
        // Scripts without spaces have no ends of words.
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && c < '\u{2e80}');
        letter(one) && letter(other)
    };
    let whole = |word: &&String| {
        let before = joins(text[..at].chars().next_back(), word.chars().next());
        let after = joins(word.chars().next_back(), text[at + word.len()..].chars().next());
        !before && !after
    };
    let here = found.iter().filter(|word| !word.is_empty() && text[at..].starts_with(word.as_str()));
    here.filter(whole).map(String::len).max().unwrap_or(0)
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
        let marks = super::Marks { mentions: &ana, ..super::Marks::default() };
        let out =
            owner.with(|| super::marking("*hi* @628123, @6281234 @x", marks).to_html()).replace("<!>", "");
        assert!(out.contains(">@Ana &lt;b&gt;</bdi>, @6281234 @x"), "{out}");
    }

    #[test]
    fn searched_words_stand_out_where_they_are_whole() {
        let found = ["Café".to_owned(), "pagi".to_owned(), "你好".to_owned()];
        let marked = |text: &str| {
            let pieces = super::pieces(text, &found).into_iter();
            pieces.map(|(piece, hit)| if hit { format!("[{piece}]") } else { piece }).collect::<String>()
        };
        assert_eq!(marked("Café pagi, pagina"), "[Café] [pagi], pagina");
        assert_eq!(marked("napagi pagi"), "napagi [pagi]");
        assert_eq!(marked("说你好吗"), "说[你好]吗");
        assert_eq!(marked(""), "");
        let marks = super::Marks { found: &found, ..super::Marks::default() };
        let owner = Owner::new();
        let out = owner.with(|| super::marking("*selamat pagi* <b>", marks).to_html()).replace("<!>", "");
        assert_eq!(out, "<strong>selamat <mark>pagi</mark></strong> &lt;b&gt;");
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

//! WhatsApp's text marks as nodes: `*bold*`, `_italic_`, `~strike~`, `` `code` ``, ```` ```block``` ````, `> quote`
//! lines and links. Screens turn nodes into elements; no text ever becomes markup.

/// A piece of formatted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// As written.
    Text(String),
    /// `*…*`
    Bold(Vec<Node>),
    /// `_…_`
    Italic(Vec<Node>),
    /// `~…~`
    Strike(Vec<Node>),
    /// `` `…` ``: nothing inside is interpreted.
    Code(String),
    /// ```` ```…``` ````: keeps its line breaks, nothing inside is interpreted.
    Block(String),
    /// A line that starts with `> `.
    Quote(Vec<Node>),
    /// A web address. `href` always starts with `http://` or `https://`.
    Link {
        /// Where it leads.
        href: String,
        /// As written.
        text: String,
    },
    /// A line break.
    Break,
}

/// Deepest nesting of marks; what is deeper stays as written.
const MAX_DEPTH: usize = 4;

/// Reads a message's text. Joining all nodes' texts gives back what was written, less the marks.
#[must_use]
pub fn parse(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = text;
    while let Some((before, block, after)) = split_block(rest) {
        lines(before, &mut nodes);
        nodes.push(Node::Block(block.trim_matches('\n').to_owned()));
        rest = after;
    }
    lines(rest, &mut nodes);
    nodes
}

/// The text without its marks, for previews and notifications.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    collect(&parse(text), &mut out);
    out
}

fn collect(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(s) | Node::Code(s) | Node::Block(s) | Node::Link { text: s, .. } => out.push_str(s),
            Node::Bold(c) | Node::Italic(c) | Node::Strike(c) | Node::Quote(c) => collect(c, out),
            Node::Break => out.push('\n'),
        }
    }
}

/// The text before the first ```` ``` ```` pair, inside it and after it.
fn split_block(text: &str) -> Option<(&str, &str, &str)> {
    let (before, tail) = text.split_once("```")?;
    let (block, after) = tail.split_once("```")?;
    (!block.trim().is_empty()).then_some((before, block, after))
}

fn lines(text: &str, nodes: &mut Vec<Node>) {
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            nodes.push(Node::Break);
        }
        match line.strip_prefix("> ") {
            Some(quoted) => nodes.push(Node::Quote(inline(quoted, 0))),
            None => nodes.extend(inline(line, 0)),
        }
    }
}

/// Reads one line. A mark opens where no letter or digit stands before it and no space after it, and closes where no
/// space stands before it and no letter or digit after it.
fn inline(line: &str, depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    let mut before: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        let at_word_start = before.is_none_or(|b| !b.is_alphanumeric());
        let piece = if !at_word_start {
            None
        } else if let Some((href, len)) = link(rest) {
            Some((Node::Link { href, text: rest[..len].to_owned() }, len))
        } else if depth < MAX_DEPTH {
            marked(rest, c, depth)
        } else {
            None
        };
        if let Some((node, len)) = piece {
            flush(&mut plain, &mut nodes);
            before = rest[..len].chars().next_back();
            nodes.push(node);
            rest = &rest[len..];
        } else {
            plain.push(c);
            before = Some(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    flush(&mut plain, &mut nodes);
    nodes
}

fn flush(plain: &mut String, nodes: &mut Vec<Node>) {
    if !plain.is_empty() {
        nodes.push(Node::Text(std::mem::take(plain)));
    }
}

/// The marked piece at the start of `text` and its length in bytes.
fn marked(text: &str, mark: char, depth: usize) -> Option<(Node, usize)> {
    if !matches!(mark, '*' | '_' | '~' | '`') {
        return None;
    }
    let body = &text[1..];
    if body.starts_with(|c: char| c.is_whitespace() || c == mark) {
        return None;
    }
    let end = body.match_indices(mark).map(|(i, _)| i).find(|&i| {
        let inside = body[..i].chars().next_back();
        let after = body[i + 1..].chars().next();
        i > 0
            && inside.is_some_and(|c| !c.is_whitespace())
            && after.is_none_or(|c| !c.is_alphanumeric() && c != mark)
    })?;
    let inner = &body[..end];
    let node = match mark {
        '*' => Node::Bold(inline(inner, depth + 1)),
        '_' => Node::Italic(inline(inner, depth + 1)),
        '~' => Node::Strike(inline(inner, depth + 1)),
        _ => Node::Code(inner.to_owned()),
    };
    Some((node, end + 2))
}

/// The web address at the start of `text`: its target and its length in bytes.
fn link(text: &str) -> Option<(String, usize)> {
    let lower = |prefix: &str| text.get(..prefix.len()).is_some_and(|t| t.eq_ignore_ascii_case(prefix));
    let scheme = ["https://", "http://", "www."].into_iter().find(|p| lower(p))?;
    let mut end = text
        .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
        .unwrap_or(text.len());
    // Punctuation that ends the sentence, and a bracket that was opened before the address, are not part of it.
    loop {
        let url = &text[..end];
        let last = url.chars().next_back()?;
        let unbalanced = last == ')' && url.matches('(').count() < url.matches(')').count();
        if matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~') || unbalanced {
            end -= last.len_utf8();
        } else {
            break;
        }
    }
    let url = &text[..end];
    let host = &url.get(scheme.len()..)?;
    let valid = host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && (scheme != "www." || host.contains('.'));
    if !valid {
        return None;
    }
    let href = if scheme == "www." { format!("https://{url}") } else { url.to_owned() };
    Some((href, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn t(s: &str) -> Node {
        Node::Text(s.into())
    }

    #[test]
    fn marks() {
        assert_eq!(parse("a *b* c"), [t("a "), Node::Bold(vec![t("b")]), t(" c")]);
        assert_eq!(parse("*_x_*"), [Node::Bold(vec![Node::Italic(vec![t("x")])])]);
        assert_eq!(parse("~no~ `*raw*`"), [Node::Strike(vec![t("no")]), t(" "), Node::Code("*raw*".into())]);
        for plain in ["2*3*4", "* a *", "**", "snake_case_name", "a*", "*a", "*a *", "***"] {
            assert_eq!(parse(plain), [t(plain)], "{plain}");
        }
    }

    #[test]
    fn blocks_quotes_and_lines() {
        assert_eq!(parse("x\n```\na *b*\n```"), [t("x"), Node::Break, Node::Block("a *b*".into())]);
        assert_eq!(
            parse("> hi *you*\nok"),
            [Node::Quote(vec![t("hi "), Node::Bold(vec![t("you")])]), Node::Break, t("ok")]
        );
        assert_eq!(parse("``` ```"), [t("``` ```")]);
    }

    #[test]
    fn links() {
        let l = |href: &str, text: &str| Node::Link { href: href.into(), text: text.into() };
        assert_eq!(
            parse("see https://x.io/a_b_c."),
            [t("see "), l("https://x.io/a_b_c", "https://x.io/a_b_c"), t(".")]
        );
        assert_eq!(parse("(www.x.io)"), [t("("), l("https://www.x.io", "www.x.io"), t(")")]);
        assert_eq!(parse("https://x.io/a_(b)"), [l("https://x.io/a_(b)", "https://x.io/a_(b)")]);
        for plain in ["javascript:alert(1)", "https://", "http:///x", "www.", "data:text/html,x"] {
            assert_eq!(parse(plain), [t(plain)], "{plain}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_marks_is_lost(raw in "[a-z*_~` \\n.>é/:w]{0,60}") {
            let out = plain(&raw);
            let bare = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(bare(&out), bare(&raw));
        }

        #[test]
        fn links_are_web_links(raw in "\\PC{0,80}") {
            fn check(nodes: &[Node]) {
                for n in nodes {
                    match n {
                        Node::Link { href, .. } => {
                            let h = href.to_ascii_lowercase();
                            assert!(h.starts_with("http://") || h.starts_with("https://"));
                        }
                        Node::Bold(c) | Node::Italic(c) | Node::Strike(c) | Node::Quote(c) => check(c),
                        _ => {}
                    }
                }
            }
            check(&parse(&raw));
        }
    }
}

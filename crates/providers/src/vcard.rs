//! Contact cards in vCard form (RFC 6350, and the older 3.0 and 2.1 that phones write).

use balas_domain::{content::Card, text::clean_name};

/// Most numbers that are kept of one card.
pub const MAX_PHONES: usize = 16;

/// Name and numbers of a vCard; empty if there are none.
pub fn read(raw: &str) -> Card {
    let mut card = Card::default();
    let mut company = None;
    // A line that starts with a blank goes on with the one before it.
    let unfolded = raw.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    for line in unfolded.lines() {
        let Some((left, value)) = line.split_once(':') else { continue };
        // `item1.TEL;TYPE=CELL;waid=1555:+1 555`
        let property = left.split(';').next().unwrap_or(left);
        let property = property.rsplit('.').next().unwrap_or(property);
        let value = clean_name(&unescape(value));
        match (property.to_ascii_uppercase().as_str(), value) {
            ("FN", Some(name)) if card.name.is_empty() => card.name = name,
            ("ORG", Some(name)) if company.is_none() => company = Some(name),
            ("TEL", Some(phone)) if card.phones.len() < MAX_PHONES && !card.phones.contains(&phone) => {
                card.phones.push(phone);
            }
            _ => {}
        }
    }
    if card.name.is_empty() {
        card.name = company.unwrap_or_default();
    }
    card
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_as_phones_write_them() {
        let card = read(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Ana;;;\r\nFN:Ana \\, Maria\r\nitem1.TEL;waid=1555:+1 555\r\n \
                         -1234\r\nTEL;TYPE=CELL:15551234567\r\nEND:VCARD",
        );
        assert_eq!(
            card,
            Card { name: "Ana , Maria".into(), phones: vec!["+1 555-1234".into(), "15551234567".into()] }
        );
        assert_eq!(read("ORG:Google;Maps\nTEL:5").name, "Google;Maps");
        assert_eq!(read("no card"), Card::default());
    }
}

//! Who is meant by `@` and a number in a text. Looked up at the time of reading: names come later and change. What a
//! thread tells of its group names people in the same way.

use std::collections::{BTreeSet, HashMap};

use balas_domain::{
    Content, Identity, IdentityKind, Mention, WorkspaceId,
    content::Preview,
    group::{named, tags},
};

use crate::{Result, Tx, contacts};

/// What may be mentions in texts.
pub(crate) struct Wanted(BTreeSet<String>);

impl Wanted {
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(texts.into_iter().flat_map(tags).map(str::to_owned).collect())
    }
}

/// Names of whom texts mention.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// Whom this text mentions.
    pub(crate) fn of(&self, text: &str) -> Vec<Mention> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let found: BTreeSet<&str> = tags(text).collect();
        let name = |tag: &str| Some(Mention { tag: tag.to_owned(), name: self.0.get(tag)?.clone() });
        found.into_iter().filter_map(name).collect()
    }

    /// Who is written as a mention and nothing else, by name.
    pub(crate) fn called(&self, who: &str) -> String {
        let name = who.strip_prefix('@').and_then(|tag| self.0.get(tag));
        name.map_or_else(|| who.to_owned(), String::clone)
    }

    /// The text with the names in it.
    pub(crate) fn named(&self, text: &str) -> String {
        named(text, &self.of(text))
    }
}

/// The names of all whom these texts may mention: contacts, and our own numbers.
pub(crate) async fn names(ws: WorkspaceId, tx: &mut Tx, wanted: Wanted) -> Result<Names> {
    let Wanted(wanted) = wanted;
    if wanted.is_empty() {
        return Ok(Names::default());
    }
    // A number says more than a linked id of the same digits would.
    let kinds = [IdentityKind::Lid, IdentityKind::Phone];
    let identities: Vec<Identity> = kinds
        .into_iter()
        .flat_map(|kind| wanted.iter().map(move |tag| Identity { kind, value: tag.clone() }))
        .collect();
    let known = contacts::found_by(ws, tx, &identities).await?;
    let mut names = HashMap::new();
    for identity in identities {
        if let Some(contact) = known.get(&identity) {
            names.insert(identity.value, contact.display.clone());
        }
    }
    if wanted.iter().any(|tag| !names.contains_key(tag)) {
        let sql = "SELECT name, phone FROM accounts WHERE workspace_id = $1 AND phone IS NOT NULL";
        for (name, phone) in rows!(tx, (String, String), sql, ws)? {
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            if wanted.contains(&digits) {
                names.entry(digits).or_insert(name);
            }
        }
    }
    Ok(Names(names))
}

/// What the list shows of a message, with the names of whom it mentions.
pub(crate) async fn preview(ws: WorkspaceId, tx: &mut Tx, content: &Content) -> Result<Preview> {
    let mut preview = content.preview();
    if preview.text.contains('@') {
        let names = names(ws, tx, Wanted::of([preview.text.as_str()])).await?;
        preview.text = names.named(&preview.text);
    }
    Ok(preview)
}

//! Who can be reached on WhatsApp, and how the different spellings of one address become one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a conversation leads. The canonical text (`Display`) is the conversation's key within its account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// A phone number: country code and number, digits only, as the provider sent it. Never rewritten.
    Phone(String),
    /// WhatsApp's "linked id". Looks like a number and is none: never shown as one.
    Lid(String),
    /// A business-scoped user id of the Cloud API, such as `US.13491208655302741918`.
    User(String),
    /// A group, without the `@g.us`. The Cloud API's group ids are opaque.
    Group(String),
}

/// Why a text is no address that a conversation can be held with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Status posts, broadcasts, newsletters, bots and WhatsApp itself: never a contact.
    #[error("“{0}” is a broadcast or system address, not a person or group")]
    NotAPerson(String),
    /// Nothing that WhatsApp would send.
    #[error("“{0}” is no WhatsApp address")]
    Malformed(String),
}

/// Longest phone number that is accepted. E.164 allows 15 digits; WhatsApp's test numbers exceed it a little.
const MAX_PHONE_DIGITS: usize = 20;

impl Address {
    /// From a phone number in any spelling: `+`, `00`, spaces, dots, dashes and brackets are dropped.
    ///
    /// # Errors
    /// When what remains is not 5 to 20 digits.
    pub fn phone(raw: &str) -> Result<Self, AddressError> {
        let bare = raw.trim().trim_start_matches('+');
        let digits: String =
            bare.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')' | '\u{a0}')).collect();
        let digits = digits.strip_prefix("00").unwrap_or(&digits);
        let valid =
            (5..=MAX_PHONE_DIGITS).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if valid { Ok(Self::Phone(digits.to_owned())) } else { Err(AddressError::Malformed(raw.to_owned())) }
    }

    /// From a business-scoped user id: two capitals, a dot, optionally `ENT.`, up to 128 letters and digits.
    ///
    /// # Errors
    /// When the text has another shape.
    pub fn user(raw: &str) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(raw.to_owned());
        let (country, rest) = raw.split_once('.').ok_or_else(malformed)?;
        let id = rest.strip_prefix("ENT.").unwrap_or(rest);
        let valid = country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=128).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric());
        if valid { Ok(Self::User(raw.to_owned())) } else { Err(malformed()) }
    }

    /// From a group id, with or without `@g.us`.
    ///
    /// # Errors
    /// When it is empty, too long or holds spaces or control characters.
    pub fn group(raw: &str) -> Result<Self, AddressError> {
        let id = raw.strip_suffix("@g.us").unwrap_or(raw);
        let valid = (1..=256).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        if valid { Ok(Self::Group(id.to_owned())) } else { Err(AddressError::Malformed(raw.to_owned())) }
    }

    /// From a JID as linked devices write it: `628…@s.whatsapp.net`, `628…:12@s.whatsapp.net`, `…@c.us`, `…@lid`,
    /// `…@g.us`. Device and agent suffixes are dropped.
    ///
    /// # Errors
    /// For broadcasts and system addresses, and for anything else.
    pub fn jid(raw: &str) -> Result<Self, AddressError> {
        let (user, server) = raw.split_once('@').ok_or_else(|| AddressError::Malformed(raw.to_owned()))?;
        let bare = user.split(':').next().unwrap_or(user);
        match server {
            "s.whatsapp.net" | "c.us" => {
                // `628….0:64`: the part after the dot is the agent.
                let digits = bare.split('.').next().unwrap_or(bare);
                if digits == "0" {
                    Err(AddressError::NotAPerson(raw.to_owned()))
                } else {
                    Self::phone(digits)
                }
            }
            "lid" => {
                let digits = bare.split('.').next().unwrap_or(bare);
                let valid = (1..=32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
                if valid {
                    Ok(Self::Lid(digits.to_owned()))
                } else {
                    Err(AddressError::Malformed(raw.to_owned()))
                }
            }
            "g.us" => Self::group(user),
            "broadcast" | "newsletter" | "bot" | "status" => Err(AddressError::NotAPerson(raw.to_owned())),
            _ => Err(AddressError::Malformed(raw.to_owned())),
        }
    }

    /// Whether this is a group.
    #[must_use]
    pub const fn is_group(&self) -> bool {
        matches!(self, Self::Group(_))
    }

    /// What a person may see when no name is known: a formatted number, or words that end in the last four
    /// characters. A LID or user id is never shown as a number.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Phone(digits) => group_digits(digits),
            Self::Lid(id) | Self::User(id) => format!("WhatsApp user …{}", tail(id)),
            Self::Group(id) => format!("Group …{}", tail(id)),
        }
    }

    /// The identity under which the contact is remembered; `None` for groups.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let (kind, value) = match self {
            Self::Phone(v) => (IdentityKind::Phone, v),
            Self::Lid(v) => (IdentityKind::Lid, v),
            Self::User(v) => (IdentityKind::User, v),
            Self::Group(_) => return None,
        };
        Some(Identity { kind, value: value.clone() })
    }
}

fn tail(id: &str) -> &str {
    id.char_indices().rev().nth(3).map_or(id, |(i, _)| &id[i..])
}

/// Spellings under which WhatsApp may know the same line, the one given first. For finding a contact only: a number is
/// stored and sent to as it was received.
///
/// - Brazil: a mobile number with and without its 9. Local numbers that begin with 2 to 5 are landlines and have none.
/// - Mexico: with and without the 1 after the country code.
/// - Argentina: with a 9, also without; a number without may be a landline, so no 9 is put in.
#[must_use]
pub fn spellings(digits: &str) -> Vec<String> {
    let mut all = vec![digits.to_owned()];
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        all.extend(other_spelling(digits));
    }
    all
}

fn other_spelling(digits: &str) -> Option<String> {
    let mobile = |local: &str| local.starts_with(['6', '7', '8', '9']);
    match (digits.len(), digits.get(..2)?) {
        (12, "55") if mobile(&digits[4..]) => Some(format!("{}9{}", &digits[..4], &digits[4..])),
        (13, "55") if digits[4..].starts_with('9') && mobile(&digits[5..]) => {
            Some(format!("{}{}", &digits[..4], &digits[5..]))
        }
        (12, "52") => Some(format!("521{}", &digits[2..])),
        (13, "52") if digits[2..].starts_with('1') => Some(format!("52{}", &digits[3..])),
        (13, "54") if digits[2..].starts_with('9') => Some(format!("54{}", &digits[3..])),
        _ => None,
    }
}

/// `6281234567890` → `+62 812 3456 7890`, `16505551234` → `+1 650 555 1234`. Country codes of one and three digits would need a numbering plan, which is
/// too large for the browser; the first two digits are right often enough and the number stays readable either way.
fn group_digits(digits: &str) -> String {
    if let Some(rest) = digits.strip_prefix('1').filter(|r| r.len() == 10) {
        return format!("+1 {} {} {}", &rest[..3], &rest[3..6], &rest[6..]);
    }
    let country = if digits.starts_with(['1', '7']) { 1 } else { 2 };
    let (code, mut rest) = digits.split_at(country.min(digits.len()));
    let mut out = format!("+{code}");
    let first = if rest.len() > 8 { rest.len() - 8 } else { rest.len() % 4 };
    if first > 0 {
        out.push(' ');
        out.push_str(&rest[..first]);
        rest = &rest[first..];
    }
    while !rest.is_empty() {
        let (group, tail) = rest.split_at(rest.len().min(4));
        out.push(' ');
        out.push_str(group);
        rest = tail;
    }
    out
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(v) => write!(f, "phone:{v}"),
            Self::Lid(v) => write!(f, "lid:{v}"),
            Self::User(v) => write!(f, "user:{v}"),
            Self::Group(v) => write!(f, "group:{v}"),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.split_once(':') {
            Some(("phone", v)) => Self::phone(v),
            Some(("lid", v)) => Self::jid(&format!("{v}@lid")),
            Some(("user", v)) => Self::user(v),
            Some(("group", v)) => Self::group(v),
            _ => Err(AddressError::Malformed(s.to_owned())),
        }
    }
}

/// On the wire it is its canonical text.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Address {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("`phone:`, `lid:`, `user:` or `group:` and the rest"))
            .examples(["phone:6281234567890"])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Address {}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

impl From<Address> for String {
    fn from(a: Address) -> Self {
        a.to_string()
    }
}

/// Under which kind of name a contact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum IdentityKind {
    /// Phone number, digits only.
    Phone,
    /// WhatsApp's linked id.
    Lid,
    /// Business-scoped user id.
    User,
}

impl IdentityKind {
    /// The word stored in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Lid => "lid",
            Self::User => "user",
        }
    }
}

/// One name under which a contact is known to WhatsApp. A contact has several.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// What kind of name.
    pub kind: IdentityKind,
    /// The name itself, canonical.
    pub value: String,
}

impl Identity {
    /// Where the person is reached under this name; `None` if the value is not one that WhatsApp would send.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        match self.kind {
            IdentityKind::Phone => Address::phone(&self.value),
            IdentityKind::Lid => Address::jid(&format!("{}@lid", self.value)),
            IdentityKind::User => Address::user(&self.value),
        }
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn jids() {
        let phone = Address::Phone("628123456789".into());
        for raw in [
            "628123456789@s.whatsapp.net",
            "628123456789@c.us",
            "628123456789:12@s.whatsapp.net",
            "628123456789.0:64@s.whatsapp.net",
        ] {
            assert_eq!(Address::jid(raw).unwrap(), phone, "{raw}");
        }
        assert_eq!(Address::jid("251556368777322@lid").unwrap(), Address::Lid("251556368777322".into()));
        assert_eq!(
            Address::jid("120363402106999999@g.us").unwrap(),
            Address::Group("120363402106999999".into())
        );
        for raw in ["status@broadcast", "120363@newsletter", "0@s.whatsapp.net", "13135550002@bot"] {
            assert!(matches!(Address::jid(raw), Err(AddressError::NotAPerson(_))), "{raw}");
        }
        for raw in ["", "@", "abc@s.whatsapp.net", "628", "628@example.org"] {
            assert!(matches!(Address::jid(raw), Err(AddressError::Malformed(_))), "{raw}");
        }
    }

    #[test]
    fn phones_in_any_spelling() {
        for raw in ["+62 812-3456-789", "0062 812 3456 789", "(62) 812.3456.789", " 628123456789 "] {
            assert_eq!(Address::phone(raw).unwrap(), Address::Phone("628123456789".into()), "{raw}");
        }
        assert!(Address::phone("12").is_err());
        assert!(Address::phone("US.13491").is_err());
    }

    #[test]
    fn labels_never_show_an_id_as_a_number() {
        assert_eq!(Address::Phone("6281234567890".into()).label(), "+62 812 3456 7890");
        assert_eq!(Address::Phone("16505551234".into()).label(), "+1 650 555 1234");
        assert_eq!(Address::Lid("251556368777322".into()).label(), "WhatsApp user …7322");
        assert_eq!(Address::User("US.13491208655302741918".into()).label(), "WhatsApp user …1918");
    }

    #[test]
    fn user_ids() {
        assert!(Address::user("US.13491208655302741918").is_ok());
        assert!(Address::user("US.ENT.118157").is_ok());
        for raw in ["us.1", "US.", "USA.1", "US.a b", "US"] {
            assert!(Address::user(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn spellings_of_the_same_line() {
        let other = |digits: &str| {
            let all = spellings(digits);
            assert_eq!(all[0], digits, "as received comes first");
            all.get(1).cloned()
        };
        for (one, two) in [("5541998765432", "554198765432"), ("5215512345678", "525512345678")] {
            assert_eq!(other(one).as_deref(), Some(two));
            assert_eq!(other(two).as_deref(), Some(one));
        }
        assert_eq!(other("5491123456789").as_deref(), Some("541123456789"));
        for alone in [
            // May be a landline.
            "541123456789",
            // Landlines of Brazil, and a 9 that is no prefix of a mobile number.
            "554132345678",
            "5541932345678",
            // Too short, too long, elsewhere.
            "55419876543",
            "55419987654321",
            "5255123456789",
            "6281234567890",
            "16505551234",
        ] {
            assert_eq!(other(alone), None, "{alone}");
        }
    }

    proptest! {
        #[test]
        fn another_spelling_never_loses_the_line(digits in "5[245][0-9]{8,12}") {
            for other in spellings(&digits).into_iter().skip(1) {
                // Its end is the same, it is another text, and it leads back or nowhere.
                prop_assert!(other != digits && other[other.len() - 8..] == digits[digits.len() - 8..]);
                prop_assert_eq!(&other[..2], &digits[..2]);
                if let Some(back) = spellings(&other).get(1) {
                    prop_assert_eq!(back, &digits);
                }
            }
        }

        #[test]
        fn spellings_of_anything(raw in "\\PC*") {
            prop_assert_eq!(&spellings(&raw)[0], &raw);
        }

        #[test]
        fn text_round_trips(raw in "[0-9]{5,20}", opaque in "[A-Za-z0-9_=-]{1,40}") {
            for a in [Address::Phone(raw.trim_start_matches('0').to_owned() + "12345"), Address::Group(opaque)] {
                if a.to_string().len() < 26 || a.is_group() {
                    prop_assert_eq!(a.to_string().parse::<Address>().unwrap(), a);
                }
            }
        }

        #[test]
        fn nothing_panics(raw in "\\PC*") {
            let _ = (Address::jid(&raw), Address::phone(&raw), Address::user(&raw), Address::group(&raw), raw.parse::<Address>());
        }
    }
}

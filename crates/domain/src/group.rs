//! Groups: who is in them, what they are about, and what a thread tells of their changes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    address::{Identity, IdentityKind},
    id::{ContactId, ConversationId},
    time::Timestamp,
};

/// Most members that are told of one group. `WhatsApp` takes 1,024; announcement groups of communities more.
pub const MAX_MEMBERS: usize = 2_048;
/// Most names that a line of a thread tells.
pub const MAX_NAMED: usize = 5;

/// What a member may do in a group. Later ones may do more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GroupRole {
    /// Write, unless only administrators may.
    #[default]
    Member,
    /// Change the group too.
    Admin,
    /// The same; made the group, and cannot be demoted.
    Owner,
}

impl GroupRole {
    /// The word stored in the database and used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for GroupRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no role in a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no role in a group; use member, admin or owner")]
pub struct UnknownGroupRole(pub String);

impl FromStr for GroupRole {
    type Err = UnknownGroupRole;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        [Self::Member, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == s)
            .ok_or_else(|| UnknownGroupRole(s.to_owned()))
    }
}

/// What the list and the composer need to know of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupGlance {
    /// How many are in it, ourselves counted; `None` while nobody has told.
    pub members: Option<u32>,
    /// Why we cannot write there; `None` if we can, as far as is known.
    pub closed: Option<GroupClosed>,
    /// Grows with each change of members, description or rules: fetch the group again.
    pub revision: i64,
}

/// Why we cannot write in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GroupClosed {
    /// We are no longer in it.
    Left,
    /// Only its administrators may, and we are none.
    AdminsOnly,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupView {
    /// The conversation held in it.
    pub conversation_id: ConversationId,
    /// What it is about.
    pub description: Option<String>,
    /// Who made it, as shown.
    pub owner: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Only administrators may write.
    pub announce: bool,
    /// Only administrators may change name and picture.
    pub locked: bool,
    /// When `WhatsApp` was last asked about it; `None`: not yet, or it does not tell.
    pub fetched_at: Option<Timestamp>,
    /// As in the list.
    pub glance: GroupGlance,
    /// Who is in it: owner, administrators, then by name. Of very large groups not all.
    pub members: Vec<GroupMemberView>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupMemberView {
    /// Who; `None` for ourselves.
    pub contact_id: Option<ContactId>,
    /// Shown name.
    pub name: String,
    /// Number as shown; `None` if it is hidden.
    pub phone: Option<String>,
    /// What stands after the `@` of a mention.
    pub tag: Option<String>,
    /// May do what.
    pub role: GroupRole,
    /// When they last joined, if somebody told.
    pub joined_at: Option<Timestamp>,
    /// The business itself.
    pub us: bool,
}

/// What happened to members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// They joined or were added.
    Joined,
    /// They left or were removed.
    Left,
    /// They became administrators.
    Promoted,
    /// They no longer are administrators.
    Demoted,
}

/// Whether somebody is in a group, and as what. Each part keeps what was said last, so that changes may come in any
/// order and any number of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Is in it.
    pub present: bool,
    /// As of then.
    pub present_at: Timestamp,
    /// As what.
    pub role: GroupRole,
    /// As of then.
    pub role_at: Timestamp,
    /// When they last joined.
    pub joined_at: Option<Timestamp>,
}

impl Membership {
    /// Something happened. `known` is up to when everything is known from the whole list of members: what happened
    /// before is in it.
    pub fn change(&mut self, what: MemberChange, at: Timestamp, known: Option<Timestamp>) {
        if what == MemberChange::Joined {
            self.joined_at = self.joined_at.max(Some(at));
        }
        if known.is_some_and(|known| at <= known) {
            return;
        }
        let present = what != MemberChange::Left;
        let role = if what == MemberChange::Promoted { GroupRole::Admin } else { GroupRole::Member };
        // Of what happened in the same second, leaving and being promoted count.
        if (at, !present) > (self.present_at, !self.present) {
            (self.present, self.present_at) = (present, at);
        }
        if (at, role) > (self.role_at, self.role) {
            (self.role, self.role_at) = (role, at);
        }
    }

    /// The whole list of members, as of a moment, has them like this, or does not have them. What it says already stays
    /// untouched.
    pub fn listed(&mut self, role: Option<GroupRole>, at: Timestamp) {
        if self.present != role.is_some() && at >= self.present_at {
            (self.present, self.present_at) = (role.is_some(), at);
        }
        if let Some(role) = role
            && self.role != role
            && at >= self.role_at
        {
            (self.role, self.role_at) = (role, at);
        }
    }

    /// Both are the same person, under two names. `known` is up to when everything is known from the whole list of
    /// members, which has a person under one name only: the other name's absence from it says nothing.
    #[must_use]
    pub fn merged(self, other: Self, known: Option<Timestamp>) -> Self {
        // What happened since the list outranks it; of what happened at once, the same counts as in `change`.
        let since = |at: Timestamp| known.is_none_or(|known| at > known).then_some(at);
        let presence = |m: &Self| match since(m.present_at) {
            Some(at) => (Some(at), !m.present),
            None => (None, m.present),
        };
        let rank = |m: &Self| match since(m.role_at) {
            Some(at) => (Some(at), true, m.role),
            None => (None, m.present, m.role),
        };
        let of = if presence(&other) > presence(&self) { other } else { self };
        let (present, present_at) = (of.present, of.present_at);
        let of = if rank(&other) > rank(&self) { other } else { self };
        let (role, role_at) = (of.role, of.role_at);
        Self { present, present_at, role, role_at, joined_at: self.joined_at.max(other.joined_at) }
    }
}

/// What a thread tells of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupNews {
    /// What happened.
    pub event: GroupEvent,
    /// To whom, at most [`MAX_NAMED`] of them. Stored as [`mention`]s, since names come later and change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<String>,
    /// To how many more.
    #[serde(default)]
    pub more: u32,
    /// To us (too).
    #[serde(default)]
    pub us: bool,
    /// What the group is called now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What can happen to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum GroupEvent {
    /// Members joined or were added.
    Joined,
    /// Members left or were removed.
    Left,
    /// Members became administrators.
    Promoted,
    /// Members no longer are administrators.
    Demoted,
    /// It has another name.
    Renamed,
    /// It has another description.
    Described,
    /// It has another picture.
    Pictured,
    /// Only administrators may write now.
    Closed,
    /// Everybody may write again.
    Opened,
    /// Only administrators may change it now.
    Locked,
    /// Everybody may change it again.
    Unlocked,
}

/// A mention in a text: `@` and this stand for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mention {
    /// What stands after the `@` in the text: a number or the digits of a linked id.
    pub tag: String,
    /// The person's name.
    pub name: String,
}

/// How a person known by this identity is written in what is stored, to be called by name when it is read; `None` for
/// identities that no mention has.
#[must_use]
pub fn mention(identity: &Identity) -> Option<String> {
    let written = format!("@{}", identity.value);
    let is_one = match identity.kind {
        IdentityKind::Phone | IdentityKind::Lid => tags(&written).next() == Some(&identity.value),
        IdentityKind::User => false,
    };
    is_one.then_some(written)
}

/// What may be mentions in a text: the digits after each `@`, from five on.
pub fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        let word = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        (!word && (5..=32).contains(&end)).then(|| &rest[..end])
    })
}

/// The text with names for the mentions in it.
#[must_use]
pub fn named(text: &str, mentions: &[Mention]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        match mentions.iter().find(|mention| mention.tag == after[..digits]) {
            Some(mention) => out.push_str(&mention.name),
            None => out.push_str(&after[..digits]),
        }
        rest = &after[digits..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn changes() -> impl Strategy<Value = Vec<(MemberChange, i64)>> {
        let what = prop_oneof![
            Just(MemberChange::Joined),
            Just(MemberChange::Left),
            Just(MemberChange::Promoted),
            Just(MemberChange::Demoted),
        ];
        // Few moments, so that many things happen at once.
        prop::collection::vec((what, 1..6_i64), 0..8)
    }

    fn after(changes: &[(MemberChange, i64)], known: Option<Timestamp>) -> Membership {
        let mut member = Membership::default();
        for (what, at) in changes {
            member.change(*what, Timestamp(*at), known);
        }
        member
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter(
            (straight, shuffled) in changes().prop_flat_map(|all| {
                let twice: Vec<_> = all.iter().chain(&all).copied().collect();
                (Just(all), Just(twice).prop_shuffle())
            })
        ) {
            prop_assert_eq!(after(&straight, None), after(&shuffled, None));
        }

        #[test]
        fn the_list_may_come_before_or_after_what_happened(
            changes in changes(), role in prop::option::of(Just(GroupRole::Admin)), listed_at in 1..6_i64
        ) {
            let at = Timestamp(listed_at);
            let mut before = Membership::default();
            before.listed(role, at);
            for (what, when) in &changes {
                before.change(*what, Timestamp(*when), Some(at));
            }
            let mut later = after(&changes, None);
            later.listed(role, at);
            let shown = |m: Membership| (m.present, m.present.then_some((m.role, m.joined_at)));
            prop_assert_eq!(shown(before), shown(later));
        }
    }

    /// What becomes of a person with two names, of which a list has one.
    #[derive(Clone, Debug)]
    enum Step {
        Change(bool, MemberChange, i64),
        List(Option<(bool, GroupRole)>, i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let change = (any::<bool>(), changes()).prop_map(|(name, all)| {
            all.into_iter().map(|(what, at)| Step::Change(name, what, at)).collect::<Vec<_>>()
        });
        let role = prop_oneof![Just(GroupRole::Member), Just(GroupRole::Admin)];
        let list = (prop::option::of((any::<bool>(), role)), 1..6_i64)
            .prop_map(|(listed, at)| vec![Step::List(listed, at)]);
        prop::collection::vec(prop_oneof![3 => change, 1 => list], 0..6).prop_map(|all| all.concat())
    }

    /// The names become known as one person's after so many steps.
    fn with_two_names(steps: &[Step], one_after: usize) -> Membership {
        let (mut names, mut known) = ([Membership::default(); 2], None);
        let mut one = false;
        for (n, step) in steps.iter().enumerate() {
            if n == one_after {
                names[0] = names[0].merged(names[1], known);
                one = true;
            }
            match step {
                Step::Change(name, what, at) => {
                    names[usize::from(*name && !one)].change(*what, Timestamp(*at), known);
                }
                Step::List(listed, at) => {
                    // As the store does: none but newer lists are taken.
                    let at = Timestamp(*at);
                    if known.is_some_and(|before| before >= at) {
                        continue;
                    }
                    known = Some(at);
                    for (which, name) in names.iter_mut().enumerate() {
                        let role = listed.filter(|(name, _)| one || usize::from(*name) == which);
                        name.listed(role.map(|(_, role)| role), at);
                    }
                }
            }
        }
        if one { names[0] } else { names[0].merged(names[1], known) }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_when_two_names_become_one(steps in steps(), one_after in 0..40_usize) {
            let shown = |m: Membership| (m.present, m.present.then_some((m.role, m.joined_at)));
            prop_assert_eq!(shown(with_two_names(&steps, 0)), shown(with_two_names(&steps, one_after)));
        }
    }

    #[test]
    fn whoever_is_written_as_a_mention_is_one() {
        let of = |kind, value: &str| mention(&Identity { kind, value: value.to_owned() });
        assert_eq!(of(IdentityKind::Phone, "628123").as_deref(), Some("@628123"));
        assert_eq!(of(IdentityKind::Lid, "123"), None, "too short for a mention");
        assert_eq!(of(IdentityKind::User, "US.12345"), None);
    }

    #[test]
    fn whoever_comes_back_is_a_plain_member() {
        let mut ana = Membership::default();
        for (what, at) in [
            (MemberChange::Joined, 1),
            (MemberChange::Promoted, 2),
            (MemberChange::Left, 3),
            (MemberChange::Joined, 4),
        ] {
            ana.change(what, Timestamp(at), None);
        }
        assert_eq!((ana.present, ana.role, ana.joined_at), (true, GroupRole::Member, Some(Timestamp(4))));
    }

    #[test]
    fn mentions_are_found_and_named() {
        let text = "@628123 and @2515, mail ana@12345 or @12; @all";
        assert_eq!(
            tags("@628123 ok, a@12345, (@9988776655) @12 @x").collect::<Vec<_>>(),
            ["628123", "9988776655"]
        );
        let ana = [Mention { tag: "628123".into(), name: "Ana".into() }];
        assert_eq!(named(text, &ana), "@Ana and @2515, mail ana@12345 or @12; @all");
        assert_eq!(named("@6281234", &ana), "@6281234", "a longer number is another one");
    }
}

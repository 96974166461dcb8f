//! Whether an answer can be sent right now, and if not, why. Pure.

use std::time::Duration;

use balas_domain::{
    AccountId, Timestamp,
    view::{AccountView, ConversationView},
};

/// Whether an answer can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It can.
    Open,
    /// It can, until then.
    OpenUntil(Timestamp),
    /// The number is not connected; this one stands in for it.
    ByOther(AccountId),
    /// The number is not connected.
    NotReady,
    /// The customer has not written for too long.
    Closed,
    /// There is no such number any more.
    Gone,
}

impl Way {
    /// Whether an answer can be sent.
    pub(super) const fn takes_text(self) -> bool {
        matches!(self, Self::Open | Self::OpenUntil(_) | Self::ByOther(_))
    }
}

/// Whether an answer can be sent to this conversation by this number now. `other`: which one stands in for it, as the
/// server says.
pub(super) fn way(
    row: &ConversationView,
    account: Option<&AccountView>,
    other: Option<AccountId>,
    now: Timestamp,
) -> Way {
    let Some(account) = account else { return Way::Gone };
    if !account.status.can_send() {
        return other.map_or(Way::NotReady, Way::ByOther);
    }
    let Some(hours) = account.capabilities.window_hours else { return Way::Open };
    let length = Duration::from_secs(u64::from(hours) * 3600);
    match row.last_inbound_at.map(|at| at.after(length)) {
        Some(end) if end > now => Way::OpenUntil(end),
        _ => Way::Closed,
    }
}

#[cfg(test)]
mod tests {
    use balas_domain::{AccountStatus, Address, Seq, view::ProviderKind};

    use super::*;

    fn account(status: AccountStatus, provider: ProviderKind) -> AccountView {
        AccountView {
            id: balas_domain::AccountId(uuid::Uuid::nil()),
            name: "Support".into(),
            provider,
            phone: None,
            external_id: "1".into(),
            status,
            status_detail: None,
            last_delivery_at: None,
            primary: false,
            settings: balas_domain::AccountSettings::default(),
            usage: balas_domain::DailyUse::default(),
            code_expires_at: None,
            sync: None,
            quality: None,
            capabilities: provider.capabilities(),
            version: Seq(1),
        }
    }

    fn row(last_inbound_hour: Option<i64>) -> ConversationView {
        ConversationView {
            id: balas_domain::ConversationId(uuid::Uuid::nil()),
            account_id: balas_domain::AccountId(uuid::Uuid::nil()),
            contact_id: None,
            address: Address::phone("6281234567890").unwrap(),
            title: "Ana".into(),
            group: None,
            last: None,
            unread: 0,
            last_inbound_at: last_inbound_hour.map(|hour| Timestamp::from_seconds(hour * 3600)),
            sort_at: Timestamp(0),
            work: balas_domain::Work::default(),
            picture: None,
            version: Seq(1),
        }
    }

    #[test]
    fn the_window_counts_from_the_customers_last_message() {
        let cloud = account(AccountStatus::Ready, ProviderKind::Cloud);
        let now = Timestamp::from_seconds(100 * 3600);
        let end = Timestamp::from_seconds(101 * 3600);
        assert_eq!(way(&row(Some(77)), Some(&cloud), None, now), Way::OpenUntil(end));
        assert_eq!(way(&row(Some(76)), Some(&cloud), None, now), Way::Closed);
        assert_eq!(way(&row(None), Some(&cloud), None, now), Way::Closed);
        let linked = account(AccountStatus::Ready, ProviderKind::Gateway);
        assert_eq!(way(&row(None), Some(&linked), None, now), Way::Open);
    }

    #[test]
    fn a_number_that_is_away_says_so_first() {
        let now = Timestamp(0);
        let lost = account(AccountStatus::Disconnected, ProviderKind::Cloud);
        let other = AccountId(uuid::Uuid::from_u128(2));
        assert_eq!(way(&row(None), Some(&lost), None, now), Way::NotReady);
        assert_eq!(way(&row(None), None, None, now), Way::Gone);
        assert_eq!(way(&row(None), Some(&lost), Some(other), now), Way::ByOther(other));
        assert!(!Way::Closed.takes_text() && Way::ByOther(other).takes_text());
    }
}

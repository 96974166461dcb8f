//! Two conversations of an account become one, and part again.

use balas_domain::{
    AccountId, Address, ContactId, Content, ConversationId, Delivery, Identity, MessageId, Timestamp,
    WorkState,
};
use sqlx::FromRow;

use crate::{Result, StoreError, Write, codec, conversations, dialect::Ids, messages, pictures};

#[derive(FromRow)]
struct Row {
    account_id: AccountId,
    address: String,
    origin_id: Option<ConversationId>,
    last_at: Option<Timestamp>,
    unread: i32,
    read_until: Timestamp,
    last_inbound_at: Option<Timestamp>,
    sort_at: Timestamp,
    state: String,
    snoozed_until: Option<Timestamp>,
    cleared_until: Option<Timestamp>,
    assignee_id: Option<balas_domain::MemberId>,
    labelled: bool,
}

impl Row {
    async fn of(write: &mut Write, id: ConversationId) -> Result<Self> {
        let ws = write.workspace();
        let sql =
            "SELECT account_id, address, origin_id, last_at, unread, read_until, last_inbound_at, sort_at,
                    state, snoozed_until, cleared_until, assignee_id, labelled
                   FROM conversations WHERE workspace_id = $1 AND id = $2";
        row!(write.tx(), Self, sql, ws, id)?.ok_or(StoreError::NotFound)
    }

    fn address(&self) -> Result<Address> {
        codec::word("address", &self.address)
    }

    fn state(&self) -> Result<WorkState> {
        codec::word("state of a conversation", &self.state)
    }
}

/// Whether messages should rather go there: a number before any other name, else where the customer wrote last.
pub(crate) const fn is_better(new: &Address, old: &Address) -> bool {
    matches!(new, Address::Phone(_)) || !matches!(old, Address::Phone(_))
}

/// Everything of `from` stands in `into` afterwards.
pub(super) async fn merge(write: &mut Write, from: ConversationId, into: ConversationId) -> Result<()> {
    let ws = write.workspace();
    let (gone, kept) = (Row::of(write, from).await?, Row::of(write, into).await?);
    let picture = pictures::of(ws, write.tx(), from).await?;
    let read_until = kept.read_until.max(gone.read_until);
    let counted_twice = drop_duplicates(write, from, into, read_until).await?;
    execute!(
        write.tx(),
        "UPDATE messages SET conversation_id = $3, origin_id = COALESCE(origin_id, $2)
         WHERE workspace_id = $1 AND conversation_id = $2",
        ws,
        from,
        into,
    )?;
    execute!(
        write.tx(),
        "INSERT INTO conversation_labels (workspace_id, conversation_id, label_id)
         SELECT workspace_id, $3, label_id FROM conversation_labels
         WHERE workspace_id = $1 AND conversation_id = $2 ON CONFLICT DO NOTHING",
        ws,
        from,
        into,
    )?;
    execute!(
        write.tx(),
        "UPDATE gaps SET conversation_id = $3
         WHERE workspace_id = $1 AND conversation_id = $2 AND NOT EXISTS
            (SELECT 1 FROM gaps AS other WHERE other.account_id = gaps.account_id
                AND other.filled_at = gaps.filled_at AND other.conversation_id = $3)",
        ws,
        from,
        into,
    )?;
    // What waits to be sent keeps its order.
    execute!(
        write.tx(),
        "UPDATE jobs SET queue_key = $3
         WHERE workspace_id = $1 AND queue_key = $2 AND NOT dead AND queue_key IS NOT NULL",
        ws,
        from.to_string(),
        into.to_string(),
    )?;
    execute!(
        write.tx(),
        "UPDATE conversation_addresses SET conversation_id = $3
         WHERE conversation_id = $2 AND workspace_id = $1",
        ws,
        from,
        into,
    )?;
    execute!(write.tx(), "DELETE FROM conversations WHERE workspace_id = $1 AND id = $2", ws, from)?;
    let (state, until) = both_states(&gone, &kept)?;
    execute!(
        write.tx(),
        "UPDATE conversations SET unread = $3, last_inbound_at = $4, sort_at = $5, state = $6,
            snoozed_until = $7, assignee_id = $8, labelled = $9, cleared_until = $10, read_until = $11
         WHERE workspace_id = $1 AND id = $2",
        ws,
        into,
        kept.unread + gone.unread - counted_twice.min(kept.unread).min(gone.unread),
        kept.last_inbound_at.max(gone.last_inbound_at),
        kept.sort_at.max(gone.sort_at),
        state.as_str(),
        until,
        kept.assignee_id.or(gone.assignee_id),
        kept.labelled || gone.labelled,
        // What was taken away in either must not come back in both.
        kept.cleared_until.max(gone.cleared_until),
        read_until,
    )?;
    if let Some(picture) = picture {
        pictures::inherit(write, into, &picture).await?;
    }
    if kept.read_until != gone.read_until {
        // What was read in one of them was read in both.
        conversations::count_unread(write, into, read_until).await?;
    }
    let (theirs, ours) = (gone.address()?, kept.address()?);
    let origin = gone.origin_id.unwrap_or(from);
    add_address(write, kept.account_id, into, &theirs, origin).await?;
    let alike = is_better(&theirs, &ours) && is_better(&ours, &theirs);
    if if alike { gone.last_at > kept.last_at } else { is_better(&theirs, &ours) } {
        prefer(write, into, &theirs).await?;
    }
    messages::refresh_last(write, into).await?;
    write.conversation_merged(from, into);
    write.touch_conversation(into);
    Ok(())
}

/// What is open for one of them is open for both; what is put off comes back at the earlier time.
fn both_states(a: &Row, b: &Row) -> Result<(WorkState, Option<Timestamp>)> {
    let states = [a.state()?, b.state()?];
    Ok(if states.contains(&WorkState::Open) {
        (WorkState::Open, None)
    } else if states.contains(&WorkState::Snoozed) {
        (WorkState::Snoozed, [a.snoozed_until, b.snoozed_until].into_iter().flatten().min())
    } else {
        (WorkState::Resolved, None)
    })
}

#[derive(FromRow)]
struct Twice {
    gone: MessageId,
    gone_attempt: i32,
    gone_status: String,
    gone_edited_at: Option<Timestamp>,
    gone_revoked_at: Option<Timestamp>,
    gone_content: String,
    kept: MessageId,
    kept_attempt: i32,
    kept_status: String,
    kept_edited_at: Option<Timestamp>,
    kept_revoked_at: Option<Timestamp>,
    counted: bool,
}

/// The same message may have come under both addresses: one row stays, with what is known of either. How many of them
/// may have been counted as unread twice: what was written until `read_until` was counted in one of them at most.
async fn drop_duplicates(
    write: &mut Write,
    from: ConversationId,
    into: ConversationId,
    read_until: Timestamp,
) -> Result<i32> {
    let ws = write.workspace();
    let twice = rows!(
        write.tx(),
        Twice,
        "SELECT g.id AS gone, g.attempt AS gone_attempt, g.status AS gone_status, g.edited_at AS gone_edited_at,
            g.revoked_at AS gone_revoked_at, g.content AS gone_content,
            k.id AS kept, k.attempt AS kept_attempt, k.status AS kept_status, k.edited_at AS kept_edited_at,
            k.revoked_at AS kept_revoked_at,
            (g.direction = 'in' AND g.at > $4 AND g.source <> 'history' AND k.source <> 'history') AS counted
         FROM messages AS g JOIN messages AS k ON k.conversation_id = $3 AND k.provider_id = g.provider_id
         WHERE g.workspace_id = $1 AND g.conversation_id = $2 AND g.provider_id IS NOT NULL",
        ws,
        from,
        into,
        read_until,
    )?;
    let mut counted = 0;
    for t in twice {
        counted += i32::from(t.counted);
        let delivery = |attempt, status: &str| -> Result<Delivery> {
            Ok(Delivery { attempt, status: codec::word("message status", status)? })
        };
        let gone = delivery(t.gone_attempt, &t.gone_status)?;
        let kept = delivery(t.kept_attempt, &t.kept_status)?;
        let both = if gone.attempt > kept.attempt { gone } else { kept.reported(gone.status) };
        let revoked = t.kept_revoked_at.or(t.gone_revoked_at);
        let newer = t.gone_edited_at > t.kept_edited_at;
        let search = if revoked.is_some() {
            Some(String::new())
        } else if newer {
            let content: Content = codec::from_json("message", &t.gone_content)?;
            Some(crate::words::index(content.searchable()))
        } else {
            None
        };
        execute!(
            write.tx(),
            "UPDATE messages SET attempt = $3, status = $4, revoked_at = $5, edited_at = COALESCE($6, edited_at),
                content = COALESCE($7, content), search_text = COALESCE($8, search_text)
             WHERE workspace_id = $1 AND id = $2",
            ws,
            t.kept,
            both.attempt,
            both.status.as_str(),
            revoked,
            t.gone_edited_at.filter(|_| newer),
            Some(&t.gone_content).filter(|_| newer),
            search,
        )?;
        execute!(
            write.tx(),
            "UPDATE messages SET quote_message_id = $4
             WHERE workspace_id = $1 AND conversation_id = $2 AND quote_message_id = $3",
            ws,
            from,
            t.gone,
            t.kept,
        )?;
        messages::move_reactions(write, t.gone, t.kept).await?;
        execute!(write.tx(), "DELETE FROM messages WHERE workspace_id = $1 AND id = $2", ws, t.gone)?;
        write.touch_message(t.kept);
    }
    Ok(counted)
}

/// What comes from there belongs to the conversation, too.
pub(crate) async fn add_address(
    write: &mut Write,
    account: AccountId,
    conversation: ConversationId,
    address: &Address,
    origin: ConversationId,
) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "INSERT INTO conversation_addresses (workspace_id, account_id, address, conversation_id, origin_id)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id, address) DO UPDATE SET
            conversation_id = excluded.conversation_id, origin_id = excluded.origin_id",
        ws,
        account,
        address.to_string(),
        conversation,
        origin,
    )?;
    Ok(())
}

/// Messages go to this address of the conversation from now on; the one before stays known.
pub(crate) async fn prefer(write: &mut Write, id: ConversationId, address: &Address) -> Result<()> {
    let ws = write.workspace();
    let row = Row::of(write, id).await?;
    let text = address.to_string();
    let taken = row!(
        write.tx(),
        (ConversationId,),
        "DELETE FROM conversation_addresses
         WHERE account_id = $2 AND address = $3 AND workspace_id = $1 RETURNING origin_id",
        ws,
        row.account_id,
        &text,
    )?;
    let Some((origin,)) = taken else { return Ok(()) };
    add_address(write, row.account_id, id, &row.address()?, row.origin_id.unwrap_or(id)).await?;
    execute!(
        write.tx(),
        "UPDATE conversations SET address = $3, origin_id = $4 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        &text,
        (origin != id).then_some(origin),
    )?;
    write.touch_conversation(id);
    Ok(())
}

/// One of the conversation's addresses, and the conversation that it would have by itself.
struct Place {
    address: Address,
    origin: ConversationId,
}

fn best(places: &[Place]) -> Option<&Place> {
    places.iter().find(|p| matches!(p.address, Address::Phone(_))).or_else(|| places.first())
}

/// What belongs to these identities leaves the contact's conversation for another contact.
pub(super) async fn part(
    write: &mut Write,
    id: ConversationId,
    kept: ContactId,
    leaving: ContactId,
    identities: &[Identity],
) -> Result<()> {
    let ws = write.workspace();
    let row = Row::of(write, id).await?;
    let aliases = rows!(
        write.tx(),
        (String, ConversationId),
        "SELECT address, origin_id FROM conversation_addresses
         WHERE conversation_id = $2 AND workspace_id = $1 ORDER BY address",
        ws,
        id,
    )?;
    let mut places = vec![Place { address: row.address()?, origin: row.origin_id.unwrap_or(id) }];
    for (address, origin) in aliases {
        places.push(Place { address: codec::word("address", &address)?, origin });
    }
    let leaves = |p: &Place| p.address.identity().is_some_and(|i| identities.contains(&i));
    let (leave, stay): (Vec<_>, Vec<_>) = places.into_iter().partition(leaves);
    if leave.is_empty() {
        return Ok(());
    }
    if stay.is_empty() {
        return give(write, id, kept, leaving).await;
    }
    // The row stays with what it was made for.
    if leave.iter().any(|p| p.origin == id) {
        give(write, id, kept, leaving).await?;
        split(write, id, &row, leave, &stay, leaving, kept).await
    } else {
        split(write, id, &row, stay, &leave, kept, leaving).await
    }
}

/// The conversation, with what the contact wrote there, becomes another contact's.
async fn give(write: &mut Write, id: ConversationId, from: ContactId, to: ContactId) -> Result<()> {
    belong(write, id, to).await?;
    rename_authors(write, id, from, to).await
}

/// The conversation is with this contact.
pub(super) async fn belong(write: &mut Write, id: ConversationId, contact: ContactId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE conversations SET contact_id = $3 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        contact,
    )?;
    write.touch_conversation(id);
    Ok(())
}

async fn rename_authors(write: &mut Write, id: ConversationId, from: ContactId, to: ContactId) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE reactions SET author_key = $4
         WHERE workspace_id = $1 AND author_key = $3 AND NOT from_us
            AND message_id IN (SELECT id FROM messages WHERE conversation_id = $2)",
        ws,
        id,
        from.to_string(),
        to.to_string(),
    )?;
    rename_writer(write, id, from, to).await
}

/// What one contact wrote in the conversation was written by another.
pub(super) async fn rename_writer(
    write: &mut Write,
    id: ConversationId,
    from: ContactId,
    to: ContactId,
) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE messages SET author_contact_id = $4
         WHERE workspace_id = $1 AND conversation_id = $2 AND author_contact_id = $3",
        ws,
        id,
        from,
        to,
    )
    .map(drop)
}

/// Moves places, and what came from there, into a conversation of their own.
async fn split(
    write: &mut Write,
    id: ConversationId,
    row: &Row,
    stay: Vec<Place>,
    leave: &[Place],
    owner: ContactId,
    leaving: ContactId,
) -> Result<()> {
    let ws = write.workspace();
    let (Some(home), Some(there)) = (best(&stay), best(leave)) else { return Ok(()) };
    let new = there.origin;
    execute!(
        write.tx(),
        "DELETE FROM conversation_addresses
         WHERE account_id = $2 AND address IN ($3, $4) AND workspace_id = $1",
        ws,
        row.account_id,
        home.address.to_string(),
        there.address.to_string(),
    )?;
    execute!(
        write.tx(),
        "UPDATE conversations SET address = $3, origin_id = $4 WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        home.address.to_string(),
        (home.origin != id).then_some(home.origin),
    )?;
    execute!(
        write.tx(),
        "INSERT INTO conversations (workspace_id, account_id, id, contact_id, address, title, title_key, unread,
            sort_at, is_group, version, created_at, state, assignee_id, labelled, cleared_until, picture_due_at)
         SELECT workspace_id, account_id, $3, $4, $5, title, title_key, 0, sort_at, is_group, 0, created_at,
            CASE WHEN state = 'snoozed' THEN 'open' ELSE state END, assignee_id, labelled, cleared_until,
            CASE WHEN picture_due_at IS NOT NULL THEN 0 END
         FROM conversations WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        new,
        leaving,
        there.address.to_string(),
    )?;
    execute!(
        write.tx(),
        "INSERT INTO conversation_labels (workspace_id, conversation_id, label_id)
         SELECT workspace_id, $3, label_id FROM conversation_labels
         WHERE workspace_id = $1 AND conversation_id = $2",
        ws,
        id,
        new,
    )?;
    for place in stay.iter().chain(leave) {
        let owner = if leave.iter().any(|p| p.address == place.address) { new } else { id };
        if place.address != home.address && place.address != there.address {
            add_address(write, row.account_id, owner, &place.address, place.origin).await?;
        }
    }
    // The newest are the unread ones.
    let unread = rows!(
        write.tx(),
        (MessageId, Option<ConversationId>),
        "SELECT id, origin_id FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND direction = 'in'
         ORDER BY at DESC, id DESC LIMIT $3",
        ws,
        id,
        i64::from(row.unread.max(0)),
    )?;
    let goes = |origin: &Option<ConversationId>| origin.is_some_and(|o| leave.iter().any(|p| p.origin == o));
    let gone = i32::try_from(unread.iter().filter(|(_, origin)| goes(origin)).count()).unwrap_or(row.unread);
    let sql = write.tx().pick(
        "UPDATE messages SET conversation_id = $3 WHERE workspace_id = $1 AND conversation_id = $2
            AND origin_id IN (SELECT unhex(value) FROM json_each($4))",
        "UPDATE messages SET conversation_id = $3
         WHERE workspace_id = $1 AND conversation_id = $2 AND origin_id = ANY($4)",
    );
    execute!(write.tx(), sql, ws, id, new, Ids::of(leave.iter().map(|p| p.origin.0)))?;
    rename_authors(write, new, owner, leaving).await?;
    for (conversation, unread) in [(id, row.unread - gone), (new, gone)] {
        recount(write, conversation, unread).await?;
    }
    // Whose it is that it has is not known.
    pictures::want(ws, write.tx(), id).await?;
    write.conversation_split(id, new);
    Ok(())
}

/// Makes true what the row repeats of its messages.
async fn recount(write: &mut Write, id: ConversationId, unread: i32) -> Result<()> {
    let ws = write.workspace();
    execute!(
        write.tx(),
        "UPDATE conversations SET unread = $3, last_message_id = NULL, last_kind = NULL, last_text = NULL,
            last_direction = NULL, last_status = NULL, last_at = NULL,
            last_inbound_at = (SELECT MAX(at) FROM messages AS m
                WHERE m.conversation_id = $2 AND m.direction = 'in')
         WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
        unread,
    )?;
    messages::refresh_last(write, id).await?;
    execute!(
        write.tx(),
        "UPDATE conversations SET sort_at = COALESCE(last_at, created_at) WHERE workspace_id = $1 AND id = $2",
        ws,
        id,
    )?;
    write.touch_conversation(id);
    Ok(())
}

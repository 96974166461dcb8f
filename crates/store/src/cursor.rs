//! Where a page starts: the key of the last page's last row, opaque to whoever carries it.

use balas_domain::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{Result, StoreError};

/// Which list a cursor belongs to: one of another list is refused.
#[derive(Clone, Copy)]
pub(crate) enum List {
    Conversations = b'c' as isize,
    Thread = b'm' as isize,
    /// A thread towards its end.
    Later = b'n' as isize,
    Contacts = b'p' as isize,
    Found = b'f' as isize,
}

/// A position in a list that is ordered by time, newest first.
pub(crate) fn by_time(list: List, at: Timestamp, id: Uuid) -> String {
    let mut bytes = vec![list as u8];
    bytes.extend(at.0.to_be_bytes());
    bytes.extend(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads [`by_time`]; without a cursor, the position before the first row.
pub(crate) fn read_time(list: List, cursor: Option<&str>) -> Result<(Timestamp, Uuid)> {
    let Some(cursor) = cursor else { return Ok((Timestamp(i64::MAX), Uuid::max())) };
    let bytes = decode(list, cursor)?;
    let (at, id) = bytes.split_first_chunk::<8>().ok_or(StoreError::BadCursor)?;
    let id = Uuid::from_slice(id).map_err(|_| StoreError::BadCursor)?;
    Ok((Timestamp(i64::from_be_bytes(*at)), id))
}

/// Whether a cursor says that it belongs to a list; reading it tells whether it can be read.
pub(crate) fn is_of(list: List, cursor: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(cursor.get(..4).unwrap_or_default())
        .is_ok_and(|start| start.first() == Some(&(list as u8)))
}

/// A position in a list that is ordered by name.
pub(crate) fn by_name(list: List, name: &str, id: Uuid) -> String {
    let mut bytes = vec![list as u8];
    bytes.extend(id.as_bytes());
    bytes.extend(name.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads [`by_name`]; without a cursor, the position before the first row.
pub(crate) fn read_name(list: List, cursor: Option<&str>) -> Result<(String, Uuid)> {
    let Some(cursor) = cursor else { return Ok((String::new(), Uuid::nil())) };
    let bytes = decode(list, cursor)?;
    let (id, name) = bytes.split_first_chunk::<16>().ok_or(StoreError::BadCursor)?;
    let name = String::from_utf8(name.to_vec()).map_err(|_| StoreError::BadCursor)?;
    if name.contains('\0') { Err(StoreError::BadCursor) } else { Ok((name, Uuid::from_bytes(*id))) }
}

fn decode(list: List, cursor: &str) -> Result<Vec<u8>> {
    // Longest that we give out: a name of MAX_NAME characters. Anything longer is not worth decoding.
    if cursor.len() > 2048 {
        return Err(StoreError::BadCursor);
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::BadCursor)?;
    if bytes.first() != Some(&(list as u8)) {
        return Err(StoreError::BadCursor);
    }
    bytes.remove(0);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_were() {
        let (at, id) = (Timestamp(-5), Uuid::from_u128(7));
        let cursor = by_time(List::Thread, at, id);
        assert_eq!(read_time(List::Thread, Some(&cursor)).unwrap(), (at, id));
        assert!(is_of(List::Thread, &cursor) && !is_of(List::Later, &cursor));
        let cursor = by_name(List::Contacts, "åsa", id);
        assert_eq!(read_name(List::Contacts, Some(&cursor)).unwrap(), ("åsa".to_owned(), id));
    }

    #[test]
    fn garbage_is_refused() {
        let other = by_time(List::Conversations, Timestamp(1), Uuid::nil());
        for bad in ["", "!", "bQ", "bQAA", "' OR 1=1 --", &other, &"A".repeat(10_000)] {
            assert!(matches!(read_time(List::Thread, Some(bad)), Err(StoreError::BadCursor)), "{bad}");
            assert!(!is_of(List::Later, bad), "{bad}");
            assert!(matches!(read_name(List::Contacts, Some(bad)), Err(StoreError::BadCursor)), "{bad}");
        }
    }
}

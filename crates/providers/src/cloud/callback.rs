//! Our own message id in `biz_opaque_callback_data`, which Meta gives back with every status. It finds the
//! message even when the answer to the send call was lost. (At most 512 characters.)

use balas_domain::MessageId;

/// Tells our ids from what other programs on the same number put there.
const PREFIX: &str = "msg:";

/// What is sent along.
pub fn write(id: MessageId) -> String {
    format!("{PREFIX}{id}")
}

/// Our id, if it is one of ours.
pub fn read(raw: &str) -> Option<MessageId> {
    raw.strip_prefix(PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let id: MessageId = "0198c5a0-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(read(&write(id)), Some(id));
        for other in [
            "",
            "msg:",
            "msg:5",
            "order:0198c5a0-0000-7000-8000-000000000001",
            "0198c5a0-0000-7000-8000-000000000001",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}

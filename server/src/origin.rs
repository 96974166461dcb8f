//! Whether a request comes from a page of this server. Browsers say so in `Origin`, which scripts cannot
//! forge.

use axum::http::{HeaderMap, header};

use crate::{config::PublicUrl, state::AppState};

/// Whether `Origin` names the host that was asked, or the public address.
#[must_use]
pub fn is_ours(headers: &HeaderMap, state: &AppState) -> bool {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok()) else { return false };
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    allowed(origin, host, state.public_url.as_ref())
}

fn allowed(origin: &str, host: Option<&str>, public: Option<&PublicUrl>) -> bool {
    // With a public address that is encrypted, its unencrypted twin is another origin: someone on the wire
    // could be it.
    if let Some(public) = public {
        if public.is_origin(origin) {
            return true;
        }
        if public.is_https() && origin.eq_ignore_ascii_case(&format!("http{}", &public.to_string()[5..])) {
            return false;
        }
    }
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    matches!((authority, host), (Some(a), Some(h)) if a.eq_ignore_ascii_case(h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_pages_only() {
        assert!(allowed("http://127.0.0.1:3000", Some("127.0.0.1:3000"), None));
        assert!(allowed("https://inbox.example.org", Some("INBOX.example.org"), None));
        for foreign in [
            "http://evil.test",
            "null",
            "",
            "http://127.0.0.1:3001",
            "127.0.0.1:3000",
            "file://127.0.0.1:3000",
        ] {
            assert!(!allowed(foreign, Some("127.0.0.1:3000"), None), "{foreign}");
        }
        assert!(!allowed("http://127.0.0.1:3000", None, None));
        let public = "https://inbox.example.org".parse().unwrap();
        assert!(allowed("https://inbox.example.org", Some("10.0.0.7:3000"), Some(&public)));
        assert!(!allowed("http://inbox.example.org", Some("inbox.example.org"), Some(&public)));
        assert!(
            allowed("http://127.0.0.1:3000", Some("127.0.0.1:3000"), Some(&public)),
            "from the machine itself"
        );
    }
}

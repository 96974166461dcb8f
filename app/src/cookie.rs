//! The cookies, and what stands in them. The session's is set by the server and hidden from scripts; the
//! others are preferences that scripts write and the server reads, so that the first page already looks and
//! reads right.

/// The sign-in: the token that `Engine::sign_in` gave. `HttpOnly`, `SameSite=Lax`, `Secure` behind TLS.
pub const SESSION: &str = "balas_session";
/// The browser's time zone, an IANA name, written by `boot.js`.
pub const ZONE: &str = "tz";
/// The chosen language: a code of [`crate::i18n::Lang`].
pub const LANG: &str = "lang";
/// The chosen colours: `light` or `dark`; absent for the system's.
pub const THEME: &str = "theme";

/// The value of one cookie in a `Cookie` header.
#[must_use]
pub fn find<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.trim().trim_matches('"'))
    })
}

/// The `Set-Cookie` header that keeps a sign-in for this many seconds.
#[must_use]
pub fn session(token: &str, max_age_seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{SESSION}={token}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// The `Set-Cookie` header that forgets a sign-in.
#[must_use]
pub fn no_session(secure: bool) -> String {
    session("", 0, secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        assert_eq!(find("a=1; balas_session=abc ;tz=Asia/Jakarta", SESSION), Some("abc"));
        assert_eq!(find("a=1; balas_session=abc ;tz=Asia/Jakarta", ZONE), Some("Asia/Jakarta"));
    }

    #[test]
    fn a_name_that_only_ends_alike_is_another_cookie() {
        assert_eq!(find("x_lang=id", LANG), None);
        assert_eq!(find("", LANG), None);
    }

    #[test]
    fn the_session_is_hidden_from_scripts() {
        assert_eq!(
            session("t", 60, true),
            "balas_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(no_session(false).contains("Max-Age=0"));
        assert!(!no_session(false).contains("Secure"));
    }
}

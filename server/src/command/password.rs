//! Passwords come from standard input, the environment or a prompt: arguments can be read by every user of
//! the machine.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::secret::Secret;

/// Name of the environment variable.
pub const VARIABLE: &str = "BALAS_PASSWORD";

/// No password was given.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Nobody can be asked.
    #[error(
        "no password: pass it on standard input with --password-stdin, set {VARIABLE}, or run this in a terminal"
    )]
    None,
    /// The two do not match.
    #[error("the two passwords differ; try again")]
    Differ,
    /// It cannot be read.
    #[error("cannot read the password: {0}")]
    Io(#[from] io::Error),
}

/// Reads a password.
///
/// # Errors
/// When there is none.
pub fn read(from_stdin: bool) -> Result<Secret, PasswordError> {
    if from_stdin {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()));
    }
    if let Some(password) = std::env::var(VARIABLE).ok().filter(|p| !p.is_empty()) {
        return Ok(Secret::new(password));
    }
    if !io::stdin().is_terminal() {
        return Err(PasswordError::None);
    }
    let first = rpassword::prompt_password("Password (at least 10 characters): ")?;
    let second = rpassword::prompt_password("Again: ")?;
    if first == second { Ok(Secret::new(first)) } else { Err(PasswordError::Differ) }
}

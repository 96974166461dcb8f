//! `balas-bench [GROUP] [--json FILE]`.

use std::path::PathBuf;

use crate::{accounts, main_job, media, sync};

/// How to call it.
pub const USAGE: &str = "\
usage: balas-bench [GROUP] [--json FILE]

  GROUP        which measurements: main-job, accounts, sync or media [default: all]
  --json FILE  write the rows there as well

environment: BALAS_BIN            the balas binary to measure, with its site beside it
             BALAS_TEST_POSTGRES  postgres://… of a user who may create databases, for figures beside
             CHROMIUM             the browser [default: chromium on the search path]";

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// Only this group.
    pub group: Option<String>,
    /// Where to write the rows.
    pub json: Option<PathBuf>,
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// With what is wrong; empty when only help was asked for.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Args, String> {
    let mut out = Args::default();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-h" | "--help" => return Err(String::new()),
            "--json" => match args.next() {
                Some(file) => out.json = Some(file.into()),
                None => return Err("--json needs the name of a file".to_owned()),
            },
            group
                if [main_job::GROUP, accounts::GROUP, sync::GROUP, media::GROUP].contains(&group)
                    && out.group.is_none() =>
            {
                out.group = Some(arg);
            }
            other => return Err(format!("there is no group or option {other:?}")),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &[&str]) -> Result<Args, String> {
        parse(args.iter().map(ToString::to_string))
    }

    #[test]
    fn what_is_understood() {
        assert_eq!(of(&[]).unwrap(), Args::default());
        let both = Args { group: Some("main-job".into()), json: Some("x.json".into()) };
        assert_eq!(of(&["main-job", "--json", "x.json"]).unwrap(), both);
        assert_eq!(of(&["--json", "x.json", "main-job"]).unwrap(), both);
        for bad in [&["other"][..], &["--json"], &["main-job", "main-job"], &["--fast"]] {
            assert!(!of(bad).unwrap_err().is_empty(), "{bad:?}");
        }
        assert_eq!(of(&["--help"]).unwrap_err(), "");
    }
}

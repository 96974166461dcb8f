//! What was asked for on the command line.

use anyhow::{Result, bail};

use crate::project::Mode;

/// One command with its options.
#[derive(Debug, PartialEq, Eq)]
pub enum Invocation {
    /// List the commands.
    Help,
    /// Server and page.
    Build {
        /// How to compile.
        mode: Mode,
    },
    /// Build, then serve.
    Run {
        /// How to compile.
        mode: Mode,
        /// What follows `--`, for `balas serve`.
        serve: Vec<String>,
    },
    /// Every check.
    Test {
        /// Without the docs and the browser.
        quick: bool,
    },
    /// The measurements.
    Bench {
        /// Handed to the bench program as they are.
        args: Vec<String>,
    },
}

/// Reads the arguments behind `cargo xtask`.
///
/// # Errors
/// When a command or option is not known.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Invocation> {
    let mut args = args.into_iter();
    let Some(command) = args.next() else { return Ok(Invocation::Help) };
    let mut own: Vec<String> = args.collect();
    let bench = command == "bench";
    // The bench program knows its own options, `--help` included, and those of the server come behind `--`.
    let passed = if bench {
        std::mem::take(&mut own)
    } else {
        match own.iter().position(|arg| arg == "--") {
            Some(at) => own.split_off(at).split_off(1),
            None => Vec::new(),
        }
    };
    if own.iter().any(|arg| arg == "--help" || arg == "-h") {
        return Ok(Invocation::Help);
    }
    let invocation = match command.as_str() {
        "help" | "--help" | "-h" => return Ok(Invocation::Help),
        "build" => Invocation::Build { mode: mode(&mut own) },
        "run" => Invocation::Run { mode: mode(&mut own), serve: passed.clone() },
        "test" => Invocation::Test { quick: take(&mut own, "--quick") },
        "bench" => Invocation::Bench { args: passed.clone() },
        other => bail!("there is no command `{other}`; `cargo xtask` lists them"),
    };
    if let Some(arg) = own.first() {
        let hint = if command == "run" { "; arguments of the server go behind `--`" } else { "" };
        bail!("`{command}` does not know `{arg}`{hint}; `cargo xtask` lists what there is");
    }
    if !passed.is_empty() && !bench && command != "run" {
        bail!("`{command}` passes nothing on, so nothing may follow `--`");
    }
    Ok(invocation)
}

fn take(args: &mut Vec<String>, flag: &str) -> bool {
    let before = args.len();
    args.retain(|arg| arg != flag);
    args.len() != before
}

fn mode(args: &mut Vec<String>) -> Mode {
    if take(args, "--release") { Mode::Release } else { Mode::Debug }
}

/// What `balas serve` gets when nothing else is said. Each is dropped when the flag is given by hand.
const SERVE_DEFAULTS: &[&[&str]] = &[
    &["--data", "balas-data"],
    &["--listen", "127.0.0.1:3000"],
    &["--sandbox"],
    &["--sandbox-listen", "127.0.0.1:3100"],
];

/// The arguments of `balas serve`: the defaults that were not overridden, then those given by hand.
pub fn serve_args(given: &[String]) -> Vec<String> {
    let overridden = |flag: &str| {
        given
            .iter()
            .any(|arg| arg.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')))
    };
    SERVE_DEFAULTS
        .iter()
        .filter(|default| !overridden(default[0]))
        .flat_map(|default| default.iter().map(ToString::to_string))
        .chain(given.iter().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(ToOwned::to_owned).collect()
    }

    fn parsed(line: &str) -> Invocation {
        parse(words(line)).unwrap()
    }

    #[test]
    fn nothing_and_help_list_the_commands() {
        for line in ["", "help", "--help", "-h", "build --help", "run -h"] {
            assert_eq!(parsed(line), Invocation::Help, "{line}");
        }
    }

    #[test]
    fn release_is_an_option_of_build_and_run() {
        assert_eq!(parsed("build"), Invocation::Build { mode: Mode::Debug });
        assert_eq!(parsed("build --release"), Invocation::Build { mode: Mode::Release });
        assert_eq!(parsed("run --release"), Invocation::Run { mode: Mode::Release, serve: vec![] });
    }

    #[test]
    fn what_follows_two_dashes_belongs_to_the_server() {
        assert_eq!(
            parsed("run -- --release --help -- x"),
            Invocation::Run { mode: Mode::Debug, serve: words("--release --help -- x") }
        );
    }

    #[test]
    fn bench_passes_everything_on() {
        assert_eq!(parsed("bench"), Invocation::Bench { args: vec![] });
        assert_eq!(
            parsed("bench main-job --json out.json"),
            Invocation::Bench { args: words("main-job --json out.json") }
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in
            ["frobnicate", "build --relase", "run --listen x", "test --fast", "build -- x", "test -- x"]
        {
            assert!(parse(words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn serve_has_defaults() {
        assert_eq!(
            serve_args(&[]),
            words("--data balas-data --listen 127.0.0.1:3000 --sandbox --sandbox-listen 127.0.0.1:3100")
        );
    }

    #[test]
    fn a_given_flag_drops_its_default_in_both_spellings() {
        assert_eq!(
            serve_args(&words("--data /srv/x --listen=127.0.0.1:8080")),
            words("--sandbox --sandbox-listen 127.0.0.1:3100 --data /srv/x --listen=127.0.0.1:8080")
        );
    }

    #[test]
    fn a_flag_does_not_drop_another_that_begins_alike() {
        assert_eq!(
            serve_args(&words("--sandbox-listen 127.0.0.1:1")),
            words("--data balas-data --listen 127.0.0.1:3000 --sandbox --sandbox-listen 127.0.0.1:1")
        );
        assert_eq!(
            serve_args(&words("--sandbox")),
            words("--data balas-data --listen 127.0.0.1:3000 --sandbox-listen 127.0.0.1:3100 --sandbox")
        );
    }
}

//! The command line.

use std::{fmt, path::PathBuf, process::ExitCode};

use balas_domain::Role;
use clap::{Parser, Subcommand};

use crate::{
    command,
    config::LogFormat,
    config::{DataArgs, ServeArgs},
    logs,
};

/// A WhatsApp team inbox.
#[derive(Debug, Parser)]
#[command(name = "balas", version, about, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<ServeArgs>),
    /// Bring the database's tables up to date; serve does it too
    Migrate(DataArgs),
    /// Workspaces
    #[command(subcommand)]
    Workspace(command::workspace::Command),
    /// Members who sign in
    #[command(subcommand)]
    User(command::user::Command),
    /// Bearer tokens for programs
    #[command(subcommand)]
    Token(command::token::Command),
    /// Connected WhatsApp numbers
    #[command(subcommand)]
    Account(command::account::Command),
    /// Check that everything is in place, and say what to do if not
    Doctor(Box<ServeArgs>),
    /// Copy the database into a file while the server runs
    Backup {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// The file to make; it must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// Runs a command and says on standard error what went wrong.
pub async fn run(cli: Cli) -> ExitCode {
    // `serve` has its own settings for logs. Commands print their result and nothing else.
    if !matches!(cli.command, Command::Serve(_)) {
        logs::start("warn", LogFormat::Text);
    }
    let result: Result<ExitCode, Box<dyn std::error::Error>> = match cli.command {
        Command::Serve(args) => Box::pin(serve(*args)).await,
        Command::Migrate(data) => done(command::migrate(&data).await),
        Command::Workspace(command) => done(command.run().await),
        Command::User(command) => done(command.run().await),
        Command::Token(command) => done(command.run().await),
        Command::Account(command) => done(command.run().await),
        Command::Doctor(args) => Ok(command::doctor::run(&args).await),
        Command::Backup { data, to } => done(command::backup(&data, &to).await),
    };
    result.unwrap_or_else(|error| {
        eprintln!("balas: {error}");
        ExitCode::FAILURE
    })
}

async fn serve(args: ServeArgs) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let settings = args.resolve()?;
    logs::start(&settings.log, settings.log_format);
    crate::serve::serve(settings).await?;
    Ok(ExitCode::SUCCESS)
}

fn done<E: std::error::Error + 'static>(
    result: Result<(), E>,
) -> Result<ExitCode, Box<dyn std::error::Error>> {
    result.map(|()| ExitCode::SUCCESS).map_err(Into::into)
}

/// A role on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleArg(pub Role);

impl std::str::FromStr for RoleArg {
    type Err = balas_domain::role::UnknownRole;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}

impl fmt::Display for RoleArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn passwords_are_no_arguments() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                assert!(!id.contains("password") || id == "password_stdin", "{} --{id}", command.get_name());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }

    #[test]
    fn names_that_others_rely_on() {
        for line in [
            "balas serve --data D --listen 127.0.0.1:3000 --sandbox --sandbox-listen 127.0.0.1:3100",
            "balas serve --data D --database-url postgres://x --public-url https://a.example --log-format json",
            "balas token create --data D --workspace demo --name N",
            "balas token create --data D --workspace demo --name N --role agent",
            "balas account list --data D --json",
            "balas backup --data D --to FILE",
            "balas doctor --data D",
            "balas migrate --data D",
            "balas user list --data D",
        ] {
            Cli::try_parse_from(line.split(' ')).unwrap_or_else(|e| panic!("{line}: {e}"));
        }
        assert!(
            Cli::try_parse_from("balas token create --data D --workspace w --name N --role king".split(' '))
                .is_err()
        );
    }
}

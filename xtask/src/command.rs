//! Starting other programs.

use std::{
    env,
    ffi::OsStr,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::project::Project;

/// A program with the environment that the person at the keyboard has.
///
/// `cargo run` adds variables about xtask's own package. Handed on, they would reach build scripts that ask
/// to be re-run when such a variable changes (ring's does), and half of the dependencies would be compiled
/// again each time somebody alternates between `cargo xtask build` and `cargo build`.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let of_xtask = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
                || matches!(name, "CARGO_CRATE_NAME" | "CARGO_BIN_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR")
        });
        if of_xtask {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo that started this program, in the root.
pub fn cargo(project: &Project, args: &[&str]) -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(&project.root);
    command
}

/// Runs to the end; its output goes where ours goes.
///
/// # Errors
/// When it cannot be started or reports failure.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", line(command));
    }
    Ok(())
}

/// Runs to the end and returns what it wrote to its output.
///
/// # Errors
/// When it cannot be started or reports failure; then with what it wrote to its error output.
pub fn output(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}\n{}", line(command), output.status, stderr.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Becomes that program: signals and exit code need nobody in between.
///
/// # Errors
/// When it cannot be started.
pub fn replace(mut command: Command) -> Result<ExitCode> {
    let line = line(&command);
    Err(command.exec()).with_context(|| format!("cannot start {line}"))
}

/// The first file of that name on the search path.
pub fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The command for messages: the program's name and its arguments, without the environment.
fn line(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let mut line = format!("`{}", program.file_name().unwrap_or(program.as_os_str()).display());
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line.push('`');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_name_the_command_and_what_it_said() {
        let error = output(command("sh").args(["-c", "echo oh no >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.starts_with("`sh -c "), "{error}");
        assert!(error.contains("exit status: 3") && error.ends_with("oh no"), "{error}");
    }

    #[test]
    fn the_package_of_xtask_is_not_handed_on() {
        // Cargo sets these for a test as it does for `cargo run`, so the check is not vacuous.
        assert!(env::var_os("CARGO_PKG_NAME").is_some());
        let seen = output(command("sh").args(["-c", "env"])).unwrap();
        assert!(seen.contains("PATH="));
        assert!(
            !seen.lines().any(|line| line.starts_with("CARGO_PKG_") || line.starts_with("CARGO_MANIFEST_"))
        );
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no-such-program-here"), None);
    }
}

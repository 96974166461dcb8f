//! `cargo xtask bench`: a release build, then the measurements.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::{
    build::{self, ServerBuild},
    command,
    postgres::{self, Durability},
    project::{Mode, Project},
    steps::Steps,
    tools,
};

/// Builds, then runs the bench program where this was called, so that `--json FILE` lands where one expects.
///
/// # Errors
/// When something does not compile or the bench program cannot be started.
pub fn run(project: &Project, args: &[String]) -> Result<ExitCode> {
    let mut steps = Steps::start();
    build::build(project, Mode::Release, ServerBuild::Alone, &mut steps)?;
    steps.run("bench: compile", || {
        command::run(&mut command::cargo(project, &["build", "--release", "--package", "balas-bench"]))
    })?;
    // One measurement kills the bridge. Without npm that one says what is missing.
    if let Ok(npm) = tools::npm()
        && let Err(error) = tools::installed(project, "bridge", &npm, &mut steps)
    {
        println!("xtask: the bridge's packages are not installed: {error:#}");
    }
    let mut bench = command::command(project.target.join("release").join("balas-bench"));
    bench.args(args).env("BALAS_BIN", project.binary(Mode::Release));
    // Kept until the end of this function, then stopped.
    let database = steps.run("PostgreSQL", || postgres::if_available(Durability::Real))?;
    if let Some(database) = &database {
        bench.env(postgres::VARIABLE, database.url());
    }
    let status = bench.status().context("cannot start balas-bench")?;
    // A bench that was ended by a signal has no code.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

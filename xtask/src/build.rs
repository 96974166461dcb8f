//! `cargo xtask build`: the page, then the server beside it.

use anyhow::Result;

use crate::{
    command, page,
    project::{Mode, Project},
    site,
    steps::Steps,
};

/// With which features of its dependencies the server is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerBuild {
    /// Only what it needs itself.
    Alone,
    /// Together with all tests. Cargo unites the features of everything in one call, so a server built alone
    /// after `cargo test` would compile the dependencies a second time; built like this it takes what the
    /// tests left.
    WithTests,
}

/// The packages whose tests and binaries share one set of features. Without xtask: it is built before, alone.
pub const SHARED: &[&str] = &["--workspace", "--exclude", "xtask"];

/// Builds everything that is needed to serve.
///
/// # Errors
/// When something does not compile or cannot be written.
pub fn build(project: &Project, mode: Mode, server: ServerBuild, steps: &mut Steps) -> Result<()> {
    let made = page::make(project, mode, steps)?;
    site::make(project, mode, &made, steps)?;
    let mut args = vec!["build"];
    match server {
        ServerBuild::Alone => args.extend(["--package", "balas-server"]),
        ServerBuild::WithTests => {
            args.extend(SHARED);
            args.extend(["--bins", "--tests"]);
        }
    }
    if mode == Mode::Release {
        args.push("--release");
    }
    steps.run("server: compile", || command::run(&mut command::cargo(project, &args)))
}

//! `cargo xtask run`: build, then serve.

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    args,
    build::{self, ServerBuild},
    command,
    project::{Mode, Project},
    steps::Steps,
};

/// Builds, then becomes the server.
///
/// # Errors
/// When something does not compile or the server cannot be started.
pub fn run(project: &Project, mode: Mode, serve: &[String]) -> Result<ExitCode> {
    let mut steps = Steps::start();
    build::build(project, mode, ServerBuild::Alone, &mut steps)?;
    let binary = project.binary(mode);
    steps.summary("built", &format!("starting {}", project.display(&binary)));
    let mut server = command::command(binary);
    // In the root, so that the demo data is the same from wherever this is called.
    server.arg("serve").args(args::serve_args(serve)).current_dir(&project.root);
    command::replace(server)
}

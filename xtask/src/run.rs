//! `cargo xtask run`: build, then serve.

use std::{env, process::ExitCode};

use anyhow::Result;

use crate::{
    args,
    build::{self, ServerBuild},
    command,
    project::{Mode, Project},
    steps::Steps,
    tools,
};

/// Builds, then becomes the server.
///
/// # Errors
/// When something does not compile or the server cannot be started.
pub fn run(project: &Project, mode: Mode, serve: &[String]) -> Result<ExitCode> {
    let mut steps = Steps::start();
    build::build(project, mode, ServerBuild::Alone, &mut steps)?;
    let binary = project.binary(mode);
    let mut server = command::command(&binary);
    // Only numbers on WhatsApp Web need the bridge: without npm, those alone say what is missing.
    let bridge = project.root.join("bridge");
    if let Ok(npm) = tools::npm()
        && let Err(error) = tools::installed(project, "bridge", &npm, &mut steps)
    {
        eprintln!("xtask: note: numbers on WhatsApp Web cannot run: {error:#}");
    }
    if env::var_os("BALAS_BRIDGE").is_none() {
        server.env("BALAS_BRIDGE", bridge);
    }
    steps.summary("built", &format!("starting {}", project.display(&binary)));
    // In the root, so that the demo data is the same from wherever this is called.
    server.arg("serve").args(args::serve_args(serve)).current_dir(&project.root);
    command::replace(server)
}

//! The project's own commands. `cargo xtask` lists them.
//!
//! Everything a clone needs to be built, run, checked and measured is driven from here, so that the same
//! words work on a laptop and in CI. Unix only.

mod args;
mod bench;
mod build;
mod checks;
mod command;
mod page;
mod postgres;
mod project;
mod run;
mod site;
mod stamp;
mod steps;
mod tools;

use std::process::ExitCode;

use anyhow::Result;

use crate::{args::Invocation, build::ServerBuild, project::Project, steps::Steps};

const HELP: &str = "\
The project's own commands:

  cargo xtask build [--release]            the server and the page: target/{debug,release}/balas and site/
  cargo xtask run [--release] [-- ARGS]    build, then `balas serve` with demo data and the WhatsApp sandbox;
                                           ARGS go to `balas serve` and win over the defaults
  cargo xtask test [--quick]               every check; --quick leaves out the docs and the browser
  cargo xtask bench [GROUP] [--json FILE]  release build, then the measurements

What they use from outside: rustup (the wasm target), npm (wasm-opt, the browser tests), PostgreSQL, Chromium
and clamd (tests). What is missing is installed if it can be, or named in one line.
BALAS_TEST_POSTGRES=postgres://… takes the place of the temporary PostgreSQL, CHROMIUM=/path that of the
installed browser.
";

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<ExitCode> {
    let invocation = args::parse(std::env::args().skip(1))?;
    let project = Project::find()?;
    match invocation {
        Invocation::Help => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Invocation::Build { mode } => {
            let mut steps = Steps::start();
            build::build(&project, mode, ServerBuild::Alone, &mut steps)?;
            steps.summary("built", &project.display(&project.binary(mode)));
            Ok(ExitCode::SUCCESS)
        }
        Invocation::Run { mode, serve } => run::run(&project, mode, &serve),
        Invocation::Test { quick } => Ok(checks::run(&project, quick)),
        Invocation::Bench { args } => bench::run(&project, &args),
    }
}

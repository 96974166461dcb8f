//! `cargo xtask test`: every check, the cheap ones first, stopping at the first that fails.

use std::{path::Path, process::ExitCode};

use anyhow::Result;

use crate::{
    build::{self, SHARED, ServerBuild},
    command,
    postgres::{self, Durability},
    project::{Mode, Project},
    steps::Steps,
    tools,
};

/// Runs the checks; the last line tells the outcome, and so does the exit code.
pub fn run(project: &Project, quick: bool) -> ExitCode {
    let mut steps = Steps::start();
    let outcome = all(project, quick, &mut steps);
    steps.table();
    match outcome {
        Ok(()) => {
            let what = if quick { "passed (--quick: without docs and browser)" } else { "passed" };
            steps.summary("every check", &format!("{} steps {what}", steps.count()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            steps.summary("CHECKS FAILED", &format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn all(project: &Project, quick: bool, steps: &mut Steps) -> Result<()> {
    let cargo = |args: &[&str]| command::run(&mut command::cargo(project, args));

    // What is missing from the machine is found out now and not after a quarter of an hour of compiling.
    steps.run("tools", || {
        tools::wasm_target()?;
        tools::npm()?;
        tools::clamd()?;
        tools::chromium().map(drop)
    })?;
    // Kept until the end of this function, then stopped, also when a check fails.
    let database = steps.run("PostgreSQL", || postgres::required(Durability::None))?;

    steps.run("format", || cargo(&["fmt", "--all", "--check"]))?;
    steps.run("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    steps.run("clippy for the browser", || {
        let target = ["--package", "balas-frontend", "--target", "wasm32-unknown-unknown"];
        cargo(&[&["clippy"], &target[..], &["--", "--deny", "warnings"]].concat())
    })?;

    // Those of xtask apart: together with the others its dependencies would get their features and be built
    // twice.
    steps.run("tests of xtask", || cargo(&["test", "--package", "xtask", "--", "--include-ignored"]))?;
    // The engine starts the bridge in its tests.
    tools::installed(project, "bridge", &tools::npm()?, steps)?;
    steps.run("tests", || {
        let mut tests = command::cargo(project, &[&["test"], SHARED, &["--no-fail-fast"]].concat());
        command::run(tests.env(postgres::VARIABLE, database.url()))
    })?;
    if quick {
        return Ok(());
    }

    steps.run("docs", || {
        let mut docs = command::cargo(project, &[&["doc", "--no-deps"], SHARED].concat());
        command::run(docs.env("RUSTDOCFLAGS", "--deny warnings"))
    })?;
    bridge(project, steps)?;
    contract(project, steps)?;
    build::build(project, Mode::Debug, ServerBuild::WithTests, steps)?;
    browser(project, database.url(), steps)
}

/// The bridge's own suite, with a real browser.
fn bridge(project: &Project, steps: &mut Steps) -> Result<()> {
    let (npm, chromium) = (tools::npm()?, tools::chromium()?);
    let folder = tools::installed(project, "bridge", &npm, steps)?;
    steps.run("bridge: tests", || {
        let mut tests = command::command(&npm);
        tests.args(["run", "--silent", "test"]).current_dir(&folder);
        command::run(tests.env("CHROMIUM_PATH", Path::new(&chromium)))
    })
}

/// The sandbox and our client held against the documents of the gateway's makers.
fn contract(project: &Project, steps: &mut Steps) -> Result<()> {
    tools::installed(project, "crates/sandbox/contract", &tools::npm()?, steps)?;
    steps.run("contract with gateways: tests", || {
        let only = ["--test", "contract", "--", "--include-ignored"];
        command::run(&mut command::cargo(project, &[&["test"], SHARED, &only[..]].concat()))
    })
}

/// The suite in `end2end/` against the binary and the page that were just built.
fn browser(project: &Project, database: &str, steps: &mut Steps) -> Result<()> {
    let (npm, chromium) = (tools::npm()?, tools::chromium()?);
    let folder = tools::installed(project, "end2end", &npm, steps)?;
    let script = |name: &str| {
        let mut command = command::command(&npm);
        command.args(["run", "--silent", name]).current_dir(&folder);
        command
    };
    steps.run("browser: types", || command::run(&mut script("check")))?;
    steps.run("browser: tests", || {
        let mut tests = script("test");
        tests.env("CHROMIUM", Path::new(&chromium)).env("BALAS_BIN", project.binary(Mode::Debug));
        command::run(tests.env(postgres::VARIABLE, database))
    })
}

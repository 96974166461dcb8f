//! The `balas` program.

use std::process::ExitCode;

use balas_server::cli::{Cli, run};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(cli)),
        Err(error) => {
            eprintln!("balas: the system gives no threads: {error}");
            ExitCode::FAILURE
        }
    }
}

//! `balas-bench`: measures a `balas` binary and says which floors it misses.

use std::{env, fs, path::PathBuf, process::ExitCode};

use balas_bench::{Error, Result, accounts, args, main_job, media, row, surroundings::Surroundings, sync};

#[tokio::main]
async fn main() -> ExitCode {
    let args = match args::parse(env::args().skip(1)) {
        Ok(args) => args,
        Err(wrong) if wrong.is_empty() => {
            println!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("{wrong}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    let outcome = tokio::select! {
        outcome = run(&args) => outcome,
        // What was started ends with what is dropped here.
        _ = tokio::signal::ctrl_c() => Err(Error::Server("interrupted".to_owned())),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("balas-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every floor holds.
async fn run(args: &args::Args) -> Result<bool> {
    let surroundings = surroundings()?;
    let _lock = surroundings.lock()?;
    let wanted = |group: &str| args.group.as_deref().is_none_or(|only| only == group);
    let mut rows = Vec::new();
    if wanted(main_job::GROUP) {
        rows.extend(main_job::run(&surroundings).await?);
    }
    if wanted(accounts::GROUP) {
        rows.extend(accounts::run(&surroundings).await?);
    }
    if wanted(sync::GROUP) {
        rows.extend(sync::run(&surroundings).await?);
    }
    if wanted(media::GROUP) {
        rows.extend(media::run(&surroundings).await?);
    }
    println!("{}", row::table(&rows));
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&rows)?;
        fs::write(file, json + "\n").map_err(Error::io(format!("cannot write {}", file.display())))?;
    }
    let missed = rows.iter().filter(|r| !r.pass).count();
    if missed > 0 {
        println!("{missed} of {} floors missed", rows.iter().filter(|r| r.floor.is_some()).count());
    }
    Ok(missed == 0)
}

fn surroundings() -> Result<Surroundings> {
    let Some(binary) = env::var_os("BALAS_BIN").map(PathBuf::from) else {
        let what = "BALAS_BIN does not name the balas binary; `cargo xtask bench` builds and names it";
        return Err(Error::Server(what.to_owned()));
    };
    let binary = binary.canonicalize().map_err(Error::io(format!("there is no {}", binary.display())))?;
    // target/release/balas → target/bench: on the disk that is measured, and kept between runs.
    let folder = binary.ancestors().nth(2).map_or_else(env::temp_dir, PathBuf::from).join("bench");
    fs::create_dir_all(&folder).map_err(Error::io(format!("cannot make {}", folder.display())))?;
    Ok(Surroundings {
        binary,
        folder,
        postgres: env::var("BALAS_TEST_POSTGRES").ok().filter(|url| !url.is_empty()),
    })
}

//! The page's program: compiled to wasm, bound to JavaScript, made small.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    command,
    project::{Mode, Project},
    stamp::{self, Stamp},
    steps::Steps,
    tools,
};

/// The name of the page's files before they are hashed.
pub const NAME: &str = "balas";

/// Makes the page's program and returns the folder with `balas.js`, `balas.wasm`, `parts.js` with the parts that are
/// loaded later and, where a dependency brings JavaScript of its own, `snippets/`.
///
/// # Errors
/// When it does not compile, or a tool fails.
pub fn make(project: &Project, mode: Mode, steps: &mut Steps) -> Result<PathBuf> {
    tools::wasm_target()?;
    steps.run("page: compile", || compile(project, mode))?;
    let optimizer = match mode {
        Mode::Debug => None,
        Mode::Release => tools::wasm_opt(project, steps)?,
    };

    let compiled =
        project.target.join("wasm32-unknown-unknown").join(mode.wasm_profile()).join("balas_frontend.wasm");
    let work = project.work(mode);
    let page = work.join("page");
    let stamp = Stamp::of("page 4")
        // Pins the binder: another version may write other JavaScript for the same wasm.
        .bytes(include_bytes!("../Cargo.toml"))
        .bytes(optimizer.as_ref().map_or("", |optimizer| optimizer.version.as_str()).as_bytes())
        .file(&compiled)?
        .finish();
    stamp::unless_current(&work.join("page.stamp"), &stamp, &page, || {
        steps.run("page: bind", || bind(&compiled, &page, mode))?;
        if let Some(optimizer) = &optimizer {
            steps.run("page: optimize", || {
                let files = stamp::files_under(&page)?;
                let parts = files.iter().filter(|file| file.extension() == Some(OsStr::new("wasm")));
                parts.map(|file| page.join(file)).try_for_each(|part| optimizer.shrink(&part))
            })?;
        }
        Ok(())
    })?;
    Ok(page)
}

fn compile(project: &Project, mode: Mode) -> Result<()> {
    let profile = mode.wasm_profile();
    let args =
        ["build", "--package", "balas-frontend", "--target", "wasm32-unknown-unknown", "--profile", profile];
    command::run(&mut command::cargo(project, &args))
}

/// Cuts the program into parts, at the functions that `frontend` marks, and binds the first to JavaScript. The
/// others name the first and are named by `parts.js`, all by relative addresses.
fn bind(compiled: &Path, page: &Path, mode: Mode) -> Result<()> {
    if page.exists() {
        fs::remove_dir_all(page).with_context(|| format!("cannot remove {}", page.display()))?;
    }
    fs::create_dir_all(page).with_context(|| format!("cannot make {}", page.display()))?;
    let whole = fs::read(compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let first = compiled.with_file_name("first.wasm");
    let mut options = wasm_split_cli_support::Options::new(&whole);
    let main_module = format!("./{NAME}.js");
    options.output_dir = page;
    options.main_out_path = &first;
    options.main_module = &main_module;
    options.link_name = "./parts.js";
    wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow::anyhow!("the program cannot be cut into parts: {error:#}"))?;
    Bindgen::new()
        .input_path(&first)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        // The server passes the hashed address to `init`; a built-in one could only be wrong.
        .omit_default_module_path(true)
        .keep_lld_exports(true)
        // Names make a panic in development readable and are half of the file.
        .remove_name_section(mode == Mode::Release)
        .remove_producers_section(mode == Mode::Release)
        .generate(page)
        .context("wasm-bindgen failed")?;
    // `_bg` separates it from a JavaScript module of the same name, which bundlers need and we do not.
    fs::rename(page.join(format!("{NAME}_bg.wasm")), page.join(format!("{NAME}.wasm")))
        .context("wasm-bindgen wrote no wasm")
}

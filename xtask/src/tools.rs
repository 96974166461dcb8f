//! Programs from outside: found, installed where that is possible, or named in one line.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    command::{self, on_path},
    project::Project,
    stamp::{self, Stamp},
    steps::Steps,
};

/// Makes sure that Rust can compile for the browser.
///
/// # Errors
/// With what to do, when it cannot and there is no rustup to help.
pub fn wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let libraries =
        command::output(command::command("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    if on_path("rustup").is_none() {
        bail!(
            "Rust cannot compile for the browser yet; install its standard library for {TARGET} (rust-std)"
        );
    }
    command::run(command::command("rustup").args(["target", "add", TARGET]))
}

/// npm's program, found on the search path.
///
/// # Errors
/// With what to install.
pub fn npm() -> Result<PathBuf> {
    on_path("npm")
        .context("npm is missing; install Node.js 20 or newer (Debian, Ubuntu: apt-get install npm)")
}

/// The optimizer of wasm programs.
#[derive(Debug)]
pub struct WasmOpt {
    program: PathBuf,
    /// Changes whenever the optimizer does.
    pub version: String,
}

/// Installs wasm-opt as the lock file beside this crate says. Without npm, or off-line, the page is only
/// larger, so that is a note and not an error.
///
/// # Errors
/// When files cannot be copied.
pub fn wasm_opt(project: &Project, steps: &mut Steps) -> Result<Option<WasmOpt>> {
    let Ok(npm) = npm() else {
        eprintln!(
            "xtask: note: the page will be larger than it could be: npm is missing, so there is no wasm-opt"
        );
        return Ok(None);
    };
    let committed = project.root.join("xtask/npm");
    let folder = project.target.join("xtask/npm");
    let version = Stamp::of("wasm-opt 1").folder(&committed)?.finish();
    let program = folder.join("node_modules/binaryen/bin/wasm-opt");
    let installed = stamp::unless_current(&folder.join("stamp"), &version, &program, || {
        steps.run("wasm-opt: install", || {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            for file in ["package.json", "package-lock.json"] {
                fs::copy(committed.join(file), folder.join(file))
                    .with_context(|| format!("cannot copy {file}"))?;
            }
            npm_ci(&npm, &folder)
        })
    });
    if let Err(error) = installed {
        eprintln!("xtask: note: the page will be larger than it could be: {error:#}");
        return Ok(None);
    }
    Ok(Some(WasmOpt { program, version }))
}

impl WasmOpt {
    /// Makes a program smaller, in place.
    ///
    /// # Errors
    /// When wasm-opt refuses it.
    pub fn shrink(&self, wasm: &Path) -> Result<()> {
        let smaller = wasm.with_extension("smaller");
        // What Rust switches on for this target by default. wasm-bindgen drops the section that would say so.
        let features = [
            "--enable-bulk-memory",
            "--enable-bulk-memory-opt",
            "--enable-multivalue",
            "--enable-mutable-globals",
            "--enable-nontrapping-float-to-int",
            "--enable-reference-types",
            "--enable-sign-ext",
        ];
        command::run(
            command::command("node")
                .arg(&self.program)
                .arg("-Oz")
                .args(features)
                .arg(wasm)
                .arg("-o")
                .arg(&smaller),
        )?;
        fs::rename(&smaller, wasm).with_context(|| format!("cannot replace {}", wasm.display()))
    }
}

/// A folder with a package of npm's, and what its lock file names installed in it.
///
/// # Errors
/// When npm reports failure.
pub fn installed(project: &Project, name: &str, npm: &Path, steps: &mut Steps) -> Result<PathBuf> {
    let folder = project.root.join(name);
    let lock = Stamp::of("npm 1").file(&folder.join("package-lock.json"))?.finish();
    let modules = folder.join("node_modules");
    stamp::unless_current(&modules.join(".xtask-stamp"), &lock, &modules, || {
        steps.run(&format!("{name}: install"), || npm_ci(npm, &folder))
    })?;
    Ok(folder)
}

/// Installs exactly what the lock file of a folder says.
///
/// # Errors
/// When npm reports failure.
pub fn npm_ci(npm: &Path, folder: &Path) -> Result<()> {
    let mut command = command::command(npm);
    command.args(["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]);
    // The tests drive the Chromium of the machine.
    command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").current_dir(folder);
    command::run(&mut command)
}

/// The browser for the tests: `$CHROMIUM`, an installed one, or one installed now.
///
/// # Errors
/// With what to install.
pub fn chromium() -> Result<PathBuf> {
    const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome"];
    if let Some(given) = env::var_os("CHROMIUM") {
        let given = PathBuf::from(given);
        if given.is_file() {
            return Ok(given);
        }
        bail!("CHROMIUM is {}, and there is no such file", given.display());
    }
    let find = || NAMES.iter().find_map(|name| on_path(name));
    if find().is_none() {
        apt_install("chromium")?;
    }
    find().context(
        "Chromium is missing; install it (Debian: apt-get install chromium) or set CHROMIUM=/path/to/it",
    )
}

/// The virus scanner for the tests: an installed one, or one installed now.
///
/// # Errors
/// With what to install.
pub fn clamd() -> Result<()> {
    // Debian keeps it off the search path of those who are not root.
    let found = || on_path("clamd").is_some() || Path::new("/usr/sbin/clamd").is_file();
    if !found() {
        apt_install("clamav-daemon")?;
    }
    if found() {
        return Ok(());
    }
    bail!("clamd is missing; install it (Debian, Ubuntu: apt-get install clamav-daemon)")
}

/// Installs a Debian package if this is root on such a system; otherwise does nothing.
///
/// # Errors
/// When apt-get reports failure.
pub fn apt_install(package: &str) -> Result<()> {
    if on_path("apt-get").is_none() || !is_root()? {
        return Ok(());
    }
    eprintln!("xtask: installing {package} with apt-get");
    let apt = |args: &[&str]| {
        let mut command = command::command("apt-get");
        command::run(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["-qq", "update"])?;
    apt(&["-qq", "install", "--yes", "--no-install-recommends", package])
}

/// Whether this runs as root.
///
/// # Errors
/// When `id` cannot be asked.
pub fn is_root() -> Result<bool> {
    Ok(command::output(command::command("id").arg("-u"))? == "0")
}

//! What the commands do.

pub mod account;
pub mod doctor;
pub mod password;
pub mod token;
pub mod user;
pub mod workspace;

use std::{
    fs::{self, DirBuilder},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use balas_engine::{Actor, Engine, EngineError};
use balas_store::StoreError;

use crate::{
    config::{ConfigError, DataArgs},
    open::{self, OpenError},
};

/// A command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The engine refused.
    #[error("{}", with_cause(.0))]
    Engine(#[from] EngineError),
    /// The database.
    #[error("the database did not do it: {}", crate::problem::chain(.0))]
    Store(#[from] StoreError),
    /// There is no such workspace.
    #[error("there is no workspace “{slug}”{}", known.as_deref().map_or_else(String::new, |k| format!("; there is {k}")))]
    NoWorkspace {
        /// What was asked for.
        slug: String,
        /// What there is.
        known: Option<String>,
    },
    /// There is no such thing.
    #[error("there is no {what} “{name}”; `{list}` shows all")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// Under which name.
        name: String,
        /// The command that lists them.
        list: &'static str,
    },
    /// No password was given.
    #[error(transparent)]
    Password(#[from] password::PasswordError),
    /// The file stands in the way.
    #[error("{} is there already: name another file, or move it away", .0.display())]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Printing failed.
    #[error("cannot print: {0}")]
    Print(#[from] io::Error),
}

/// What people can do nothing about is told to whoever sits at the machine.
fn with_cause(e: &EngineError) -> String {
    match e {
        EngineError::Store(source) => format!("{e} ({})", crate::problem::chain(source)),
        EngineError::Internal(words) => format!("{e} ({words})"),
        _ => e.to_string(),
    }
}

/// `balas migrate`
///
/// # Errors
/// When the database cannot be reached or brought up to date.
pub async fn migrate(data: &DataArgs) -> Result<(), CommandError> {
    let settings = data.resolve()?;
    let store = open::store(&settings).await?;
    print(&format!("The {} database is up to date.", store.backend()))?;
    store.close().await;
    Ok(())
}

/// `balas backup`
///
/// # Errors
/// When the file is there already, or the database cannot be copied.
pub async fn backup(data: &DataArgs, to: &Path) -> Result<(), CommandError> {
    if to.exists() {
        return Err(CommandError::Exists(to.to_owned()));
    }
    let failed = |source| CommandError::Write { path: to.to_owned(), source };
    let store = open::store(&data.resolve()?).await?;
    // First into a folder that nobody else can look into: a copy holds every message.
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = folder.join(format!(".balas-backup-{}", std::process::id()));
    DirBuilder::new().mode(0o700).create(&beside).map_err(failed)?;
    let copy = beside.join("copy");
    let copied = async {
        store.backup(&copy).await?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        // Unlike a rename this fails if the name was taken meanwhile.
        fs::hard_link(&copy, to).map_err(failed)
    }
    .await;
    fs::remove_dir_all(&beside).map_err(failed)?;
    store.close().await;
    copied?;
    print(&format!(
        "{} holds the database. Keep {} too, elsewhere: without it the stored secrets cannot be opened.",
        to.display(),
        crate::master_key::FILE
    ))
}

/// An engine, and Balas itself as the actor in a workspace.
async fn open_workspace(data: &DataArgs, slug: &str) -> Result<(Engine, Actor), CommandError> {
    let engine = open::engine(&data.resolve()?).await?;
    match engine.system_actor(slug).await {
        Ok(actor) => Ok((engine, actor)),
        Err(EngineError::NotFound { .. }) => {
            let slugs = workspaces(&engine).await?;
            let known = (!slugs.is_empty())
                .then(|| slugs.into_iter().map(|(slug, _)| slug).collect::<Vec<_>>().join(", "));
            Err(CommandError::NoWorkspace { slug: slug.to_owned(), known })
        }
        Err(e) => Err(e.into()),
    }
}

/// All workspaces with an actor in each.
async fn workspaces(engine: &Engine) -> Result<Vec<(String, Actor)>, CommandError> {
    let mut tx = engine.store().read().await?;
    let rows = balas_store::workspaces::list(&mut tx).await?;
    Ok(rows.into_iter().map(|row| (row.slug, Actor::system(row.id))).collect())
}

/// Prints a line. Unlike `println!` it does not panic when nobody reads.
fn print(line: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Columns, as wide as their widest cell.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count());
        cells.chain([head[i].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut out = vec![line(&mut head.iter().copied())];
    out.extend(rows.iter().map(|r| line(&mut r.iter().map(String::as_str))));
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let rows = [vec!["é".to_owned(), "x".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(table(&["A", "B"], &rows), "A     B\né     x\nlong");
    }
}

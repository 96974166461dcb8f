//! `balas account`

use balas_domain::view::AccountView;
use clap::Subcommand;

use super::{CommandError, print, table, workspaces};
use crate::{config::DataArgs, open};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all
    List {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// Only those of this workspace
        #[arg(long)]
        workspace: Option<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// When the data cannot be opened.
    pub async fn run(self) -> Result<(), CommandError> {
        let Self::List { data, workspace, json } = self;
        let engine = open::engine(&data.resolve()?).await?;
        let mut all: Vec<(String, AccountView)> = Vec::new();
        for (slug, actor) in workspaces(&engine).await? {
            if workspace.as_ref().is_none_or(|w| *w == slug) {
                all.extend(engine.accounts(&actor).await?.into_iter().map(|a| (slug.clone(), a)));
            }
        }
        if json {
            let rows: Vec<serde_json::Value> = all
                .iter()
                .map(|(slug, account)| {
                    let mut row = serde_json::to_value(account).unwrap_or_default();
                    row["workspace"] = slug.as_str().into();
                    row
                })
                .collect();
            return print(&serde_json::Value::from(rows).to_string());
        }
        let row = |(slug, a): &(String, AccountView)| {
            let phone = a.phone.clone().unwrap_or_default();
            vec![
                a.id.to_string(),
                a.name.clone(),
                phone,
                a.provider.as_str().to_owned(),
                a.status.to_string(),
                slug.clone(),
            ]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        print(&table(&["ID", "NAME", "NUMBER", "PROVIDER", "STATUS", "WORKSPACE"], &rows))
    }
}

//! `balas token`

use balas_domain::{Role, TokenId};
use balas_store::tokens;
use clap::Subcommand;

use super::{CommandError, open_workspace, print, table, workspaces};
use crate::{cli::RoleArg, config::DataArgs, open};

/// What to do with bearer tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token and print it, and nothing else; it cannot be shown again
    Create {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// Short name of the workspace
        #[arg(long)]
        workspace: String,
        /// What it is for, such as "webshop"
        #[arg(long)]
        name: String,
        /// owner, admin, supervisor or agent
        #[arg(long, default_value_t = RoleArg(Role::Agent))]
        role: RoleArg,
    },
    /// List all, without the tokens themselves
    List {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// Only those of this workspace
        #[arg(long)]
        workspace: Option<String>,
    },
    /// End a token at once
    Revoke {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// Its id, from `balas token list`
        id: TokenId,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// When the data cannot be opened or the engine refuses.
    pub async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Create { data, workspace, name, role } => {
                let (engine, actor) = open_workspace(&data, &workspace).await?;
                print(&engine.create_token(&actor, &name, role.0).await?)
            }
            Self::List { data, workspace } => {
                let engine = open::engine(&data.resolve()?).await?;
                let mut rows = Vec::new();
                for (slug, actor) in workspaces(&engine).await? {
                    if workspace.as_ref().is_some_and(|w| *w != slug) {
                        continue;
                    }
                    let mut tx = engine.store().read().await?;
                    for token in tokens::list(actor.workspace, &mut tx).await? {
                        rows.push(vec![
                            token.id.to_string(),
                            token.name,
                            token.role.to_string(),
                            slug.clone(),
                        ]);
                    }
                }
                print(&table(&["ID", "NAME", "ROLE", "WORKSPACE"], &rows))
            }
            Self::Revoke { data, id } => {
                let engine = open::engine(&data.resolve()?).await?;
                for (_, actor) in workspaces(&engine).await? {
                    let mut tx = engine.store().begin().await?;
                    let mine = tokens::list(actor.workspace, &mut tx).await?.into_iter().any(|t| t.id == id);
                    if mine {
                        tokens::revoke(actor.workspace, &mut tx, id, engine.now()).await?;
                        tx.commit().await?;
                        return print(&format!("The token {id} is no longer valid."));
                    }
                }
                Err(CommandError::Unknown { what: "token", name: id.to_string(), list: "balas token list" })
            }
        }
    }
}

//! `balas user`

use balas_domain::{Role, form::MemberForm, view::MemberView};
use balas_engine::{Actor, Engine, MemberChange};
use clap::Subcommand;

use super::{CommandError, open_workspace, password, print, table, workspaces};
use crate::{cli::RoleArg, config::DataArgs, open};

/// What to do with members.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a member; the password is asked for
    Add {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// Short name of the workspace
        #[arg(long)]
        workspace: String,
        /// Shown name
        #[arg(long)]
        name: String,
        /// Signs in with it
        #[arg(long)]
        email: String,
        /// owner, admin, supervisor or agent
        #[arg(long, default_value_t = RoleArg(Role::Agent))]
        role: RoleArg,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
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
    /// Give a member a new password and end all his sessions
    SetPassword {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// The member's e-mail address
        #[arg(long)]
        email: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Switch a member off and end all his sessions
    Disable {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// The member's e-mail address
        #[arg(long)]
        email: String,
    },
    /// Let a member who was switched off sign in again
    Enable {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// The member's e-mail address
        #[arg(long)]
        email: String,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// When the data cannot be opened or the engine refuses.
    pub async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Add { data, workspace, name, email, role, password_stdin } => {
                let (engine, actor) = open_workspace(&data, &workspace).await?;
                let password = password::read(password_stdin)?.expose().to_owned();
                let member =
                    engine.create_member(&actor, &MemberForm { name, email, role: role.0, password }).await?;
                print(&format!("{} can sign in as {}.", member.email, member.role))
            }
            Self::List { data, workspace, json } => {
                let engine = open::engine(&data.resolve()?).await?;
                let mut all = Vec::new();
                for (slug, actor) in workspaces(&engine).await? {
                    if workspace.as_ref().is_none_or(|w| *w == slug) {
                        all.extend(engine.members(&actor).await?.into_iter().map(|m| (slug.clone(), m)));
                    }
                }
                print(&if json { as_json(&all) } else { as_table(&all) })
            }
            Self::SetPassword { data, email, password_stdin } => {
                let engine = open::engine(&data.resolve()?).await?;
                let (actor, member) = find(&engine, &email).await?;
                let password = password::read(password_stdin)?;
                engine.set_password(&actor, member.id, password.expose()).await?;
                print(&format!("{} has a new password and is signed out everywhere.", member.email))
            }
            Self::Disable { data, email } => switch(&data, &email, false).await,
            Self::Enable { data, email } => switch(&data, &email, true).await,
        }
    }
}

async fn switch(data: &DataArgs, email: &str, active: bool) -> Result<(), CommandError> {
    let engine = open::engine(&data.resolve()?).await?;
    let (actor, member) = find(&engine, email).await?;
    let change = MemberChange { active: Some(active), ..MemberChange::default() };
    engine.update_member(&actor, member.id, &change).await?;
    let state =
        if active { "can sign in again" } else { "can no longer sign in and is signed out everywhere" };
    print(&format!("{} {state}.", member.email))
}

/// E-mail addresses are unique over all workspaces.
async fn find(engine: &Engine, email: &str) -> Result<(Actor, MemberView), CommandError> {
    for (_, actor) in workspaces(engine).await? {
        let members = engine.members(&actor).await?;
        if let Some(member) = members.into_iter().find(|m| m.email.eq_ignore_ascii_case(email.trim())) {
            return Ok((actor, member));
        }
    }
    Err(CommandError::Unknown { what: "member", name: email.to_owned(), list: "balas user list" })
}

fn as_table(all: &[(String, MemberView)]) -> String {
    let row = |(slug, m): &(String, MemberView)| {
        let active = if m.active { "yes" } else { "no" };
        vec![m.email.clone(), m.name.clone(), m.role.to_string(), active.to_owned(), slug.clone()]
    };
    table(&["E-MAIL", "NAME", "ROLE", "ACTIVE", "WORKSPACE"], &all.iter().map(row).collect::<Vec<_>>())
}

fn as_json(all: &[(String, MemberView)]) -> String {
    let row = |(slug, m): &(String, MemberView)| {
        serde_json::json!({ "id": m.id, "email": m.email, "name": m.name, "role": m.role, "active": m.active,
            "workspace": slug })
    };
    serde_json::Value::from(all.iter().map(row).collect::<Vec<_>>()).to_string()
}

//! `balas workspace`

use balas_engine::NewOwner;
use clap::Subcommand;

use super::{CommandError, password, print, table, workspaces};
use crate::{config::DataArgs, open};

/// What to do with workspaces.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Found a workspace with its owner; the password is asked for
    Create {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
        /// Its name, such as "My shop"
        #[arg(long)]
        name: String,
        /// Its short name for other commands [default: made from the name]
        #[arg(long)]
        slug: Option<String>,
        /// Its time zone
        #[arg(long, default_value = "Asia/Jakarta", value_name = "ZONE")]
        time_zone: String,
        /// E-mail address of the owner
        #[arg(long)]
        email: String,
        /// Name of the owner
        #[arg(long, default_value = "Owner")]
        owner: String,
        /// Read the owner's password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all
    List {
        /// Where the data lies.
        #[command(flatten)]
        data: DataArgs,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// When the data cannot be opened or the engine refuses.
    pub async fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Create { data, name, slug, time_zone, email, owner, password_stdin } => {
                let engine = open::engine(&data.resolve()?).await?;
                let password = password::read(password_stdin)?;
                let slug = slug.unwrap_or_else(|| slug_of(&name));
                let owner = NewOwner { name: owner, email, password: password.expose().to_owned() };
                engine.create_workspace(&slug, &name, &time_zone, &owner).await?;
                print(&format!("The workspace “{slug}” is founded; {} can sign in.", owner.email))
            }
            Self::List { data } => {
                let engine = open::engine(&data.resolve()?).await?;
                let mut rows = Vec::new();
                for (slug, actor) in workspaces(&engine).await? {
                    let me = engine.me(&actor).await?;
                    rows.push(vec![slug, me.workspace, me.time_zone]);
                }
                print(&table(&["WORKSPACE", "NAME", "TIME ZONE"], &rows))
            }
        }
    }
}

/// Letters and digits in lower case, with dashes between.
fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    if slug.is_empty() { "main".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        assert_eq!(slug_of(" Toko Melati & Co. "), "toko-melati-co");
        assert_eq!(slug_of("花"), "main");
    }
}

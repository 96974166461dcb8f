//! What the server is told: flags, environment, file and defaults, in this order of precedence.

mod file;
mod public_url;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use balas_engine::{BadClamdAddress, BridgeConfig, ClamdAddress, MailConfig, S3Config};
use serde::Deserialize;

pub use self::{
    file::File,
    public_url::{PublicUrl, PublicUrlError},
};
use crate::secret::Secret;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file named with `--config` is not there or cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or holds a key or value that is not known.
    #[error("the configuration file {} has a mistake:\n{problem}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where and what, as the parser says it.
        problem: String,
    },
    /// The sandbox is a toy without protection.
    #[error(
        "--sandbox only runs on this machine, but {what} is {address}: use 127.0.0.1, or leave out --sandbox"
    )]
    SandboxExposed {
        /// Which address.
        what: &'static str,
        /// What it was set to.
        address: SocketAddr,
    },
    /// No mail can be sent so.
    #[error("[smtp] cannot be used: {0}")]
    Mail(String),
    /// Nothing can be stored so.
    #[error("[s3] needs secret_key: put it into the file, or set {S3_SECRET} in the environment")]
    S3Secret,
    /// Nobody listens there.
    #[error("[clamd] cannot be used: {0}")]
    Clamd(#[from] BadClamdAddress),
    /// Where the program itself lies cannot be found out.
    #[error(
        "cannot find the folder of this program, so name the site's folder with --site and the bridge's with --bridge: {0}"
    )]
    NoExecutable(std::io::Error),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// What every command needs to find the data.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DataArgs {
    /// Folder of the database, the master key and balas.toml; made if it is not there [default: balas-data]
    #[arg(long, env = "BALAS_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file [default: balas.toml in the data folder, if there is one]
    #[arg(long, env = "BALAS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// postgres://… or sqlite:… [default: balas.db in the data folder]. Better set in the environment or the
    /// file: a command line can be read by every user of the machine.
    #[arg(long, env = "BALAS_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<Secret>,
}

/// What `serve` is told.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeArgs {
    /// Where the data lies.
    #[command(flatten)]
    pub data: DataArgs,
    /// Address to listen on [default: 127.0.0.1:3000]
    #[arg(long, env = "BALAS_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address by which browsers and Meta reach this server.
    #[arg(
        long,
        env = "BALAS_PUBLIC_URL",
        value_name = "URL",
        help = "Address by which browsers and Meta reach this server, such as https://inbox.example.org"
    )]
    pub public_url: Option<PublicUrl>,
    /// Run a WhatsApp world inside, and fill an empty database with a demo shop
    #[arg(long, env = "BALAS_SANDBOX", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub sandbox: Option<bool>,
    /// Address of the sandbox [default: 127.0.0.1:3100]
    #[arg(long, env = "BALAS_SANDBOX_LISTEN", value_name = "ADDRESS")]
    pub sandbox_listen: Option<SocketAddr>,
    /// Folder of the site's files [default: site beside this program]
    #[arg(long, env = "BALAS_SITE", value_name = "DIR")]
    pub site: Option<PathBuf>,
    /// Folder of the bridge, which runs WhatsApp Web [default: bridge beside this program]
    #[arg(long, env = "BALAS_BRIDGE", value_name = "DIR")]
    pub bridge: Option<PathBuf>,
    /// Node.js, for the bridge [default: node]
    #[arg(long, env = "BALAS_NODE", value_name = "PROGRAM")]
    pub node: Option<PathBuf>,
    /// The browser, for the bridge [default: the system's Chromium]
    #[arg(long, env = "BALAS_CHROMIUM", value_name = "PROGRAM")]
    pub chromium: Option<PathBuf>,
    /// How log lines look [default: text]
    #[arg(long, env = "BALAS_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged, such as info or balas=debug [default: info]
    #[arg(long, env = "BALAS_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Address of a reverse proxy whose X-Forwarded-For is believed; may be repeated
    #[arg(long = "trusted-proxy", env = "BALAS_TRUSTED_PROXIES", value_name = "IP", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpAddr>,
    /// Where Meta's Graph API is.
    #[arg(
        long,
        env = "BALAS_CLOUD_BASE_URL",
        value_name = "URL",
        help = "Where Meta's Graph API is [default: https://graph.facebook.com]"
    )]
    pub cloud_base_url: Option<String>,
    /// Version of Meta's Graph API [default: v23.0]
    #[arg(long, env = "BALAS_CLOUD_VERSION", value_name = "VERSION")]
    pub cloud_version: Option<String>,
}

/// How often one IP address may ask. Per second: on average, ten times as often in a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Attempts to sign in, per minute.
    pub sign_in_per_minute: u32,
    /// REST and server functions, per second.
    pub api_per_second: u32,
    /// Webhooks, per second. Meta sends at most a few hundred from one address.
    pub webhooks_per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sign_in_per_minute: 20, api_per_second: 500, webhooks_per_second: 5_000 }
    }
}

/// Where the data lies.
#[derive(Clone, Debug)]
pub struct DataSettings {
    /// Folder of everything that is kept.
    pub data: PathBuf,
    /// `sqlite:…` or `postgres://…`.
    pub database_url: Secret,
    /// Where Meta's Graph API is.
    pub cloud_base_url: String,
    /// Where gateways reach this server; known once it listens.
    pub webhook_base: Option<String>,
    /// Its version.
    pub cloud_version: String,
    /// The mail server, if there is one.
    pub mail: Option<MailConfig>,
    /// S3-compatible storage for files, if there is one.
    pub s3: Option<S3Config>,
    /// Who looks at files for viruses, if somebody does.
    pub clamd: Option<ClamdAddress>,
    /// The bridge, where accounts are run.
    pub bridge: Option<BridgeConfig>,
    /// What the file said, for the rest.
    file: File,
}

/// All that `serve` needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the data lies.
    pub data: DataSettings,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How others reach us.
    pub public_url: Option<PublicUrl>,
    /// Where the sandbox listens, if it runs.
    pub sandbox: Option<SocketAddr>,
    /// The site's files.
    pub site: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: String,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How often one may ask.
    pub limits: Limits,
}

const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);
const SANDBOX: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3100);

impl DataArgs {
    /// Reads the file and fills in what is missing.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn resolve(&self) -> Result<DataSettings, ConfigError> {
        let data = self.data.clone().unwrap_or_else(|| PathBuf::from("balas-data"));
        let file = match &self.config {
            Some(path) => File::read(path)?,
            None => File::read_if_there(&data.join("balas.toml"))?,
        };
        let database_url = self
            .database_url
            .clone()
            .or_else(|| file.database_url.clone())
            .unwrap_or_else(|| sqlite_in(&data));
        let cloud = file.cloud.clone();
        Ok(DataSettings {
            data,
            database_url,
            webhook_base: None,
            bridge: None,
            mail: file.smtp.clone().map(mail).transpose()?,
            s3: file.s3.clone().map(s3).transpose()?,
            clamd: file.clamd.as_ref().map(|clamd| clamd.address.parse()).transpose()?,
            cloud_base_url: cloud.base_url.unwrap_or_else(|| "https://graph.facebook.com".to_owned()),
            cloud_version: cloud.version.unwrap_or_else(|| "v23.0".to_owned()),
            file,
        })
    }
}

fn sqlite_in(data: &Path) -> Secret {
    Secret::new(format!("sqlite:{}", data.join("balas.db").display()))
}

impl ServeArgs {
    /// Reads the file and fills in what is missing.
    ///
    /// # Errors
    /// When the file cannot be used, or the sandbox would be reachable from outside.
    pub fn resolve(&self) -> Result<Settings, ConfigError> {
        let mut data = self.data.resolve()?;
        if let Some(base_url) = &self.cloud_base_url {
            data.cloud_base_url.clone_from(base_url);
        }
        if let Some(version) = &self.cloud_version {
            data.cloud_version.clone_from(version);
        }
        let file = &data.file;
        let listen = self.listen.or(file.listen).unwrap_or(LISTEN);
        let sandbox = self.sandbox.or(file.sandbox.enabled).unwrap_or(false);
        let sandbox = sandbox.then(|| self.sandbox_listen.or(file.sandbox.listen).unwrap_or(SANDBOX));
        if let Some(address) = sandbox {
            for (what, address) in [("the sandbox's address", address), ("the server's address", listen)] {
                if !address.ip().is_loopback() {
                    return Err(ConfigError::SandboxExposed { what, address });
                }
            }
        }
        let site = match self.site.clone().or_else(|| file.site.clone()) {
            Some(site) => site,
            None => beside_program("site")?,
        };
        let folder = match self.bridge.clone().or_else(|| file.bridge.folder.clone()) {
            Some(folder) => folder,
            None => beside_program("bridge")?,
        };
        let bridge = BridgeConfig {
            folder,
            program: "src/main.js".into(),
            node: self.node.clone().or_else(|| file.bridge.node.clone()).unwrap_or_else(|| "node".into()),
            chromium: self.chromium.clone().or_else(|| file.bridge.chromium.clone()),
            data: data.data.join("bridge"),
            // Known once we listen.
            deliver_to: String::new(),
        };
        let trusted_proxies = if self.trusted_proxies.is_empty() {
            file.trusted_proxies.clone()
        } else {
            self.trusted_proxies.clone()
        };
        Ok(Settings {
            listen,
            public_url: self.public_url.clone().or_else(|| file.public_url.clone()),
            sandbox,
            site,
            log_format: self.log_format.or(file.log_format).unwrap_or_default(),
            log: self.log.clone().or_else(|| file.log.clone()).unwrap_or_else(|| "info".to_owned()),
            trusted_proxies,
            limits: file.limits,
            data: DataSettings { bridge: Some(bridge), ..data },
        })
    }
}

/// The password of the mail server.
const SMTP_PASSWORD: &str = "BALAS_SMTP_PASSWORD";

fn mail(file: file::Smtp) -> Result<MailConfig, ConfigError> {
    let password = std::env::var(SMTP_PASSWORD).ok().filter(|password| !password.is_empty());
    let in_file = file.password.map(|password| password.expose().to_owned());
    let mail = MailConfig {
        host: file.host,
        port: file.port,
        security: file.security,
        user: file.user,
        password: password.or(in_file).unwrap_or_default(),
        from: file.from,
    };
    mail.check().map_err(ConfigError::Mail)?;
    Ok(mail)
}

/// The secret key of S3-compatible storage.
const S3_SECRET: &str = "BALAS_S3_SECRET_KEY";

fn s3(file: file::S3) -> Result<S3Config, ConfigError> {
    let secret = std::env::var(S3_SECRET).ok().filter(|secret| !secret.is_empty());
    let in_file = file.secret_key.map(|secret| secret.expose().to_owned());
    Ok(S3Config {
        endpoint: file.endpoint,
        region: file.region,
        bucket: file.bucket,
        access_key: file.access_key,
        secret_key: secret.or(in_file).ok_or(ConfigError::S3Secret)?,
    })
}

/// A folder beside the program, where the build leaves it.
fn beside_program(name: &str) -> Result<PathBuf, ConfigError> {
    let program = std::env::current_exe().map_err(ConfigError::NoExecutable)?;
    Ok(program.parent().unwrap_or(Path::new(".")).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str) -> (tempfile::TempDir, ServeArgs) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("balas.toml"), text).unwrap();
        let data = DataArgs { data: Some(dir.path().to_owned()), ..DataArgs::default() };
        let args = ServeArgs { data, site: Some("site".into()), ..ServeArgs::default() };
        (dir, args)
    }

    #[test]
    fn defaults() {
        let (dir, args) = with_file("");
        let settings = args.resolve().unwrap();
        assert_eq!(settings.listen, LISTEN);
        assert_eq!(settings.sandbox, None, "the sandbox never runs unless asked for");
        assert_eq!(settings.limits, Limits::default());
        assert_eq!(settings.data.database_url, sqlite_in(dir.path()));
    }

    #[test]
    fn flags_beat_the_file() {
        let (_dir, mut args) =
            with_file("listen = '127.0.0.1:1111'\nlog_format = 'json'\n[limits]\napi_per_second = 7\n");
        assert_eq!(args.resolve().unwrap().listen.port(), 1111);
        assert_eq!(args.resolve().unwrap().limits.api_per_second, 7);
        assert_eq!(args.resolve().unwrap().log_format, LogFormat::Json);
        args.listen = Some("127.0.0.1:2222".parse().unwrap());
        args.log_format = Some(LogFormat::Text);
        assert_eq!(args.resolve().unwrap().listen.port(), 2222);
        assert_eq!(args.resolve().unwrap().log_format, LogFormat::Text);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let (_dir, args) = with_file("lisen = '127.0.0.1:1111'\n");
        let said = args.resolve().unwrap_err().to_string();
        assert!(said.contains("lisen") && said.contains("balas.toml"), "{said}");
        let (_dir, args) = with_file("[limits]\nper_day = 1\n");
        assert!(args.resolve().is_err());
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let (_dir, mut args) = with_file("");
        args.data.config = Some("/nowhere/balas.toml".into());
        assert!(args.resolve().unwrap_err().to_string().contains("/nowhere/balas.toml"));
    }

    #[test]
    fn the_sandbox_stays_on_this_machine() {
        let (_dir, mut args) = with_file("[sandbox]\nenabled = true\n");
        assert_eq!(args.resolve().unwrap().sandbox, Some(SANDBOX));
        args.listen = Some("0.0.0.0:3000".parse().unwrap());
        assert!(matches!(args.resolve(), Err(ConfigError::SandboxExposed { .. })));
        args.listen = None;
        args.sandbox_listen = Some("[::]:3100".parse().unwrap());
        assert!(matches!(args.resolve(), Err(ConfigError::SandboxExposed { .. })));
        args.sandbox = Some(false);
        assert_eq!(args.resolve().unwrap().sandbox, None);
    }

    #[test]
    fn mail_is_checked_before_it_is_needed() {
        let (_dir, args) =
            with_file("[smtp]\nhost = 'mail.example.org'\nfrom = 'Balas <balas@example.org>'\n");
        let mail = args.resolve().unwrap().data.mail.unwrap();
        assert_eq!((mail.host.as_str(), mail.port, mail.user), ("mail.example.org", None, None));
        let (_dir, args) = with_file("[smtp]\nhost = 'mail.example.org'\nfrom = 'nobody'\n");
        assert!(args.resolve().unwrap_err().to_string().contains("nobody"));
        let (_dir, args) = with_file("");
        assert!(args.resolve().unwrap().data.mail.is_none());
    }

    #[test]
    fn the_virus_scanner_has_an_address() {
        let clamd = |address: &str| {
            let (_dir, args) = with_file(&format!("[clamd]\naddress = '{address}'\n"));
            args.resolve().map(|settings| settings.data.clamd)
        };
        assert_eq!(clamd("127.0.0.1:3310").unwrap(), Some(ClamdAddress::Tcp("127.0.0.1:3310".to_owned())));
        let socket = "/run/clamav/clamd.ctl";
        assert_eq!(clamd(socket).unwrap(), Some(ClamdAddress::Unix(socket.into())));
        assert!(clamd("clamd").unwrap_err().to_string().contains("[clamd]"));
        let (_dir, args) = with_file("");
        assert!(args.resolve().unwrap().data.clamd.is_none());
    }

    #[test]
    fn debug_shows_no_password() {
        let (_dir, args) = with_file("database_url = 'postgres://balas:hunter2@localhost/balas'\n");
        let settings = args.resolve().unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let (_dir, args) = with_file("[smtp]\nhost = 'h'\nfrom = 'a@b.example'\npassword = 'hunter2'\n");
        let settings = args.resolve().unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let broken = with_file("database_url = 'postgres://balas:hunter2@localhost/balas'\nx = 1\n");
        let said = broken.1.resolve().unwrap_err();
        assert!(!format!("{said} {said:?}").contains("hunter2"), "{said}");
    }
}

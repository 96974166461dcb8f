//! Sending e-mail by SMTP.

use std::{fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};

/// How long a mail server may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mail server.
#[derive(Clone)]
pub struct MailConfig {
    /// Its name.
    pub host: String,
    /// Its port; the usual one of the security if left out.
    pub port: Option<u16>,
    /// How the connection is kept secret.
    pub security: MailSecurity,
    /// Who signs in; nobody if left out.
    pub user: Option<String>,
    /// With what.
    pub password: String,
    /// Who writes, such as `Balas <balas@example.org>`.
    pub from: String,
}

impl fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("user", &self.user)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// How a connection to a mail server is kept secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// TLS after a plain greeting; port 587.
    #[default]
    StartTls,
    /// TLS from the beginning; port 465.
    Tls,
    /// None; port 25. For a mail server on the same machine.
    None,
}

/// A mail could not be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum MailError {
    /// It will never go.
    #[error("{0}")]
    Unusable(String),
    /// It may go later.
    #[error("the mail server did not take it ({0})")]
    Later(String),
}

impl MailConfig {
    /// What must be corrected before any mail can be sent.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let from: Result<Mailbox, _> = self.from.parse();
        from.map(drop).map_err(|_| {
            format!("“{}” is no sender for e-mails: write it like Balas <balas@example.org>", self.from)
        })?;
        self.transport(None).map(drop).map_err(|error| error.to_string())
    }

    /// `trusted`: besides those that this machine trusts.
    fn transport(
        &self,
        trusted: Option<Certificate>,
    ) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailError> {
        let tls = || {
            let mut builder = TlsParameters::builder(self.host.clone());
            if let Some(root) = trusted {
                builder = builder.add_root_certificate(root);
            }
            builder.build().map_err(|error| MailError::Unusable(format!("no TLS to {}: {error}", self.host)))
        };
        let (usual, tls) = match self.security {
            MailSecurity::StartTls => (587, Tls::Required(tls()?)),
            MailSecurity::Tls => (465, Tls::Wrapper(tls()?)),
            MailSecurity::None => (25, Tls::None),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port.unwrap_or(usual))
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some(user) = &self.user {
            builder = builder.credentials(Credentials::new(user.clone(), self.password.clone()));
        }
        Ok(builder.build())
    }

    /// Sends one mail to one person.
    pub(super) async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), MailError> {
        self.send_by(&self.transport(None)?, to, subject, text).await
    }

    async fn send_by(
        &self,
        transport: &AsyncSmtpTransport<Tokio1Executor>,
        to: &str,
        subject: &str,
        text: &str,
    ) -> Result<(), MailError> {
        let unusable = |error: &dyn fmt::Display| MailError::Unusable(error.to_string());
        let message = Message::builder()
            .from(self.from.parse().map_err(|e| unusable(&e))?)
            .to(to.parse().map_err(|e| unusable(&e))?)
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|e| unusable(&e))?;
        match transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Unusable(error.to_string())),
            Err(error) => Err(MailError::Later(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rstest::rstest;
    use tokio::{
        io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
        net::TcpListener,
    };
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
    };

    use super::*;

    const PASSWORD: &str = "nobody-may-read-this";

    /// What was said to the server, each with whether the connection was secret.
    type Heard = Arc<Mutex<Vec<(bool, String)>>>;

    struct Server {
        port: u16,
        heard: Heard,
        certificate: Certificate,
    }

    impl Server {
        /// Speaks TLS from the beginning, or after `STARTTLS` if it offers that.
        async fn start(from_the_beginning: bool, offers: bool) -> Self {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
            let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
            let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![cert.der().clone()], key)
                .unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (port, heard) = (listener.local_addr().unwrap().port(), Heard::default());
            let hears = Arc::clone(&heard);
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    if !from_the_beginning && !converse(&mut stream, &hears, false, offers).await {
                        continue;
                    }
                    // Whoever does not trust us goes away in the middle of it.
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        converse(&mut stream, &hears, true, false).await;
                    }
                }
            });
            let certificate = Certificate::from_der(cert.der().to_vec()).unwrap();
            Self { port, heard, certificate }
        }

        fn config(&self, security: MailSecurity) -> MailConfig {
            MailConfig {
                host: "localhost".to_owned(),
                port: Some(self.port),
                security,
                user: Some("balas".to_owned()),
                password: PASSWORD.to_owned(),
                from: "Balas <balas@example.org>".to_owned(),
            }
        }

        async fn send(&self, security: MailSecurity, trusted: bool) -> Result<(), MailError> {
            let config = self.config(security);
            let transport = config.transport(trusted.then(|| self.certificate.clone()))?;
            config.send_by(&transport, "admin@example.org", "Linked is not connected", "Look at it.").await
        }

        fn heard(&self) -> Vec<(bool, String)> {
            self.heard.lock().unwrap().clone()
        }
    }

    /// Takes everything; `true` if TLS shall begin now.
    async fn converse(
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        heard: &Heard,
        secret: bool,
        offers: bool,
    ) -> bool {
        let mut stream = BufReader::new(stream);
        let mut answer = if secret && !heard.lock().unwrap().is_empty() { "" } else { "220 test\r\n" };
        loop {
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return false;
            }
            let mut line = String::new();
            if stream.flush().await.is_err() || stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return false;
            }
            heard.lock().unwrap().push((secret, line.trim_end().to_owned()));
            answer = match line.split_whitespace().next().unwrap_or_default() {
                "EHLO" if secret => "250-test\r\n250 AUTH PLAIN\r\n",
                "EHLO" if offers => "250-test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
                "EHLO" => "250-test\r\n250 AUTH PLAIN\r\n",
                "STARTTLS" => {
                    let _ = stream.write_all(b"220 go on\r\n").await;
                    return true;
                }
                "AUTH" => "235 welcome\r\n",
                "DATA" => "354 go on\r\n",
                "." | "MAIL" | "RCPT" => "250 ok\r\n",
                "QUIT" => "221 bye\r\n",
                // A line of the mail.
                _ => "",
            };
        }
    }

    #[rstest]
    #[case(MailSecurity::Tls)]
    #[case(MailSecurity::StartTls)]
    #[tokio::test]
    async fn password_and_mail_go_in_secret_only(#[case] security: MailSecurity) {
        let server = Server::start(security == MailSecurity::Tls, true).await;
        server.send(security, true).await.unwrap();
        let heard = server.heard();
        let secret = |begin: &str| {
            let found: Vec<_> = heard.iter().filter(|(_, line)| line.starts_with(begin)).collect();
            assert!(found.iter().all(|(secret, _)| *secret), "{heard:?}");
            found.len()
        };
        assert_eq!((secret("AUTH PLAIN "), secret("RCPT TO:<admin@example.org>")), (1, 1));
        assert_eq!((secret("Subject: Linked is not connected"), secret("Look at it.")), (1, 1));
    }

    #[rstest]
    #[case::tls_untrusted(MailSecurity::Tls, true)]
    #[case::untrusted(MailSecurity::StartTls, true)]
    #[case::not_offered(MailSecurity::StartTls, false)]
    #[tokio::test]
    async fn without_trust_or_secrecy_nothing_is_sent(#[case] security: MailSecurity, #[case] offers: bool) {
        let server = Server::start(security == MailSecurity::Tls, offers).await;
        let refused = server.send(security, !offers).await;
        assert!(matches!(refused, Err(MailError::Later(_) | MailError::Unusable(_))), "{refused:?}");
        let told =
            server.heard().into_iter().any(|(_, line)| line.starts_with("AUTH") || line.starts_with("MAIL"));
        assert!(!told, "{:?}", server.heard());
    }
}

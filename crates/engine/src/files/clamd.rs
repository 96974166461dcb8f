//! Asking `clamd` whether a file is harmful: its `INSTREAM` command, over TCP or a socket of this machine. The file is
//! streamed, and the answer is believed only when it is whole.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use balas_domain::text::clean_name;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// How long it may take until somebody is there.
const KNOCK: Duration = Duration::from_secs(5);
/// Longest look at one file: `clamd` itself gives up after two minutes, and the file has to get there.
const LONGEST: Duration = Duration::from_mins(5);
/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;
/// Answers are a line.
const LONGEST_ANSWER: usize = 4 << 10;

/// Where `clamd` listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamdAddress {
    /// A host and a port.
    Tcp(String),
    /// A socket of this machine.
    Unix(PathBuf),
}

/// No address of `clamd`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no address of clamd; write it like 127.0.0.1:3310, or like /run/clamav/clamd.ctl")]
pub struct BadClamdAddress(String);

impl FromStr for ClamdAddress {
    type Err = BadClamdAddress;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let bad = || BadClamdAddress(s.to_owned());
        let path = s.strip_prefix("unix:").unwrap_or(s);
        if path.starts_with('/') {
            return Ok(Self::Unix(path.into()));
        }
        let (host, port) = s.rsplit_once(':').ok_or_else(bad)?;
        let port = port.parse::<u16>().is_ok_and(|port| port > 0);
        if port && !host.is_empty() { Ok(Self::Tcp(s.to_owned())) } else { Err(bad()) }
    }
}

impl fmt::Display for ClamdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What was found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing.
    Clean,
    /// Something harmful, by its name.
    Harmful(String),
}

/// Why a file was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Nobody is there.
    #[error("the virus scanner does not answer ({0})")]
    Away(String),
    /// It began, and did not come to an end.
    #[error("the virus scanner broke off ({0})")]
    Broken(String),
    /// It takes no file as large as this.
    #[error(
        "the virus scanner takes no file as large as this; an admin can raise StreamMaxLength in clamd.conf"
    )]
    TooLarge,
    /// The file could not be read.
    #[error("a file on the server could not be read: {0}")]
    Disk(#[source] io::Error),
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl ClamdAddress {
    /// Whether it is there; what it says that it is.
    ///
    /// # Errors
    /// [`ScanError::Away`] if it is not.
    pub async fn version(&self) -> Result<String, ScanError> {
        let ask = async {
            let mut stream = self.connect().await?;
            stream.write_all(b"zVERSION\0").await?;
            answer(&mut stream).await
        };
        match timeout(KNOCK, ask).await {
            Ok(Ok(version)) if !version.is_empty() => Ok(version),
            Ok(Ok(_)) => Err(ScanError::Away("it says nothing".to_owned())),
            Ok(Err(error)) => Err(ScanError::Away(error.to_string())),
            Err(_) => Err(ScanError::Away("it takes too long".to_owned())),
        }
    }

    /// Looks at a file.
    pub(crate) async fn scan(&self, path: &Path) -> Result<Verdict, ScanError> {
        let file = tokio::fs::File::open(path).await.map_err(ScanError::Disk)?;
        let stream = match timeout(KNOCK, self.connect()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(ScanError::Away(error.to_string())),
            Err(_) => return Err(ScanError::Away("it takes too long".to_owned())),
        };
        let looked = timeout(LONGEST, look(stream, file)).await;
        looked.unwrap_or_else(|_| Err(ScanError::Broken("it takes too long".to_owned())))
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    }
}

/// Sends the file and hears the answer at the same time: it may come before all was sent, and then nobody reads the rest.
async fn look(stream: impl Stream, mut file: impl AsyncRead + Unpin) -> Result<Verdict, ScanError> {
    let (mut hears, mut says) = tokio::io::split(stream);
    let saying = async {
        let broken = |error: io::Error| ScanError::Broken(error.to_string());
        says.write_all(b"zINSTREAM\0").await.map_err(broken)?;
        let mut block = vec![0; CHUNK];
        loop {
            let n = file.read(&mut block).await.map_err(ScanError::Disk)?;
            // None of them ends the stream.
            let length = u32::try_from(n).unwrap_or_default().to_be_bytes();
            says.write_all(&length).await.map_err(broken)?;
            if n == 0 {
                return says.flush().await.map_err(broken);
            }
            says.write_all(&block[..n]).await.map_err(broken)?;
        }
    };
    let hearing = answer(&mut hears);
    tokio::pin!(hearing);
    let said = tokio::select! {
        biased;
        heard = &mut hearing => return verdict(heard),
        said = saying => said,
    };
    match said {
        Ok(()) => verdict(hearing.await),
        // It may have said why before it hung up.
        Err(ScanError::Broken(why)) => match timeout(KNOCK, hearing).await {
            Ok(heard @ Ok(_)) => verdict(heard),
            _ => Err(ScanError::Broken(why)),
        },
        Err(error) => Err(error),
    }
}

/// One answer; each ends with a zero byte. What breaks off before that is none.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut text = Vec::new();
    loop {
        let byte = stream.read_u8().await?;
        if byte == 0 {
            return Ok(String::from_utf8_lossy(&text).trim().to_owned());
        }
        if text.len() >= LONGEST_ANSWER {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its answer has no end"));
        }
        text.push(byte);
    }
}

fn verdict(heard: io::Result<String>) -> Result<Verdict, ScanError> {
    let heard = heard.map_err(|error| ScanError::Broken(error.to_string()))?;
    if heard == "stream: OK" {
        return Ok(Verdict::Clean);
    }
    if let Some(found) = heard.strip_prefix("stream: ").and_then(|rest| rest.strip_suffix(" FOUND")) {
        let name = clean_name(found).unwrap_or_else(|| "?".to_owned());
        return Ok(Verdict::Harmful(name));
    }
    if heard.contains("size limit exceeded") {
        return Err(ScanError::TooLarge);
    }
    // Whatever it is, it does not say that the file is clean.
    Err(ScanError::Broken(heard))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::net::{TcpListener, UnixListener};

    use super::*;

    /// Hears at most so many bytes, answers with these pieces, and hangs up; what it heard.
    async fn converse(mut stream: impl Stream, hears: usize, pieces: &[&str]) -> Vec<u8> {
        let mut heard = Vec::new();
        let mut block = [0; 1_000];
        while heard.len() < hears && !heard.ends_with(&[0; 4]) {
            let n = stream.read(&mut block).await.unwrap();
            if n == 0 {
                break;
            }
            heard.extend_from_slice(&block[..n]);
        }
        for piece in pieces {
            // Whoever has heard enough hangs up.
            if stream.write_all(piece.as_bytes()).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        heard
    }

    /// Looks at these bytes with one who answers so.
    async fn ask(
        bytes: Vec<u8>,
        hears: usize,
        pieces: &'static [&'static str],
    ) -> Result<Verdict, ScanError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, bytes).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: ClamdAddress = listener.local_addr().unwrap().to_string().parse().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            converse(stream, hears, pieces).await
        });
        let verdict = address.scan(&file).await;
        server.await.unwrap();
        verdict
    }

    #[rstest]
    #[case::clean(&["stream: OK\0"])]
    #[case::in_pieces(&["str", "eam: O", "K", "\0"])]
    #[case::with_a_line_end(&["stream: OK\n\0"])]
    #[tokio::test]
    async fn what_is_clean_is_so_however_it_is_said(#[case] pieces: &'static [&'static str]) {
        assert_eq!(ask(b"harmless".to_vec(), usize::MAX, pieces).await.unwrap(), Verdict::Clean);
    }

    #[rstest]
    #[case::plain(&["stream: Win.Test.EICAR_HDB-1 FOUND\0"], "Win.Test.EICAR_HDB-1")]
    #[case::in_pieces(&["stream: Some ", "Thing F", "OUND\0"], "Some Thing")]
    #[case::named_like_the_clean(&["stream: OK FOUND\0"], "OK")]
    #[case::with_tricks(&["stream: a\u{202e}\u{7}b FOUND\0"], "a b")]
    #[tokio::test]
    async fn what_was_found_has_a_name(#[case] pieces: &'static [&'static str], #[case] name: &str) {
        let found = ask(b"harmful".to_vec(), usize::MAX, pieces).await.unwrap();
        assert_eq!(found, Verdict::Harmful(name.to_owned()));
    }

    /// Nothing but the whole word is believed.
    #[rstest]
    #[case::nothing(&[])]
    #[case::broken_off(&["stream: OK"])]
    #[case::half_a_word(&["stream: O\0"])]
    #[case::more_than_that(&["stream: OK, it seems\0"])]
    #[case::something_else(&["other: OK\0"])]
    #[case::an_error(&["stream: Can't allocate memory ERROR\0"])]
    #[case::empty(&["\0"])]
    #[tokio::test]
    async fn nothing_else_means_clean(#[case] pieces: &'static [&'static str]) {
        let odd = ask(b"anything".to_vec(), usize::MAX, pieces).await;
        assert!(matches!(odd, Err(ScanError::Broken(_))), "{odd:?}");
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_none() {
        static ENDLESS: [&str; 300] = ["stream: OK stream: OK "; 300];
        let odd = ask(b"anything".to_vec(), usize::MAX, &ENDLESS).await;
        assert!(matches!(odd, Err(ScanError::Broken(_))), "{odd:?}");
    }

    /// It says so in the middle of the file, and hangs up.
    #[tokio::test]
    async fn too_large_is_told_in_the_middle() {
        let refused = ask(vec![7; 8 << 20], 100_000, &["INSTREAM size limit exceeded. ERROR\0"]).await;
        // A line that breaks can swallow the answer; it is never taken for clean.
        assert!(matches!(refused, Err(ScanError::TooLarge | ScanError::Broken(_))), "{refused:?}");
        let refused = ask(vec![7; 100], usize::MAX, &["INSTREAM size limit exceeded. ERROR\0"]).await;
        assert!(matches!(refused, Err(ScanError::TooLarge)), "{refused:?}");
    }

    #[tokio::test]
    async fn the_whole_file_goes_there_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (file, socket) = (folder.path().join("file"), folder.path().join("socket"));
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 250) as u8 + 1).collect();
        std::fs::write(&file, &bytes).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let address: ClamdAddress = socket.display().to_string().parse().unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            converse(stream, usize::MAX, &["stream: OK\0"]).await
        });
        assert_eq!(address.scan(&file).await.unwrap(), Verdict::Clean);
        let heard = server.await.unwrap();
        let mut rest = heard.strip_prefix(b"zINSTREAM\0").unwrap();
        let mut sent = Vec::new();
        loop {
            let (length, after) = rest.split_first_chunk::<4>().unwrap();
            let length = u32::from_be_bytes(*length) as usize;
            sent.extend_from_slice(&after[..length]);
            rest = &after[length..];
            if length == 0 {
                break;
            }
        }
        assert!(rest.is_empty() && sent == bytes);
    }

    #[tokio::test]
    async fn nobody_there_is_another_thing_than_breaking_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"x").unwrap();
        let nobody = ClamdAddress::Unix(folder.path().join("socket"));
        assert!(matches!(nobody.scan(&file).await, Err(ScanError::Away(_))));
        assert!(matches!(nobody.version().await, Err(ScanError::Away(_))));
    }

    #[test]
    fn addresses() {
        assert_eq!("127.0.0.1:3310".parse(), Ok(ClamdAddress::Tcp("127.0.0.1:3310".to_owned())));
        assert_eq!("clamd:3310".parse(), Ok(ClamdAddress::Tcp("clamd:3310".to_owned())));
        for path in ["/run/clamav/clamd.ctl", "unix:/run/clamav/clamd.ctl"] {
            assert_eq!(path.parse(), Ok(ClamdAddress::Unix("/run/clamav/clamd.ctl".into())));
        }
        for bad in ["", "clamd", ":3310", "clamd:0", "clamd:many", "unix:clamd"] {
            assert!(bad.parse::<ClamdAddress>().is_err(), "{bad}");
        }
    }
}

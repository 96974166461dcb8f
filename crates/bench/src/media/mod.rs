//! The group `media`: files come and go, large ones and many at once, and a thread is full of pictures.
//!
//! Phone and gateway are the sandbox's and run in this process, which the server's memory does not count.

mod document;
mod photo;
mod scroll;
mod uploads;

use std::{net::SocketAddr, sync::Arc};

use balas_engine::ambient::{OsRandom, SystemClock};
use balas_sandbox::{Attach, Config, Incoming, Running};
use image::{DynamicImage, Rgb, RgbImage, codecs::jpeg::JpegEncoder};

use crate::{
    Error, Result, accounts::fleet::Fleet, database::Database, report::Report, rng::Rng, row::Row,
    server::Server, server::free_address, surroundings::Surroundings,
};

/// The group's name.
pub const GROUP: &str = "media";

/// Measures everything. A measurement that fails becomes a row that does not pass, and the rest goes on.
///
/// # Errors
/// When there is nothing to measure: the server does not start, the number cannot be connected.
pub async fn run(surroundings: &Surroundings) -> Result<Vec<Row>> {
    let mut report = Report::of(GROUP);
    eprintln!("media: a large photo");
    let outcome = photo::comes(&mut report, surroundings).await;
    report.note("a large photo", outcome);
    eprintln!("  a large document");
    let outcome = document::up_and_down(&mut report, surroundings).await;
    report.note("a large document", outcome);
    eprintln!("  many uploads and kills");
    let outcome = uploads::kills(&mut report, surroundings).await;
    report.note("many uploads and kills", outcome);
    eprintln!("  a thread full of pictures");
    let outcome = scroll::through(&mut report, surroundings).await;
    report.note("a thread full of pictures", outcome);
    Ok(report.rows())
}

/// A server with one number that is linked, and the phone's side of it.
struct Shop {
    sandbox: Running,
    database: Database,
    server: Server,
    token: String,
}

impl Shop {
    async fn open(surroundings: &Surroundings) -> Result<Self> {
        let (sandbox, listen) = gateway().await?;
        let database = surroundings.fresh(None).await?;
        let options = surroundings.options(&database, false);
        let token = options.token().await?;
        let server = options.start().await?;
        Fleet::connect(server.address, listen, &token, 1).await?;
        Ok(Self { sandbox, database, server, token })
    }

    async fn close(self) -> Result<()> {
        self.server.stop().await?;
        self.sandbox.stop().await;
        Ok(())
    }
}

/// Gateways that outlive the server.
async fn gateway() -> Result<(Running, SocketAddr)> {
    let listen = free_address()?;
    let config = Config { listen, numbers: Vec::new(), seed: false };
    let sandbox = balas_sandbox::start(config, Arc::new(SystemClock), Arc::new(OsRandom)).await;
    sandbox.map(|sandbox| (sandbox, listen)).map_err(|error| Error::Server(error.to_string()))
}

/// A customer writes to the nth number, with a file or without.
fn receive(sandbox: &Running, nth: usize, from: &str, text: &str, media: Option<Attach>) -> Result<()> {
    let text = Some(text.to_owned());
    let (text, media) = match media {
        Some(media) => (None, Some(Attach { caption: text, ..media })),
        None => (text, None),
    };
    let incoming = Incoming {
        account: Some(format!("v9/fleet-{nth}")),
        from: Some(from.to_owned()),
        name: Some("Photographer".to_owned()),
        text,
        media,
        ..Incoming::default()
    };
    sandbox.world().receive(&incoming).map(drop).map_err(|error| Error::Server(error.to_string()))
}

/// A picture with as much in it as a photograph has.
fn jpeg(width: u32, height: u32, rng: &mut Rng) -> Result<Vec<u8>> {
    let mut picture = RgbImage::new(width, height);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let grain = rng.below(48) as u8;
        let light = (x * 100 / width + y * 80 / height) as u8;
        *pixel = Rgb([light + grain, light / 2 + grain, 200 - light + grain]);
    }
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, 85);
    DynamicImage::ImageRgb8(picture)
        .write_with_encoder(encoder)
        .map_err(|error| Error::Server(format!("no picture can be drawn: {error}")))?;
    Ok(out)
}

//! The sandbox as a program of its own: `balas-sandbox`, then open the address that it prints.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use balas_domain::{Clock, Random, Timestamp};
use balas_sandbox::{Config, Gateway, GatewayVersion, Number};
use clap::Parser;

/// A WhatsApp world on your own machine that speaks Meta's Cloud API and GOWA's REST API.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where the Graph API, the control API and the phones' page listen.
    #[arg(long, default_value = "127.0.0.1:3100")]
    listen: SocketAddr,
    /// Where the demo number's webhooks go (http:// on this machine); they wait until it is known.
    #[arg(long)]
    webhook_url: Option<String>,
    /// Start without the demo conversations.
    #[arg(long)]
    no_seed: bool,
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is where the program's clock comes from")]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "this is where the program's randomness comes from")]
        let filled = getrandom::fill(buffer);
        if let Err(error) = filled {
            tracing::error!(%error, "the system gave no randomness");
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let number = Number { webhook_url: arguments.webhook_url, ..Number::demo() };
    let config = Config { listen: arguments.listen, numbers: vec![number.clone()], seed: !arguments.no_seed };
    let running = match balas_sandbox::start(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    // Toy secrets of a toy world: printing them is how one connects.
    println!("Phones:          {}/", running.base_url());
    println!("Graph API:       {}/v23.0/{}", running.base_url(), number.phone_number_id);
    println!("Phone number id: {}   Business account id: {}", number.phone_number_id, number.waba_id);
    println!("Token:           {}", number.token);
    println!("App secret:      {}", number.app_secret);
    println!("Verify token:    {}", number.verify_token);
    println!("Webhooks:        {}", number.webhook_url.as_deref().unwrap_or("wait (give --webhook-url)"));
    for version in [GatewayVersion::V7, GatewayVersion::V9] {
        let gateway = Gateway::demo(version);
        let url = running.gateway_url(&gateway.name);
        println!(
            "GOWA {}:     {url}   User: {}   Password: {}",
            version.release(),
            gateway.user,
            gateway.password
        );
        println!("                 Webhook secret: {}", gateway.webhook_secret);
    }
    println!("Ctrl+C stops.");
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "cannot wait for Ctrl+C");
    }
    running.stop().await;
    ExitCode::SUCCESS
}

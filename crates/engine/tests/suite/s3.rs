//! A real S3 server on a real socket of this machine: it checks signatures, takes files in parts and gives ranges, as those
//! in use do. Its objects lie in a temporary folder.

#![expect(clippy::unwrap_used, reason = "tests and their helpers stop at once")]

use std::{net::SocketAddr, path::PathBuf};

use balas_domain::{AccountId, MediaStorage, settings::AccountSettingsChange};
use balas_engine::{Actor, S3Config};
use balas_store::testing::Kind;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

use crate::{files::walk, support::World};

const BUCKET: &str = "files-of-the-shop";
const SECRET: &str = "secret-of-the-shop";

pub struct S3 {
    address: SocketAddr,
    folder: tempfile::TempDir,
    service: S3Service,
    running: JoinHandle<()>,
}

impl S3 {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single("shop", SECRET));
        let service = service.build();
        let (address, running) = serve(SocketAddr::from(([127, 0, 0, 1], 0)), service.clone()).await;
        Self { address, folder, service, running }
    }

    /// How to reach it.
    pub fn config(&self) -> S3Config {
        S3Config {
            endpoint: Some(format!("http://{}", self.address)),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            access_key: "shop".to_owned(),
            secret_key: SECRET.to_owned(),
        }
    }

    /// It is gone, and what was connected to it is cut off.
    pub async fn leave(&mut self) {
        self.running.abort();
        let _ = (&mut self.running).await;
    }

    /// It is there again, with all it had.
    pub async fn come_back(&mut self) {
        (self.address, self.running) = serve(self.address, self.service.clone()).await;
    }

    /// What lies in the bucket.
    pub fn objects(&self) -> Vec<PathBuf> {
        walk(&self.folder.path().join(BUCKET))
    }
}

async fn serve(at: SocketAddr, service: S3Service) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let running = tokio::spawn(async move {
        // Ends with the task, and all connections with it.
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            connections.spawn(async move {
                // A client that goes away is none of our business.
                let _ =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, running)
}

impl World {
    /// With an S3 server beside this machine's folder, and the files of its number in one of them.
    pub async fn storing(kind: Kind, storage: MediaStorage) -> (Self, S3) {
        let (mut world, s3) = (Self::new(kind).await, S3::start().await);
        world.change_config(|config| config.files.s3 = Some(s3.config())).await;
        world.store_in(&world.owner, world.account, storage).await;
        (world, s3)
    }

    pub async fn store_in(&self, owner: &Actor, account: AccountId, storage: MediaStorage) {
        let change = AccountSettingsChange { media_storage: Some(storage), ..Default::default() };
        self.engine.change_account_settings(owner, account, &change).await.unwrap();
    }

    /// What lies in this machine's folder for good.
    pub fn on_disk(&self) -> Vec<PathBuf> {
        walk(&self.config.files.folder.join("kept"))
    }
}

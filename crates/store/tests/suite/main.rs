//! The store's suite: every test runs on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests and their helpers stop at once")]

mod accounts;
mod contacts;
mod conversations;
mod groups;
mod isolation;
mod jobs;
mod log;
mod merging;
mod messages;
mod operations;
mod paging;
mod people;
mod queues;
mod schema;
mod search;
mod work;
mod world;

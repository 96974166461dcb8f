//! The store's suite: every test runs on both databases.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests and their helpers stop at once")]

mod accounts;
mod clearing;
mod contacts;
mod conversations;
mod erasing;
mod groups;
mod isolation;
mod jobs;
mod log;
mod merging;
mod messages;
mod operations;
mod paging;
mod people;
mod pictures;
mod queues;
mod scan;
mod schema;
mod search;
mod sync;
mod work;
mod world;

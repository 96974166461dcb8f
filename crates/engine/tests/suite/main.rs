//! The engine on real databases, with the sandbox at the other end of real HTTP.

mod access;
mod alerts;
mod amend;
mod bridge;
mod clamd;
mod composed;
mod data;
mod files;
mod gateway;
mod groups;
mod identity;
mod inbound;
mod lifecycle;
mod outbound;
mod pictures;
mod reading;
mod routing;
mod s3;
mod scan;
mod storage;
mod support;
mod sync;
mod tidy;
mod work;

//! The server from the outside: in process for most, over real connections for sockets, as the real program
//! for the command line. One program, because each one takes long to link.

// Clippy then knows the helpers as tests too.
#![cfg(test)]

mod access;
mod cli;
mod data;
mod files;
mod hostile;
mod operations;
mod pages;
mod rest;
mod socket;
mod support;
mod webhooks;

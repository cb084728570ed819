//! What tests and benches of the whole composer share: the daemon as a process of its own with a scripted client, and
//! senders of real RTP.
#![allow(dead_code, reason = "benches that include the rig use their own part of it")]

use std::io::Write as _;

pub mod busy;
pub mod daemon;
pub mod http;
pub mod machine;
pub mod media;
pub mod nginx;
pub mod participant;
pub mod rtp;
pub mod sender;
pub mod sfu;
pub mod sound;
pub mod timeline;
pub mod viewer;

/// How often something is done: `short` times, or `full` times with `RIG=full` (`make rig`).
pub fn rig_count(short: usize, full: usize) -> usize {
    if is_full() { full } else { short }
}

/// Says that this test showed nothing, and why: `make test` repeats it at its end.
pub fn skip(why: &str) {
    let line = format!("{}: {why}\n", std::thread::current().name().unwrap_or("a test"));
    print!("skipped: {line}");
    if let Some(list) = std::env::var_os("SKIPPED_TESTS") {
        let list = std::fs::File::options().create(true).append(true).open(list);
        list.and_then(|mut list| list.write_all(line.as_bytes())).expect("a list of skipped tests");
    }
}

/// Whether the long form of everything was asked for.
pub fn is_full() -> bool {
    std::env::var("RIG").is_ok_and(|rig| rig == "full")
}

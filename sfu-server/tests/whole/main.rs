//! The whole server, as a process of its own: real media workers, real sockets, real RTP. One binary, so that what all of these
//! share is compiled and linked once; nextest runs each test in a process of its own.

mod eight;
mod eight_on_air;
mod eight_peers;
mod fuzz;
mod fuzz_json;
mod hung_worker;
mod load;
mod odd_tracks;
mod property;
mod signaling_property;
mod srtp_suites;

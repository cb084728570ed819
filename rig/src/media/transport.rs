//! One ICE and DTLS transport to mediasoup, made of the parameters signaling gives: no SDP.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Instant,
};

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    crypto::Fingerprint,
    format::{Codec, FormatParams},
    ice::IceCreds,
    media::{Frequency, MediaKind, Mid, Rid},
    net::{Protocol, Receive},
    rtp::{Extension, RtpWrite, Ssrc},
};
use tokio::{net::UdpSocket, time::sleep_until};

use crate::{Client, parameters};

/// Room for what arrives while this process is not running, in bytes: the system grants what it allows.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Larger than any datagram here.
const DATAGRAM: usize = 2000;

/// A transport on a socket of its own.
#[derive(Debug)]
pub struct Transport {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    /// When str0m wants to know what time it is.
    deadline: Instant,
    events: VecDeque<Event>,
    buffer: Box<[u8; DATAGRAM]>,
    /// Datagrams that the system did not take.
    pub unsent: u64,
}

/// An RTP stream that is sent.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Its media section, sent in a header extension (RFC 9143).
    pub mid: Mid,
    /// Sound or pictures.
    pub kind: MediaKind,
    /// Its synchronisation source.
    pub ssrc: u32,
    /// Its RTP stream id, sent in a header extension (RFC 8852).
    pub rid: Option<Rid>,
}

impl Transport {
    /// Creates the transport of `direction` (`Producer`, `Consumer`) on the server, and connects it. Returns when media
    /// can flow: after a second, for str0m's DTLS, it seems, reads a Finished in the datagram of the ChangeCipherSpec,
    /// as OpenSSL sends it, only when the timer of its own flight runs out.
    ///
    /// # Panics
    /// When the server refuses it, or does not connect in time.
    pub async fn connect(client: &Client, direction: &str) -> Self {
        let server = client.must(&format!("create{direction}Transport"), None).await;
        let mut transport = Self::toward(&server).await;
        let fingerprint = transport.rtc.direct_api().local_dtls_fingerprint().to_string();
        let (algorithm, value) = fingerprint.split_once(' ').expect("an algorithm and a value");
        let dtls = json!({
            "role": "client",
            "fingerprints": [{ "algorithm": algorithm, "value": value }],
        });
        let connect = json!({ "dtlsParameters": dtls });
        client.must(&format!("connect{direction}Transport"), Some(connect)).await;
        transport.drain();
        let connecting = async { while !matches!(transport.next().await, Event::Connected) {} };
        let connected = tokio::time::timeout(crate::PATIENCE, connecting).await;
        connected.unwrap_or_else(|_| panic!("the {direction} transport did not connect"));
        transport
    }

    /// The client's side of what the server described.
    async fn toward(server: &Value) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER).expect("a buffer");
        let local = socket.local_addr().expect("an address");
        let now = Instant::now();
        let mut rtc = configuration().build(now);

        let host = |address| Candidate::host(address, "udp").expect("a candidate");
        rtc.add_local_candidate(host(local));
        let candidates = server["iceCandidates"].as_array().expect("candidates").iter();
        for candidate in candidates.filter(|candidate| candidate["protocol"] == "udp") {
            let ip = candidate["address"].as_str().and_then(|ip| ip.parse::<IpAddr>().ok());
            let port = candidate["port"].as_u64().and_then(|port| u16::try_from(port).ok());
            let address = ip.zip(port).unwrap_or_else(|| panic!("an address: {candidate}"));
            rtc.add_remote_candidate(host(SocketAddr::from(address)));
        }
        let mut api = rtc.direct_api();
        // The server is ICE-lite: it answers, and the client decides (RFC 8445, 6.1.1).
        api.set_ice_controlling(true);
        api.set_remote_ice_credentials(IceCreds {
            ufrag: text(&server["iceParameters"]["usernameFragment"]),
            pass: text(&server["iceParameters"]["password"]),
        });
        api.set_remote_fingerprint(fingerprint(&server["dtlsParameters"]));
        api.start_dtls(true).expect("DTLS starts");
        let mut transport = Self {
            rtc,
            socket,
            local,
            deadline: now,
            events: VecDeque::new(),
            buffer: Box::new([0; DATAGRAM]),
            unsent: 0,
        };
        transport.drain();
        transport
    }

    /// Announces a stream to be sent.
    pub fn will_send(&mut self, stream: Stream) {
        let mut api = self.rtc.direct_api();
        api.declare_media(stream.mid, stream.kind);
        api.declare_stream_tx(stream.ssrc.into(), None, stream.mid, stream.rid);
        self.drain();
    }

    /// Announces a stream to be received.
    pub fn will_receive(&mut self, stream: Stream) {
        let mut api = self.rtc.direct_api();
        api.declare_media(stream.mid, stream.kind);
        api.expect_stream_rx(stream.ssrc.into(), None, stream.mid, None);
        self.drain();
    }

    /// Sends a packet of an announced stream.
    ///
    /// # Panics
    /// When it was not announced.
    pub fn send(&mut self, ssrc: u32, packet: RtpWrite) {
        let mut api = self.rtc.direct_api();
        api.stream_tx(&Ssrc::from(ssrc)).expect("an announced stream").write_rtp(packet);
        self.drain();
    }

    /// The next thing that happens. Dropping the future loses nothing.
    ///
    /// # Panics
    /// When the socket fails, or something that is no media arrives.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let now = tokio::select! {
                received = self.socket.recv_from(&mut self.buffer[..]) => {
                    let (length, source) = received.expect("a datagram");
                    self.receive(length, source);
                    continue;
                }
                () = sleep_until(self.deadline.into()) => Instant::now(),
            };
            self.rtc.handle_input(Input::Timeout(now)).expect("time goes on");
            self.drain();
        }
    }

    fn receive(&mut self, length: usize, source: SocketAddr) {
        let datagram = &self.buffer[..length];
        // Mediasoup sends nothing that is not STUN, DTLS, SRTP or SRTCP.
        let received = Receive::new(Protocol::Udp, source, self.local, datagram).expect("a packet");
        let input = Input::Receive(Instant::now(), received);
        self.rtc.handle_input(input).expect("a packet that is understood");
        self.drain();
    }

    /// Sends and keeps all that came of the last change: str0m asks for it after every one.
    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().expect("a transport that lives") {
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
                Output::Event(event) => self.events.push_back(event),
                Output::Transmit(datagram) => {
                    let sent = self.socket.try_send_to(&datagram.contents, datagram.destination);
                    self.unsent += u64::from(sent.is_err());
                }
            }
        }
    }
}

/// RTP as it comes, with the two codecs of [`parameters`], and what names a stream. A server reads no header extension that
/// a track does not announce.
fn configuration() -> RtcConfig {
    let configuration = Rtc::builder().set_rtp_mode(true).clear_codecs().clear_extension_map();
    let mut configuration = configuration
        .set_extension(parameters::MID, Extension::RtpMid)
        .set_extension(parameters::RID, Extension::RtpStreamId);
    let codecs = configuration.codec_config();
    let (opus, vp8) = (parameters::OPUS.into(), parameters::VP8.into());
    let plain = FormatParams::default;
    codecs.add_config(opus, None, Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), plain());
    codecs.add_config(vp8, None, Codec::Vp8, Frequency::NINETY_KHZ, None, plain());
    configuration
}

fn fingerprint(dtls: &Value) -> Fingerprint {
    let all = dtls["fingerprints"].as_array().expect("fingerprints").iter();
    let known = all.clone().find(|fingerprint| fingerprint["algorithm"] == "sha-256");
    let value = text(&known.expect("a SHA-256 fingerprint")["value"]);
    format!("sha-256 {value}").parse().expect("a fingerprint")
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

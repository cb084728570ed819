//! Tracks that no browser announces, and the packets that go with them: the worker gives its memory to what `produce` says, and
//! stops at what it holds for impossible. Neither costs the neighbours anything.

use std::time::{Duration, Instant};

use rig::{
    Client, Server,
    media::{Stream, Transport},
    parameters,
};
use serde_json::{Value, json};
use str0m::{media::MediaKind, rtp::RtpWrite};
use tokio::time::timeout;

/// Pictures of a track: the first hundred of them were enough.
const PICTURES: u32 = 400;
const BETWEEN: Duration = Duration::from_millis(3);
/// Of H.264, which is announced and never sent.
const H264: u8 = 97;

/// A server with one worker, and somebody in a room of it who has nothing to do with the one who sends.
struct Neighbourhood {
    server: Server,
    neighbour: Client,
    sender: Client,
    room: Value,
    transport: Transport,
}

impl Neighbourhood {
    async fn open() -> Self {
        let server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &["--workers", "1"]).await;
        let neighbour = Client::connect(server.http).await;
        neighbour.must("createRoom", None).await;
        let sender = Client::connect(server.http).await;
        let room = sender.must("createRoom", None).await;
        let transport = Transport::connect(&sender, "Producer").await;
        Self { server, neighbour, sender, room, transport }
    }

    /// Sends pictures of a few bytes, of layers drawn by their number.
    async fn send(&mut self, stream: Stream, pictures: u32) {
        self.transport.will_send(stream);
        for n in 0..pictures {
            let is_key = n.is_multiple_of(50);
            // RFC 7741, section 4.2: X and S; I, L and T; a picture id of 15 bits, TL0PICIDX, TID.
            let [_, _, high, low] = n.wrapping_mul(977).to_be_bytes();
            let descriptor = [0x90, 0xe0, 0x80 | high, low, low, (low & 3) << 6 | 0x20];
            let key: &[u8] = &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00];
            let picture = if is_key { key } else { &[0x11, 0, 0] };
            let payload = [&descriptor[..], picture, &[0; 200]].concat();
            let (number, time) = (u64::from(n).into(), n * 3000);
            let packet =
                RtpWrite::new(parameters::VP8.into(), number, time, Instant::now(), payload);
            self.transport.send(stream.ssrc, packet.marker(true));
            // Whatever happens meanwhile is nothing to this sender; the time goes on.
            drop(timeout(BETWEEN, self.transport.next()).await);
        }
    }

    /// The worker is the same, and serves both.
    async fn lives(mut self) {
        assert!(self.server.runs(), "the server has ended:\n{}", self.server.log());
        let _serves = self.server.dump().await;
        self.sender.must("createConsumerTransport", None).await;
        self.neighbour.must("createProducerTransport", None).await;
        for client in [self.sender, self.neighbour] {
            let said = client.close().await;
            let ended: Vec<_> = said.facts().filter(|(name, _)| *name == "roomClosed").collect();
            assert!(ended.is_empty(), "{ended:?}");
        }
        assert_eq!(self.server.panics(), Vec::<String>::new(), "panics in the log");
    }
}

fn camera(mid: &str, ssrc: u32, rid: Option<&str>) -> Stream {
    Stream { mid: mid.into(), kind: MediaKind::Video, ssrc, rid: rid.map(Into::into) }
}

fn vp8() -> Value {
    parameters::vp8(1)["codecs"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn layers_of_different_codecs_cost_nobody_a_room() {
    let mut here = Neighbourhood::open().await;
    let h264 = json!({
        "mimeType": "video/H264", "payloadType": H264, "clockRate": 90_000, "rtcpFeedback": [],
        "parameters": {
            "packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1,
        },
    });
    let rtp = |first: Value, second: Value| {
        json!({
            "codecs": [h264, vp8()], "headerExtensions": [], "rtcp": { "cname": "rig" },
            "encodings": [first, second],
        })
    };
    let mixed = rtp(
        json!({ "ssrc": 1111, "codecPayloadType": parameters::VP8 }),
        json!({ "ssrc": 2222, "codecPayloadType": H264 }),
    );
    let mixed = json!({ "kind": "video", "rtpParameters": mixed });
    let refusal = here.sender.ask("produce", Some(mixed)).await;
    assert!(refusal["error"].to_string().contains("codecPayloadType"), "{refusal}");

    // Of those that say nothing the first codec is meant, and it is not what is sent.
    let plain = rtp(json!({ "ssrc": 1111 }), json!({ "ssrc": 2222 }));
    let produce = json!({ "kind": "video", "rtpParameters": plain });
    let producer = here.sender.must("produce", Some(produce)).await;

    let receiver = Client::connect(here.server.http).await;
    let joined = receiver.must("joinRoom", Some(json!({ "roomId": here.room["roomId"] }))).await;
    let _receiving = Transport::connect(&receiver, "Consumer").await;
    let consume =
        json!({ "producerId": producer["id"], "rtpCapabilities": joined["rtpCapabilities"] });
    let consumer = receiver.must("consume", Some(consume)).await;
    let lowest = json!({ "consumerId": consumer["id"], "spatialLayer": 0 });
    receiver.must("setPreferredLayers", Some(lowest)).await;

    here.send(camera("0", 1111, None), PICTURES).await;
    here.lives().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_comes_by_its_name_and_by_its_number_costs_nobody_a_room() {
    let mut here = Neighbourhood::open().await;
    let rtp = json!({
        "mid": "0", "codecs": [vp8()], "rtcp": { "cname": "rig" },
        "headerExtensions": [
            { "uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": parameters::MID },
            { "uri": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "id": parameters::RID },
        ],
        "encodings": [{ "ssrc": 1111, "rid": "a" }],
    });
    let produce = json!({ "kind": "video", "rtpParameters": rtp });
    here.sender.must("produce", Some(produce)).await;
    here.send(camera("0", 2222, Some("a")), 50).await;
    here.send(camera("1", 1111, None), 50).await;
    here.lives().await;
}

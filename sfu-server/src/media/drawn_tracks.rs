//! Tracks and packets as a hostile client may announce and send them, drawn at random: whatever `produce` lets through, the
//! worker goes on. The packets come without a network (mediasoup's direct transport).
//!
//! `FUZZ_SECONDS=60` draws for so long instead of 3 s; `SEED=n` draws the same again.

use std::time::{Duration, Instant};

use mediasoup::{prelude::*, worker_manager::WorkerManager};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{bounds, codecs};

/// Packets of one track: the faults that were found needed fewer.
const PACKETS: u16 = 120;
/// Longer than any moment of a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of encodings, of their retransmissions and of packets. One that is not announced is 0 in the worker.
const SSRCS: [u32; 8] = [0, 5, 1111, 2222, 3333, 5555, 6666, u32::MAX];
const RIDS: [&str; 3] = ["a", "b", "c"];
const MODES: [&str; 7] = ["L1T3", "L3T3", "L3T3_KEY", "S3T3", "L1T2", "L2T1", "L1T1"];
const MID: u8 = 1;
const RID: u8 = 2;
const REPAIRED_RID: u8 = 3;
/// Header extensions, by their ids from 1 on.
const EXTENSIONS: [&str; 10] = [
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "urn:3gpp:video-orientation",
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
];

#[tokio::test]
async fn whatever_is_announced_and_sent_the_worker_goes_on() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(3));
    println!("SEED={seed}, for {length:?}");

    let worker = WorkerManager::new().create_worker(WorkerSettings::default()).await;
    let worker = worker.expect("a worker");
    let router = worker.create_router(RouterOptions::new(codecs::router_codecs()));
    let router = router.await.expect("a router");
    let [sending, receiving] =
        [(); 2].map(|()| router.create_direct_transport(DirectTransportOptions::default()));
    let (sending, receiving) =
        (sending.await.expect("a transport"), receiving.await.expect("a transport"));
    let mut random = StdRng::seed_from_u64(seed);
    let (mut taken, mut refused) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < length {
        let kind = if random.random_bool(0.7) { MediaKind::Video } else { MediaKind::Audio };
        let (announced, payload_types) = parameters(&mut random, kind);
        let Some(producer) = produce(&sending, kind, &announced).await else {
            refused += 1;
            assert!(!worker.closed(), "SEED={seed}: the worker ended by {announced}");
            continue;
        };
        taken += 1;
        let consumer = receiving
            .consume(ConsumerOptions::new(producer.id(), capabilities(&mut random, &router)));
        let consumer = consumer.await.ok();
        if let Some(consumer) = &consumer {
            let layers = ConsumerLayers {
                spatial_layer: random.random_range(0..3),
                temporal_layer: Some(random.random_range(0..3)),
            };
            // Of a track without layers it is refused.
            drop(consumer.set_preferred_layers(layers).await);
        }
        let Producer::Direct(sender) = producer.clone() else { panic!("a direct one") };
        for number in 0..PACKETS {
            let packet = packet(&mut random, number, &payload_types);
            sender.send(packet).expect("the worker takes the packet");
        }
        let dump = timeout(PATIENCE, producer.dump()).await;
        assert!(matches!(dump, Ok(Ok(_))), "SEED={seed}: the worker ended by {announced}");
    }
    println!("{taken} taken, {refused} refused");
    assert!(taken > 0 && refused > 0, "both are drawn");
}

/// As `produce` does, or not at all.
async fn produce(
    transport: &DirectTransport,
    kind: MediaKind,
    announced: &Value,
) -> Option<Producer> {
    let mut parameters: RtpParameters = serde_json::from_value(announced.clone()).ok()?;
    bounds::check(kind, &parameters).ok()?;
    bounds::disambiguate(&mut parameters);
    transport.produce(ProducerOptions::new(kind, parameters)).await.ok()
}

/// What a receiver says that it can decode: mostly everything.
fn capabilities(random: &mut StdRng, router: &Router) -> RtpCapabilities {
    let all = serde_json::to_value(router.rtp_capabilities()).expect("JSON");
    let mut all: RtpCapabilities = serde_json::from_value(all).expect("capabilities");
    if random.random_bool(0.3) {
        all.codecs.retain(|_| random.random_bool(0.7));
    }
    all
}

/// `rtpParameters`, and the payload types they name.
fn parameters(random: &mut StdRng, kind: MediaKind) -> (Value, Vec<u8>) {
    let h264 = json!({
        "packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1,
    });
    let known = match kind {
        MediaKind::Video => vec![
            json!({ "mimeType": "video/VP8", "clockRate": 90_000, "parameters": {} }),
            json!({ "mimeType": "video/H264", "clockRate": 90_000, "parameters": h264 }),
            json!({ "mimeType": "video/VP9", "clockRate": 90_000, "parameters": {} }),
        ],
        MediaKind::Audio => vec![
            json!({
                "mimeType": "audio/opus", "clockRate": 48_000, "channels": 2,
                "parameters": { "useinbandfec": 1, "usedtx": 1 },
            }),
            json!({ "mimeType": "audio/PCMU", "clockRate": 8000, "channels": 1, "parameters": {} }),
        ],
    };
    let mut payload_types = vec![];
    let mut codecs = vec![];
    for payload_type in 96..96 + random.random_range(1..4_u8) {
        let index = if random.random_bool(0.9) { 0..known.len().min(2) } else { 0..known.len() };
        let mut codec = known[random.random_range(index)].clone();
        codec["payloadType"] = payload_type.into();
        codec["rtcpFeedback"] = feedback(random);
        let rtx = json!({
            "mimeType": if kind == MediaKind::Video { "video/rtx" } else { "audio/rtx" },
            "payloadType": payload_type + 10, "clockRate": codec["clockRate"], "channels": 2,
            "parameters": { "apt": payload_type }, "rtcpFeedback": [],
        });
        codecs.push(codec);
        payload_types.push(payload_type);
        if random.random_bool(0.5) {
            codecs.push(rtx);
            payload_types.push(payload_type + 10);
        }
    }
    let encodings: Vec<Value> =
        (0..random.random_range(1..5)).map(|_| encoding(random, &payload_types)).collect();
    let extensions: Vec<Value> = (1..)
        .zip(EXTENSIONS)
        .filter(|_| random.random_bool(0.8))
        .map(|(id, uri): (u8, _)| json!({ "uri": uri, "id": id, "encrypt": false }))
        .collect();
    let mut parameters = json!({
        "codecs": codecs, "headerExtensions": extensions, "encodings": encodings,
        "rtcp": { "cname": "rig", "reducedSize": true },
    });
    if random.random_bool(0.7) {
        parameters["mid"] = "0".into();
    }
    (parameters, payload_types)
}

fn feedback(random: &mut StdRng) -> Value {
    if random.random_bool(0.5) {
        return json!([]);
    }
    json!([
        { "type": "nack", "parameter": "" }, { "type": "nack", "parameter": "pli" },
        { "type": "ccm", "parameter": "fir" }, { "type": "goog-remb", "parameter": "" },
        { "type": "transport-cc", "parameter": "" },
    ])
}

fn encoding(random: &mut StdRng, payload_types: &[u8]) -> Value {
    let mut encoding = json!({});
    let mut says = |chance, field: &str, value: fn(&mut StdRng, &[u8]) -> Value| {
        if random.random_bool(chance) {
            encoding[field] = value(random, payload_types);
        }
    };
    says(0.6, "ssrc", |random, _| (*SSRCS.choose(random).expect("some")).into());
    says(0.5, "rid", |random, _| (*RIDS.choose(random).expect("some")).into());
    says(0.4, "rtx", |random, _| json!({ "ssrc": SSRCS.choose(random) }));
    says(0.1, "codecPayloadType", |random, types| (*types.choose(random).expect("some")).into());
    says(0.4, "scalabilityMode", |random, _| (*MODES.choose(random).expect("some")).into());
    says(0.2, "dtx", |_, _| true.into());
    encoding
}

/// One packet of anything (RFC 3550, section 5.1; RFC 8285, section 4.2).
fn packet(random: &mut StdRng, number: u16, payload_types: &[u8]) -> Vec<u8> {
    let mut extensions: Vec<(u8, Vec<u8>)> = vec![];
    let mut carries = |chance, id, value: fn(&mut StdRng) -> Vec<u8>| {
        if random.random_bool(chance) {
            extensions.push((id, value(random)));
        }
    };
    carries(0.6, MID, |_| b"0".into());
    carries(0.5, RID, |random| RIDS.choose(random).expect("some").as_bytes().into());
    carries(0.15, REPAIRED_RID, |random| RIDS.choose(random).expect("some").as_bytes().into());
    carries(0.3, 4, |_| vec![0; 3]);
    carries(0.3, 5, |random| bytes(random, 2));
    carries(0.3, 6, |random| bytes(random, 1));
    carries(0.2, 7, |random| {
        let length = random.random_range(1..15);
        bytes(random, length)
    });
    carries(0.3, 10, |random| bytes(random, 1));
    let mut body = vec![];
    for (id, value) in extensions {
        body.push(id << 4 | (value.len() - 1) as u8);
        body.extend(value);
    }
    body.resize(body.len().next_multiple_of(4), 0);

    let marker = u8::from(random.random_bool(0.5)) << 7;
    let mut packet = vec![0x90, marker | payload_types.choose(random).expect("some")];
    packet.extend((number + random.random_range(0..4)).to_be_bytes());
    packet.extend((u32::from(number) * 3000).to_be_bytes());
    packet.extend(SSRCS.choose(random).expect("some").to_be_bytes());
    packet.extend([0xbe, 0xde]);
    packet.extend(((body.len() / 4) as u16).to_be_bytes());
    packet.extend(body);
    packet.extend(payload(random));
    packet
}

fn payload(random: &mut StdRng) -> Vec<u8> {
    match random.random_range(0..10) {
        0..4 => vp8(random),
        // RFC 6184: a sequence parameter set, a key picture, the first fragment of one, several in one packet.
        4..6 => {
            let h264: [&[u8]; 4] = [
                &[0x67],
                &[0x65],
                &[0x7c, 0x85],
                &[0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x65, 0x88],
            ];
            [h264.choose(random).expect("some"), &vec![0; random.random_range(0..60)][..]].concat()
        }
        // RFC 4588: the number of the packet that is sent again, and what was in it.
        6 => [bytes(random, 2), vp8(random)].concat(),
        7 => {
            let length = random.random_range(0..12);
            bytes(random, length)
        }
        _ => {
            let head = bytes(random, 5).into_iter().enumerate();
            let head = head.map(|(n, byte)| if n < 2 { byte | 0x80 } else { byte });
            head.chain(vec![0; random.random_range(0..80)]).collect()
        }
    }
}

/// RFC 7741, section 4.2: X and S; I, L and T; a picture id of 15 bits, TL0PICIDX, TID.
fn vp8(random: &mut StdRng) -> Vec<u8> {
    let [high, low, index, layer] = random.random::<[u8; 4]>();
    let descriptor = [0x90, 0xe0, 0x80 | high, low, index, (layer & 3) << 6 | 0x20];
    let key: &[u8] = &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00];
    let picture = if random.random_bool(0.3) { key } else { &[0x11, 0, 0] };
    [&descriptor[..], picture, &[0; 60]].concat()
}

fn bytes(random: &mut StdRng, length: usize) -> Vec<u8> {
    (0..length).map(|_| random.random()).collect()
}

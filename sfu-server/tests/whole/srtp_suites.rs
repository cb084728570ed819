//! Every SRTP suite carries RTP and RTCP through the worker's libsrtp, whichever that is (`native/README.md`).
//!
//! ```text
//! test ─▶ DirectTransport ─▶ consumer on a PlainTransport ══SRTP, SRTCP══▶ PlainTransport ─▶ producer (counts)
//! ```

use std::{net::Ipv4Addr, time::Duration};

use mediasoup::{consumer::ConsumerRtpStreamStat, prelude::*};
use sfu_server::media::{codecs, transports::listen_info};

const PACKETS: u16 = 2000;
/// Sent before the next ones wait for their arrival, so that no socket buffer overflows.
const BURST: usize = 100;
const SSRC: u32 = 0x5254_5001;
/// Longer than a worker on a busy machine takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn aead_aes_256_gcm_loses_nothing() {
    carries_rtp_and_rtcp(SrtpCryptoSuite::AeadAes256Gcm).await;
}

#[tokio::test]
async fn aead_aes_128_gcm_loses_nothing() {
    carries_rtp_and_rtcp(SrtpCryptoSuite::AeadAes128Gcm).await;
}

#[tokio::test]
async fn aes_cm_128_hmac_sha1_80_loses_nothing() {
    carries_rtp_and_rtcp(SrtpCryptoSuite::AesCm128HmacSha180).await;
}

#[tokio::test]
async fn aes_cm_128_hmac_sha1_32_loses_nothing() {
    carries_rtp_and_rtcp(SrtpCryptoSuite::AesCm128HmacSha132).await;
}

async fn carries_rtp_and_rtcp(suite: SrtpCryptoSuite) {
    let worker =
        WorkerManager::new().create_worker(WorkerSettings::default()).await.expect("a worker");
    let router =
        worker.create_router(RouterOptions::new(codecs::router_codecs())).await.expect("a router");

    let sender = plain_transport(&router, suite).await;
    let receiver = plain_transport(&router, suite).await;
    connect(&sender, &receiver).await;
    connect(&receiver, &sender).await;

    let direct = router
        .create_direct_transport(DirectTransportOptions::default())
        .await
        .expect("a direct transport");
    let source = direct
        .produce(ProducerOptions::new(MediaKind::Audio, opus(&router)))
        .await
        .expect("a producer to send from");
    let consumer = sender
        .consume(ConsumerOptions::new(source.id(), codecs::ffmpeg_capabilities(&router)))
        .await
        .expect("a consumer");
    let arrived = receiver
        .produce(ProducerOptions::new(MediaKind::Audio, consumer.rtp_parameters().clone()))
        .await
        .expect("a producer that counts");

    let Producer::Direct(source) = &source else { panic!("a direct transport's producer") };
    let sequence_numbers: Vec<u16> = (0..PACKETS).collect();
    for burst in sequence_numbers.chunks(BURST) {
        for &sequence_number in burst {
            source.send(rtp_packet(sequence_number)).expect("the worker takes the packet");
        }
        let sent = u64::from(burst[burst.len() - 1]) + 1;
        wait_until("the burst arrives", async || received(&arrived).await.0 >= sent).await;
    }
    assert_eq!(received(&arrived).await, (u64::from(PACKETS), 0), "packets received, lost");

    // The sender knows a round trip only from the receiver's report on its own: SRTCP both ways.
    wait_until("a receiver report comes back", async || {
        let stats = consumer.get_stats().await.expect("consumer statistics");
        stats.iter().any(|stat| {
            matches!(stat, ConsumerRtpStreamStat::Outbound(stat) if stat.round_trip_time.is_some())
        })
    })
    .await;
}

async fn plain_transport(router: &Router, suite: SrtpCryptoSuite) -> PlainTransport {
    let mut options =
        PlainTransportOptions::new(listen_info(Protocol::Udp, Ipv4Addr::LOCALHOST.into()));
    options.enable_srtp = true;
    options.srtp_crypto_suite = suite;
    options.enable_bwe = false;
    router.create_plain_transport(options).await.expect("a plain transport")
}

/// Tells `from` where `to` is, and how `to` encrypts.
async fn connect(from: &PlainTransport, to: &PlainTransport) {
    let remote = PlainTransportRemoteParameters {
        ip: Some(Ipv4Addr::LOCALHOST.into()),
        port: Some(to.tuple().local_port()),
        rtcp_port: None,
        srtp_parameters: to.srtp_parameters(),
    };
    from.connect(remote).await.expect("the transports connect");
}

/// The router's Opus, as one stream of [`SSRC`].
fn opus(router: &Router) -> RtpParameters {
    let codec =
        codecs::ffmpeg_capabilities(router).codecs.into_iter().find_map(|codec| match codec {
            RtpCodecCapability::Audio {
                mime_type,
                preferred_payload_type: Some(payload_type),
                clock_rate,
                channels,
                parameters,
                rtcp_feedback,
            } => Some(RtpCodecParameters::Audio {
                mime_type,
                payload_type,
                clock_rate,
                channels,
                parameters,
                rtcp_feedback,
            }),
            _ => None,
        });
    RtpParameters {
        codecs: vec![codec.expect("the router speaks Opus")],
        encodings: vec![RtpEncodingParameters { ssrc: Some(SSRC), ..Default::default() }],
        ..Default::default()
    }
}

/// 20 ms of something that looks like Opus, of the payload type the router gives it.
fn rtp_packet(sequence_number: u16) -> Vec<u8> {
    const VERSION_2: u8 = 0x80;
    const OPUS_PAYLOAD_TYPE: u8 = 100;
    let mut packet = vec![VERSION_2, OPUS_PAYLOAD_TYPE];
    packet.extend(sequence_number.to_be_bytes());
    packet.extend((u32::from(sequence_number) * 960).to_be_bytes());
    packet.extend(SSRC.to_be_bytes());
    packet.extend([0x5a; 160]);
    packet
}

/// Packets received and lost.
async fn received(producer: &Producer) -> (u64, i32) {
    let stats = producer.get_stats().await.expect("producer statistics");
    stats.first().map_or((0, 0), |stat| (stat.packet_count, stat.packets_lost))
}

async fn wait_until(what: &str, condition: impl AsyncFn() -> bool) {
    let poll = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, poll).await.is_ok(), "within {PATIENCE:?}: {what}");
}

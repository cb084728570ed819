//! The layer a tile is fed with.

use std::{net::Ipv4Addr, num::NonZeroU32};

use mediasoup::prelude::*;

use super::rig::place_room;
use crate::media::{
    codecs,
    layers::{self, Shown},
    transports,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_live_consumer_follows_its_tile_to_another_layer() {
    let placement = place_room().await;
    let router = &placement.router;
    let direct = router.create_direct_transport(DirectTransportOptions::default()).await;
    let encodings = (0..3).map(|n| RtpEncodingParameters {
        ssrc: Some(2000 + n),
        scalability_mode: "L1T3".parse().expect("a mode"),
        ..RtpEncodingParameters::default()
    });
    let parameters = RtpParameters {
        codecs: vec![RtpCodecParameters::Video {
            mime_type: MimeTypeVideo::Vp8,
            payload_type: 96,
            clock_rate: NonZeroU32::new(90_000).expect("a rate"),
            parameters: RtpCodecParametersParameters::default(),
            rtcp_feedback: vec![],
        }],
        encodings: encodings.collect(),
        ..RtpParameters::default()
    };
    let direct = direct.expect("a transport");
    let camera = direct.produce(ProducerOptions::new(MediaKind::Video, parameters));
    let camera = camera.await.expect("a producer");
    let listen = transports::listen_info(Protocol::Udp, Ipv4Addr::LOCALHOST.into());
    let plain = router.create_plain_transport(PlainTransportOptions::new(listen)).await;
    let capabilities = codecs::ffmpeg_capabilities(router);
    let plain = plain.expect("a transport");
    let consumer = plain.consume(ConsumerOptions::new(camera.id(), capabilities));
    let consumer = consumer.await.expect("a consumer");
    for (shown, layer) in [
        (Shown::Camera { height: 46 }, 0),
        (Shown::Camera { height: 144 }, 1),
        (Shown::Camera { height: 46 }, 0),
        (Shown::Screen, 0),
    ] {
        layers::prefer(&consumer, shown).await;
        let preferred = consumer.preferred_layers().map(|layers| layers.spatial_layer);
        assert_eq!(preferred, Some(layer), "{shown:?}");
    }
}

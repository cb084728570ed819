//! Browsers' WebRTC transports: one for sending, one for receiving, over their worker's shared port.

use std::net::IpAddr;

use mediasoup::prelude::*;

use crate::{media::workers::Placement, signaling::messages::TransportCreated};

/// Creates a transport on the worker's shared port.
pub async fn create(placement: &Placement) -> Result<WebRtcTransport, String> {
    let mut options = WebRtcTransportOptions::new_with_server(placement.webrtc_server.clone());
    options.enable_tcp = true;
    options.prefer_udp = true;
    // The picture is small: starting at its full rate avoids a blurred first second.
    options.initial_available_outgoing_bitrate = 1_000_000;
    placement.router.create_webrtc_transport(options).await.map_err(|error| error.to_string())
}

/// What the browser is told about `transport`.
///
/// mediasoup announces one address per socket. The server is ICE-lite, so further announced addresses are simply
/// further candidates for the same sockets.
pub fn describe(transport: &WebRtcTransport, announced: &[String]) -> TransportCreated {
    let own = transport.ice_candidates();
    let extra = announced.iter().skip(1).flat_map(|address| {
        own.iter().map(move |candidate| IceCandidate {
            foundation: format!("{}{address}", candidate.foundation),
            address: address.clone(),
            ..candidate.clone()
        })
    });
    TransportCreated {
        id: transport.id().to_string(),
        ice_parameters: transport.ice_parameters().clone(),
        ice_candidates: own.iter().cloned().chain(extra).collect(),
        dtls_parameters: transport.dtls_parameters(),
    }
}

/// A socket of the SFU.
pub fn listen_info(protocol: Protocol, ip: IpAddr) -> ListenInfo {
    ListenInfo {
        protocol,
        ip,
        announced_address: None,
        expose_internal_ip: false,
        port: None,
        port_range: None,
        flags: None,
        send_buffer_size: None,
        recv_buffer_size: None,
    }
}

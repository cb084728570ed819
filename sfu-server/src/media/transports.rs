//! Browsers' WebRTC transports: one for sending, one for receiving, over their worker's shared port.

use std::net::IpAddr;

use mediasoup::prelude::*;

use crate::{
    media::workers::Placement,
    signaling::messages::{IceServer, TransportCreated},
};

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
pub fn describe(
    transport: &WebRtcTransport,
    announced: &[String],
    ice_servers: Vec<IceServer>,
) -> TransportCreated {
    TransportCreated {
        id: transport.id().to_string(),
        ice_parameters: transport.ice_parameters().clone(),
        ice_candidates: candidates(transport.ice_candidates(), announced),
        dtls_parameters: transport.dtls_parameters(),
        ice_servers,
    }
}

/// The worker's own candidates, those of the first announced address, and the same for the others: each address is a
/// foundation of its own and stands behind the ones before it (RFC 8445, 5.1.1.3 and 5.1.2).
fn candidates(own: &[IceCandidate], announced: &[String]) -> Vec<IceCandidate> {
    let further = (1..).zip(announced.iter().skip(1)).flat_map(|(place, address)| {
        own.iter().map(move |candidate| IceCandidate {
            foundation: format!("{}{place}", candidate.foundation),
            // The local preference is above the last 8 bits.
            priority: candidate.priority.saturating_sub(place << 8),
            address: address.clone(),
            ..candidate.clone()
        })
    });
    own.iter().cloned().chain(further).collect()
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mediasoup_types::data_structures::IceCandidateType;

    use super::*;

    #[test]
    fn every_announced_address_is_a_candidate_of_its_own_in_the_order_given() {
        let own = [Protocol::Udp, Protocol::Tcp].map(|protocol| IceCandidate {
            foundation: format!("{protocol:?}candidate").to_lowercase(),
            priority: 1_076_302_079,
            address: "192.0.2.1".into(),
            protocol,
            port: 10_000,
            r#type: IceCandidateType::Host,
            tcp_type: None,
        });
        let announced = ["192.0.2.1", "2001:db8::1", "call.example.org"].map(String::from);
        let all = candidates(&own, &announced);
        let addresses: Vec<_> = all.iter().map(|candidate| candidate.address.as_str()).collect();
        assert_eq!(
            addresses,
            [
                "192.0.2.1",
                "192.0.2.1",
                "2001:db8::1",
                "2001:db8::1",
                "call.example.org",
                "call.example.org"
            ]
        );
        assert!(all.windows(2).all(|pair| pair[0].priority >= pair[1].priority));
        let foundations: HashSet<_> = all.iter().map(|candidate| &candidate.foundation).collect();
        assert_eq!(foundations.len(), all.len());
        // ice-char, 1 to 32 of them (RFC 8839, 5.1).
        assert!(all.iter().all(|candidate| candidate.foundation.len() <= 32
            && candidate.foundation.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}

//! The SDP of one input (RFC 8866): exactly these codecs, payload types and SSRCs on exactly these ports.

use std::{fmt::Write as _, net::IpAddr};

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
}

/// How it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 6184.
    H264,
}

/// One track, as its paused consumer will send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Audio or video.
    pub kind: Kind,
    /// How it is encoded.
    pub codec: Codec,
    /// 0 to 127.
    pub payload_type: u8,
    /// Hz.
    pub clock_rate: u32,
    /// Audio only.
    pub channels: u32,
    /// The RTP stream.
    pub ssrc: u32,
    /// The RTCP name, equal for tracks of one clock.
    pub cname: String,
    /// Value of `a=fmtp`, empty for none.
    pub fmtp: String,
    /// Nothing is expected until its producer resumes.
    pub paused: bool,
}

/// Writes the description. The caller has checked that no text holds a control character.
pub fn write(ip: IpAddr, tracks: &[(u16, Track)]) -> String {
    let version = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let mut sdp =
        format!("v=0\r\no=- 0 0 IN {version} {ip}\r\ns=input\r\nc=IN {version} {ip}\r\nt=0 0\r\n");
    for (rtp_port, track) in tracks {
        let Track { payload_type, clock_rate, channels, ssrc, cname, fmtp, .. } = track;
        let (media, encoding) = match track.codec {
            Codec::Opus => ("audio", format!("opus/{clock_rate}/{channels}")),
            Codec::Vp8 => ("video", format!("VP8/{clock_rate}")),
            Codec::H264 => ("video", format!("H264/{clock_rate}")),
        };
        // Writing into a string cannot fail.
        let _ = write!(
            sdp,
            "m={media} {rtp_port} RTP/AVP {payload_type}\r\n\
             a=rtcp:{}\r\n\
             a=rtpmap:{payload_type} {encoding}\r\n",
            rtp_port + 1
        );
        if !fmtp.is_empty() {
            let _ = write!(sdp, "a=fmtp:{payload_type} {fmtp}\r\n");
        }
        let _ = write!(sdp, "a=ssrc:{ssrc} cname:{cname}\r\na=recvonly\r\n");
    }
    sdp
}

#[cfg(test)]
pub(crate) mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    pub(crate) fn vp8(ssrc: u32) -> Track {
        Track {
            kind: Kind::Video,
            codec: Codec::Vp8,
            payload_type: 101,
            clock_rate: 90_000,
            channels: 0,
            ssrc,
            cname: "peer".into(),
            fmtp: String::new(),
            paused: false,
        }
    }

    pub(crate) fn opus(ssrc: u32) -> Track {
        Track {
            kind: Kind::Audio,
            codec: Codec::Opus,
            payload_type: 100,
            clock_rate: 48_000,
            channels: 2,
            fmtp: "useinbandfec=1;usedtx=1".into(),
            ..vp8(ssrc)
        }
    }

    #[test]
    fn a_camera_and_a_microphone() {
        let sdp = write(Ipv4Addr::LOCALHOST.into(), &[(12000, vp8(11)), (12002, opus(12))]);
        insta::assert_snapshot!(sdp.replace("\r\n", "\n"), @r"
        v=0
        o=- 0 0 IN IP4 127.0.0.1
        s=input
        c=IN IP4 127.0.0.1
        t=0 0
        m=video 12000 RTP/AVP 101
        a=rtcp:12001
        a=rtpmap:101 VP8/90000
        a=ssrc:11 cname:peer
        a=recvonly
        m=audio 12002 RTP/AVP 100
        a=rtcp:12003
        a=rtpmap:100 opus/48000/2
        a=fmtp:100 useinbandfec=1;usedtx=1
        a=ssrc:12 cname:peer
        a=recvonly
        ");
    }

    #[test]
    fn h264_names_its_packetization() {
        let track = Track {
            codec: Codec::H264,
            payload_type: 103,
            fmtp: "packetization-mode=1;profile-level-id=42e01f".into(),
            ..vp8(7)
        };
        let sdp = write(Ipv4Addr::LOCALHOST.into(), &[(12000, track)]);
        assert!(sdp.contains("a=rtpmap:103 H264/90000\r\n"));
        assert!(sdp.contains("a=fmtp:103 packetization-mode=1;profile-level-id=42e01f\r\n"));
    }
}

//! The initialization section (`ftyp` + `moov`): which tracks there are and how they are coded.

use bytes::{Buf, Bytes};
use mp4_atom::{Codec, DecodeMaybe, Header, Moov, Trex};

use super::Error;

/// A track's number inside the file.
pub type TrackId = u32;

/// One initialization section and what the packager needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// The bytes as the encoder wrote them; players fetch them through EXT-X-MAP.
    pub bytes: Bytes,
    /// The video track.
    pub video: TrackId,
    /// Units of the video track's time in a second.
    pub video_timescale: u32,
    /// The audio track.
    pub audio: TrackId,
    /// The width of the picture in pixels.
    pub width: u16,
    /// The height of the picture in pixels.
    pub height: u16,
    /// The codecs of both tracks after RFC 6381, video first.
    pub codecs: String,
    pub(super) defaults: Vec<Trex>,
}

impl Init {
    /// Reads an initialization section.
    ///
    /// # Errors
    /// When there is no decodable `moov`, or it has no H.264 or no AAC track.
    pub fn parse(bytes: Bytes) -> Result<Self, Error> {
        let moov = find_moov(&bytes)?;
        let mut video = None;
        let mut audio = None;
        for trak in &moov.trak {
            let id = trak.tkhd.track_id;
            match trak.mdia.minf.stbl.stsd.codecs.first() {
                Some(Codec::Avc1(avc1)) => {
                    let codec = format!(
                        "avc1.{:02x}{:02x}{:02x}",
                        avc1.avcc.avc_profile_indication,
                        avc1.avcc.profile_compatibility,
                        avc1.avcc.avc_level_indication
                    );
                    let timescale = trak.mdia.mdhd.timescale;
                    video = Some((id, timescale, codec, avc1.visual.width, avc1.visual.height));
                }
                Some(Codec::Mp4a(mp4a)) => {
                    let config = mp4a.esds.es_desc.dec_config.dec_specific.as_ref();
                    // 2 is AAC-LC, which an encoder that writes no AudioSpecificConfig means.
                    let object_type = config.map_or(2, |config| config.profile);
                    audio = Some((id, format!("mp4a.40.{object_type}")));
                }
                _ => {}
            }
        }
        let (video, video_timescale, avc, width, height) =
            video.ok_or(Error::Missing { what: "H.264 track" })?;
        let (audio, aac) = audio.ok_or(Error::Missing { what: "AAC track" })?;
        let defaults = moov.mvex.map(|mvex| mvex.trex).unwrap_or_default();
        let codecs = format!("{avc},{aac}");
        Ok(Self { bytes, video, video_timescale, audio, width, height, codecs, defaults })
    }

    pub(super) fn defaults_of(&self, track: TrackId) -> Option<&Trex> {
        self.defaults.iter().find(|trex| trex.track_id == track)
    }
}

/// The codecs of an initialization section after RFC 6381, as the CODECS attribute of a
/// multivariant playlist wants them, such as `avc1.64000c,mp4a.40.2`.
///
/// # Errors
/// Those of [`Init::parse`].
pub fn codecs(init: &Bytes) -> Result<String, Error> {
    Ok(Init::parse(init.clone())?.codecs)
}

fn find_moov(bytes: &Bytes) -> Result<Moov, Error> {
    let malformed = |source| Error::Malformed { kind: "moov", source };
    let mut rest = bytes.clone();
    loop {
        let mut peek = rest.clone();
        let header = Header::decode_maybe(&mut peek).map_err(malformed)?;
        let header = header.ok_or(Error::Missing { what: "moov box" })?;
        if header.kind.as_ref() == b"moov" {
            let moov = Moov::decode_maybe(&mut rest).map_err(malformed)?;
            return moov.ok_or(Error::Missing { what: "whole moov box" });
        }
        match header.size {
            Some(size) if size <= peek.len() => peek.advance(size),
            _ => return Err(Error::Missing { what: "moov box" }),
        }
        rest = peek;
    }
}

#[cfg(test)]
impl Init {
    /// A section whose bytes are `text`, for tests that decode nothing.
    pub fn named(text: &str) -> Self {
        Self {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            video: 1,
            video_timescale: 15_360,
            audio: 2,
            width: 256,
            height: 144,
            codecs: "avc1.64000c,mp4a.40.2".to_owned(),
            defaults: Vec::new(),
        }
    }
}

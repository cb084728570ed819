//! Samples, and how they come out of one `moof` and its `mdat`.

use bytes::Bytes;
use mp4_atom::{Decode, Moof, Traf};

use super::{Error, Init};

/// The flag of a sample that is not a sync sample (ISO/IEC 14496-12, 8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// More samples in one fragment than any encoder writes; a bound on what a damaged box can cost.
const MAX_SAMPLES: usize = 4096;

/// One coded frame: a picture, or 1024 sound samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// When it is decoded, in the track's timescale, from the start of the encoder generation.
    pub decode_time: u64,
    /// How long it lasts, in the track's timescale.
    pub duration: u32,
    /// The sample flags of ISO/IEC 14496-12, 8.8.3.1.
    pub flags: u32,
    /// Presentation time minus decode time, in the track's timescale.
    pub composition_offset: i64,
    /// The coded bytes.
    pub data: Bytes,
}

impl Sample {
    /// Whether decoding can start here.
    #[must_use]
    pub fn is_key_frame(&self) -> bool {
        self.flags & NON_SYNC == 0
    }
}

/// The samples of one `moof` and `mdat`, in decoding order. Either list may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    /// Pictures.
    pub video: Vec<Sample>,
    /// Sound.
    pub audio: Vec<Sample>,
}

/// Takes the samples out of `moof` and `mdat`, both whole boxes with their headers, one directly
/// after the other in the stream. Data offsets count from the start of the `moof`
/// (`default-base-is-moof`), as CMAF demands.
pub(super) fn extract(init: &Init, moof: &Bytes, mdat: &Bytes) -> Result<Fragment, Error> {
    let moof_bytes = moof.len();
    let boxes = Moof::decode(&mut moof.clone())
        .map_err(|source| Error::Malformed { kind: "moof", source })?;
    let mut fragment = Fragment::default();
    for traf in &boxes.traf {
        let samples = track_samples(init, traf, moof_bytes, mdat)?;
        if traf.tfhd.track_id == init.video {
            fragment.video.extend(samples);
        } else if traf.tfhd.track_id == init.audio {
            fragment.audio.extend(samples);
        }
        if fragment.video.len() + fragment.audio.len() > MAX_SAMPLES {
            return Err(Error::SampleRange { track: traf.tfhd.track_id });
        }
    }
    Ok(fragment)
}

fn track_samples(
    init: &Init,
    traf: &Traf,
    moof_bytes: usize,
    mdat: &Bytes,
) -> Result<Vec<Sample>, Error> {
    let track = traf.tfhd.track_id;
    let out_of_range = || Error::SampleRange { track };
    if traf.tfhd.base_data_offset.is_some() {
        return Err(Error::Missing { what: "default-base-is-moof flag" });
    }
    let tfdt = traf.tfdt.as_ref().ok_or(Error::Missing { what: "tfdt box" })?;
    let defaults = init.defaults_of(track);
    let duration =
        traf.tfhd.default_sample_duration.or(defaults.map(|trex| trex.default_sample_duration));
    let size = traf.tfhd.default_sample_size.or(defaults.map(|trex| trex.default_sample_size));
    let flags = traf.tfhd.default_sample_flags.or(defaults.map(|trex| trex.default_sample_flags));

    let mut samples = Vec::new();
    let mut decode_time = tfdt.base_media_decode_time;
    let mut position = 8_usize; // Media begins behind the header of the mdat.
    for trun in &traf.trun {
        if let Some(offset) = trun.data_offset {
            let offset = usize::try_from(offset).map_err(|_| out_of_range())?;
            position = offset.checked_sub(moof_bytes).ok_or_else(out_of_range)?;
        }
        if samples.len() + trun.samples.len() > MAX_SAMPLES {
            return Err(out_of_range());
        }
        for entry in trun.samples.iter() {
            let length = entry.size.or(size).unwrap_or(0) as usize;
            let end = position.checked_add(length).ok_or_else(out_of_range)?;
            if position < 8 || end > mdat.len() {
                return Err(out_of_range());
            }
            let sample = Sample {
                decode_time,
                duration: entry.duration.or(duration).unwrap_or(0),
                flags: entry.flags.or(flags).unwrap_or(0),
                composition_offset: entry.cts.unwrap_or(0),
                data: mdat.slice(position..end),
            };
            position = end;
            decode_time = decode_time.saturating_add(u64::from(sample.duration));
            samples.push(sample);
        }
    }
    Ok(samples)
}

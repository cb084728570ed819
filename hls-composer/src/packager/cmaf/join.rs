//! Joins samples into one part: a single `moof` with a `traf` per track, and a single `mdat`.

use bytes::{BufMut, Bytes, BytesMut};
use mp4_atom::{Encode, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry};

use super::{Error, Fragment, Init, Sample};

/// Joins the samples of a part into one `moof` and one `mdat`, video first.
///
/// A field that most samples share is written once as the track's default; sizes, and only those
/// other fields that differ, are written per sample. `sequence` is the `mfhd` number, which grows
/// from part to part.
///
/// # Errors
/// When the part does not fit 32-bit offsets.
pub fn join(init: &Init, sequence: u32, part: &Fragment) -> Result<Bytes, Error> {
    let size = |samples: &[Sample]| samples.iter().map(|sample| sample.data.len()).sum::<usize>();
    let video_bytes = size(&part.video);
    let media_bytes = video_bytes + size(&part.audio);
    let too_large = || Error::PartTooLarge { bytes: media_bytes };
    let mdat_size = u32::try_from(media_bytes + 8).map_err(|_| too_large())?;

    let mut moof = Moof { mfhd: Mfhd { sequence_number: sequence }, traf: Vec::with_capacity(2) };
    let tracks = [(init.video, &part.video, 0), (init.audio, &part.audio, video_bytes)];
    let mut positions = Vec::with_capacity(2);
    for (track, samples, position) in tracks {
        if let Some(traf) = traf(track, samples) {
            moof.traf.push(traf);
            positions.push(position);
        }
    }

    // The offsets count from the start of the moof, whose size does not depend on their values.
    let malformed = |source| Error::Malformed { kind: "moof", source };
    let mut out = BytesMut::new();
    moof.encode(&mut out).map_err(malformed)?;
    let media_start = out.len() + 8;
    for (traf, position) in moof.traf.iter_mut().zip(positions) {
        let offset = i32::try_from(media_start + position).map_err(|_| too_large())?;
        for trun in &mut traf.trun {
            trun.data_offset = Some(offset);
        }
    }
    out.clear();
    moof.encode(&mut out).map_err(malformed)?;
    out.reserve(mdat_size as usize);
    out.put_u32(mdat_size);
    out.put_slice(b"mdat");
    for sample in part.video.iter().chain(&part.audio) {
        out.put_slice(&sample.data);
    }
    Ok(out.freeze())
}

fn traf(track: u32, samples: &[Sample]) -> Option<Traf> {
    let first = samples.first()?;
    let durations = durations(samples);
    // The last sample speaks for the track: the first of a segment is the one key frame.
    let duration = durations.last().copied()?;
    let flags = samples.last()?.flags;
    let uniform_duration = durations.iter().all(|&each| each == duration);
    let uniform_flags = samples.iter().skip(1).all(|sample| sample.flags == flags);
    let in_order = samples.iter().all(|sample| sample.composition_offset == 0);

    let entry = |(index, (sample, duration)): (usize, (&Sample, u32))| TrunEntry {
        duration: (!uniform_duration).then_some(duration),
        size: u32::try_from(sample.data.len()).ok(),
        flags: match uniform_flags {
            true if index > 0 || sample.flags == flags => None,
            _ => Some(sample.flags),
        },
        cts: (!in_order).then_some(sample.composition_offset),
    };
    let entries: Vec<TrunEntry> =
        samples.iter().zip(durations.iter().copied()).enumerate().map(entry).collect();
    Some(Traf {
        tfhd: Tfhd {
            track_id: track,
            default_sample_duration: Some(duration),
            default_sample_flags: Some(flags),
            default_base_is_moof: true,
            ..Tfhd::default()
        },
        tfdt: Some(Tfdt { base_media_decode_time: first.decode_time }),
        trun: vec![Trun { data_offset: Some(0), samples: entries.into() }],
        ..Traf::default()
    })
}

/// How long each sample lasts: until the next one is decoded. A sample the encoder left out is
/// covered by the one before it, so that a part needs one `tfdt` per track.
fn durations(samples: &[Sample]) -> Vec<u32> {
    let until_next = |pair: &[Sample]| {
        let gap = pair[1].decode_time.checked_sub(pair[0].decode_time);
        gap.and_then(|gap| u32::try_from(gap).ok()).unwrap_or(pair[0].duration)
    };
    let last = samples.last().map(|sample| sample.duration);
    samples.windows(2).map(until_next).chain(last).collect()
}

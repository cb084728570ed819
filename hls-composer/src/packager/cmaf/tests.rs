//! Boxes taken apart and put together, sound and damaged.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn sample(decode_time: u64, duration: u32, key: bool, data: Vec<u8>) -> Sample {
    let flags = if key { 0x0200_0000 } else { 0x0101_0000 };
    Sample { decode_time, duration, flags, composition_offset: 0, data: Bytes::from(data) }
}

fn track(duration: u32, frames: Vec<(bool, Vec<u8>)>) -> Vec<Sample> {
    let start = u64::from(u32::MAX) + 7; // Longer than 32 bits: days of sound.
    let frames = frames.into_iter().enumerate();
    frames
        .map(|(index, (key, data))| {
            sample(start + index as u64 * u64::from(duration), duration, key, data)
        })
        .collect()
}

/// Takes the one part apart again.
fn take_apart(init: &Init, part: &Bytes) -> Fragment {
    let moof_bytes = u32::from_be_bytes([part[0], part[1], part[2], part[3]]) as usize;
    let (moof, mdat) = (part.slice(..moof_bytes), part.slice(moof_bytes..));
    samples::extract(init, &moof, &mdat).expect("sound")
}

fn frames(most: usize) -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    let frame = (any::<bool>(), prop::collection::vec(any::<u8>(), 1..50));
    prop::collection::vec(frame, 1..most)
}

proptest! {
    #[test]
    fn a_joined_part_holds_the_same_samples(video in frames(7), audio in frames(11)) {
        let init = Init::named("init");
        let part = Fragment { video: track(1024, video), audio: track(1024, audio) };
        let joined = join(&init, 9, &part).expect("fits");
        prop_assert_eq!(&take_apart(&init, &joined), &part);
        let chunks = split(&init, &joined);
        prop_assert_eq!(chunks.len(), 1);
        prop_assert_eq!(chunks[0].frames as usize, part.video.len());
        prop_assert_eq!(chunks[0].independent, part.video[0].is_key_frame());
        prop_assert_eq!(&chunks[0].data, &joined);
    }

    #[test]
    fn a_file_cut_anywhere_keeps_its_whole_parts(cut in 0.0..1.0_f64) {
        let init = Init::named("init");
        let part = Fragment {
            video: track(1024, vec![(true, vec![1; 90]), (false, vec![2; 30])]),
            audio: track(1024, vec![(true, vec![3; 40])]),
        };
        let joined = join(&init, 1, &part).expect("fits");
        let file = joined.repeat(4);
        let length = (file.len() as f64 * cut) as usize;
        prop_assert_eq!(split(&init, &file[..length]).len(), length / joined.len());
    }

    #[test]
    fn noise_is_refused_without_harm(noise in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut reader = FragmentReader::new();
        reader.push(&noise);
        while let Ok(Some(_)) = reader.next() {}
        drop(split(&Init::named("init"), &noise));
        let _ = Init::parse(Bytes::from(noise));
    }

    #[test]
    fn a_damaged_part_is_refused_without_harm(at in 0..200_usize, value in any::<u8>()) {
        let init = Init::named("init");
        let part = Fragment {
            video: track(1024, vec![(true, vec![1; 90]), (false, vec![2; 30])]),
            audio: track(1024, vec![(true, vec![3; 40])]),
        };
        let mut joined = join(&init, 1, &part).expect("fits").to_vec();
        if let Some(byte) = joined.get_mut(at) {
            *byte = value;
        }
        drop(split(&init, &joined));
    }
}

#[test]
fn a_missing_sample_is_covered_by_the_one_before_it() {
    let init = Init::named("init");
    let video = vec![sample(0, 1024, true, vec![1]), sample(3072, 1024, false, vec![2])];
    let part = Fragment { video, audio: Vec::new() };
    let read = take_apart(&init, &join(&init, 1, &part).expect("fits"));
    let times: Vec<(u64, u32)> =
        read.video.iter().map(|it| (it.decode_time, it.duration)).collect();
    assert_eq!(times, [(0, 3072), (3072, 1024)]);
    assert!(read.audio.is_empty());
}

#[test]
fn a_box_larger_than_the_bound_is_refused_before_it_is_read() {
    let mut reader = FragmentReader::new();
    reader.push(b"\x7f\xff\xff\xffmdat");
    let error = reader.next().expect_err("too large");
    assert!(error.to_string().contains("mdat"), "{error}");
}

#[test]
fn media_before_its_description_is_refused() {
    let mut reader = FragmentReader::new();
    reader.push(b"\0\0\0\x08mdat");
    assert!(matches!(reader.next(), Err(Error::Missing { what: "moof box" })));
}

//! Range requests (RFC 9110, 14): one range of bytes of a media file.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http_range_header::parse_range_header;

/// What a Range header asks of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The whole: there is no header, or one a server may ignore, as several ranges or
    /// a range of a file without bytes.
    Whole,
    /// These bytes.
    Part(RangeInclusive<u64>),
    /// Bytes the file does not have.
    Beyond,
}

/// Reads a Range header for a file of `length` bytes.
pub(super) fn asked(header: Option<&str>, length: u64) -> Asked {
    let Some(Ok(ranges)) = header.map(parse_range_header) else { return Asked::Whole };
    if ranges.ranges.len() != 1 || length == 0 {
        return Asked::Whole;
    }
    match ranges.validate(length) {
        Ok(ranges) => ranges.into_iter().next().map_or(Asked::Whole, Asked::Part),
        Err(_) => Asked::Beyond,
    }
}

/// The bytes of `range` out of a file's pieces. Nothing is copied.
pub(super) fn cut(chunks: Vec<Bytes>, range: &RangeInclusive<u64>) -> Vec<Bytes> {
    let mut offset = 0_u64;
    let piece = |chunk: Bytes| {
        let length = chunk.len() as u64;
        let first = range.start().saturating_sub(offset).min(length);
        let end = (range.end() + 1).saturating_sub(offset).min(length);
        offset += length;
        // Both lie within the chunk, whose length is a usize.
        (first < end).then(|| chunk.slice(first as usize..end as usize))
    };
    chunks.into_iter().filter_map(piece).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_is_answered_and_what_cannot_be_is_said() {
        assert_eq!(asked(None, 10), Asked::Whole);
        assert_eq!(asked(Some("bytes=0-"), 10), Asked::Part(0..=9));
        assert_eq!(asked(Some("bytes=2-3"), 10), Asked::Part(2..=3));
        assert_eq!(asked(Some("bytes=-4"), 10), Asked::Part(6..=9));
        assert_eq!(asked(Some("bytes=10-"), 10), Asked::Beyond);
        assert_eq!(asked(Some("bytes=0-0"), 0), Asked::Whole);
        for ignored in ["bytes=0-1,3-4", "lines=1-2", "bytes=x", ""] {
            assert_eq!(asked(Some(ignored), 10), Asked::Whole, "{ignored}");
        }
    }

    proptest! {
        #[test]
        fn pieces_are_cut_as_the_whole_would_be(
            sizes in proptest::collection::vec(0_usize..9, 1..6), header in "bytes=[0-9]{0,2}-[0-9]{0,2}",
        ) {
            let whole: Vec<u8> = (0..sizes.iter().sum::<usize>()).map(|it| it as u8).collect();
            let mut rest = Bytes::from(whole.clone());
            let chunks: Vec<Bytes> = sizes.iter().map(|&size| rest.split_to(size)).collect();
            if let Asked::Part(range) = asked(Some(&header), whole.len() as u64) {
                let cut = cut(chunks, &range).concat();
                let (first, last) = (*range.start() as usize, *range.end() as usize);
                prop_assert_eq!(cut, &whole[first..=last]);
            }
        }
    }
}

//! `begun.part`: the part that is hinted, as far as it has come. It is written before the hint is
//! shown, so that the part comes even if this process dies in the middle of it: the next process finds
//! it here and closes the segment with it. One line that says which part it is, and its bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::names;
use super::record::SegmentRecord;
use super::segment::Segment;
use super::timeline::Timeline;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    segment: SegmentRecord,
    /// The part's place in its segment, from 0.
    part: usize,
}

/// The bytes of `begun.part` for what comes next on `timeline`, of which there is `data`; none while
/// nothing can be hinted.
#[must_use]
pub fn file(timeline: &Timeline, data: &[u8]) -> Option<Vec<u8>> {
    let (segment, part) = timeline.coming()?;
    let head = Head { segment: SegmentRecord::of(&segment), part };
    // Only an anchor before 1970 cannot be written; the part is then lost with the process.
    let mut file = serde_json::to_vec(&head).ok()?;
    file.push(b'\n');
    file.extend_from_slice(data);
    Some(file)
}

/// Appends what `file` has of the part behind the last of `segments`. A part that is there in full
/// already, and a damaged file, change nothing.
pub fn load(file: &[u8], segments: &mut Vec<Segment>) {
    let Some(end) = file.iter().position(|byte| *byte == b'\n') else { return };
    let (head, media) = file.split_at(end + 1);
    let Ok(Head { segment, part }) = serde_json::from_slice(head) else { return };
    let Some(last) = segments.last_mut() else { return };
    // Nothing is hinted across a new initialization section.
    if segment.init != last.map.name {
        return;
    }
    let Some(begun) = segment.with_media(Arc::clone(&last.map), media) else { return };
    if begun.stem == last.stem && part == last.parts.len() {
        last.parts.extend(begun.parts);
    } else if part == 0 && last.precedes(&begun) && names::is_file(&begun.stem) && begun.fps > 0 {
        segments.push(begun);
    }
}

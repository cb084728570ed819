//! What an ingest FFmpeg says on standard error, as far as it tells of the RTP it gets.
//!
//! A healthy ingest says nothing at `-loglevel repeat+warning`: every line is a sign that packets arrive.

/// One line of FFmpeg 5.1's, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A packet was refused as older than what was already played. Some are reordering, or were sent again too late;
    /// nothing else for a while is a sequence that began anew.
    Refused,
    /// A packet was taken: some before it are missing, a slice is damaged, a parameter set is unknown …
    Taken,
}

impl Complaint {
    /// Understands `line`.
    pub fn of(line: &str) -> Self {
        if line.contains("dropping old packet") { Self::Refused } else { Self::Taken }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffmpegs_words_are_understood() {
        for (line, complaint) in [
            ("[sdp @ 0x5590] RTP: dropping old packet received too late", Complaint::Refused),
            ("[sdp @ 0x5590] RTP: missed 3 packets", Complaint::Taken),
            ("[vp8 @ 0x5590] Discarding interframe without a prior keyframe!", Complaint::Taken),
        ] {
            assert_eq!(Complaint::of(line), complaint, "{line}");
        }
    }
}

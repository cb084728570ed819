//! What an ingest FFmpeg says on standard error, as far as it tells of the RTP it gets.
//!
//! A healthy ingest says nothing at `-loglevel repeat+warning`: every line is a sign that packets arrive.

/// More packets than this in a row are not lost: another sequence has begun (`MAX_DROPOUT`, RFC 3550, A.1).
const MAX_DROPOUT: u16 = 3000;

/// One line of FFmpeg 5.1's, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// A packet was refused as older than what was already played. One is reordering; nothing else for a while is a
    /// sequence that began anew.
    Refused,
    /// A gap between sequence numbers that no loss explains: a sequence that began anew, or a stray packet.
    Leapt,
    /// A gap between timestamps is being filled, and so many frames of it are waiting in memory.
    Filling(u64),
    /// Packets are missing, a slice is damaged, a parameter set is unknown …
    Other,
}

impl Complaint {
    /// Understands `line`.
    pub fn of(line: &str) -> Self {
        if line.contains("dropping old packet") {
            return Self::Refused;
        }
        // "[sdp @ 0x…] RTP: missed 12345 packets", negative when the numbers have wrapped between.
        let missed = line
            .split_once("RTP: missed ")
            .and_then(|(_, rest)| rest.strip_suffix(" packets")?.parse::<i32>().ok());
        if missed.is_some_and(|count| count as u16 > MAX_DROPOUT) {
            return Self::Leapt;
        }
        // "[out_0_0 @ 0x…] 100 buffers queued in out_0_0, something may be wrong."
        let filling = line.split_once(" buffers queued in ").and_then(|(before, _)| {
            before.rsplit_once(' ').map_or(before, |(_, count)| count).parse().ok()
        });
        filling.map_or(Self::Other, Self::Filling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffmpegs_words_are_understood() {
        for (line, complaint) in [
            ("[sdp @ 0x5590] RTP: dropping old packet received too late", Complaint::Refused),
            ("[sdp @ 0x5590] RTP: missed 3 packets", Complaint::Other),
            ("[sdp @ 0x5590] RTP: missed -65533 packets", Complaint::Other),
            ("[sdp @ 0x5590] RTP: missed 3001 packets", Complaint::Leapt),
            ("[sdp @ 0x5590] RTP: missed -40000 packets", Complaint::Leapt),
            (
                "[out_0_0 @ 0x56] 1000 buffers queued in out_0_0, something may be wrong.",
                Complaint::Filling(1000),
            ),
            ("x buffers queued in out_0_0", Complaint::Other),
        ] {
            assert_eq!(Complaint::of(line), complaint, "{line}");
        }
    }
}

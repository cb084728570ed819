//! Blocking playlist reload and blocking part requests (RFC 8216bis, 6.2.5.2): pure decisions on
//! a view, and the one loop that waits for a better view.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::packager::View;
use crate::packager::timeline::{Position, TARGET};

/// A request waits for three target durations; then something is wrong with the broadcast and the
/// player should know.
pub(super) const LONGEST_WAIT: Duration = TARGET.saturating_mul(3);
/// The Advance Part Limit: three target durations in parts of 200 ms (RFC 8216bis, 6.2.5.2).
const ADVANCE_PARTS: u64 = 15;

/// What a viewer has asked a playlist to contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The newest playlist there is.
    Present,
    /// The whole segment with this Media Sequence Number.
    Segment(u64),
    /// This part.
    Part(Position),
}

/// What to do with a request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answer.
    Ready,
    /// Ask again when the view has changed.
    Wait,
    /// It asks for a future too far away.
    TooFar,
    /// What it asks for will never exist.
    Never,
}

/// Whether `view` satisfies a request for the media playlist.
pub(super) fn playlist(view: &View, wanted: Wanted) -> Verdict {
    if view.is_ended() {
        return Verdict::Ready;
    }
    if is_too_far(view, wanted) {
        return Verdict::TooFar;
    }
    let newest = view.newest();
    let ready = match wanted {
        Wanted::Present => true,
        Wanted::Segment(msn) => view.newest_closed().is_some_and(|closed| closed >= msn),
        // Positions are in order of segment, then part, so a part past the end of its segment is
        // there as soon as part 0 of the next segment is.
        Wanted::Part(wanted) => newest.is_some_and(|newest| newest >= wanted),
    };
    if ready && view.playlist().is_some() { Verdict::Ready } else { Verdict::Wait }
}

/// A request may look two segments past the last whole one, and parts within the Advance Part
/// Limit.
fn is_too_far(view: &View, wanted: Wanted) -> bool {
    let (msn, part) = match wanted {
        Wanted::Present => return false,
        Wanted::Segment(msn) => (msn, 0),
        Wanted::Part(Position { msn, part }) => (msn, part),
    };
    let next = view.newest_closed().map_or(view.media_sequence(), |msn| msn.saturating_add(1));
    let newest = view.newest().unwrap_or(Position { msn: next, part: 0 });
    let last_part = if newest.msn == msn { newest.part } else { 0 };
    msn > next.saturating_add(1)
        || (msn >= newest.msn && part > last_part.saturating_add(ADVANCE_PARTS))
}

/// Whether `view` satisfies a request for a file. Only the hinted part is waited for.
pub(super) fn file(view: &View, name: &str) -> Verdict {
    match view.find(name) {
        Some(_) => Verdict::Ready,
        None if view.hint() == Some(name) => Verdict::Wait,
        None if view.stored(name).is_some() => Verdict::Ready,
        None => Verdict::Never,
    }
}

/// Waits until `decide` no longer says wait, and gives its verdict and the view it fell on. `None`
/// when that takes too long, or when the packager has stopped.
pub(super) async fn settle(
    mut views: watch::Receiver<Arc<View>>,
    decide: impl Fn(&View) -> Verdict,
) -> Option<(Verdict, Arc<View>)> {
    let settled = async {
        loop {
            let view = Arc::clone(&views.borrow_and_update());
            match decide(&view) {
                Verdict::Wait => views.changed().await.ok()?,
                verdict => return Some((verdict, view)),
            }
        }
    };
    timeout(LONGEST_WAIT, settled).await.ok().flatten()
}

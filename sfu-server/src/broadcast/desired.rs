//! What the broadcast should show: pure, from the room.

use mediasoup::prelude::{MediaKind, ProducerId};

use crate::{
    room::{
        tracks::{Track, Tracks},
        view::{Member, RoomView},
    },
    signaling::messages::{LayoutName, TrackSource},
};

/// The whole picture, as the room wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredBroadcast {
    /// In the order of joining; a shared screen stands before its peer.
    pub inputs: Vec<DesiredInput>,
    /// How they are arranged.
    pub layout: LayoutName,
    /// The participant a host has pinned.
    pub pinned: Option<String>,
    /// The room has ended, and its playlist shall. A server that merely stops never says so: its successor takes the
    /// open playlist over.
    pub over: bool,
}

/// One tile and what feeds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DesiredInput {
    /// A peer, or a peer's screen.
    pub participant: String,
    /// Whose.
    pub peer_id: String,
    /// The name shown.
    pub label: String,
    /// What it is made of: a change climbs the ladder anew.
    pub sources: Sources,
    /// The avatar is shown instead of the picture.
    pub camera_off: bool,
    /// The microphone is muted.
    pub muted: bool,
    /// It speaks.
    pub speaking: bool,
    /// Its connection is lost and may come back: the tile keeps its last picture.
    pub reconnecting: bool,
    /// It is a shared screen.
    pub screen: bool,
    /// Which of its producers are paused.
    pub paused: Paused,
}

/// Which producers of one input send nothing for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paused {
    /// Pictures.
    pub video: bool,
    /// Sound.
    pub audio: bool,
}

impl Paused {
    /// Whether the producer of this kind is.
    pub fn of(self, kind: MediaKind) -> bool {
        match kind {
            MediaKind::Video => self.video,
            MediaKind::Audio => self.audio,
        }
    }
}

/// The producers of one input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Pictures.
    pub video: Option<ProducerId>,
    /// Sound.
    pub audio: Option<ProducerId>,
}

impl DesiredBroadcast {
    /// What `room` wants. Peers that send nothing are not in the picture.
    pub fn of(room: &RoomView) -> Self {
        let mut members: Vec<_> = room.members.iter().collect();
        members.sort_by_key(|(_, member)| member.joined);
        let inputs = members.into_iter().flat_map(|(id, member)| {
            let speaking = room.active_speaker.as_deref() == Some(id);
            member_inputs(id, member, speaking)
        });
        let pinned = room.settings.pinned.as_ref().map(|pin| match pin.source {
            TrackSource::Camera => pin.peer_id.clone(),
            TrackSource::Screen => screen_of(&pin.peer_id),
        });
        Self { inputs: inputs.collect(), layout: room.settings.layout, pinned, over: false }
    }

    /// Which producers of `participant` are paused, if it is in the picture.
    pub fn paused(&self, participant: &str) -> Option<Paused> {
        let input = self.inputs.iter().find(|input| input.participant == participant);
        input.map(|input| input.paused)
    }

    /// Whether `other` needs the same inputs, however they are shown.
    pub fn same_inputs(&self, other: &Self) -> bool {
        let key = |input: &DesiredInput| (input.participant.clone(), input.sources);
        self.inputs.iter().map(key).eq(other.inputs.iter().map(key))
    }
}

fn member_inputs(id: &str, member: &Member, speaking: bool) -> Vec<DesiredInput> {
    let Tracks { camera, microphone, screen, screen_audio } = member.tracks;
    let label = member.display_name.clone().unwrap_or_default();
    let is_paused = |track: Option<Track>| track.is_none_or(|track| track.paused);
    let sources = |video: Option<Track>, audio: Option<Track>| Sources {
        video: video.map(|track| track.producer),
        audio: audio.map(|track| track.producer),
    };
    let paused = |video: Option<Track>, audio: Option<Track>| Paused {
        video: video.is_some_and(|track| track.paused),
        audio: audio.is_some_and(|track| track.paused),
    };
    let mut inputs = Vec::new();
    if screen.is_some() {
        inputs.push(DesiredInput {
            participant: screen_of(id),
            peer_id: id.into(),
            label: screen_label(&label),
            sources: sources(screen, screen_audio),
            paused: paused(screen, screen_audio),
            reconnecting: member.reconnecting,
            screen: true,
            ..DesiredInput::default()
        });
    }
    if camera.is_some() || microphone.is_some() {
        inputs.push(DesiredInput {
            participant: id.into(),
            peer_id: id.into(),
            label,
            sources: sources(camera, microphone),
            camera_off: is_paused(camera),
            muted: is_paused(microphone),
            speaking,
            reconnecting: member.reconnecting,
            paused: paused(camera, microphone),
            screen: false,
        });
    }
    inputs
}

/// The participant that is the screen of a peer.
fn screen_of(peer_id: &str) -> String {
    format!("{peer_id}-screen")
}

fn screen_label(name: &str) -> String {
    if name.trim().is_empty() { "Screen".into() } else { format!("{name}'s screen") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(n: u8, paused: bool) -> Option<Track> {
        let id = format!("00000000-0000-4000-8000-0000000000{n:02x}");
        Some(Track { producer: id.parse().expect("an id"), paused, muted_by_host: false })
    }

    fn room(members: Vec<(&str, u64, Tracks)>) -> RoomView {
        let members = members.into_iter().map(|(id, joined, tracks)| {
            (
                id.to_owned(),
                Member {
                    display_name: Some(id.to_uppercase()),
                    tracks,
                    joined,
                    ..Member::default()
                },
            )
        });
        RoomView { members: members.collect(), ..RoomView::default() }
    }

    fn participants(desired: &DesiredBroadcast) -> Vec<&str> {
        desired.inputs.iter().map(|input| input.participant.as_str()).collect()
    }

    #[test]
    fn tiles_stand_in_the_order_of_joining_and_listeners_are_left_out() {
        let sending = Tracks { camera: track(1, false), ..Tracks::default() };
        let desired = DesiredBroadcast::of(&room(vec![
            ("a", 3, sending),
            ("b", 1, sending),
            ("c", 2, Tracks::default()),
        ]));
        assert_eq!(participants(&desired), ["b", "a"]);
    }

    #[test]
    fn a_shared_screen_is_a_tile_of_its_own() {
        let tracks =
            Tracks { camera: track(1, false), screen: track(2, false), ..Tracks::default() };
        let desired = DesiredBroadcast::of(&room(vec![("a", 1, tracks)]));
        assert_eq!(participants(&desired), ["a-screen", "a"]);
        let seen = desired.inputs.iter().map(|input| (input.label.as_str(), input.screen));
        assert!(seen.eq([("A's screen", true), ("A", false)]));
        assert_eq!(screen_label(" "), "Screen");
    }

    #[test]
    fn muting_changes_the_tile_but_not_the_input() {
        let tracks = |muted| Tracks {
            camera: track(1, false),
            microphone: track(2, muted),
            ..Tracks::default()
        };
        let loud = DesiredBroadcast::of(&room(vec![("a", 1, tracks(false))]));
        let muted = DesiredBroadcast::of(&room(vec![("a", 1, tracks(true))]));
        assert!(loud.same_inputs(&muted) && loud != muted);
        assert!(muted.inputs[0].muted && !loud.inputs[0].muted);
        assert_eq!(muted.inputs[0].paused, Paused { video: false, audio: true });
    }

    #[test]
    fn a_camera_that_goes_needs_a_new_input() {
        let both =
            Tracks { camera: track(1, false), microphone: track(2, false), ..Tracks::default() };
        let audio = Tracks { camera: None, ..both };
        let before = DesiredBroadcast::of(&room(vec![("a", 1, both)]));
        let after = DesiredBroadcast::of(&room(vec![("a", 1, audio)]));
        assert!(!before.same_inputs(&after));
        assert!(after.inputs[0].camera_off);
    }
}

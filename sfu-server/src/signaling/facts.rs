//! Facts: what the server tells unasked. Each is a whole state; whoever has the last one knows everything.

use serde::Serialize;

use crate::signaling::messages::*;

macro_rules! facts {
    ($($event:literal => $variant:ident($payload:ident);)+) => {
        /// One fact for a client.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Fact {
            $(#[doc = concat!("`", $event, "`")] $variant($payload),)+
        }

        /// Every event a client may be told: its name and the type of its payload.
        pub const FACTS: &[(&str, &str)] = &[$(($event, stringify!($payload)),)+];

        impl Fact {
            /// The Socket.IO event that carries it.
            pub fn event(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $event,)+
                }
            }
        }
    };
}

facts! {
    "peerJoined" => PeerJoined(Peer);
    "peerChanged" => PeerChanged(Peer);
    "peerLeft" => PeerLeft(PeerLeft);
    "roomProducersChanged" => ProducersChanged(Producers);
    "activeSpeaker" => ActiveSpeaker(ActiveSpeaker);
    "audioLevels" => AudioLevels(AudioLevels);
    "roomSettings" => Settings(RoomSettings);
    "rejoinToken" => RejoinToken(RejoinToken);
    "broadcastStatus" => BroadcastStatus(BroadcastStatus);
    "consumerChanged" => ConsumerChanged(ConsumerState);
    "producerChanged" => ProducerChanged(ProducerState);
    "roomClosed" => RoomClosed(RoomClosed);
}

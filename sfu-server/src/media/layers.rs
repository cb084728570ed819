//! Which simulcast layer feeds a tile: decoding a 720p layer costs four times a 180p one, and the tile is the same.
//!
//! How high a layer is, nobody tells the server: mediasoup knows how many there are, not `scaleResolutionDownBy`. So a
//! camera's capture is taken for 360p (the least that is usual; our pages ask for 540p) and a screen's for 1080p,
//! and each layer for half the next one, as mediasoup-client and our pages have them (/4, /2, /1). Where a capture is
//! larger, so are its layers: a tile is never less sharp than it could be, at worst dearer.

use mediasoup::prelude::*;

/// The height a camera's highest layer is taken for.
const CAMERA: u32 = 360;
/// The height a screen's highest layer is taken for.
const SCREEN: u32 = 1080;
/// A screen's layer is at most this high, if there is such a one: more is not seen at 144p.
const SCREEN_AT_MOST: u32 = 360;

/// How a producer's picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In a tile of so many pixels of height; 0 when it is not seen.
    Camera {
        /// Pixels.
        height: u32,
    },
    /// A shared screen, in whatever tile.
    Screen,
}

/// The layer to ask for: the lowest that fills a camera's tile, the highest of a screen that is at most 360p. None where
/// there is nothing to choose.
pub fn preferred(encodings: &[RtpEncodingParameters], shown: Shown) -> Option<ConsumerLayers> {
    let layers = match encodings {
        [] => 1,
        // SVC, or a consumer of simulcast, whose one encoding says how many layers it chooses from.
        [only] => only.scalability_mode.spatial_layers().get(),
        many => u8::try_from(many.len()).unwrap_or(u8::MAX),
    };
    let top = layers.checked_sub(1).filter(|top| *top > 0)?;
    let height = |layer: u8, capture: u32| capture.checked_shr((top - layer).into()).unwrap_or(0);
    let spatial_layer = match shown {
        Shown::Camera { height: tile } => {
            (0..top).find(|layer| height(*layer, CAMERA) >= tile).unwrap_or(top)
        }
        Shown::Screen => {
            (0..=top).rev().find(|layer| height(*layer, SCREEN) <= SCREEN_AT_MOST).unwrap_or(0)
        }
    };
    Some(ConsumerLayers { spatial_layer, temporal_layer: None })
}

/// Asks for the layer that `shown` needs. Nothing is restarted: the resolution changes within the stream.
pub async fn prefer(consumer: &Consumer, shown: Shown) {
    let Some(layers) = preferred(&consumer.rtp_parameters().encodings, shown) else { return };
    let now = consumer.preferred_layers().map(|now| now.spatial_layer);
    if now == Some(layers.spatial_layer) {
        return;
    }
    if let Err(error) = consumer.set_preferred_layers(layers).await {
        tracing::debug!(consumer = %consumer.id(), %error, "no layer was chosen: its producer is gone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulcast(layers: usize) -> Vec<RtpEncodingParameters> {
        vec![RtpEncodingParameters::default(); layers]
    }

    fn mode(mode: &str) -> Vec<RtpEncodingParameters> {
        let scalability_mode = mode.parse().expect("a mode");
        vec![RtpEncodingParameters { scalability_mode, ..RtpEncodingParameters::default() }]
    }

    fn layer(encodings: &[RtpEncodingParameters], shown: Shown) -> Option<u8> {
        preferred(encodings, shown).map(|layers| layers.spatial_layer)
    }

    #[test]
    fn a_camera_has_the_lowest_layer_that_fills_its_tile() {
        // 90, 180 and 360 pixels high.
        let of = |height| layer(&simulcast(3), Shown::Camera { height });
        assert_eq!([0, 26, 46, 70].map(of), [Some(0); 4]);
        assert_eq!([108, 116, 144].map(of), [Some(1); 3]);
        // Our pages send 180 and 360.
        let of = |height| layer(&simulcast(2), Shown::Camera { height });
        assert_eq!([0, 46, 144].map(of), [Some(0); 3]);
        assert_eq!(of(200), Some(1));
    }

    #[test]
    fn a_screen_has_the_highest_layer_up_to_360p_and_else_the_lowest() {
        assert_eq!(layer(&simulcast(3), Shown::Screen), Some(0), "270, 540, 1080");
        assert_eq!(layer(&simulcast(4), Shown::Screen), Some(1), "135, 270, 540, 1080");
        assert_eq!(layer(&simulcast(2), Shown::Screen), Some(0), "540, 1080");
    }

    #[test]
    fn a_consumers_mode_says_how_many_layers_it_has() {
        assert_eq!(layer(&mode("L3T3"), Shown::Camera { height: 144 }), Some(1));
        assert_eq!(layer(&mode("L3T3_KEY"), Shown::Camera { height: 46 }), Some(0));
    }

    #[test]
    fn where_there_is_one_layer_there_is_no_choice() {
        assert_eq!(layer(&simulcast(1), Shown::Camera { height: 144 }), None);
        assert_eq!(layer(&mode("L1T3"), Shown::Screen), None);
        assert_eq!(layer(&[], Shown::Screen), None);
    }

    #[test]
    fn any_number_of_layers_has_a_lowest_and_a_highest() {
        for layers in 2..=300 {
            let top = u8::try_from(layers).unwrap_or(u8::MAX) - 1;
            let of = |shown| layer(&simulcast(layers), shown).expect("a choice");
            assert_eq!(of(Shown::Camera { height: 0 }), 0);
            assert_eq!(of(Shown::Camera { height: 9999 }), top);
            assert!(of(Shown::Screen) <= top);
        }
    }
}

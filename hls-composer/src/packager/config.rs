//! What a packager is made of.

use std::path::PathBuf;
use std::time::Duration;

use super::{Address, names};

/// What a broadcast's packager is made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// The room: letters, digits, `_` and `-`, at most 64.
    pub room_id: String,
    /// Its name for viewers, apart from the room's.
    pub address: Option<Address>,
    /// This broadcast's own directory. Created when missing.
    pub dir: PathBuf,
    /// Ticks per second of the output clock: divides 48 000 and is a multiple of 5.
    pub fps: u32,
    /// A name that no broadcast of any room ever had before, spelt like a room id. It is part of
    /// every file name.
    pub incarnation: String,
    /// How far back the DVR playlist reaches; zero for none.
    pub window: Duration,
}

/// Why a packager cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A name cannot be part of a URI.
    #[error("{what} {value:?} must be 1 to 64 letters, digits, '_' or '-'")]
    Name {
        /// Which name.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// The frame rate does not give whole parts.
    #[error("{fps} frames per second must divide 48000 and be a multiple of 5")]
    FrameRate {
        /// The rate.
        fps: u32,
    },
    /// The stored media could not be loaded.
    #[error("loading the stored broadcast stopped: {source}; start it anew")]
    Loading {
        /// Why.
        source: tokio::task::JoinError,
    },
}

impl Config {
    /// Checks the names and the frame rate.
    ///
    /// # Errors
    /// On the first field that is not valid.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (what, value) in [("room id", &self.room_id), ("incarnation", &self.incarnation)] {
            if !names::is_plain(value) {
                return Err(ConfigError::Name { what, value: value.clone() });
            }
        }
        match self.fps {
            fps if fps > 0 && fps.is_multiple_of(5) && 48_000_u32.is_multiple_of(fps) => Ok(()),
            fps => Err(ConfigError::FrameRate { fps }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(room_id: &str, fps: u32, incarnation: &str) -> Config {
        let (room_id, incarnation) = (room_id.to_owned(), incarnation.to_owned());
        let (dir, window) = (PathBuf::from("dir"), Duration::ZERO);
        Config { room_id, address: None, dir, fps, incarnation, window }
    }

    #[test]
    fn names_and_frame_rates_are_checked() {
        for fps in [5, 10, 15, 20, 25, 30, 50, 60] {
            assert!(config("room", fps, "a1").validate().is_ok(), "{fps}");
        }
        for fps in [0, 1, 12, 24, 35, 48_001] {
            let error = config("room", fps, "a1").validate().expect_err("no whole parts");
            assert!(error.to_string().contains("multiple of 5"), "{error}");
        }
        assert!(config("ro/om", 15, "a1").validate().is_err());
        assert!(config("room", 15, "").validate().is_err());
    }
}

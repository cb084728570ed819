//! Frames and PCM from an ingest's pipes, each with its position.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    net::unix::pipe,
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    FRAME_BYTES, SAMPLE_RATE,
    command::LONGEST_SILENCE,
    pace::Pace,
    times::{Grid, Line},
};

/// Names an input; never reused.
pub type InputId = Arc<str>;
/// Where media goes.
pub type MediaSender = mpsc::Sender<Media>;

/// Bytes of one stereo sample.
const SAMPLE_BYTES: usize = 4;
/// 40 ms: as much as one read takes while media flows in real time.
const AUDIO_CHUNK: usize = SAMPLE_RATE as usize / 25 * SAMPLE_BYTES;

/// Decoded media of one generation of one input.
#[derive(Clone, Debug)]
pub struct Media {
    /// Whose.
    pub input: InputId,
    /// Which process decoded it.
    pub generation: u32,
    /// When it left the pipe.
    pub arrived: Instant,
    /// What it is.
    pub payload: Payload,
}

/// A frame or a run of samples.
#[derive(Clone, Debug)]
pub enum Payload {
    /// One I420 picture.
    Frame {
        /// It stands at `index` / fps seconds, and takes the place of an earlier one that stands there.
        index: u64,
        /// [`FRAME_BYTES`] bytes.
        picture: Bytes,
    },
    /// Interleaved stereo samples.
    Samples {
        /// The first stands at `first` / 48000 seconds.
        first: u64,
        /// Left and right.
        samples: Vec<[i16; 2]>,
    },
}

/// How far one process has come; the input watches it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Frames read.
    pub frames: u64,
    /// Samples read.
    pub samples: u64,
    /// When the newest frame arrived.
    pub last_frame: Option<Instant>,
    /// When the newest samples arrived.
    pub last_sample: Option<Instant>,
}

impl Progress {
    /// When media last arrived.
    pub fn last(&self) -> Option<Instant> {
        self.last_frame.max(self.last_sample)
    }
}

/// Why a pipe is read no further.
#[derive(Debug)]
pub enum PipeEnd {
    /// The process closed it.
    Closed,
    /// A timestamp jumped, or sound comes after more silence than is filled in.
    TimeJump,
}

/// Where the media of one process goes, and since when it runs.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Whose.
    pub input: InputId,
    /// Which process.
    pub generation: u32,
    /// Frames per second.
    pub fps: u32,
    /// When the process was started.
    pub spawned: Instant,
    /// The compositor. When it is behind, media is dropped here: positions keep the rest in place.
    pub media: MediaSender,
    /// Told of every arrival.
    pub progress: Arc<watch::Sender<Progress>>,
}

impl Reader {
    /// Reads frames to the end of the pipe, the time of each from `times`. It never waits for anybody, since a full pipe
    /// stops the audio as well.
    pub async fn frames(self, mut pipe: pipe::Receiver, times: pipe::Receiver) -> PipeEnd {
        let mut times = BufReader::new(times).lines();
        let (mut grid, mut pace) = (Grid::new(self.fps), Pace::default());
        while let Some(position) = next_time(&mut times).await {
            let mut picture = vec![0; FRAME_BYTES];
            if pipe.read_exact(&mut picture).await.is_err() {
                break;
            }
            let Some(position) = position else { continue };
            if !pace.keeps(position, self.spawned.elapsed()) {
                return PipeEnd::TimeJump;
            }
            let index = grid.place(position);
            self.deliver(Payload::Frame { index, picture: picture.into() }, |p, now| {
                p.frames += 1;
                p.last_frame = Some(now);
            });
        }
        PipeEnd::Closed
    }

    /// Reads samples to the end of the pipe.
    pub async fn samples(self, mut pipe: pipe::Receiver) -> PipeEnd {
        let mut buffer = [0; AUDIO_CHUNK];
        let mut filled = 0;
        let mut first = 0;
        while let Ok(read @ 1..) = pipe.read(&mut buffer[filled..]).await {
            filled += read;
            let whole = filled - filled % SAMPLE_BYTES;
            let samples: Vec<[i16; 2]> = buffer[..whole]
                .chunks_exact(SAMPLE_BYTES)
                .map(|s| [i16::from_le_bytes([s[0], s[1]]), i16::from_le_bytes([s[2], s[3]])])
                .collect();
            buffer.copy_within(whole..filled, 0);
            filled -= whole;
            if samples.is_empty() {
                continue;
            }
            let count = samples.len() as u64;
            self.deliver(Payload::Samples { first, samples }, |p, now| {
                p.samples += count;
                p.last_sample = Some(now);
            });
            first += count;
        }
        PipeEnd::Closed
    }

    /// Reads the times of sound to the end of the pipe.
    pub async fn sound_times(self, times: pipe::Receiver) -> PipeEnd {
        let mut times = BufReader::new(times).lines();
        let mut pace = Pace::default();
        let mut last = None;
        while let Some(position) = next_time(&mut times).await {
            let Some(position) = position else { continue };
            let silence = position - last.replace(position).unwrap_or(position);
            if silence >= f64::from(LONGEST_SILENCE)
                || !pace.keeps(position, self.spawned.elapsed())
            {
                return PipeEnd::TimeJump;
            }
        }
        PipeEnd::Closed
    }

    fn deliver(&self, payload: Payload, count: impl FnOnce(&mut Progress, Instant)) {
        let arrived = Instant::now();
        let Self { input, generation, .. } = self;
        let media = Media { input: input.clone(), generation: *generation, arrived, payload };
        if self.media.try_send(media).is_err() {
            tracing::debug!(%input, "the compositor is behind: media dropped");
        }
        self.progress.send_modify(|progress| count(progress, arrived));
    }
}

/// The time of the next frame, if it has one; `None` where the pipe ends.
async fn next_time(lines: &mut Lines<BufReader<pipe::Receiver>>) -> Option<Option<f64>> {
    while let Ok(Some(line)) = lines.next_line().await {
        match Line::of(&line) {
            Line::Frame(position) => return Some(Some(position)),
            Line::Timeless => return Some(None),
            Line::Metadata => {}
        }
    }
    None
}

//! The packager's task: takes the encoder's fragments in order and publishes a view per part.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{info, warn};

use super::archive::{Archive, Change};
use super::assembler::{Assembler, Step};
use super::cmaf::{self, Fragment, Init};
use super::config::{Config, ConfigError};
use super::names;
use super::playlist::part_ticks;
use super::poster;
use super::segment::{Map, Part, Segment, duration};
use super::timeline::Timeline;
use super::view::View;
use super::window::{Outline, Window};

/// Inputs that may wait: about four seconds of an encoder's one-frame fragments.
const QUEUE: usize = 256;

/// What happens to a broadcast's media, in order.
#[derive(Debug)]
pub enum Input {
    /// A new encoder: its fragments follow. The first also begins the broadcast.
    Generation {
        /// Its number, used once per incarnation.
        number: u32,
        /// Its initialization section.
        init: Bytes,
        /// The wall time of its first tick.
        anchor: SystemTime,
        /// The number of that tick.
        first_tick: u64,
    },
    /// The next fragment of this generation.
    Fragment(Fragment),
    /// The encoder is gone. Whole samples received are kept: the open part and the open segment
    /// close short.
    GenerationEnded,
    /// The clock skipped. The frames that follow belong to ticks from `first_tick` on; the segment
    /// that begins with the next key frame stands behind a discontinuity.
    Skip {
        /// The wall time of the next frame.
        anchor: SystemTime,
        /// The number of its tick.
        first_tick: u64,
    },
    /// What the canvas shows, an I420 picture, now and then: the poster.
    Picture(Bytes),
    /// The broadcast is over: ENDLIST. The packager stops; the last view stays.
    Finish,
    /// This process stops, the broadcast does not: the open segment closes, everything is saved
    /// durably, the playlist stays open. Answered when saved; the packager stops.
    Suspend(oneshot::Sender<()>),
}

/// The way to a packager. When every sender is dropped without [`Input::Finish`] or
/// [`Input::Suspend`], the packager stops as if killed: what is on disk can be resumed.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Takes the inputs. Full when the packager is behind by several seconds.
    pub input: mpsc::Sender<Input>,
    /// The newest view; it stays readable after the packager has stopped.
    pub view: watch::Receiver<Arc<View>>,
    /// What an operator should look at: why the broadcast is not on disk.
    pub alarm: watch::Receiver<Option<Arc<str>>>,
}

/// A broadcast's packager. It does its work in [`run`](Self::run).
#[derive(Debug)]
pub struct Packager {
    config: Config,
    timeline: Timeline,
    assembler: Assembler,
    skip: Option<Skip>,
    sequence: u32,
    archive: Archive,
    poster: Option<Bytes>,
    input: mpsc::Receiver<Input>,
    view: watch::Sender<Arc<View>>,
    alarm: watch::Sender<Option<Arc<str>>>,
}

/// A skip of the clock that waits for the next key frame.
#[derive(Debug, Clone, Copy)]
struct Skip {
    anchor: SystemTime,
    frame: u64,
}

/// Makes the packager of a new broadcast. Spawn [`Packager::run`].
///
/// # Errors
/// When `config` is not valid. A disk that cannot be written is no error: see
/// [`View::is_degraded`].
pub fn open(config: Config) -> Result<(Handle, Packager), ConfigError> {
    config.validate()?;
    let window = Window::new(config.window);
    let timeline = Timeline::new(&config.incarnation, config.fps).with_window(window);
    Ok(with_timeline(config, timeline, None))
}

pub(super) fn with_timeline(
    config: Config,
    timeline: Timeline,
    poster: Option<Bytes>,
) -> (Handle, Packager) {
    let (sender, input) = mpsc::channel(QUEUE);
    let (alarm, alarms) = watch::channel(None);
    let first = View::before_encoder(timeline.clone()).with_files(&config.dir, poster.clone());
    let (view, receiver) = watch::channel(Arc::new(first));
    let packager = Packager {
        assembler: Assembler::new(part_ticks(config.fps)),
        archive: Archive::new(&config.room_id, config.address.clone(), config.dir.clone()),
        config,
        timeline,
        skip: None,
        sequence: 0,
        poster,
        input,
        view,
        alarm,
    };
    (Handle { input: sender, view: receiver, alarm: alarms }, packager)
}

impl Packager {
    /// Packages until [`Input::Finish`], [`Input::Suspend`] or the end of the inputs.
    pub async fn run(mut self) {
        self.archive.open(&self.timeline).await;
        self.saved();
        self.publish();
        if self.timeline.ended_at().is_some() {
            return;
        }
        while let Some(input) = self.input.recv().await {
            match input {
                Input::Generation { number, init, anchor, first_tick } => {
                    info!(room = self.config.room_id, generation = number, first_tick, "encoder");
                    self.begin_generation(number, init, anchor).await;
                }
                Input::Fragment(fragment) => self.take(fragment).await,
                Input::GenerationEnded => self.end_generation().await,
                Input::Skip { anchor, first_tick } => {
                    info!(room = self.config.room_id, first_tick, "the clock skipped");
                    self.skip_to(anchor);
                }
                Input::Picture(picture) => self.draw(picture).await,
                Input::Finish => {
                    self.end_generation().await;
                    self.timeline.end(SystemTime::now());
                    self.archive.close(&self.timeline).await;
                    self.saved();
                    return self.publish();
                }
                Input::Suspend(saved) => {
                    self.end_generation().await;
                    self.archive.close(&self.timeline).await;
                    self.saved();
                    self.show();
                    // Nobody may be waiting any more; the broadcast is saved all the same.
                    let _ = saved.send(());
                    return;
                }
            }
        }
    }

    async fn begin_generation(&mut self, number: u32, init: Bytes, anchor: SystemTime) {
        self.end_generation().await;
        let init = match Init::parse(init) {
            Ok(init) => init,
            Err(error) => {
                warn!(room = self.config.room_id, generation = number, %error, "unusable encoder");
                return;
            }
        };
        let map = Arc::new(Map { name: names::init(&self.config.incarnation, number), init });
        let forgotten = self.timeline.begin_run(Arc::clone(&map), anchor);
        self.assembler = Assembler::new(part_ticks(self.config.fps));
        self.save(Change::Generation(&map), &forgotten).await;
        self.publish();
    }

    async fn take(&mut self, fragment: Fragment) {
        for step in self.assembler.push(fragment) {
            match step {
                Step::KeyFrame { frame } => self.begin_segment(frame).await,
                Step::Part(samples) => {
                    self.push_part(&samples).await;
                    self.publish();
                }
            }
        }
    }

    /// A key frame begins a segment. Usually the last one is full and closed by then; it closes
    /// early when the encoder inserted the key frame.
    async fn begin_segment(&mut self, frame: u64) {
        let forgotten = match (self.skip.take(), self.timeline.map().cloned()) {
            (Some(skip), Some(map)) => {
                let since = duration(frame.saturating_sub(skip.frame), self.config.fps);
                self.timeline.begin_run(map, skip.anchor + since)
            }
            _ => self.timeline.close_segment(),
        };
        self.save(Change::Closed, &forgotten).await;
    }

    async fn push_part(&mut self, samples: &Fragment) {
        let Some(map) = self.timeline.map() else { return };
        self.sequence = self.sequence.wrapping_add(1);
        let data = match cmaf::join(&map.init, self.sequence, samples) {
            Ok(data) => data,
            Err(error) => {
                warn!(room = self.config.room_id, %error, "a part is lost");
                return;
            }
        };
        let part = Part {
            ticks: u32::try_from(samples.video.len()).unwrap_or(u32::MAX),
            independent: samples.video.first().is_some_and(|sample| sample.is_key_frame()),
            data: data.clone(),
        };
        let offset = self.timeline.open().map_or(0, Segment::bytes);
        let forgotten = self.timeline.push_part(part);
        self.save(Change::Part { data, offset }, &forgotten).await;
    }

    /// What is left of the open part is shown with its segment closed: short as it is nothing can follow it there.
    async fn end_generation(&mut self) {
        if let Some(Step::Part(samples)) = self.assembler.flush() {
            self.push_part(&samples).await;
        }
        self.skip = None;
        let forgotten = self.timeline.end_run();
        self.save(Change::Closed, &forgotten).await;
        self.publish();
    }

    async fn save(&mut self, change: Change<'_>, forgotten: &[Arc<Outline>]) {
        self.archive.save(&self.timeline, change, forgotten).await;
        self.saved();
    }

    fn saved(&mut self) {
        if !self.archive.is_degraded() {
            self.timeline.saved();
        }
        self.alarm.send_if_modified(|alarm| {
            let changed = alarm.as_ref() != self.archive.alarm();
            *alarm = self.archive.alarm().cloned();
            changed
        });
    }

    /// The next view has the new poster.
    async fn draw(&mut self, picture: Bytes) {
        match tokio::task::spawn_blocking(move || poster::encode(&picture)).await {
            Ok(Ok(poster)) => {
                self.archive.save_poster(&poster).await;
                self.saved();
                self.poster = Some(poster);
            }
            Ok(Err(error)) => warn!(room = self.config.room_id, %error, "no poster"),
            Err(error) => warn!(room = self.config.room_id, %error, "no poster"),
        }
    }

    fn skip_to(&mut self, anchor: SystemTime) {
        self.skip = Some(Skip { anchor, frame: self.assembler.frames() });
        self.timeline.expect_discontinuity();
        self.publish();
    }

    /// Between two encoders nothing can be hinted, and a list that ends without a hint makes hls.js 1.7 take its last
    /// segment for the next one: viewers keep the list they have until the new encoder's first hint.
    fn publish(&self) {
        let ended = self.timeline.ended_at().is_some();
        let listed = self.timeline.newest_closed().is_some();
        if ended || !listed || self.timeline.hint().is_some() {
            self.show();
        }
    }

    fn show(&self) {
        let view = View::new(self.timeline.clone(), self.archive.is_degraded());
        let view = view.with_files(&self.config.dir, self.poster.clone());
        self.view.send_replace(Arc::new(view));
    }
}

//! The packager's task: takes the encoder's fragments in order and publishes a view per part.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{info, warn};

use super::Address;
use super::archive::{Archive, Change};
use super::assembler::{Assembler, Step};
use super::cmaf::{self, Fragment, Init};
use super::config::{Config, ConfigError};
use super::names;
use super::playlist::part_ticks;
use super::poster;
use super::segment::{Map, Part, Segment};
use super::store::Writer;
use super::timeline::{TARGET, Timeline};
use super::view::View;
use super::window::{Outline, Window};

/// Inputs that may wait: about four seconds of an encoder's one-frame fragments.
const QUEUE: usize = 256;
/// How long media waits for a poster, which takes a millisecond to draw once a thread is free: as long as for the disk.
const PATIENCE: Duration = Duration::from_millis(600);

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
    /// What the canvas shows, an I420 picture, now and then: the poster.
    Picture(Bytes),
    /// The broadcast is over: ENDLIST. The packager stops; the last view stays.
    Finish,
    /// This process stops, the broadcast does not: the open segment closes, everything is saved
    /// durably, the playlist stays open. Answered when saved; the packager stops.
    Suspend(oneshot::Sender<()>),
}

/// The way to a packager. When every `input` is dropped without [`Input::Finish`] or
/// [`Input::Suspend`], the packager stops as if killed: what is on disk can be resumed.
#[derive(Debug, Clone)]
pub struct Handle {
    /// Takes the inputs. Full when the packager is behind by several seconds.
    pub input: mpsc::Sender<Input>,
    /// The broadcast's name for viewers, as the next process is to find it: on disk with the next segment.
    pub address: watch::Sender<Option<Address>>,
    /// The newest view; it stays readable after the packager has stopped.
    pub view: watch::Receiver<Arc<View>>,
    /// What an operator should look at: why the broadcast is not on disk.
    pub alarm: watch::Receiver<Option<Arc<str>>>,
    /// Tells when the packager's directory is written no more.
    pub writer: Writer,
}

/// A broadcast's packager. It does its work in [`run`](Self::run).
#[derive(Debug)]
pub struct Packager {
    config: Config,
    timeline: Timeline,
    assembler: Assembler,
    sequence: u32,
    archive: Archive,
    poster: Option<Bytes>,
    /// A poster that is too late, and still waits for its thread.
    late: Option<JoinHandle<Result<Bytes, poster::Error>>>,
    input: mpsc::Receiver<Input>,
    view: watch::Sender<Arc<View>>,
    alarm: watch::Sender<Option<Arc<str>>>,
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
    let (address, addresses) = watch::channel(config.address.clone());
    let archive = Archive::new(&config.room_id, addresses, config.dir.clone());
    let writer = archive.writer();
    let packager = Packager {
        assembler: Assembler::new(part_ticks(config.fps)),
        archive,
        config,
        timeline,
        sequence: 0,
        poster,
        late: None,
        input,
        view,
        alarm,
    };
    (Handle { input: sender, address, view: receiver, alarm: alarms, writer }, packager)
}

impl Packager {
    /// Keeps files that it does not know, under a name that is this process's: some could not be read.
    pub(super) fn setting_aside(mut self) -> Self {
        self.archive.set_aside(names::unread(&self.config.incarnation));
        self
    }

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
                Input::Picture(picture) => self.draw(picture).await,
                Input::Finish => {
                    self.end_generation().await;
                    let farewell = self.show_last_part();
                    self.timeline.end(SystemTime::now());
                    self.archive.close(&self.timeline).await;
                    self.saved();
                    sleep_until(farewell).await;
                    return self.publish();
                }
                Input::Suspend(saved) => {
                    self.end_generation().await;
                    self.archive.close(&self.timeline).await;
                    self.saved();
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
        let mut longer = false;
        for step in self.assembler.push(fragment) {
            match step {
                // A key frame begins a segment. Usually the last one is full and closed by then; it closes early when
                // the encoder inserted the key frame.
                Step::KeyFrame => self.close_segment().await,
                Step::Part(samples) => {
                    longer = true;
                    self.push_part(&samples).await;
                }
            }
        }
        if longer {
            self.save_begun().await;
            self.publish();
        }
    }

    async fn close_segment(&mut self) {
        let forgotten = self.timeline.close_segment();
        self.save(Change::Closed, &forgotten).await;
    }

    /// What is hinted next outlives this process as well.
    async fn save_begun(&mut self) {
        let (Some(begun), Some(map)) = (self.assembler.begun(), self.timeline.map()) else {
            return;
        };
        let Ok(data) = cmaf::join(&map.init, self.sequence.wrapping_add(1), begun) else { return };
        self.archive.save_begun(&self.timeline, data).await;
        self.saved();
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

    /// What is left of the open part closes its segment, short as it is: nothing can follow it there.
    async fn end_generation(&mut self) {
        if let Some(samples) = self.assembler.flush() {
            self.push_part(&samples).await;
        }
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

    /// The next view has the new poster, unless no thread is free in time: then this one is left out, and so are further
    /// ones while it waits.
    async fn draw(&mut self, picture: Bytes) {
        if self.late.as_ref().is_some_and(|late| !late.is_finished()) {
            return;
        }
        let mut drawing = spawn_blocking(move || poster::encode(&picture));
        let drawn = timeout(PATIENCE, &mut drawing).await;
        self.late = drawn.is_err().then_some(drawing);
        match drawn {
            Ok(Ok(Ok(poster))) => {
                self.archive.save_poster(&poster).await;
                self.saved();
                self.poster = Some(poster);
            }
            Ok(Ok(Err(error))) => warn!(room = self.config.room_id, %error, "no poster"),
            Ok(Err(error)) => warn!(room = self.config.room_id, %error, "no poster"),
            Err(_) => warn!(room = self.config.room_id, "no poster: no thread is free to draw it"),
        }
    }

    /// The last part is listed before the end is, and long enough to be fetched: a player that is given both at once is
    /// content with what it has of the segment, waits for the rest, and never ends. Says until when.
    fn show_last_part(&self) -> Instant {
        let now = Instant::now();
        let Some(before) = self.timeline.before_end() else { return now };
        let degraded = self.archive.is_degraded();
        let view = View::new(before, degraded).with_media(self.timeline.clone(), degraded);
        let view = view.with_files(&self.config.dir, self.poster.clone());
        self.view.send_replace(Arc::new(view));
        now + TARGET
    }

    /// Lists change when they can say what comes next, or that nothing does; media is served at once.
    fn publish(&self) {
        let ended = self.timeline.ended_at().is_some();
        let listed = self.timeline.newest_closed().is_some();
        let (timeline, degraded) = (self.timeline.clone(), self.archive.is_degraded());
        let view = match ended || !listed || timeline.hint().is_some() {
            true => View::new(timeline, degraded),
            false => self.view.borrow().with_media(timeline, degraded),
        };
        let view = view.with_files(&self.config.dir, self.poster.clone());
        self.view.send_replace(Arc::new(view));
    }
}

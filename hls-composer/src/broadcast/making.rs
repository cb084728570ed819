//! How the directory makes broadcasts, new ones and those that go on.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::distr::{Alphanumeric, SampleString as _};

use super::{
    BroadcastError, Handle,
    actor::{self, BroadcastConfig},
    entry::{Entry, Kept, Restarts},
    fencing,
    keeper::{Event, Keeper, Packaged},
    pipeline::Pipeline,
    removal::Files,
};
use crate::{
    cores::{Admission, Core},
    encoder,
    ingest::IngestConfig,
    packager::{self, Address},
};

/// What a broadcast costs is not measured before it is as old as this.
const YOUNG: Duration = Duration::from_secs(10);

/// How a broadcast begins.
pub enum Start {
    /// With an empty playlist, for this attempt.
    New(u64),
    /// With what a former process left.
    Recovered,
    /// With what it had before it failed.
    Revived {
        /// The newest attempt that had asked for it.
        epoch: u64,
        /// How often that has happened.
        restarts: Restarts,
        /// Why it failed.
        reason: String,
    },
}

impl Keeper {
    /// The room's broadcast; a new one when there is none, it has ended, or viewers know it by another name.
    pub fn ensure(
        &mut self,
        room: &str,
        address: Option<Address>,
        epoch: u64,
    ) -> Result<Handle, BroadcastError> {
        if self.stopping.is_some() {
            return Err(BroadcastError::ShuttingDown);
        }
        // One whose task is gone a moment ago starts again as soon as this one hears of it.
        let has_failed = self.entries.get(room).is_some_and(Entry::has_failed);
        if self.reviving.contains_key(room) || has_failed {
            return Err(BroadcastError::StartingAgain(room.into()));
        }
        if let Some(entry) = self.entries.get_mut(room).filter(|entry| !entry.is_over()) {
            // Before anything is changed: an attempt that was overtaken while it was on its way takes nothing from the newer.
            fencing::open(entry.epoch, epoch)?;
            entry.epoch = epoch;
            let handle = entry.handle.clone();
            if address.is_none() || address == entry.address {
                return Ok(handle);
            }
            // An SFU that guards its rooms from now on, or no more: nobody who watches is interrupted by that.
            let watched =
                |address: &Option<Address>| address.as_ref().map(|it| it.watch_id.clone());
            if watched(&address) == watched(&entry.address) {
                entry.rename(address);
                self.publish();
                return Ok(handle);
            }
        }
        // Viewers of an ended playlist have its end; a new one takes the URL over. Another name means another room under
        // a known id, whose viewers are not the former one's.
        self.retire(room);
        let live = self.entries.values().filter(|entry| !entry.is_over()).count();
        if live >= self.config.max_broadcasts {
            return Err(BroadcastError::TooManyBroadcasts(live));
        }
        let cpu = Admission { budget: self.config.cpu_budget }.admit(self.cores())?;
        let incarnation = incarnation();
        let config = packager::Config {
            address: address.clone(),
            // No other broadcast has this directory: a former one of the room may write into its own as long as it takes.
            dir: self.config.data_dir.join(format!("{room}.{incarnation}")),
            ..self.packager_config(room, incarnation)
        };
        let media = config.dir.clone();
        let packaged = packager::open(config)?;
        let files = Files { room: room.into(), sdp: self.sdp(&media), media, writer: None };
        Ok(self.insert(files, address, cpu, packaged, Start::New(epoch)))
    }

    /// Lets go of the room's broadcast, whose task ends in its own time. Its files are removed then.
    fn retire(&mut self, room: &str) {
        if let Some(entry) = self.entries.remove(room) {
            if entry.is_over() {
                entry.task.abort();
            } else {
                self.tasks.spawn(async move {
                    entry.handle.suspend().await;
                    Event::Done
                });
            }
        }
        if let Some(Kept { files, timer, .. }) = self.kept.remove(room) {
            timer.abort();
            self.remover.remove(files);
        }
        self.publish();
    }

    /// Makes a broadcast of what is packaged, and starts it.
    pub fn insert(
        &mut self,
        files: Files,
        address: Option<Address>,
        cpu: usize,
        (packaged, packager): Packaged,
        start: Start,
    ) -> Handle {
        let room = files.room.clone();
        let told = Address::told(address.as_ref(), &room);
        let files = Files { writer: Some(packaged.writer.clone()), ..files };
        // What was on disk may be an older one.
        let written = packaged.address.clone();
        written.send_replace(address.clone());
        let encoder = encoder::Config {
            room_id: room.clone(),
            launcher: self.config.launcher.clone(),
            ffmpeg: self.config.ffmpeg.clone(),
            cpu,
            fps: self.config.fps,
        };
        let pipeline = Pipeline::start(encoder, packaged, packager);
        let (recovered, epoch, restarts, failure) = match start {
            Start::New(epoch) => (false, epoch, Restarts::default(), None),
            Start::Recovered => (true, 0, Restarts::default(), None),
            Start::Revived { epoch, restarts, reason } => {
                let alarm = format!("The broadcast was started again because {reason}.");
                (true, epoch, restarts, Some(Arc::from(alarm)))
            }
        };
        let config = BroadcastConfig {
            room_id: Arc::from(room.as_str()),
            playlist_url: format!("{}/hls/{told}/index.m3u8", self.config.public_url),
            ingest: IngestConfig {
                launcher: self.config.launcher.clone(),
                ffmpeg: self.config.ffmpeg.clone(),
                cpu,
                fps: self.config.fps,
                dir: files.sdp.clone(),
                sdp_jobs: Arc::clone(&self.sdp_jobs),
                media: pipeline.media.clone(),
            },
            ports: self.config.ports.clone(),
            claim_grace: self.config.claim_grace,
            keep: self.config.keep,
            max_inputs: self.config.max_inputs,
            failure,
        };
        let (handle, broadcast) = actor::prepare(config, pipeline, recovered);
        let task = self.tasks.spawn(async move { Event::Ended(broadcast.run().await) });
        self.files.insert(task.id(), files);
        let since = Instant::now();
        let entry =
            Entry { handle: handle.clone(), epoch, address, written, cpu, since, task, restarts };
        self.entries.insert(room, entry);
        self.publish();
        handle
    }

    pub fn cores(&self) -> Vec<Core> {
        let loads = self.loads.borrow();
        let on = |cpu: usize| self.entries.values().filter(move |entry| entry.cpu == cpu);
        let count = |entries: usize| u32::try_from(entries).unwrap_or(u32::MAX);
        let core = |&cpu: &usize| Core {
            cpu,
            load: loads.get(&cpu).copied().unwrap_or_default(),
            broadcasts: count(on(cpu).count()),
            young: count(on(cpu).filter(|entry| entry.since.elapsed() < YOUNG).count()),
        };
        self.config.cpus.iter().map(core).collect()
    }

    pub fn packager_config(&self, room: &str, incarnation: String) -> packager::Config {
        packager::Config {
            room_id: room.into(),
            address: None,
            dir: self.config.data_dir.join(room),
            fps: self.config.fps,
            incarnation,
            window: self.config.dvr,
        }
    }

    /// Where the inputs of a broadcast have their SDP files: under the name of its media.
    pub fn sdp(&self, media: &Path) -> PathBuf {
        self.config.sdp_dir.join(media.file_name().unwrap_or_default())
    }
}

/// A name no broadcast had before, and later in the alphabet than those before: the time, and a bit of chance for two in
/// one millisecond.
pub fn incarnation() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}{}", since.as_millis(), Alphanumeric.sample_string(&mut rand::rng(), 4))
}

//! The directory's task. It owns what is known of every broadcast, and awaits nothing but events: a disk that hangs, a
//! broadcast that takes its time to stop and a directory that is removed each have a task of their own, whose end is an
//! event. So one room's trouble never keeps another room's request waiting.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use daemon::deadline;
use rand::distr::{Alphanumeric, SampleString as _};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{Id, JoinError, JoinHandle, JoinSet},
};

use super::{
    BroadcastError, Handle,
    actor::{self, BroadcastConfig, Ended},
    directory::{DirectoryConfig, Request},
    entry::{Entry, Kept, Restarts, Reviving},
    pipeline::Pipeline,
    removal::{Files, Remover},
    watched::cause,
};
use crate::{
    cores::{Admission, Core, Loads},
    encoder,
    http::Rooms,
    ingest::IngestConfig,
    packager::{self, Address},
};

/// What a broadcast costs is not measured before it is as old as this.
const YOUNG: Duration = Duration::from_secs(10);
/// How long all broadcasts together may take to be saved: systemd ends the process after ten seconds.
const SUSPENSION: Duration = Duration::from_secs(8);

/// A packager on its way into a broadcast.
pub type Packaged = (packager::Handle, packager::Packager);

/// What ends in a task of its own.
pub enum Event {
    /// A broadcast.
    Ended(Ended),
    /// The time of a broadcast that ended in a former process.
    KeptLongEnough(String),
    /// Reading a broadcast that failed from disk again.
    Revived(String, Result<Packaged, String>),
    /// Telling a broadcast to save itself.
    Suspended,
    /// Something nobody waits for.
    Done,
}

/// See the module.
pub struct Keeper {
    pub config: DirectoryConfig,
    pub entries: BTreeMap<String, Entry>,
    pub reviving: BTreeMap<String, Reviving>,
    pub kept: BTreeMap<String, Kept>,
    pub tasks: JoinSet<Event>,
    pub remover: Remover,
    /// The files of each broadcast's task.
    files: HashMap<Id, Files>,
    publisher: watch::Sender<Arc<Rooms>>,
    loads: watch::Receiver<Loads>,
    metering: JoinHandle<()>,
    stopping: Option<Stopping>,
}

/// SIGTERM: whom to tell, and what is waited for.
struct Stopping {
    reply: oneshot::Sender<()>,
    unsaved: usize,
    until: tokio::time::Instant,
}

impl Keeper {
    pub fn new(
        config: DirectoryConfig,
        publisher: watch::Sender<Arc<Rooms>>,
        loads: watch::Receiver<Loads>,
        metering: JoinHandle<()>,
    ) -> Self {
        Self {
            config,
            entries: BTreeMap::new(),
            reviving: BTreeMap::new(),
            kept: BTreeMap::new(),
            tasks: JoinSet::new(),
            remover: Remover::start(),
            files: HashMap::new(),
            publisher,
            loads,
            metering,
            stopping: None,
        }
    }

    /// Runs until everything is suspended, or something is gone without which no broadcast can be.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let (launcher, ports) = (self.config.launcher.clone(), self.config.ports.clone());
        loop {
            let late = self.stopping.as_ref().map(|stopping| stopping.until);
            tokio::select! {
                Some(end) = self.tasks.join_next_with_id() => match end {
                    Ok((task, event)) => self.take(task, event),
                    Err(error) => self.task_failed(error),
                },
                request = inbox.recv() => match request {
                    None => return,
                    Some(request) => self.answer(request),
                },
                () = deadline::at(late) => {
                    tracing::error!("not every broadcast is saved in time; look at the disk of --data-dir");
                    return;
                }
                _ = &mut self.metering => return tracing::error!("the meter of the cores is gone"),
                () = launcher.gone() => return tracing::error!("the launcher of processes is gone"),
                () = ports.gone() => return tracing::error!("the pool of ports is gone"),
            }
            if let Some(stopping) = self.stopping.take_if(|stopping| stopping.unsaved == 0) {
                // Whoever stops the process may not wait any more.
                _ = stopping.reply.send(());
                return;
            }
        }
    }

    fn answer(&mut self, request: Request) {
        match request {
            // An asker that is gone needs no answer.
            Request::Find { room, reply } => {
                drop(reply.send(self.entries.get(&room).map(|entry| entry.handle.clone())));
            }
            Request::List(reply) => {
                drop(reply.send(self.entries.values().map(|entry| entry.handle.clone()).collect()));
            }
            Request::Ensure { room, address, reply } => {
                drop(reply.send(self.ensure(&room, address)));
            }
            Request::Suspend(reply) => self.suspend(reply),
            #[cfg(test)]
            Request::Poison => panic!("the directory is poisoned"),
        }
    }

    fn suspend(&mut self, reply: oneshot::Sender<()>) {
        for entry in self.entries.values() {
            let handle = entry.handle.clone();
            self.tasks.spawn(async move {
                handle.suspend().await;
                Event::Suspended
            });
        }
        let until = tokio::time::Instant::now() + SUSPENSION;
        self.stopping = Some(Stopping { reply, unsaved: self.entries.len(), until });
    }

    fn ensure(&mut self, room: &str, address: Option<Address>) -> Result<Handle, BroadcastError> {
        if self.stopping.is_some() {
            return Err(BroadcastError::ShuttingDown);
        }
        if self.reviving.contains_key(room) {
            return Err(BroadcastError::StartingAgain(room.into()));
        }
        if let Some(entry) = self.entries.get(room)
            && !entry.is_over()
            && (address.is_none() || address == entry.address)
        {
            return Ok(entry.handle.clone());
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
        Ok(self.insert(files, address, cpu, packaged, Start::New))
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
        let encoder = encoder::Config {
            room_id: room.clone(),
            launcher: self.config.launcher.clone(),
            ffmpeg: self.config.ffmpeg.clone(),
            cpu,
            fps: self.config.fps,
        };
        let pipeline = Pipeline::start(encoder, packaged, packager);
        let (recovered, restarts, failure) = match start {
            Start::New => (false, Restarts::default(), None),
            Start::Recovered => (true, Restarts::default(), None),
            Start::Revived(restarts, reason) => {
                let alarm = format!("The broadcast was started again because {reason}.");
                (true, restarts, Some(Arc::from(alarm)))
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
        let entry = Entry { handle: handle.clone(), address, cpu, since, task, restarts };
        self.entries.insert(room, entry);
        self.publish();
        handle
    }

    fn take(&mut self, task: Id, event: Event) {
        match event {
            Event::Ended(ended) => self.broadcast_ended(task, ended),
            Event::KeptLongEnough(room) => {
                if let Some(Kept { files, .. }) = self.kept.remove(&room) {
                    self.publish();
                    self.remover.remove(files);
                }
            }
            Event::Revived(room, packaged) => self.revived(&room, packaged),
            Event::Suspended => {
                if let Some(stopping) = &mut self.stopping {
                    stopping.unsaved = stopping.unsaved.saturating_sub(1);
                }
            }
            Event::Done => {}
        }
    }

    /// A task panicked, or was aborted because its time was over.
    fn task_failed(&mut self, error: JoinError) {
        let (task, cancelled) = (error.id(), error.is_cancelled());
        let reason = cause(error);
        let read =
            self.reviving.iter().find(|(_, it)| it.task == task).map(|(room, _)| room.clone());
        if self.files.contains_key(&task) {
            let ended = match cancelled {
                true => Ended::Over,
                false => Ended::Failed(format!("its task {reason}")),
            };
            self.broadcast_ended(task, ended);
        } else if let Some(room) = read {
            self.revived(&room, Err(reason));
        } else if !cancelled {
            tracing::error!(reason, "a task of the directory failed");
        }
    }

    fn broadcast_ended(&mut self, task: Id, ended: Ended) {
        let Some(files) = self.files.remove(&task) else { return };
        let is_current = |entry: &Entry| entry.task.id() == task;
        if !self.entries.get(&files.room).is_some_and(is_current) {
            // It was retired.
            return self.remover.remove(files);
        }
        match ended {
            Ended::Suspended => {}
            Ended::Over => {
                self.entries.remove(&files.room);
                self.publish();
                self.remover.remove(files);
            }
            // The next process goes on with it.
            Ended::Failed(reason) if self.stopping.is_some() => {
                tracing::error!(room = files.room, reason, "a broadcast failed while it was saved");
            }
            Ended::Failed(reason) => self.revive(files, reason),
        }
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
    pub fn sdp(&self, media: &std::path::Path) -> std::path::PathBuf {
        self.config.sdp_dir.join(media.file_name().unwrap_or_default())
    }

    /// Shows the HTTP listener what there is.
    pub fn publish(&self) {
        let kept = self.kept.iter().map(|(room, it)| (room, &it.address, &it.view));
        let reviving = self.reviving.iter().map(|(room, it)| (room, &it.address, &it.view));
        let entries = self.entries.iter().map(|(room, it)| (room, &it.address, &it.handle.view));
        let rooms: Rooms = kept
            .chain(reviving)
            .chain(entries)
            .flat_map(|(room, address, view)| {
                let names = Address::all(address.as_ref(), room);
                names.map(|name| (name.to_owned(), view.clone()))
            })
            .collect();
        self.publisher.send_replace(Arc::new(rooms));
    }
}

/// How a broadcast begins.
pub enum Start {
    /// With an empty playlist.
    New,
    /// With what a former process left.
    Recovered,
    /// With what it had before it failed, for this reason.
    Revived(Restarts, String),
}

/// A name no broadcast had before, and later in the alphabet than those before: the time, and a bit of chance for two in
/// one millisecond.
pub fn incarnation() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}{}", since.as_millis(), Alphanumeric.sample_string(&mut rand::rng(), 4))
}

//! The directory: one task that knows every broadcast, makes new ones, and finds those a former process left behind.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::distr::{Alphanumeric, SampleString as _};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, JoinHandle, JoinSet, spawn_blocking},
};

use super::{
    BroadcastError, Handle, Phase,
    actor::{self, BroadcastConfig},
    pipeline::Pipeline,
};
use crate::{
    cores::{self, Admission, Core, Loads},
    encoder,
    http::Rooms,
    ingest::IngestConfig,
    packager::{self, Address, Recovered, View},
    ports::Ports,
    process::Launcher,
};

/// Requests that may wait for the directory.
const MAILBOX: usize = 256;
/// What a broadcast costs is not measured before it is as old as this.
const YOUNG: Duration = Duration::from_secs(10);

/// What broadcasts are made of.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// Where media is kept, a directory per room.
    pub data_dir: PathBuf,
    /// Where SDP files are kept; emptied with the process.
    pub sdp_dir: PathBuf,
    /// The FFmpeg.
    pub ffmpeg: OsString,
    /// The cores broadcasts share.
    pub cpus: Vec<usize>,
    /// Percent of a core that may be used.
    pub cpu_budget: u32,
    /// Broadcasts at the same time.
    pub max_broadcasts: usize,
    /// Inputs of one broadcast.
    pub max_inputs: usize,
    /// Ticks per second.
    pub fps: u32,
    /// Origin of playlist URLs; empty for relative ones.
    pub public_url: String,
    /// How long a broadcast without a claim lives.
    pub claim_grace: Duration,
    /// How long an ended playlist stays.
    pub keep: Duration,
    /// How far back the DVR playlist reaches; zero for none.
    pub dvr: Duration,
    /// Forks FFmpegs.
    pub launcher: Launcher,
    /// Where inputs get their ports.
    pub ports: Ports,
}

/// Finds and makes broadcasts. Clones reach the same directory.
#[derive(Clone, Debug)]
pub struct Directory {
    requests: mpsc::Sender<Request>,
    /// What the HTTP listener serves.
    pub rooms: watch::Receiver<Arc<Rooms>>,
}

#[derive(Debug)]
enum Request {
    Find {
        room: String,
        reply: oneshot::Sender<Option<Handle>>,
    },
    List(oneshot::Sender<Vec<Handle>>),
    Ensure {
        room: String,
        address: Option<Address>,
        reply: oneshot::Sender<Result<Handle, BroadcastError>>,
    },
    Suspend(oneshot::Sender<()>),
}

impl Directory {
    /// Starts the directory and every unfinished broadcast of a former process: clock, encoder and slate run before any
    /// claim returns.
    pub async fn start(config: DirectoryConfig) -> Self {
        let (requests, inbox) = mpsc::channel(MAILBOX);
        let (publisher, rooms) = watch::channel(Arc::default());
        let (metered, loads) = watch::channel(Loads::new());
        tokio::spawn(cores::measure(config.launcher.thread(), config.cpus.clone(), metered));
        let mut keeper = Keeper {
            config,
            entries: BTreeMap::new(),
            kept: BTreeMap::new(),
            ended: JoinSet::new(),
            publisher,
            loads,
        };
        keeper.recover().await;
        tokio::spawn(keeper.run(inbox));
        Self { requests, rooms }
    }

    /// The room's broadcast.
    pub async fn find(&self, room: &str) -> Result<Handle, BroadcastError> {
        let found = self.ask(|reply| Request::Find { room: room.into(), reply }).await?;
        found.ok_or_else(|| BroadcastError::UnknownBroadcast(room.into()))
    }

    /// Every broadcast.
    pub async fn list(&self) -> Vec<Handle> {
        self.ask(Request::List).await.unwrap_or_default()
    }

    /// The room's broadcast; a new one when there is none, it has ended, or viewers know it by another name.
    pub async fn ensure(
        &self,
        room: &str,
        address: Option<Address>,
    ) -> Result<Handle, BroadcastError> {
        self.ask(|reply| Request::Ensure { room: room.into(), address, reply }).await?
    }

    /// SIGTERM: no new broadcasts, all open ones are saved and left open.
    pub async fn suspend(&self) {
        if self.ask(Request::Suspend).await.is_err() {
            tracing::debug!("the directory was gone already");
        }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, BroadcastError> {
        let (reply, answer) = oneshot::channel();
        let gone = |_| BroadcastError::ShuttingDown;
        self.requests.send(request(reply)).await.map_err(|_| BroadcastError::ShuttingDown)?;
        answer.await.map_err(gone)
    }
}

struct Keeper {
    config: DirectoryConfig,
    entries: BTreeMap<String, Entry>,
    /// Broadcasts that ended in a former process and can still be watched.
    kept: BTreeMap<String, Kept>,
    /// Rooms whose broadcasts are over.
    ended: JoinSet<String>,
    publisher: watch::Sender<Arc<Rooms>>,
    loads: watch::Receiver<Loads>,
}

struct Entry {
    handle: Handle,
    address: Option<Address>,
    cpu: usize,
    since: Instant,
    task: JoinHandle<()>,
}

struct Kept {
    address: Option<Address>,
    view: watch::Receiver<Arc<View>>,
    timer: AbortHandle,
}

impl Entry {
    fn is_over(&self) -> bool {
        self.handle.status.borrow().phase == Phase::Ended || self.task.is_finished()
    }
}

impl Keeper {
    async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        loop {
            tokio::select! {
                Some(ended) = self.ended.join_next() => if let Ok(room) = ended {
                    self.forget(&room).await;
                },
                request = inbox.recv() => match request {
                    None => return,
                    // An asker that is gone needs no answer.
                    Some(Request::Find { room, reply }) => {
                        drop(reply.send(self.entries.get(&room).map(|entry| entry.handle.clone())));
                    }
                    Some(Request::List(reply)) => {
                        let all = self.entries.values().map(|entry| entry.handle.clone());
                        drop(reply.send(all.collect()));
                    }
                    Some(Request::Ensure { room, address, reply }) => {
                        drop(reply.send(self.ensure(&room, address).await));
                    }
                    Some(Request::Suspend(reply)) => {
                        let mut saving: JoinSet<()> = JoinSet::new();
                        for entry in self.entries.values() {
                            let handle = entry.handle.clone();
                            saving.spawn(async move { handle.suspend().await });
                        }
                        while saving.join_next().await.is_some() {}
                        _ = reply.send(());
                        return;
                    }
                },
            }
        }
    }

    async fn ensure(
        &mut self,
        room: &str,
        address: Option<Address>,
    ) -> Result<Handle, BroadcastError> {
        if let Some(entry) = self.entries.get(room) {
            if !entry.is_over() && (address.is_none() || address == entry.address) {
                return Ok(entry.handle.clone());
            }
            // Viewers of an ended playlist have its end; a new one takes the URL over. Another name means another room
            // under a known id, whose viewers are not the former one's.
            if let Some(entry) = self.entries.remove(room) {
                if !entry.is_over() {
                    // It writes its files no more.
                    entry.handle.suspend().await;
                }
                entry.task.abort();
            }
            self.clear(room).await;
        }
        if let Some(kept) = self.kept.remove(room) {
            kept.timer.abort();
        }
        let live = self.entries.values().filter(|entry| !entry.is_over()).count();
        if live >= self.config.max_broadcasts {
            return Err(BroadcastError::TooManyBroadcasts(live));
        }
        let cpu = Admission { budget: self.config.cpu_budget }.admit(self.cores())?;
        let dir = self.config.data_dir.join(room);
        remove(dir.clone()).await;
        let config = packager::Config { address: address.clone(), ..self.packager_config(room) };
        let (handle, packager) = packager::open(config)?;
        Ok(self.insert(room, address, cpu, (handle, packager), false))
    }

    async fn recover(&mut self) {
        let data_dir = self.config.data_dir.clone();
        let recovered = spawn_blocking(move || packager::scan(&data_dir)).await.unwrap_or_default();
        for found in recovered {
            let room = found.room_id.clone();
            if found.ended_at.is_some() {
                self.keep_ended(found).await;
                continue;
            }
            let address = found.address.clone();
            match packager::resume(self.packager_config(&room), found).await {
                Ok(packaged) => {
                    tracing::info!(%room, "broadcast of a former process goes on");
                    // It goes on whatever the load.
                    let cpu = Admission::least(self.cores()).map_or(0, |core| core.cpu);
                    self.insert(&room, address, cpu, packaged, true);
                }
                Err(error) => tracing::error!(%room, %error, "a broadcast cannot be resumed"),
            }
        }
        self.publish();
    }

    /// A playlist that ended before the restart is served until its time is over, and then removed.
    async fn keep_ended(&mut self, found: Recovered) {
        let age = found.ended_at.and_then(|at| at.elapsed().ok()).unwrap_or_default();
        let left = self.config.keep.saturating_sub(age);
        let room = found.room_id.clone();
        let name = room.clone();
        let timer = self.ended.spawn(async move {
            tokio::time::sleep(left).await;
            name
        });
        if left.is_zero() {
            return;
        }
        let address = found.address.clone();
        match packager::resume(self.packager_config(&room), found).await {
            Ok((handle, packager)) => {
                tokio::spawn(packager.run());
                self.kept.insert(room, Kept { address, view: handle.view, timer });
            }
            Err(error) => tracing::error!(%room, %error, "an ended broadcast cannot be kept"),
        }
    }

    fn insert(
        &mut self,
        room: &str,
        address: Option<Address>,
        cpu: usize,
        (packaged, packager): (packager::Handle, packager::Packager),
        recovered: bool,
    ) -> Handle {
        let told = Address::told(address.as_ref(), room);
        let encoder = encoder::Config {
            room_id: room.into(),
            launcher: self.config.launcher.clone(),
            ffmpeg: self.config.ffmpeg.clone(),
            cpu,
            fps: self.config.fps,
        };
        let pipeline = Pipeline::start(encoder, packaged, packager);
        let config = BroadcastConfig {
            room_id: Arc::from(room),
            playlist_url: format!("{}/hls/{told}/index.m3u8", self.config.public_url),
            ingest: IngestConfig {
                launcher: self.config.launcher.clone(),
                ffmpeg: self.config.ffmpeg.clone(),
                cpu,
                fps: self.config.fps,
                dir: self.config.sdp_dir.join(room),
                media: pipeline.media.clone(),
            },
            ports: self.config.ports.clone(),
            claim_grace: self.config.claim_grace,
            keep: self.config.keep,
            max_inputs: self.config.max_inputs,
        };
        let (handle, broadcast) = actor::prepare(config, pipeline, recovered);
        let task = tokio::spawn(broadcast.run());
        let over = handle.clone();
        let name = room.to_owned();
        self.ended.spawn(async move {
            // A broadcast's mailbox closes with its task.
            over.closed().await;
            name
        });
        self.entries.insert(
            room.into(),
            Entry { handle: handle.clone(), address, cpu, since: Instant::now(), task },
        );
        self.publish();
        handle
    }

    /// Forgets a broadcast that is over, and removes its files.
    async fn forget(&mut self, room: &str) {
        if let Some(entry) = self.entries.get(room) {
            if !entry.handle.is_closed() && entry.handle.status.borrow().phase != Phase::Ended {
                // The room has a new broadcast already.
                return;
            }
            self.entries.remove(room);
        } else {
            self.kept.remove(room);
        }
        self.clear(room).await;
    }

    /// Serves a broadcast no more, and removes its files.
    async fn clear(&self, room: &str) {
        self.publish();
        remove(self.config.data_dir.join(room)).await;
        remove(self.config.sdp_dir.join(room)).await;
        tracing::info!(room, "broadcast removed");
    }

    fn cores(&self) -> Vec<Core> {
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

    fn packager_config(&self, room: &str) -> packager::Config {
        packager::Config {
            room_id: room.into(),
            address: None,
            dir: self.config.data_dir.join(room),
            fps: self.config.fps,
            incarnation: incarnation(),
            window: self.config.dvr,
        }
    }

    fn publish(&self) {
        let kept = self.kept.iter().map(|(room, kept)| (room, &kept.address, &kept.view));
        let entries = self.entries.iter().map(|(room, it)| (room, &it.address, &it.handle.view));
        let rooms: Rooms = kept
            .chain(entries)
            .flat_map(|(room, address, view)| {
                let names = Address::all(address.as_ref(), room);
                names.map(|name| (name.to_owned(), view.clone()))
            })
            .collect();
        self.publisher.send_replace(Arc::new(rooms));
    }
}

async fn remove(dir: PathBuf) {
    let shown = dir.display().to_string();
    match spawn_blocking(move || packager::remove(&dir)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "files stay behind"),
        Err(error) => tracing::warn!(dir = shown, %error, "files stay behind"),
    }
}

/// A name no broadcast had before: the time, and a bit of chance for two in one millisecond.
fn incarnation() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}{}", since.as_millis(), Alphanumeric.sample_string(&mut rand::rng(), 4))
}

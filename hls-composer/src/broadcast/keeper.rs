//! The directory's task. It owns what is known of every broadcast, and awaits nothing but events: a disk that hangs, a
//! broadcast that takes its time to stop and a directory that is removed each have a task of their own, whose end is an
//! event. So one room's trouble never keeps another room's request waiting.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use daemon::deadline;
use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::{Id, JoinError, JoinHandle, JoinSet},
};

use super::{
    BroadcastError, Handle,
    actor::Ended,
    directory::{DirectoryConfig, Request},
    entry::{Entry, Kept, Reviving},
    removal::{Files, Remover},
    watched::cause,
};
use crate::{
    cores::Loads,
    http::Rooms,
    ingest::SDP_JOBS,
    packager::{self, Address},
};

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
    Revived(String, Result<Box<Packaged>, String>),
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
    pub files: HashMap<Id, Files>,
    /// SDP files that may be written or removed at the same time.
    pub sdp_jobs: Arc<Semaphore>,
    publisher: watch::Sender<Arc<Rooms>>,
    pub loads: watch::Receiver<Loads>,
    metering: JoinHandle<()>,
    pub stopping: Option<Stopping>,
}

/// SIGTERM: whom to tell, and what is waited for.
pub struct Stopping {
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
            sdp_jobs: Arc::new(Semaphore::new(SDP_JOBS)),
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
                drop(reply.send(self.find(room)));
            }
            Request::List(reply) => {
                drop(reply.send(self.entries.values().map(|entry| entry.handle.clone()).collect()));
            }
            Request::Ensure { room, address, epoch, reply } => {
                drop(reply.send(self.ensure(&room, address, epoch)));
            }
            Request::Suspend(reply) => self.suspend(reply),
            #[cfg(test)]
            Request::Poison => panic!("the directory is poisoned"),
        }
    }

    fn find(&self, room: String) -> Result<Handle, BroadcastError> {
        match self.entries.get(&room) {
            Some(entry) => Ok(entry.handle.clone()),
            None if self.reviving.contains_key(&room) => Err(BroadcastError::StartingAgain(room)),
            None => Err(BroadcastError::UnknownBroadcast(room)),
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

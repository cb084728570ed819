//! Broadcasts that are on disk: those of a former process, and one that failed in this.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout, timeout_at},
};

use super::{
    entry::{Entry, Kept, Reviving},
    keeper::{Event, Keeper, Packaged},
    making::{Start, incarnation},
    removal::Files,
};
use crate::{
    cores::Admission,
    packager::{self, Recovered},
};

/// How long the disk may take for all that a former process left. Whoever waits longer than this for a list has gone.
const RECOVERY: Duration = Duration::from_secs(20);
/// How long a broadcast that failed may take to be read again, its last write included.
const REVIVAL: Duration = Duration::from_secs(10);

impl Keeper {
    /// Goes on with the broadcasts of a former process.
    pub async fn recover(&mut self) {
        let until = tokio::time::Instant::now() + RECOVERY;
        let data_dir = self.config.data_dir.clone();
        let scan = timeout_at(until, spawn_blocking(move || packager::scan(&data_dir)));
        let Ok(scanned) = scan.await else { return told_slow() };
        // A room may have two directories when its former process died between making one and removing the other. Names
        // grow, and the last is the one that was on air.
        let mut newest: BTreeMap<String, Recovered> = BTreeMap::new();
        for found in scanned.unwrap_or_default() {
            if let Some(former) = newest.insert(found.room_id.clone(), found) {
                self.remover.remove(self.files_of(&former));
            }
        }
        for (room, found) in newest {
            let (files, address) = (self.files_of(&found), found.address.clone());
            let ended = found.ended_at;
            let age = ended.and_then(|at| at.elapsed().ok()).unwrap_or_default();
            let left = self.config.keep.saturating_sub(age);
            if ended.is_some() && left.is_zero() {
                self.remover.remove(files);
                continue;
            }
            let config = self.packager_config(&room, incarnation());
            let Ok(packaged) = timeout_at(until, packager::resume(config, found)).await else {
                return told_slow();
            };
            match packaged {
                Err(error) => tracing::error!(%room, %error, "a broadcast cannot be resumed"),
                Ok((handle, packager)) if ended.is_some() => {
                    // A playlist that ended before the restart is served until its time is over, and then removed.
                    self.tasks.spawn(async move {
                        packager.run().await;
                        Event::Done
                    });
                    let name = room.clone();
                    let timer = self.tasks.spawn(async move {
                        sleep(left).await;
                        Event::KeptLongEnough(name)
                    });
                    let files = Files { writer: Some(handle.writer), ..files };
                    self.kept.insert(room, Kept { address, view: handle.view, files, timer });
                }
                Ok(packaged) => {
                    tracing::info!(%room, "broadcast of a former process goes on");
                    // It goes on whatever the load.
                    let cpu = Admission::least(self.cores()).map_or(0, |core| core.cpu);
                    self.insert(files, address, cpu, packaged, Start::Recovered);
                }
            }
        }
        self.publish();
    }

    /// A broadcast failed by a mistake of ours: it goes on as after the death of a process, but for the one room.
    pub fn revive(&mut self, files: Files, reason: String) {
        let Some(entry) = self.entries.remove(&files.room) else { return };
        let Entry { handle, epoch, address, cpu, mut restarts, .. } = entry;
        let room = files.room.clone();
        if !restarts.spend(Instant::now()) {
            tracing::error!(room, reason, "a broadcast failed again and again: it ends");
            self.publish();
            return self.remover.remove(files);
        }
        tracing::error!(room, reason, "a broadcast failed: it is started again");
        let config = self.packager_config(&room, incarnation());
        let (dir, writer, name) = (files.media.clone(), files.writer.clone(), room.clone());
        let task = self.tasks.spawn(async move {
            let read = timeout(REVIVAL, async {
                // A directory has one writer.
                if let Some(writer) = writer {
                    writer.gone().await;
                }
                read_again(config, dir).await
            });
            let slow = |_| Err("the disk does not answer in time".to_owned());
            Event::Revived(name, read.await.unwrap_or_else(slow))
        });
        let (view, task) = (handle.view, task.id());
        let reviving = Reviving { epoch, address, view, cpu, restarts, files, reason, task };
        self.reviving.insert(room, reviving);
        self.publish();
    }

    /// It was read from disk, or could not be.
    pub fn revived(&mut self, room: &str, packaged: Result<Box<Packaged>, String>) {
        let Some(Reviving { epoch, address, cpu, restarts, files, reason, .. }) =
            self.reviving.remove(room)
        else {
            return;
        };
        match packaged {
            Ok(packaged) => {
                let start = Start::Revived { epoch, restarts, reason };
                self.insert(files, address, cpu, *packaged, start);
            }
            Err(error) => {
                tracing::error!(room, error, "a broadcast that failed cannot go on");
                self.publish();
                self.remover.remove(files);
            }
        }
    }

    fn files_of(&self, found: &Recovered) -> Files {
        let (room, media) = (found.room_id.clone(), found.dir.clone());
        Files { room, sdp: self.sdp(&media), media, writer: None }
    }
}

async fn read_again(
    config: packager::Config,
    dir: std::path::PathBuf,
) -> Result<Box<Packaged>, String> {
    let found =
        spawn_blocking(move || packager::find(dir)).await.map_err(|error| error.to_string())?;
    let found = found.ok_or("nothing of it is on disk")?;
    packager::resume(config, found).await.map(Box::new).map_err(|error| error.to_string())
}

fn told_slow() {
    tracing::error!(
        "the disk of --data-dir does not answer: broadcasts of the former process are not resumed"
    );
}

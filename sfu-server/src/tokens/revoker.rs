//! The one task that knows what tokens open no longer, and keeps it on disk beside the key: a token outlives the
//! server, so what was taken from it must.
//!
//! ```text
//! revoke ──▶ list ──(watch)──▶ every door, at once
//!              └──▶ disk, one write at a time ──saved──▶ whoever revoked, for as long as it has patience
//! ```

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use daemon::state_file;
use jsonwebtoken::get_current_timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use super::{Key, Revocation, Revocations, file, sealed};

/// Revocations that may wait for the task, which waits for nothing.
const MAILBOX: usize = 64;
/// How long whoever revokes waits for the disk: it counts in this process from the first moment on.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pauses before a failing disk is tried again: growing, without end.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A write that takes longer hangs: it is said, and nobody waits for it any more.
const HANGS: Duration = Duration::from_secs(5);
/// No list is longer, in bytes: 16 384 entries are 3 MB, and 6 MB where each is a lock with eight peers inside.
const MOST: u64 = 64 << 20;

/// Reaches the task. Clones reach the same.
#[derive(Clone, Debug)]
pub struct Revoker {
    revoke: mpsc::Sender<Order>,
    list: watch::Receiver<Arc<Revocations>>,
    saved: watch::Receiver<Saved>,
}

/// What is on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Saved {
    /// The number of the last order that is.
    number: u64,
    /// The disk takes nothing now: nobody needs to wait for it.
    fails: bool,
}

/// What is to be remembered; answered with the order's number.
type Order = (Revocation, oneshot::Sender<u64>);

impl Revoker {
    /// Goes on with the list at `path`; without one, what is revoked is forgotten with the process, and so is the key.
    /// Tokens are signed with `key` and hold for `lifetime`.
    pub fn start(path: Option<PathBuf>, key: &Key, lifetime: Duration) -> Self {
        let load = |path| load(path, key, get_current_timestamp() + lifetime.as_secs());
        let list = path.as_deref().map_or_else(Revocations::default, load);
        let (revoke, inbox) = mpsc::channel(MAILBOX);
        let (publisher, list) = watch::channel(Arc::new(list));
        let (told, saved) = watch::channel(Saved::default());
        let disk = Disk::new(path, key.clone(), told);
        tokio::spawn(keep(inbox, publisher, disk, lifetime.as_secs()));
        Self { revoke, list, saved }
    }

    /// What holds no longer, as of now.
    pub fn list(&self) -> Arc<Revocations> {
        Arc::clone(&self.list.borrow())
    }

    /// Waits until the task has ended, which only a fault of the server makes it do while somebody can revoke.
    pub async fn ended(&self) {
        self.revoke.closed().await;
    }

    /// Remembers `what` soon, and waits for nothing. It may be lost while very many others are revoked.
    pub fn note(&self, what: Revocation) {
        let (numbered, _unread) = oneshot::channel();
        drop(self.revoke.try_send((what, numbered)));
    }

    /// Remembers `what`. It counts, and is on disk, when this returns; where the disk fails it counts all the same.
    pub async fn revoke(&self, what: Revocation) {
        let saving = async {
            let (numbered, number) = oneshot::channel();
            self.revoke.send((what, numbered)).await.ok()?;
            let number = number.await.ok()?;
            let known = |saved: &Saved| saved.number >= number || saved.fails;
            self.saved.clone().wait_for(known).await.ok().map(drop)
        };
        // The log has said it already, once.
        drop(timeout(PATIENCE, saving).await);
    }
}

/// The list may have held anything when it is gone, or cannot be read: then nothing that was signed before, and holds until
/// `until` at most, opens a room. Nothing was signed with a new key yet.
fn load(path: &Path, key: &Key, until: u64) -> Revocations {
    if key.is_new() {
        return Revocations::default();
    }
    let read = state_file::read(path, MOST)
        .and_then(|file| Ok(serde_json::from_slice(sealed::open(key, &file)?)?));
    read.unwrap_or_else(|error| {
        tracing::error!(
            "{} cannot be read: {error}; it says which rooms have ended, so no call comes back from before this start; a new list takes its place",
            path.display()
        );
        Revocations::of_everything(until)
    })
}

async fn keep(
    mut inbox: mpsc::Receiver<Order>,
    publisher: watch::Sender<Arc<Revocations>>,
    mut disk: Disk,
    lifetime: u64,
) {
    // The list as it is: a disk that takes nothing is noticed now, and not when the first room ends.
    let mut number = 1;
    disk.save(number, &publisher.borrow());
    loop {
        tokio::select! {
            order = inbox.recv() => {
                let Some((what, numbered)) = order else { break };
                let now = get_current_timestamp();
                publisher.send_modify(|list| Arc::make_mut(list).add(what, now, now + lifetime));
                number += 1;
                // Whoever is gone meanwhile needs no number.
                let _unread = numbered.send(number);
            }
            () = disk.turn() => {}
        }
        disk.save(number, &publisher.borrow());
    }
}

/// The file, and what of the list is in it.
struct Disk {
    path: Option<PathBuf>,
    key: Key,
    saved: watch::Sender<Saved>,
    /// The write under way. A disk that hangs holds one thread and no more.
    writing: Option<Writing>,
    /// That write was said to hang.
    hangs: bool,
    /// The disk fails: when it is tried again, and the pause after that.
    failing: Option<(Instant, Duration)>,
}

struct Writing {
    /// The last order in it.
    number: u64,
    since: Instant,
    task: JoinHandle<io::Result<()>>,
}

impl Disk {
    fn new(path: Option<PathBuf>, key: Key, saved: watch::Sender<Saved>) -> Self {
        Self { path, key, saved, writing: None, hangs: false, failing: None }
    }

    /// Begins to write `list`, which holds all orders up to `number`, unless it is written, or the disk is not to be asked now.
    fn save(&mut self, number: u64, list: &Arc<Revocations>) {
        let is_early = self.failing.is_some_and(|(retry, _)| Instant::now() < retry);
        if self.saved.borrow().number >= number || self.writing.is_some() || is_early {
            return;
        }
        let Some(path) = self.path.clone() else {
            self.saved.send_replace(Saved { number, fails: false });
            return;
        };
        let (list, key) = (Arc::clone(list), self.key.clone());
        let task = tokio::task::spawn_blocking(move || {
            file::replace(&path, &sealed::seal(&key, serde_json::to_vec(&*list)?))
        });
        self.writing = Some(Writing { number, since: Instant::now(), task });
    }

    /// Waits until there is something to do: a write has ended or hangs, or a failing disk is to be tried again.
    async fn turn(&mut self) {
        let Some(Writing { number, since, task }) = &mut self.writing else {
            return daemon::deadline::at(self.failing.map(|(retry, _)| retry)).await;
        };
        let number = *number;
        let outcome = if self.hangs {
            task.await
        } else if let Ok(outcome) = timeout_at(*since + HANGS, task).await {
            outcome
        } else {
            self.hang();
            return;
        };
        self.writing = None;
        match outcome.map_err(io::Error::other).flatten() {
            Ok(()) => {
                if self.failing.take().is_some() | std::mem::take(&mut self.hangs) {
                    tracing::info!("ended rooms and removed peers are on disk again");
                }
                self.saved.send_replace(Saved { number, fails: false });
            }
            Err(error) => {
                self.hangs = false;
                self.fail(&error);
            }
        }
    }

    fn hang(&mut self) {
        self.hangs = true;
        tracing::error!(
            "{} is not written within {HANGS:?}: its disk hangs; until it goes on, rooms that end now may be opened again after a restart",
            self.path.as_deref().unwrap_or(Path::new("")).display()
        );
        self.saved.send_modify(|saved| saved.fails = true);
    }

    fn fail(&mut self, error: &io::Error) {
        let path = self.path.as_deref().unwrap_or(Path::new("")).display();
        let pause = match self.failing {
            Some((_, pause)) => (2 * pause).min(LONGEST_PAUSE),
            None => {
                tracing::error!(
                    "{path} cannot be written: {error}; until it can, rooms that end now may be opened again after a restart"
                );
                FIRST_PAUSE
            }
        };
        self.failing = Some((Instant::now() + pause, pause));
        self.saved.send_modify(|saved| saved.fails = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Digest;

    const LIFETIME: Duration = Duration::from_secs(600);

    fn room(name: &str) -> Digest {
        Digest::of(name)
    }

    #[tokio::test]
    async fn what_is_revoked_counts_at_once_and_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state/rejoin.key.revoked");
        let [_, key] = keys();
        let before = Revoker::start(Some(path.clone()), &key, LIFETIME);
        before.revoke(Revocation::EndedByHost(room("a"))).await;
        assert!(before.list().of_room(room("a")).is_some());
        let after = Revoker::start(Some(path), &key, LIFETIME);
        assert!(after.list().of_room(room("a")).is_some());
        assert!(after.list().of_room(room("b")).is_none());
    }

    /// The same key, as the process that made it knows it, and as the next one does.
    fn keys() -> [Key; 2] {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rejoin.key");
        [(); 2].map(|()| Key::load_or_make(&path).expect("a key"))
    }

    #[tokio::test]
    async fn of_a_list_that_cannot_be_read_nothing_is_opened_that_was_signed_before() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rejoin.key.revoked");
        let ([_, key], new) = (keys(), Key::random());
        let empty = "{\"entries\":[],\"nothing_until\":0}";
        let others = sealed::seal(&new, empty.into());
        let others = String::from_utf8(others).expect("text");
        for content in ["", "{", "[]", empty, &others, "\u{0}\u{0}"] {
            std::fs::write(&path, content).expect("written");
            let list = Revoker::start(Some(path.clone()), &key, LIFETIME).list();
            let now = get_current_timestamp();
            assert!(list.may_open(now + LIFETIME.as_secs()).is_err(), "{content}");
            assert!(list.may_open(now + LIFETIME.as_secs() + 60).is_ok(), "{content}");
        }
        let lost = Revoker::start(Some(dir.path().join("lost")), &key, LIFETIME).list();
        assert!(lost.may_open(1).is_err(), "a list that is gone");
        let none = Revoker::start(Some(dir.path().join("none")), &new, LIFETIME).list();
        assert_eq!(none.may_open(1), Ok(()), "none yet");
    }

    #[tokio::test]
    async fn there_is_a_list_from_the_start_so_that_one_that_is_gone_is_known() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("rejoin.key.revoked");
        let [made, known] = keys();
        let revoker = Revoker::start(Some(path.clone()), &made, LIFETIME);
        let mut saved = revoker.saved.clone();
        let saved = timeout(LONGEST_PAUSE, saved.wait_for(|saved| saved.number == 1)).await;
        saved.expect("in time").expect("saved");
        let again = Revoker::start(Some(path), &known, LIFETIME);
        assert_eq!(again.list().may_open(1), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_fails_costs_whoever_revokes_some_patience_and_is_tried_until_it_takes_it()
    {
        let dir = tempfile::tempdir().expect("a directory");
        // A file where the directory should be.
        let blocked = dir.path().join("state");
        std::fs::write(&blocked, "").expect("written");
        let path = blocked.join("rejoin.key.revoked");
        let revoker = Revoker::start(Some(path.clone()), &Key::random(), LIFETIME);
        // Saved or not, it counts.
        revoker.revoke(Revocation::Ended(room("a"))).await;
        assert!(revoker.list().of_room(room("a")).is_some());
        assert!(!path.exists());
        std::fs::remove_file(&blocked).expect("removed");
        let mut saved = revoker.saved.clone();
        timeout(10 * LONGEST_PAUSE, saved.wait_for(|saved| saved.number == 2))
            .await
            .expect("in time")
            .expect("saved");
        assert!(path.exists());
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_is_waited_for_by_nobody_and_followed_when_it_goes_on() {
        let (told, mut saved) = watch::channel(Saved::default());
        let mut disk = Disk::new(Some("list".into()), Key::random(), told);
        let (goes_on, waits) = oneshot::channel();
        let task = tokio::spawn(async move { waits.await.map_err(io::Error::other) });
        disk.writing = Some(Writing { number: 1, since: Instant::now(), task });
        disk.turn().await;
        assert_eq!(*saved.borrow_and_update(), Saved { number: 0, fails: true });
        assert!(timeout(LONGEST_PAUSE, disk.turn()).await.is_err(), "it is said once");
        goes_on.send(()).expect("a disk");
        disk.turn().await;
        assert_eq!(*saved.borrow(), Saved { number: 1, fails: false });
        assert!(disk.writing.is_none() && !disk.hangs);
    }
}

//! Directories of broadcasts that are over, removed one after the other by a task of its own: a disk that hangs keeps
//! this task waiting, and one thread, and nobody else.

use std::{path::PathBuf, time::Duration};

use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};

use crate::packager::{self, Writer};

/// Removals that may wait while the disk hangs.
const QUEUE: usize = 1024;
/// How long the last writer of a directory is waited for; what it writes later stays behind.
const WRITER: Duration = Duration::from_secs(10);

/// The files of one broadcast.
#[derive(Debug)]
pub struct Files {
    /// The room it belonged to, for the log.
    pub room: String,
    /// Its media.
    pub media: PathBuf,
    /// Its SDP files.
    pub sdp: PathBuf,
    /// Tells when its packager writes no more, if it has one.
    pub writer: Option<Writer>,
}

/// The way to the task.
#[derive(Debug)]
pub struct Remover(mpsc::Sender<Files>);

impl Remover {
    /// Starts the task, which ends with its remover.
    pub fn start() -> Self {
        let (queue, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(remove_all(inbox));
        Self(queue)
    }

    /// Removes them when it is their turn.
    pub fn remove(&self, files: Files) {
        if let Err(error) = self.0.try_send(files) {
            tracing::warn!(%error, "files stay behind; look at the disk of --data-dir");
        }
    }
}

async fn remove_all(mut inbox: mpsc::Receiver<Files>) {
    while let Some(Files { room, media, sdp, writer }) = inbox.recv().await {
        if let Some(writer) = writer
            && timeout(WRITER, writer.gone()).await.is_err()
        {
            tracing::warn!(room, "a broadcast that is over still waits for its disk");
        }
        let removed =
            spawn_blocking(move || packager::remove(&media).and_then(|()| packager::remove(&sdp)));
        match removed.await {
            Ok(Ok(())) => tracing::info!(room, "broadcast removed"),
            Ok(Err(error)) => tracing::warn!(room, %error, "files stay behind"),
            Err(error) => tracing::warn!(room, %error, "files stay behind"),
        }
    }
}

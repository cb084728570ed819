//! One running media worker: how it is started, and whether it answers.

use std::{sync::Arc, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use mediasoup::{
    prelude::*,
    worker::{WorkerLogLevel, WorkerLogTag},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::media::{
    transports::listen_info,
    workers::{UDP_BUFFER, WorkerConfig, WorkerError},
};

/// A worker thread comes up, and binds its port, within this.
pub const START: Duration = Duration::from_secs(5);
/// How long whoever asks a worker what it holds waits for it.
pub const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// A worker that only waits for a core answers within this; one that does not is taken for hung.
const SILENT_AFTER: Duration = Duration::from_secs(4);
/// How often it is asked whether it answers.
const PULSE: Duration = Duration::from_secs(2);

/// A worker, its shared port, and whether it answers. Dropping it ends the worker once its rooms are gone.
pub struct Running {
    /// The worker.
    pub worker: Worker,
    /// Its port.
    pub webrtc_server: WebRtcServer,
    answers: watch::Receiver<bool>,
    attended: AbortOnDropHandle<()>,
}

impl Running {
    /// As it was last seen. Of one that nobody looks after any more, nobody knows.
    pub fn answers(&self) -> bool {
        *self.answers.borrow() && !self.attended.is_finished()
    }
}

/// The port a worker takes when its predecessor hangs and so keeps its own: those of the spares follow those of the workers.
pub fn spare_port(config: &WorkerConfig, index: usize) -> u16 {
    port(config, index + config.count)
}

fn port(config: &WorkerConfig, offset: usize) -> u16 {
    config.first_port.saturating_add(u16::try_from(offset).unwrap_or(u16::MAX))
}

/// Starts the worker on its own port.
///
/// # Errors
/// It does not come up, or the port is taken.
pub async fn start(
    manager: &WorkerManager,
    config: &WorkerConfig,
    index: usize,
) -> Result<Running, WorkerError> {
    start_on(manager, config, index, port(config, index)).await
}

/// Starts a worker in place of a former one: on its port as soon as that has let go of it, or else on the spare.
///
/// # Errors
/// It does not come up, or both ports are taken.
pub async fn restart(
    manager: &WorkerManager,
    config: &WorkerConfig,
    index: usize,
) -> Result<Running, WorkerError> {
    let is_taken = |error: &WorkerError| matches!(error, WorkerError::Port { .. });
    let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_millis(20));
    let own = || start(manager, config, index);
    match own.retry(pauses.with_max_times(7)).when(is_taken).await {
        Err(error) if is_taken(&error) => {
            let spare = spare_port(config, index);
            tracing::warn!(
                worker = index,
                "{error}; the worker that hangs there keeps the port, so the new one takes {spare}, which must be open too; a restart of sfu-server gives it back"
            );
            start_on(manager, config, index, spare).await
        }
        started => started,
    }
}

async fn start_on(
    manager: &WorkerManager,
    config: &WorkerConfig,
    index: usize,
    port: u16,
) -> Result<Running, WorkerError> {
    let starting = timeout(START, open(manager, config, index, port));
    let (worker, webrtc_server) = starting.await.map_err(|_| WorkerError::Silent(index))??;
    let (told, answers) = watch::channel(true);
    let attended = tokio::spawn(attend(index, worker.clone(), told));
    tracing::info!(worker = index, ip = %config.listen_ip, port, "media worker started");
    Ok(Running { worker, webrtc_server, answers, attended: AbortOnDropHandle::new(attended) })
}

async fn open(
    manager: &WorkerManager,
    config: &WorkerConfig,
    index: usize,
    port: u16,
) -> Result<(Worker, WebRtcServer), WorkerError> {
    let mut settings = WorkerSettings::default();
    settings.log_level = WorkerLogLevel::Warn;
    settings.log_tags = vec![WorkerLogTag::Info, WorkerLogTag::Ice, WorkerLogTag::Dtls];
    let cpus = config.cpus.clone();
    settings.thread_initializer = Some(Arc::new(move || {
        if let Err(error) = cpus.pin_this_thread() {
            tracing::warn!(%error, "a media worker runs unpinned");
        }
    }));
    let worker = manager
        .create_worker(settings)
        .await
        .map_err(|source| WorkerError::Start { index, source })?;
    worker
        .on_dead(move |outcome| tracing::error!(worker = index, ?outcome, "a media worker died"))
        .detach();

    let socket = |protocol| ListenInfo {
        port: Some(port),
        announced_address: config.announced.first().cloned(),
        ..listen_info(protocol, config.listen_ip)
    };
    let udp = ListenInfo {
        recv_buffer_size: Some(UDP_BUFFER),
        send_buffer_size: Some(UDP_BUFFER),
        ..socket(Protocol::Udp)
    };
    let infos = WebRtcServerListenInfos::new(udp).insert(socket(Protocol::Tcp));
    let webrtc_server =
        worker.create_webrtc_server(WebRtcServerOptions::new(infos)).await.map_err(|error| {
            WorkerError::Port { ip: config.listen_ip, port, reason: error.to_string() }
        })?;
    Ok((worker, webrtc_server))
}

/// Asks the worker for a sign of life, again and again, one question at a time: one that hangs is asked no second one.
async fn attend(index: usize, worker: Worker, told: watch::Sender<bool>) {
    loop {
        sleep(PULSE).await;
        let mut asked = std::pin::pin!(worker.dump());
        let outcome = match timeout(SILENT_AFTER, &mut asked).await {
            Ok(outcome) => outcome,
            Err(_) => {
                told.send_replace(false);
                tracing::error!(
                    worker = index,
                    "media worker {index} does not answer: no new room goes to it; `POST /workers/{index}/replace` gives it up"
                );
                let outcome = asked.await;
                tracing::info!(worker = index, "media worker {index} answers again");
                told.send_replace(true);
                outcome
            }
        };
        if outcome.is_err() {
            // It has ended, which the pool sees by itself.
            break;
        }
    }
}

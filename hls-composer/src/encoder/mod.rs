//! The encoder: one FFmpeg per broadcast, fed at a constant rate, replaced in the same tick when it dies.
//!
//! ```text
//!            ┌──────────── generation n ────────────┐
//! Tick ──▶ Replay (last 2 s) ──▶ pipes ──▶ FFmpeg ──▶ FragmentReader ──▶ packager
//!            │                                          │ frames seen
//!            └── dead, hung, asked, clock jumped ◀──────┘
//!                └──▶ generation n + 1, from the first tick not seen in a fragment
//! ```

pub mod command;
mod feed;
mod fragments;

use std::{ffi::OsString, time::Duration};

use daemon::deadline;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use self::feed::Replay;
use crate::{
    compositor::Tick,
    packager,
    process::{self, Activity, Idleness, Launcher, Process, Spawn},
};

/// When it owes more than this and delivers nothing for as long, the kernel is asked what it does: players may have half
/// a second of media, and a successor needs most of that. One that is only slow is left alone.
const SUSPECT: Duration = Duration::from_millis(120);
/// How often.
const LOOK: Duration = Duration::from_millis(50);
/// How long a dying FFmpeg may take to flush what it has when the broadcast ends.
const FLUSH: Duration = Duration::from_secs(2);
/// After a start that failed at once, the next is tried after this; ticks go on meanwhile.
const RETRY: Duration = Duration::from_millis(200);
/// One that waits for its core so long that it owes this much will not catch up for anybody: what it owes is skipped.
const LONGEST_DEBT: Duration = Duration::from_secs(30);
/// A process gets this long to deliver the first time before it can owe anything.
const START_UP: Duration = Duration::from_secs(3);

/// What an encoder is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// The room, for the log.
    pub room_id: String,
    /// Forks FFmpegs.
    pub launcher: Launcher,
    /// The FFmpeg.
    pub ffmpeg: OsString,
    /// The broadcast's core.
    pub cpu: usize,
    /// Ticks per second.
    pub fps: u32,
}

/// The encoder as operators see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The running process; 0 for none.
    pub pid: u32,
    /// Processes so far.
    pub generation: u32,
    /// Whether the running process has delivered anything yet.
    pub delivers: bool,
    /// Ticks seen in fragments, over all generations.
    pub ticks: u64,
}

/// Asks for a new process: a level that only grows.
pub type Replace = watch::Receiver<u32>;

/// Why a generation ended.
enum End {
    /// No more ticks: the broadcast ends or is suspended.
    Finished,
    /// Everything else, in words.
    Sick(String),
}

/// Encodes until the ticks end; everything encoded is at the packager by then.
pub async fn run(
    config: Config,
    mut ticks: mpsc::Receiver<Tick>,
    packager: mpsc::Sender<packager::Input>,
    mut replace: Replace,
    status: watch::Sender<Status>,
) {
    let mut replay = Replay::new(config.fps);
    let mut generation = 0;
    loop {
        generation += 1;
        let end =
            encode(&config, generation, &mut ticks, &packager, &mut replace, &mut replay, &status)
                .await;
        status.send_modify(|status| (status.pid, status.delivers) = (0, false));
        if packager.send(packager::Input::GenerationEnded).await.is_err() {
            return;
        }
        match end {
            End::Finished => return,
            End::Sick(reason) => {
                tracing::warn!(room = %config.room_id, generation, %reason, "encoder replaced");
            }
        }
    }
}

async fn encode(
    config: &Config,
    generation: u32,
    ticks: &mut mpsc::Receiver<Tick>,
    packager: &mpsc::Sender<packager::Input>,
    replace: &mut Replace,
    replay: &mut Replay,
    status: &watch::Sender<Status>,
) -> End {
    // The first tick decides where this generation stands in time.
    if replay.is_empty() {
        match ticks.recv().await {
            Some(tick) => replay.take(tick),
            None => return End::Finished,
        }
    }
    let Some(first) = replay.start_generation() else { return End::Finished };
    replace.mark_unchanged();
    let mut running = match start(config).await {
        Ok(running) => running,
        Err(reason) => {
            tracing::error!(room = %config.room_id, %reason, "the encoder does not start");
            return wait_for_retry(ticks, replay, reason).await;
        }
    };
    status.send_modify(|status| {
        status.pid = running.process.pid();
        status.generation = generation;
    });
    tracing::info!(room = %config.room_id, generation, pid = running.process.pid(), "encoder started");
    let (seen_tx, mut seen) = watch::channel(0);
    let anchor = fragments::Anchor { generation, due: first.due, first_tick: first.number };
    let mut reading =
        tokio::spawn(fragments::forward(running.output, anchor, packager.clone(), seen_tx));
    let started = Instant::now();
    let ticks_in = |time: Duration| (time.as_secs_f64() * f64::from(config.fps)).ceil() as u64;
    let mut looked = started;
    let mut idleness: Option<Idleness> = None;
    let reason = loop {
        let suspect_at =
            replay.hung_at(ticks_in(SUSPECT), SUSPECT).map(|due| due.max(looked + LOOK));
        tokio::select! {
            exit = running.process.exited() => break exit.to_string(),
            Ok(()) = replace.changed() => break "asked for".to_owned(),
            Ok(()) = seen.changed() => {
                let newly = replay.saw(*seen.borrow_and_update());
                idleness = None;
                status.send_modify(|status| {
                    status.delivers = true;
                    status.ticks += newly;
                });
            }
            () = deadline::at(suspect_at) => {
                looked = Instant::now();
                // One that is gone is seen by its exit.
                let Some(activity) = process::activity(running.process.pid()) else { continue };
                let starts = !replay.has_delivered() && looked < started + START_UP;
                let begin = || Idleness::begin(looked, activity);
                let hangs = idleness.get_or_insert_with(begin).hangs(looked, activity);
                if hangs && (!starts || activity == Activity::Stopped) {
                    break format!("it hangs: it owes {} ticks, and does not wait for a core", replay.owed());
                }
            }
            written = running.feed.write(replay) => if let Err(error) = written {
                break match tokio::time::timeout(RETRY, running.process.exited()).await {
                    Ok(exit) => exit.to_string(),
                    Err(_) => format!("its pipe is closed: {error}"),
                };
            },
            tick = ticks.recv() => match tick {
                Some(tick) if tick.after_jump => {
                    replay.restart_with(tick);
                    break "the clock jumped".to_owned();
                }
                Some(tick) if replay.is_hopeless(ticks_in(LONGEST_DEBT)) => {
                    replay.restart_with(tick);
                    break format!("it gets too little of its core: it owes {LONGEST_DEBT:?}, which are skipped");
                }
                Some(tick) => replay.take(tick),
                None => {
                    finish(running.feed, replay, running.process, reading).await;
                    return End::Finished;
                }
            },
        }
    };
    drop(running.feed);
    running.process.kill().await;
    // The pipe ends with the process: whatever complete fragment is in it still counts.
    if tokio::time::timeout(FLUSH, &mut reading).await.is_err() {
        reading.abort();
    }
    let newly = replay.saw(*seen.borrow());
    status.send_modify(|status| status.ticks += newly);
    End::Sick(reason)
}

/// The encoder is given what it is owed, its inputs are closed, and it is given time to flush.
async fn finish(
    mut feed: feed::Feed,
    replay: &mut Replay,
    mut process: Process,
    mut reading: tokio::task::JoinHandle<()>,
) {
    let flushed = async {
        while replay.has_unwritten() {
            if feed.write(replay).await.is_err() {
                break;
            }
        }
        drop(feed);
        process.exited().await;
        // Its end is awaited, not its result: a reader has none.
        drop((&mut reading).await);
    };
    if tokio::time::timeout(FLUSH, flushed).await.is_err() {
        reading.abort();
    }
}

struct Encoding {
    process: Process,
    feed: feed::Feed,
    output: tokio::net::unix::pipe::Receiver,
}

async fn start(config: &Config) -> Result<Encoding, String> {
    let text = |error: std::io::Error| format!("no pipe: {error}");
    let (video, video_end) = process::input(command::VIDEO_FD).map_err(text)?;
    let (audio, audio_end) = process::input(command::AUDIO_FD).map_err(text)?;
    let (output, output_end) = process::output(command::OUTPUT_FD).map_err(text)?;
    let spawn = Spawn {
        program: config.ffmpeg.clone(),
        args: command::args(config.fps),
        cpu: config.cpu,
        pipes: vec![video_end, audio_end, output_end],
    };
    let process = config.launcher.spawn(spawn).await.map_err(|error| error.to_string())?;
    Ok(Encoding { process, feed: feed::Feed::new(video, audio), output })
}

/// The clock goes on while no encoder starts.
async fn wait_for_retry(
    ticks: &mut mpsc::Receiver<Tick>,
    replay: &mut Replay,
    reason: String,
) -> End {
    let retry = Instant::now() + RETRY;
    loop {
        tokio::select! {
            () = sleep_until(retry) => return End::Sick(reason),
            tick = ticks.recv() => match tick {
                Some(tick) => replay.take(tick),
                None => return End::Finished,
            },
        }
    }
}

//! Steps 7 and 8 of one process, and its health from then on.

use std::time::Duration;

use daemon::deadline;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    complaint::Complaint,
    health::{self, Attention, Health, SILENCE, Verdict},
    input::Command,
    listening::Ingest,
    media::{PipeEnd, Progress},
    report::{StartError, State},
    sdp::Kind,
    task::{End, Task},
    trace::{Running, Step},
};
use crate::{
    ports::sockets,
    process::{self, Log},
};

/// The SFU confirms a resume within this, or step 7 has failed.
const CONFIRM: Duration = Duration::from_secs(2);
/// How often the health of a process is looked at, complaints apart.
const CHECK: Duration = Duration::from_millis(100);

/// What one process is watched by.
struct Watch {
    pid: u32,
    spawned: Instant,
    progress: watch::Receiver<Progress>,
    log: watch::Receiver<Log>,
    read: u64,
    health: Health,
    /// When pictures were to come, if they are.
    pictures: Option<Instant>,
    step7: Option<Running>,
    step8: Option<Running>,
    confirm_due: Option<Instant>,
}

impl Task {
    /// Steps 7 and 8, then watches until something ends.
    pub(super) async fn attend(&mut self, running: &mut Ingest) -> End {
        self.report.state = State::Listening;
        self.tell().await;
        let mut watch = Watch {
            pid: running.process.pid(),
            spawned: running.spawned,
            progress: self.progress.subscribe(),
            log: running.process.lines(),
            read: 0,
            health: Health::new(self.config.fps, running.spawned),
            pictures: None,
            step7: Some(Step::begin(7, "resumed")),
            step8: None,
            confirm_due: Some(Instant::now() + CONFIRM),
        };
        let mut checks = interval(CHECK);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let awaits_media = matches!(self.report.state, State::Resumed | State::Silent);
            tokio::select! {
                command = self.inbox.recv() => {
                    if let Some(end) = self.obey(command, &mut watch).await {
                        return end;
                    }
                }
                Ok(()) = watch.progress.changed(), if awaits_media => {
                    if self.become_active(&mut watch.step8) {
                        self.tell().await;
                    }
                }
                () = deadline::at(watch.confirm_due) => {
                    watch.confirm_due = None;
                    if let Some(step) = watch.step7.take() {
                        self.report.trace.push(step.failed("the SFU did not confirm within 2 s"));
                        self.tell().await;
                    }
                }
                _ = checks.tick() => if let Some(end) = self.check(&mut watch).await {
                    return end;
                },
                Ok(()) = watch.log.changed() => if let Some(end) = self.check(&mut watch).await {
                    return end;
                },
                exit = running.process.exited() => return End::Sick(exit.to_string()),
                Some(Ok(PipeEnd::TimeJump)) = running.readers.join_next() => {
                    return End::Sick("timestamps jumped: more media than time".into());
                }
            }
        }
    }

    async fn obey(&mut self, command: Option<Command>, watch: &mut Watch) -> Option<End> {
        match command {
            None => return Some(End::Released),
            Some(Command::Start { reply, .. }) => {
                drop(reply.send(Err(StartError::WrongState(self.name()))));
            }
            Some(Command::Confirm { generation, steps }) => {
                if generation == self.report.generation && self.report.state == State::Listening {
                    self.confirmed(steps, watch.step7.take());
                    watch.confirm_due = None;
                    watch.step8 = Some(Step::begin(8, "active"));
                    watch.pictures = self.flows(Kind::Video).then(Instant::now);
                    self.report.state = State::Resumed;
                    self.become_active(&mut watch.step8);
                    self.tell().await;
                }
            }
            Some(Command::Paused { kinds, reply }) => {
                let now = Instant::now();
                let progress = *watch.progress.borrow();
                let since = |last: Option<Instant>| now - last.unwrap_or(watch.spawned);
                let returns = |task: &Self, kind| {
                    let paused = task.tracks.iter().any(|t| t.kind == kind && t.paused);
                    paused && !kinds.contains(&kind)
                };
                let unseen = returns(self, Kind::Video).then(|| since(progress.last_frame));
                let unheard = returns(self, Kind::Audio).then(|| since(progress.last_sample));
                for track in &mut self.tracks {
                    track.paused = kinds.contains(&track.kind);
                }
                if health::starts_afresh(unseen, unheard) {
                    return Some(End::Rested(reply));
                }
                if self.report.state != State::Listening {
                    watch.pictures = self.flows(Kind::Video).then_some(now);
                }
                // An asker that is gone sees the generation in the status.
                _ = reply.send(self.report.generation);
            }
        }
        None
    }

    async fn check(&mut self, watch: &mut Watch) -> Option<End> {
        let now = Instant::now();
        let progress = *watch.progress.borrow();
        let complaints: Vec<Complaint> = {
            let log = watch.log.borrow_and_update();
            let new = log.since(watch.read).map(Complaint::of).collect();
            watch.read = log.written;
            new
        };
        let (pid, leases) = (watch.pid, &self.leases);
        let attention = || {
            let ports: Vec<u16> =
                leases.iter().flat_map(|(_, pair)| [pair.rtp(), pair.rtcp()]).collect();
            match leases.first() {
                Some((_, pair)) if sockets::has_backlog(pid, pair.ip(), &ports) => {
                    if process::is_stopped(pid) {
                        Attention::Stopped
                    } else {
                        Attention::Behind
                    }
                }
                _ => Attention::Idle,
            }
        };
        let complaints = complaints.into_iter();
        let verdict = watch.health.check(now, &progress, complaints, watch.pictures, attention);
        match verdict {
            Verdict::Well => {}
            Verdict::KeyFrame => {
                self.report.key_frames_wanted += 1;
                tracing::debug!(input = %self.id, "RTP flows and no picture comes: a key frame is wanted");
                self.tell().await;
            }
            Verdict::Sick(sickness) => {
                let log = watch.log.borrow().tail();
                return Some(End::Sick(format!("{sickness}: {log}")));
            }
        }
        let silent = progress.last().is_some_and(|last| now - last >= SILENCE);
        if silent && self.report.state == State::Active {
            self.report.state = State::Silent;
            self.tell().await;
        }
        None
    }

    fn confirmed(&mut self, steps: Vec<Step>, own: Option<Running>) {
        let trace = &mut self.report.trace;
        match steps.iter().any(|step| step.number == 7) {
            // The SFU's own account of step 7 is the better one.
            true => trace.retain(|step| step.number != 7),
            false => trace.extend(own.map(Running::done)),
        }
        let known: Vec<u32> = trace.iter().map(|step| step.number).collect();
        trace.extend(steps.into_iter().filter(|step| !known.contains(&step.number)));
        trace.sort_by_key(|step| step.number);
    }

    /// Step 8: a decoded frame of an unpaused video; without one, PCM; with everything paused, the confirmed resume.
    /// Says whether the state changed.
    fn become_active(&mut self, step8: &mut Option<Running>) -> bool {
        let progress = *self.progress.borrow();
        let reached = if self.flows(Kind::Video) {
            progress.frames > 0
        } else if self.flows(Kind::Audio) {
            progress.samples > 0
        } else {
            true
        };
        let alive = progress.last().is_none_or(|last| last.elapsed() < SILENCE);
        match self.report.state {
            State::Resumed if reached => {
                self.report.trace.extend(step8.take().map(Running::done));
                self.report.state = State::Active;
                true
            }
            State::Silent if alive => {
                self.report.state = State::Active;
                true
            }
            _ => false,
        }
    }

    /// Whether a track of this kind sends, as far as the SFU knows.
    fn flows(&self, kind: Kind) -> bool {
        self.tracks.iter().any(|track| track.kind == kind && !track.paused)
    }
}

//! Steps 7 and 8 of one process, and its health from then on.

use std::time::Duration;

use daemon::deadline;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    complaint::Complaint,
    health::{self, Attention, Expected, Health, SILENCE, Verdict},
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
/// A voice waits so long for the first picture beside it before it counts alone.
const FIRST_PICTURE: Duration = Duration::from_secs(2);

/// What one process is watched by.
struct Watch {
    pid: u32,
    spawned: Instant,
    progress: watch::Receiver<Progress>,
    log: watch::Receiver<Log>,
    read: u64,
    health: Health,
    /// Since when each track is to send.
    expected: Expected,
    /// When the resume was confirmed.
    resumed: Option<Instant>,
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
            health: Health::new(running.spawned),
            expected: Expected::default(),
            resumed: None,
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
                    if self.become_active(&mut watch) {
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
                    return End::Sick("timestamps jumped, or silence was longer than is filled in".into());
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
                    let now = Instant::now();
                    watch.resumed = Some(now);
                    watch.expected = self.expected(Expected::default(), now);
                    self.report.state = State::Resumed;
                    self.become_active(watch);
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
                let unheard = returns(self, Kind::Audio).then(|| since(progress.last_sample));
                for track in &mut self.tracks {
                    track.paused = kinds.contains(&track.kind);
                }
                if health::starts_afresh(unheard) {
                    return Some(End::Rested(reply));
                }
                if self.report.state != State::Listening {
                    watch.expected = self.expected(watch.expected, now);
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
            // What was not kept may have been anything: a packet that was taken is the milder guess.
            let new = log.since(watch.read);
            let new = new.map(|line| line.map_or(Complaint::Taken, Complaint::of)).collect();
            watch.read = log.written;
            new
        };
        let (pid, leases) = (watch.pid, &self.leases);
        let attention = || {
            let ports: Vec<u16> =
                leases.iter().flat_map(|(_, pair)| [pair.rtp(), pair.rtcp()]).collect();
            match leases.first() {
                Some((_, pair)) if sockets::has_backlog(pid, pair.ip(), &ports) => {
                    process::activity(pid).map_or(Attention::Idle, Attention::Unread)
                }
                _ => Attention::Idle,
            }
        };
        let complaints = complaints.into_iter();
        let verdict = watch.health.check(now, &progress, complaints, watch.expected, attention);
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
        if self.become_active(watch) {
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

    /// Step 8: a decoded frame, or PCM beside which no frame comes; with everything paused, the confirmed resume. Where
    /// nothing comes at all, that is silence, and no failure. Says whether the state changed.
    fn become_active(&mut self, watch: &mut Watch) -> bool {
        let progress = *self.progress.borrow();
        let state = match self.report.state {
            State::Resumed => {
                let waited = watch.resumed.map_or(Duration::ZERO, |resumed| resumed.elapsed());
                let (sees, hears) = (self.flows(Kind::Video), self.flows(Kind::Audio));
                reached(&progress, sees, hears, waited)
            }
            State::Silent if progress.last().is_some_and(|last| last.elapsed() < SILENCE) => {
                Some(State::Active)
            }
            _ => None,
        };
        let Some(state) = state else { return false };
        self.report.trace.extend(watch.step8.take().map(Running::done));
        self.report.state = state;
        true
    }

    /// Since when each track is to send, from `now` on; one that was to send before still is.
    fn expected(&self, former: Expected, now: Instant) -> Expected {
        Expected {
            pictures: self.flows(Kind::Video).then(|| former.pictures.unwrap_or(now)),
            sound: self.flows(Kind::Audio).then(|| former.sound.unwrap_or(now)),
        }
    }

    /// Whether a track of this kind sends, as far as the SFU knows.
    fn flows(&self, kind: Kind) -> bool {
        self.tracks.iter().any(|track| track.kind == kind && !track.paused)
    }
}

/// Where an input is `waited` after its resume was confirmed, if that is on from there; `sees` and `hears` are the tracks
/// that send.
fn reached(progress: &Progress, sees: bool, hears: bool, waited: Duration) -> Option<State> {
    let seen = sees && progress.frames > 0;
    let heard = hears && progress.samples > 0;
    if seen || (!sees && !hears) || (heard && (!sees || waited >= FIRST_PICTURE)) {
        return Some(State::Active);
    }
    (!heard && waited >= SILENCE).then_some(State::Silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_from_the_start_is_silence_and_a_voice_waits_for_no_picture_that_never_comes() {
        let came = |frames, samples| Progress { frames, samples, ..Progress::default() };
        let (soon, late) = (Duration::from_millis(100), FIRST_PICTURE);
        for (progress, sees, hears, waited, state) in [
            (came(1, 0), true, true, soon, Some(State::Active)),
            (came(0, 960), true, true, soon, None),
            (came(0, 960), true, true, late, Some(State::Active)),
            (came(0, 960), false, true, soon, Some(State::Active)),
            (came(0, 0), true, true, soon, None),
            (came(0, 0), true, true, late, Some(State::Silent)),
            (came(0, 0), false, false, soon, Some(State::Active)),
        ] {
            assert_eq!(reached(&progress, sees, hears, waited), state, "{progress:?} {waited:?}");
        }
    }
}

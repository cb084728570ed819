//! The inputs of one broadcast: the live ones by id, and those on their way out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{BroadcastError, InputStatus, handle::Reply, handle::Reservation};
use crate::{
    ingest::{
        IngestConfig, Input, InputEvent, InputId, Report, StartError, State, Step,
        sdp::{Kind, Track},
    },
    ports::{PortPair, Ports},
};

/// Reports that may wait.
const REPORTS: usize = 256;
/// Of one input.
const OWN_REPORTS: usize = 16;

/// See the module.
pub struct Inputs {
    room_id: Arc<str>,
    /// How inputs are made.
    ingest: IngestConfig,
    ports: Ports,
    most: usize,
    live: BTreeMap<String, (Input, Report)>,
    stopping: JoinSet<()>,
    /// One for each input whose task runs.
    relays: JoinSet<()>,
    events: mpsc::Receiver<InputEvent>,
    events_tx: mpsc::Sender<InputEvent>,
}

impl Inputs {
    /// None yet.
    pub fn new(room_id: Arc<str>, ingest: IngestConfig, ports: Ports, most: usize) -> Self {
        let (events_tx, events) = mpsc::channel(REPORTS);
        let (live, stopping, relays) = (BTreeMap::new(), JoinSet::new(), JoinSet::new());
        Self { room_id, ingest, ports, most, live, stopping, relays, events, events_tx }
    }

    /// The input of this id.
    pub fn get(&self, id: &str) -> Result<&Input, BroadcastError> {
        let known = self.live.get(id).map(|(input, _)| input);
        known.ok_or_else(|| BroadcastError::UnknownInput(id.into()))
    }

    /// Step 2. The same reservation again is answered with the same ports.
    pub async fn reserve(
        &mut self,
        request: Reservation,
    ) -> Result<Vec<(Kind, u16)>, BroadcastError> {
        let Reservation { input, participant, kinds, climb } = request;
        if let Some((existing, _)) = self.live.get(&input) {
            let same = existing.ports.iter().map(|(kind, _)| *kind).eq(kinds.iter().copied());
            return if same {
                Ok(existing.ports.clone())
            } else {
                Err(BroadcastError::InputExists(input))
            };
        }
        if self.live.len() >= self.most {
            let room = self.room_id.to_string();
            return Err(BroadcastError::TooManyInputs { room, limit: self.most });
        }
        let step = Step::begin(2, "ports reserved");
        let pairs = self.ports.lease(kinds.len()).await?;
        let leases: Vec<(Kind, PortPair)> = kinds.into_iter().zip(pairs).collect();
        let id: InputId = Arc::from(input.as_str());
        let reserved = step.done();
        let report = Report::reserved(reserved.clone());
        let (own_tx, own) = mpsc::channel(OWN_REPORTS);
        self.relays.spawn(relay(id.clone(), report.clone(), own, self.events_tx.clone()));
        let live =
            Input::reserve(id, participant, climb, leases, reserved, self.ingest.clone(), own_tx);
        let ports = live.ports.clone();
        self.live.insert(input, (live, report));
        Ok(ports)
    }

    /// Steps 5 and 6. The answer comes when every port is bound.
    pub fn start(
        &self,
        id: &str,
        tracks: Vec<Track>,
    ) -> Result<oneshot::Receiver<Result<u32, StartError>>, BroadcastError> {
        let input = self.get(id)?;
        let mut reserved: Vec<Kind> = input.ports.iter().map(|(kind, _)| *kind).collect();
        let mut offered: Vec<Kind> = tracks.iter().map(|track| track.kind).collect();
        reserved.sort();
        offered.sort();
        if reserved != offered {
            return Err(BroadcastError::OtherTracks(id.into()));
        }
        Ok(input.start(tracks))
    }

    /// Which tracks of an input are paused. The answer is the generation to resume.
    pub fn set_paused(
        &self,
        id: &str,
        kinds: Vec<Kind>,
    ) -> Result<oneshot::Receiver<u32>, BroadcastError> {
        Ok(self.get(id)?.set_paused(kinds))
    }

    /// Step 1, answered when the process is dead and the ports are on their way to quarantine; at once for an input
    /// nobody knows.
    pub fn stop(&mut self, id: &str, reply: Reply<()>) {
        let known = self.live.remove(id);
        self.stopping.spawn(async move {
            if let Some((input, _)) = known {
                input.stop().await;
            }
            // The caller may be gone.
            drop(reply.send(Ok(())));
        });
    }

    /// Stops every input that is not named.
    pub fn keep_only(&mut self, named: &BTreeSet<&str>) {
        let unnamed = self.live.extract_if(.., |id, _| !named.contains(id.as_str()));
        for (_, (input, _)) in unnamed {
            self.stopping.spawn(input.stop());
        }
    }

    /// Returns when an input has reported, or has ended.
    pub async fn changed(&mut self) {
        tokio::select! {
            Some(event) = self.events.recv() => self.take(event),
            Some(_) = self.stopping.join_next() => {}
            Some(_) = self.relays.join_next() => {}
        }
    }

    fn take(&mut self, InputEvent { input, report }: InputEvent) {
        let Some((_, known)) = self.live.get_mut(&*input) else { return };
        if known.state != report.state {
            tracing::info!(room = %self.room_id, %input, generation = report.generation, state = ?report.state, "input");
        }
        *known = report;
        if known.state == State::Stopped {
            // Its lease lapsed.
            self.live.remove(&*input);
        }
    }

    /// Stops all and waits for it.
    pub async fn end(&mut self) {
        self.keep_only(&BTreeSet::new());
        // Each input reports its end into a mailbox nobody reads any more.
        self.events.close();
        while self.stopping.join_next().await.is_some() {}
    }

    /// Whom the inputs show.
    pub fn participants(&self) -> impl Iterator<Item = &str> {
        self.live.values().map(|(input, _)| input.participant.as_str())
    }

    /// The participant behind an input id, or of that name.
    pub fn participant(&self, name: &str) -> Option<&str> {
        let mut live = self.live.iter();
        live.find_map(|(id, (input, _))| {
            (id == name || input.participant == name).then_some(input.participant.as_str())
        })
    }

    /// Where each input is.
    pub fn states(&self) -> BTreeMap<String, State> {
        self.live.iter().map(|(id, (_, report))| (id.clone(), report.state.clone())).collect()
    }

    /// All of them, whole, but for counters.
    pub fn statuses(&self) -> Vec<InputStatus> {
        let status = |(id, (input, report)): (&String, &(Input, Report))| InputStatus {
            id: id.clone(),
            participant: input.participant.clone(),
            climb: input.climb,
            ports: input.ports.clone(),
            frames: 0,
            report: report.clone(),
        };
        self.live.iter().map(status).collect()
    }

    /// Frames decoded by an input's running process.
    pub fn frames(&self, id: &str) -> u64 {
        self.live.get(id).map_or(0, |(input, _)| input.frames())
    }
}

/// Passes the reports of one input on. An input's task outlives its last report, and ends when its owner lets go; one
/// that ends before that has panicked, and would stand in its tile for ever: it is reported as failed, and climbs anew.
async fn relay(
    input: InputId,
    mut last: Report,
    mut own: mpsc::Receiver<InputEvent>,
    events: mpsc::Sender<InputEvent>,
) {
    while let Some(event) = own.recv().await {
        last = event.report.clone();
        if events.send(event).await.is_err() {
            return;
        }
    }
    if matches!(last.state, State::Stopped | State::Failed(_)) {
        return;
    }
    let state = State::Failed("its task ended by itself; the log says where it panicked".into());
    // An owner that let go does not know it any more.
    drop(events.send(InputEvent { input, report: Report { state, pid: 0, ..last } }).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_input_whose_task_panics_is_reported_as_failed() {
        let input: InputId = Arc::from("ada");
        let report = Report::reserved(Step::begin(2, "ports reserved").done());
        let (own_tx, own) = mpsc::channel(OWN_REPORTS);
        let (events_tx, mut events) = mpsc::channel(REPORTS);
        let relaying = tokio::spawn(relay(input.clone(), report.clone(), own, events_tx));
        let task = tokio::spawn(async move {
            let active = Report { state: State::Active, pid: 7, ..report };
            own_tx.send(InputEvent { input, report: active }).await.expect("a relay");
            panic!("a mistake of ours");
        });
        assert!(task.await.is_err_and(|error| error.is_panic()));
        relaying.await.expect("no panic");
        let mut states = vec![];
        while let Some(event) = events.recv().await {
            states.push((event.report.state, event.report.pid));
        }
        assert_eq!(states[0], (State::Active, 7));
        assert!(
            matches!(&states[1], (State::Failed(why), 0) if why.contains("panicked")),
            "{states:?}"
        );
    }
}

//! The service itself.

use std::{net::IpAddr, pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _};
use proto::v1::{self, composer_server::Composer};
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};

use super::{convert, errors::refused};
use crate::{
    broadcast::{
        BroadcastError, Claim, Directory, Handle, Phase, Reservation, Status as BroadcastStatus,
    },
    ports::Ports,
};

type StatusStream = Pin<Box<dyn Stream<Item = Result<v1::BroadcastStatus, Status>> + Send>>;

/// `composer.v1.Composer`.
#[derive(Clone, Debug)]
pub struct Service {
    directory: Directory,
    ports: Ports,
    /// Why nothing can be composed, while that is so.
    unready: watch::Receiver<Option<String>>,
}

impl Service {
    /// Serves `directory`; refuses new broadcasts while `unready` says why.
    pub fn new(
        directory: Directory,
        ports: Ports,
        unready: watch::Receiver<Option<String>>,
    ) -> Self {
        Self { directory, ports, unready }
    }

    async fn find(&self, room_id: String) -> Result<Handle, Status> {
        let room = convert::plain_id("room_id", room_id)?;
        self.directory.find(&room).await.map_err(|error| refused(&error))
    }

    fn ip(&self) -> IpAddr {
        self.ports.ip()
    }
}

/// Whole statuses, the current one first, to the end of the broadcast or of the claim.
fn statuses(ip: IpAddr, status: watch::Receiver<Arc<BroadcastStatus>>) -> StatusStream {
    let mut ended = false;
    let whole = WatchStream::new(status).take_while(move |status| {
        let more = !ended;
        ended = status.phase == Phase::Ended;
        std::future::ready(more)
    });
    Box::pin(whole.map(move |status| Ok(convert::status(ip, &status))))
}

/// Why a claim is over.
fn farewell(last: &watch::Receiver<Arc<BroadcastStatus>>) -> Status {
    if last.borrow().phase == Phase::Ended {
        Status::aborted("the broadcast ended")
    } else if last.has_changed().is_err() {
        // Its actor is gone without an end.
        refused(&BroadcastError::ShuttingDown)
    } else {
        Status::aborted("a newer claim took the broadcast over")
    }
}

#[tonic::async_trait]
impl Composer for Service {
    type OpenBroadcastStream = StatusStream;
    type WatchBroadcastStream = StatusStream;

    async fn open_broadcast(
        &self,
        request: Request<v1::OpenBroadcastRequest>,
    ) -> Result<Response<StatusStream>, Status> {
        let v1::OpenBroadcastRequest { room_id, epoch, watch_id, only_watch_id } =
            request.into_inner();
        let room = convert::plain_id("room_id", room_id)?;
        let address = convert::address(watch_id, only_watch_id)?;
        let epoch = convert::epoch(epoch)?;
        if let Some(reason) = &*self.unready.borrow() {
            return Err(refused(&BroadcastError::NotReady(reason.clone())));
        }
        let broadcast =
            self.directory.ensure(&room, address, epoch).await.map_err(|error| refused(&error))?;
        let claim = broadcast.open(epoch).await.map_err(|error| refused(&error))?;
        let (superseded, last) = (claim.superseded.clone(), claim.status.clone());
        let stream = statuses(self.ip(), claim.status.clone());
        let until_superseded = stream.take_until(superseded.clone().cancelled_owned());
        // The claim lives exactly as long as the stream.
        let held = until_superseded.map(move |status| {
            let _held: &Claim = &claim;
            status
        });
        let farewell = futures_util::stream::once(async move {
            superseded.is_cancelled().then(|| Err(farewell(&last)))
        });
        Ok(Response::new(Box::pin(held.chain(farewell.filter_map(std::future::ready)))))
    }

    async fn close_broadcast(
        &self,
        request: Request<v1::CloseBroadcastRequest>,
    ) -> Result<Response<v1::CloseBroadcastResponse>, Status> {
        let v1::CloseBroadcastRequest { room_id, epoch } = request.into_inner();
        let room = convert::plain_id("room_id", room_id)?;
        match self.directory.find(&room).await {
            Ok(broadcast) => broadcast.close(epoch).await.map_err(|error| refused(&error))?,
            // Closing what is gone is what was asked for.
            Err(BroadcastError::UnknownBroadcast(_)) => {}
            Err(error) => return Err(refused(&error)),
        }
        Ok(Response::new(v1::CloseBroadcastResponse {}))
    }

    async fn reserve_ports(
        &self,
        request: Request<v1::ReservePortsRequest>,
    ) -> Result<Response<v1::ReservePortsResponse>, Status> {
        let request = request.into_inner();
        let reservation = Reservation {
            input: convert::plain_id("input_id", request.input_id)?,
            participant: convert::plain_id("participant_id", request.participant_id)?,
            kinds: convert::kinds(&request.tracks)?,
            climb: request.climb,
        };
        let broadcast = self.find(request.room_id).await?;
        let ports =
            broadcast.reserve(request.epoch, reservation).await.map_err(|error| refused(&error))?;
        Ok(Response::new(v1::ReservePortsResponse { ports: convert::reserved(self.ip(), &ports) }))
    }

    async fn start_input(
        &self,
        request: Request<v1::StartInputRequest>,
    ) -> Result<Response<v1::StartInputResponse>, Status> {
        let v1::StartInputRequest { room_id, epoch, input_id, tracks } = request.into_inner();
        let input = convert::plain_id("input_id", input_id)?;
        let tracks = convert::tracks(tracks)?;
        let broadcast = self.find(room_id).await?;
        let generation =
            broadcast.start(epoch, input, tracks).await.map_err(|error| refused(&error))?;
        Ok(Response::new(v1::StartInputResponse { generation }))
    }

    async fn confirm_resumed(
        &self,
        request: Request<v1::ConfirmResumedRequest>,
    ) -> Result<Response<v1::ConfirmResumedResponse>, Status> {
        let request = request.into_inner();
        let input = convert::plain_id("input_id", request.input_id)?;
        let steps = convert::steps(request.steps)?;
        let broadcast = self.find(request.room_id).await?;
        broadcast
            .confirm(request.epoch, input, request.generation, steps)
            .await
            .map_err(|error| refused(&error))?;
        Ok(Response::new(v1::ConfirmResumedResponse {}))
    }

    async fn set_paused(
        &self,
        request: Request<v1::SetPausedRequest>,
    ) -> Result<Response<v1::SetPausedResponse>, Status> {
        let v1::SetPausedRequest { room_id, epoch, input_id, paused } = request.into_inner();
        let kinds = convert::paused(&paused)?;
        let broadcast = self.find(room_id).await?;
        let generation =
            broadcast.set_paused(epoch, input_id, kinds).await.map_err(|error| refused(&error))?;
        Ok(Response::new(v1::SetPausedResponse { generation }))
    }

    async fn stop_input(
        &self,
        request: Request<v1::StopInputRequest>,
    ) -> Result<Response<v1::StopInputResponse>, Status> {
        let v1::StopInputRequest { room_id, epoch, input_id } = request.into_inner();
        let input = convert::plain_id("input_id", input_id)?;
        let broadcast = self.find(room_id).await?;
        broadcast.stop(epoch, input).await.map_err(|error| refused(&error))?;
        Ok(Response::new(v1::StopInputResponse {}))
    }

    async fn update_scene(
        &self,
        request: Request<v1::UpdateSceneRequest>,
    ) -> Result<Response<v1::UpdateSceneResponse>, Status> {
        let mut request = request.into_inner();
        let (room, epoch) = (std::mem::take(&mut request.room_id), request.epoch);
        let update = convert::scene(request)?;
        let broadcast = self.find(room).await?;
        broadcast.scene(epoch, update).await.map_err(|error| refused(&error))?;
        Ok(Response::new(v1::UpdateSceneResponse {}))
    }

    async fn restart_pipeline(
        &self,
        request: Request<v1::RestartPipelineRequest>,
    ) -> Result<Response<v1::RestartPipelineResponse>, Status> {
        let v1::RestartPipelineRequest { room_id, scope, input } = request.into_inner();
        let scope = convert::scope(scope, input)?;
        let broadcast = self.find(room_id).await?;
        let outcome = broadcast.restart(scope).await.map_err(|error| refused(&error))?;
        let outcome =
            outcome.await.map_err(|_| Status::aborted("the broadcast ended during the restart"))?;
        Ok(Response::new(convert::outcome(&outcome)))
    }

    async fn list_broadcasts(
        &self,
        _request: Request<v1::ListBroadcastsRequest>,
    ) -> Result<Response<v1::ListBroadcastsResponse>, Status> {
        let usage = self.ports.usage().await;
        let broadcasts = self.directory.list().await;
        Ok(Response::new(v1::ListBroadcastsResponse {
            broadcasts: broadcasts
                .iter()
                .map(|broadcast| convert::status(self.ip(), &broadcast.status.borrow()))
                .collect(),
            ports_leased: u32::try_from(usage.leased).unwrap_or(u32::MAX),
            ports_quarantined: u32::try_from(usage.quarantined).unwrap_or(u32::MAX),
        }))
    }

    async fn get_broadcast(
        &self,
        request: Request<v1::GetBroadcastRequest>,
    ) -> Result<Response<v1::BroadcastStatus>, Status> {
        let broadcast = self.find(request.into_inner().room_id).await?;
        let status = broadcast.snapshot().await;
        Ok(Response::new(convert::status(self.ip(), &status)))
    }

    async fn watch_broadcast(
        &self,
        request: Request<v1::WatchBroadcastRequest>,
    ) -> Result<Response<StatusStream>, Status> {
        let broadcast = self.find(request.into_inner().room_id).await?;
        Ok(Response::new(statuses(self.ip(), broadcast.status.clone())))
    }
}

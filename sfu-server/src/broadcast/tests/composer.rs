//! A composer that does nothing but tell what it is asked, and answers as its script says.

use std::{
    net::{Ipv4Addr, UdpSocket},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::Stream;
use proto::v1::{self, composer_server};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

/// One call the driver made. `Open` carries the sender of its status stream.
#[derive(Debug)]
pub enum Call {
    Open(u64, mpsc::Sender<Result<v1::BroadcastStatus, Status>>),
    Scene(v1::UpdateSceneRequest),
    Reserve(v1::ReservePortsRequest),
    Start(v1::StartInputRequest),
    Confirm(v1::ConfirmResumedRequest),
    Paused(v1::SetPausedRequest),
    Stop(String),
    Close,
}

pub struct Scripted {
    pub calls: mpsc::Sender<Call>,
    /// What SetPaused answers.
    pub generation: u32,
    /// Scenes are answered while this is open.
    pub scenes: watch::Receiver<bool>,
    /// So many of the next reservations are refused.
    pub refusals: Arc<AtomicU32>,
    /// So many of the next pauses are refused.
    pub refused_pauses: Arc<AtomicU32>,
    pub refused_resumes: Arc<AtomicU32>,
}

/// Refuses once for each that is left.
fn take_refusal(left: &AtomicU32) -> Result<(), Status> {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    taken.map_or(Ok(()), |_| Err(Status::internal("not now")))
}

impl Scripted {
    async fn saw(&self, call: Call) {
        self.calls.send(call).await.expect("a test that listens");
    }
}

type Statuses = Pin<Box<dyn Stream<Item = Result<v1::BroadcastStatus, Status>> + Send>>;

#[tonic::async_trait]
impl composer_server::Composer for Scripted {
    type OpenBroadcastStream = Statuses;
    type WatchBroadcastStream = Statuses;

    async fn open_broadcast(
        &self,
        request: Request<v1::OpenBroadcastRequest>,
    ) -> Result<Response<Statuses>, Status> {
        let (statuses, stream) = mpsc::channel(16);
        self.saw(Call::Open(request.into_inner().epoch, statuses)).await;
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn close_broadcast(
        &self,
        request: Request<v1::CloseBroadcastRequest>,
    ) -> Result<Response<v1::CloseBroadcastResponse>, Status> {
        drop(request);
        self.saw(Call::Close).await;
        Ok(Response::new(v1::CloseBroadcastResponse {}))
    }

    async fn reserve_ports(
        &self,
        request: Request<v1::ReservePortsRequest>,
    ) -> Result<Response<v1::ReservePortsResponse>, Status> {
        let request = request.into_inner();
        take_refusal(&self.refusals)?;
        let sink = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
            u32::from(socket.local_addr().expect("its address").port())
        };
        let ports = request.tracks.iter().map(|kind| v1::ReservedPorts {
            kind: *kind,
            ip: "127.0.0.1".into(),
            rtp_port: sink(),
            rtcp_port: sink(),
        });
        let ports = ports.collect();
        self.saw(Call::Reserve(request)).await;
        Ok(Response::new(v1::ReservePortsResponse { ports }))
    }

    async fn start_input(
        &self,
        request: Request<v1::StartInputRequest>,
    ) -> Result<Response<v1::StartInputResponse>, Status> {
        self.saw(Call::Start(request.into_inner())).await;
        Ok(Response::new(v1::StartInputResponse { generation: 1 }))
    }

    async fn confirm_resumed(
        &self,
        request: Request<v1::ConfirmResumedRequest>,
    ) -> Result<Response<v1::ConfirmResumedResponse>, Status> {
        let confirm = request.into_inner();
        // The first is the climb's own.
        let again = confirm.generation > 1;
        self.saw(Call::Confirm(confirm)).await;
        if again {
            take_refusal(&self.refused_resumes)?;
        }
        Ok(Response::new(v1::ConfirmResumedResponse {}))
    }

    async fn set_paused(
        &self,
        request: Request<v1::SetPausedRequest>,
    ) -> Result<Response<v1::SetPausedResponse>, Status> {
        self.saw(Call::Paused(request.into_inner())).await;
        take_refusal(&self.refused_pauses)?;
        Ok(Response::new(v1::SetPausedResponse { generation: self.generation }))
    }

    async fn stop_input(
        &self,
        request: Request<v1::StopInputRequest>,
    ) -> Result<Response<v1::StopInputResponse>, Status> {
        self.saw(Call::Stop(request.into_inner().input_id)).await;
        Ok(Response::new(v1::StopInputResponse {}))
    }

    async fn update_scene(
        &self,
        request: Request<v1::UpdateSceneRequest>,
    ) -> Result<Response<v1::UpdateSceneResponse>, Status> {
        self.saw(Call::Scene(request.into_inner())).await;
        let mut scenes = self.scenes.clone();
        _ = scenes.wait_for(|open| *open).await;
        Ok(Response::new(v1::UpdateSceneResponse {}))
    }

    async fn restart_pipeline(
        &self,
        _: Request<v1::RestartPipelineRequest>,
    ) -> Result<Response<v1::RestartPipelineResponse>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }

    async fn list_broadcasts(
        &self,
        _: Request<v1::ListBroadcastsRequest>,
    ) -> Result<Response<v1::ListBroadcastsResponse>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }

    async fn get_broadcast(
        &self,
        _: Request<v1::GetBroadcastRequest>,
    ) -> Result<Response<v1::BroadcastStatus>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }

    async fn watch_broadcast(
        &self,
        _: Request<v1::WatchBroadcastRequest>,
    ) -> Result<Response<Statuses>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }
}

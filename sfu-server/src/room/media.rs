//! What one peer owns in mediasoup: two transports, its producers, its consumers. Dropping it closes them all.

use std::{collections::HashMap, sync::Arc, time::Duration};

use mediasoup::{consumer::ConsumerType, prelude::*};
use tokio::{sync::Notify, time::timeout};

use crate::{
    media::{
        bounds,
        layers::{self, Shown},
        transports,
    },
    room::{
        handle::RoomHandle,
        media_state::{self, MediaState},
        observers::Observed,
        tracks::{Slot, Track, Tracks},
    },
    signaling::{
        errors::{Direction, RequestError, excerpt},
        messages::{
            Consume, Consumed, IceRestarted, KeptMedia, PreferredLayers, Produce,
            SetPreferredLayers, TransportCreated,
        },
    },
};

/// Milliseconds between two key-frame requests to a browser, which ignores one that follows another within 300 ms: then
/// whoever asked second, as the broadcast does of a camera just turned on, would wait a second for mediasoup's repetition.
const KEY_FRAME_REST_MS: u32 = 350;
/// Producers closed lately, so that closing one again, because the answer was lost, is no error.
const CLOSED_AT_MOST: usize = 16;
/// How long a worker may take to close a producer.
const CLOSING: Duration = Duration::from_secs(2);

/// A peer's media in one room.
pub struct Media {
    room: RoomHandle,
    peer_id: String,
    producers: HashMap<Slot, OwnProducer>,
    /// At most one of each producer.
    consumers: HashMap<ConsumerId, Consumer>,
    closed: Vec<ProducerId>,
    sending: Option<BrowserTransport>,
    receiving: Option<BrowserTransport>,
    changes: Arc<Notify>,
    /// Of the path of what is sent, and of what is received.
    moves: [Arc<Notify>; 2],
}

struct OwnProducer {
    producer: Producer,
    muted_by_host: bool,
    /// Of a microphone.
    _observed: Option<Observed>,
}

struct BrowserTransport {
    transport: WebRtcTransport,
    /// The browser's, once it has connected.
    connected: Option<DtlsParameters>,
}

impl Media {
    /// Nothing yet.
    pub fn new(room: RoomHandle, peer_id: String) -> Self {
        Self {
            room,
            peer_id,
            producers: HashMap::new(),
            consumers: HashMap::new(),
            closed: Vec::new(),
            sending: None,
            receiving: None,
            changes: Arc::default(),
            moves: Default::default(),
        }
    }

    /// Waits until a transport has found its way to the browser, for the first time or another than before: what was lost
    /// meanwhile is lost.
    pub async fn moved(&self) -> Direction {
        let [sending, receiving] = &self.moves;
        tokio::select! {
            () = sending.notified() => Direction::Producer,
            () = receiving.notified() => Direction::Consumer,
        }
    }

    /// Has `producers` begin anew, with a key frame, as far as this peer receives them: a browser that has missed seconds
    /// of a picture asks for one only after seconds.
    pub async fn refresh(&self, mut producers: impl FnMut(ProducerId) -> bool) {
        for consumer in self.consumers.values() {
            if consumer.kind() == MediaKind::Video
                && producers(consumer.producer_id())
                && let Err(error) = consumer.request_key_frame().await
            {
                tracing::debug!(consumer = %consumer.id(), %error, "no key frame was asked for");
            }
        }
    }

    /// Waits until mediasoup has said something new of a producer or a consumer.
    pub async fn changed(&self) {
        self.changes.notified().await;
    }

    /// Creates the transport of `direction`, of which there is one; asked again before it is connected, it is the same.
    pub async fn create_transport(
        &mut self,
        direction: Direction,
    ) -> Result<TransportCreated, RequestError> {
        let made = match self.transport(direction) {
            None => None,
            Some(browser) if browser.connected.is_none() => Some(browser.transport.clone()),
            Some(_) => return Err(RequestError::TransportExists(direction)),
        };
        let transport = match made {
            Some(transport) => transport,
            None => {
                let transport =
                    transports::create(&self.room.placement).await.map_err(RequestError::Media)?;
                let [sending, receiving] = &self.moves;
                let moves = match direction {
                    Direction::Producer => Arc::clone(sending),
                    Direction::Consumer => Arc::clone(receiving),
                };
                transport.on_ice_selected_tuple_change(move |_| moves.notify_one()).detach();
                let browser = BrowserTransport { transport: transport.clone(), connected: None };
                *self.transport_mut(direction) = Some(browser);
                transport
            }
        };
        let ice_servers = self.room.relays.for_peer(&self.peer_id);
        Ok(transports::describe(&transport, &self.room.placement.announced, ice_servers))
    }

    /// Gives the transport of `direction` the browser's DTLS parameters. The same a second time changes nothing.
    pub async fn connect(
        &mut self,
        direction: Direction,
        dtls_parameters: DtlsParameters,
    ) -> Result<(), RequestError> {
        let Some(browser) = self.transport_mut(direction) else {
            return Err(RequestError::TransportMissing(direction));
        };
        match &browser.connected {
            None => {}
            Some(known) if *known == dtls_parameters => return Ok(()),
            Some(_) => return Err(RequestError::AlreadyConnected(direction)),
        }
        bounds::check_dtls(&dtls_parameters).map_err(|reason| {
            let event = format!("connect{}Transport", direction.capitalised());
            RequestError::BadPayload { event, reason }
        })?;
        let parameters =
            WebRtcTransportRemoteParameters { dtls_parameters: dtls_parameters.clone() };
        browser.transport.connect(parameters).await.map_err(refused)?;
        browser.connected = Some(dtls_parameters);
        Ok(())
    }

    /// New ICE credentials for one of the peer's transports, whose media goes on.
    pub async fn restart_ice(&self, id: &str) -> Result<IceRestarted, RequestError> {
        let mut own = [&self.sending, &self.receiving].into_iter().flatten();
        let found = own.find(|browser| browser.transport.id().to_string() == id);
        let browser = found.ok_or_else(|| RequestError::TransportNotFound(excerpt(id)))?;
        let ice_parameters = browser.transport.restart_ice().await.map_err(refused)?;
        Ok(IceRestarted { ice_parameters, ice_servers: self.room.relays.for_peer(&self.peer_id) })
    }

    /// Starts receiving a track from the browser; answers the producer's id.
    pub async fn produce(&mut self, request: Produce) -> Result<String, RequestError> {
        let Produce { kind, mut rtp_parameters, app_data } = request;
        // Offers with simulcast rids carry no cname, and clients send it empty: the transport then chooses one for all
        // its producers.
        rtp_parameters.rtcp.cname = rtp_parameters.rtcp.cname.filter(|cname| !cname.is_empty());
        let Some(browser) = &self.sending else {
            return Err(RequestError::TransportMissing(Direction::Producer));
        };
        bounds::check(kind, &rtp_parameters)
            .map_err(|reason| RequestError::BadPayload { event: "produce".into(), reason })?;
        bounds::disambiguate(&mut rtp_parameters);
        let slot = Slot::of(kind, app_data.source);
        if self.producers.contains_key(&slot) {
            return Err(RequestError::DuplicateProducer(slot.name()));
        }
        if self.producers.len() >= self.room.max_producers {
            return Err(RequestError::TooManyProducers(self.room.max_producers));
        }
        let mut options = ProducerOptions::new(kind, rtp_parameters);
        options.paused = app_data.paused;
        options.key_frame_request_delay = KEY_FRAME_REST_MS;
        let producer = browser.transport.produce(options).await.map_err(refused)?;
        let observed = if slot == Slot::Microphone {
            Some(self.room.observers.observe(producer.clone()).await.map_err(refused)?)
        } else {
            None
        };
        media_state::watch_producer(&producer, &self.changes);
        let id = producer.id().to_string();
        let own = OwnProducer { producer, muted_by_host: false, _observed: observed };
        self.producers.insert(slot, own);
        Ok(id)
    }

    /// Pauses one of the peer's own producers.
    pub async fn pause_producer(&self, id: &str) -> Result<(), RequestError> {
        let slot = self.own_slot(id)?;
        self.producers[&slot].producer.pause().await.map_err(refused)
    }

    /// Resumes one of the peer's own producers, also after a host has muted it.
    pub async fn resume_producer(&mut self, id: &str) -> Result<(), RequestError> {
        let slot = self.own_slot(id)?;
        if let Some(own) = self.producers.get_mut(&slot) {
            own.producer.resume().await.map_err(refused)?;
            own.muted_by_host = false;
        }
        Ok(())
    }

    /// Pauses a producer on a host's word. A peer that sends no such track needs no muting.
    pub async fn mute(&mut self, slot: Slot) -> Result<(), RequestError> {
        if let Some(own) = self.producers.get_mut(&slot)
            && !own.producer.paused()
        {
            own.producer.pause().await.map_err(refused)?;
            own.muted_by_host = true;
        }
        Ok(())
    }

    /// Closes one of the peer's own producers; one that was closed lately is closed.
    pub async fn close_producer(&mut self, id: &str) -> Result<(), RequestError> {
        if self.closed.iter().any(|closed| closed.to_string() == id) {
            return Ok(());
        }
        let slot = self.own_slot(id)?;
        self.close_slots([slot]).await;
        Ok(())
    }

    /// Closes all of the peer's own producers.
    pub async fn close_producers(&mut self) {
        let slots: Vec<Slot> = self.producers.keys().copied().collect();
        self.close_slots(slots).await;
    }

    /// Starts sending somebody's producer to the browser, in place of an earlier consumer of it.
    pub async fn consume(&mut self, request: Consume) -> Result<Consumed, RequestError> {
        let Consume { producer_id, rtp_capabilities, paused } = request;
        let Some(browser) = &self.receiving else {
            return Err(RequestError::TransportMissing(Direction::Consumer));
        };
        let producer: ProducerId = producer_id
            .parse()
            .ok()
            .filter(|&id| self.room.view.borrow().has_producer(id))
            .ok_or_else(|| RequestError::ProducerNotFound(excerpt(&producer_id)))?;
        bounds::check_capabilities(&rtp_capabilities)
            .map_err(|reason| RequestError::BadPayload { event: "consume".into(), reason })?;
        if !self.room.placement.router.can_consume(&producer, &rtp_capabilities) {
            return Err(RequestError::CannotConsume(producer_id));
        }
        let mut options = ConsumerOptions::new(producer, rtp_capabilities);
        options.paused = paused;
        let consumer = browser.transport.consume(options).await.map_err(refused)?;
        media_state::watch_consumer(&consumer, &self.changes);
        let consumed = Consumed {
            id: consumer.id().to_string(),
            producer_id,
            kind: consumer.kind(),
            rtp_parameters: consumer.rtp_parameters().clone(),
            producer_paused: consumer.producer_paused(),
        };
        self.consumers.retain(|_, earlier| !earlier.closed() && earlier.producer_id() != producer);
        self.consumers.insert(consumer.id(), consumer);
        Ok(consumed)
    }

    /// Lets nothing flow to a consumer for now.
    pub async fn pause_consumer(&self, id: &str) -> Result<(), RequestError> {
        self.own_consumer(id)?.pause().await.map_err(refused)
    }

    /// Lets a paused consumer flow.
    pub async fn resume_consumer(&self, id: &str) -> Result<(), RequestError> {
        self.own_consumer(id)?.resume().await.map_err(refused)
    }

    /// Ends a consumer. It may be gone with its producer already.
    pub fn close_consumer(&mut self, id: &str) {
        self.consumers.retain(|consumer, _| consumer.to_string() != id);
    }

    /// Chooses what a consumer is sent, by layer or by the height it is shown at.
    pub async fn prefer_layers(
        &self,
        request: SetPreferredLayers,
    ) -> Result<PreferredLayers, RequestError> {
        let SetPreferredLayers { consumer_id, spatial_layer, temporal_layer, height } = request;
        let consumer = self.own_consumer(&consumer_id)?;
        let encodings = &consumer.rtp_parameters().encodings;
        let by_height =
            height.and_then(|height| layers::preferred(encodings, Shown::Camera { height }));
        let wanted = spatial_layer
            .map(|spatial_layer| ConsumerLayers { spatial_layer, temporal_layer })
            .or(by_height.map(|layers| ConsumerLayers { temporal_layer, ..layers }));
        let is_layered = consumer.r#type() != ConsumerType::Simple;
        if let Some(wanted) = wanted.filter(|_| is_layered) {
            consumer.set_preferred_layers(wanted).await.map_err(refused)?;
        }
        let now = consumer.preferred_layers();
        Ok(PreferredLayers {
            spatial_layer: now.map(|now| now.spatial_layer),
            temporal_layer: now.and_then(|now| now.temporal_layer),
        })
    }

    /// How everything arrives now. Consumers whose producers are gone are forgotten.
    pub fn state(&mut self) -> MediaState {
        self.consumers.retain(|_, consumer| !consumer.closed());
        MediaState::of(self.producers.values().map(|own| &own.producer), self.consumers.values())
    }

    /// What there is, by id.
    pub fn kept(&self) -> KeptMedia {
        let id = |browser: &Option<BrowserTransport>| {
            browser.as_ref().map(|browser| browser.transport.id().to_string())
        };
        let open = self.consumers.values().filter(|consumer| !consumer.closed());
        KeptMedia {
            producer_transport_id: id(&self.sending),
            consumer_transport_id: id(&self.receiving),
            producer_ids: self
                .producers
                .values()
                .map(|own| own.producer.id().to_string())
                .collect(),
            consumer_ids: open.map(|consumer| consumer.id().to_string()).collect(),
        }
    }

    /// All the peer sends now.
    pub fn tracks(&self) -> Tracks {
        let mut tracks = Tracks::default();
        for (&slot, OwnProducer { producer, muted_by_host, .. }) in &self.producers {
            *tracks.slot_mut(slot) = Some(Track {
                producer: producer.id(),
                paused: producer.paused(),
                muted_by_host: *muted_by_host,
            });
        }
        tracks
    }

    /// Returns when the worker has closed them, too: browsers use the MID of a track that has ended again. Dropping a
    /// producer only orders its end, beside whatever is ordered next.
    async fn close_slots(&mut self, slots: impl IntoIterator<Item = Slot>) {
        let ended = slots.into_iter().filter_map(|slot| self.producers.remove(&slot));
        let ended: Vec<ProducerId> = ended.map(|own| own.producer.id()).collect();
        self.closed.extend(&ended);
        let surplus = self.closed.len().saturating_sub(CLOSED_AT_MOST);
        self.closed.drain(..surplus);
        let Some(browser) = &self.sending else { return };
        let closing = async {
            // A transport that is gone has closed them with itself.
            while let Ok(held) = browser.transport.dump().await
                && held.producer_ids.iter().any(|id| ended.contains(id))
            {}
        };
        if timeout(CLOSING, closing).await.is_err() {
            tracing::warn!(peer = self.peer_id, "a media worker is slow to close producers");
        }
    }

    fn own_slot(&self, id: &str) -> Result<Slot, RequestError> {
        let mut own = self.producers.iter();
        own.find(|(_, own)| own.producer.id().to_string() == id)
            .map(|(&slot, _)| slot)
            .ok_or_else(|| RequestError::ProducerNotFound(excerpt(id)))
    }

    fn own_consumer(&self, id: &str) -> Result<&Consumer, RequestError> {
        let consumer = id.parse::<ConsumerId>().ok().and_then(|id| self.consumers.get(&id));
        let open = consumer.filter(|consumer| !consumer.closed());
        open.ok_or_else(|| RequestError::ConsumerNotFound(excerpt(id)))
    }

    fn transport(&self, direction: Direction) -> Option<&BrowserTransport> {
        match direction {
            Direction::Producer => self.sending.as_ref(),
            Direction::Consumer => self.receiving.as_ref(),
        }
    }

    fn transport_mut(&mut self, direction: Direction) -> &mut Option<BrowserTransport> {
        match direction {
            Direction::Producer => &mut self.sending,
            Direction::Consumer => &mut self.receiving,
        }
    }
}

fn refused(error: impl std::fmt::Display) -> RequestError {
    RequestError::Media(error.to_string())
}

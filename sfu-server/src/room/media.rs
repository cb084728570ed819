//! What one peer owns in mediasoup: two transports, its producers, its consumers. Dropping it closes them all.

use std::collections::HashMap;

use mediasoup::prelude::*;

use crate::{
    media::transports,
    room::{
        actor::RoomHandle,
        tracks::{Slot, Track, Tracks},
    },
    signaling::{
        errors::{Direction, RequestError},
        messages::{Consume, Consumed, Produce, TransportCreated},
    },
};

/// Consumers one peer may have: a full room's tracks, twice.
const MAX_CONSUMERS: usize = 64;

/// Milliseconds between two key-frame requests to a browser, which ignores one that follows another within 300 ms: then
/// whoever asked second, as the broadcast does of a camera just turned on, would wait a second for mediasoup's repetition.
const KEY_FRAME_REST_MS: u32 = 350;

/// A peer's media in one room.
pub struct Media {
    room: RoomHandle,
    producers: HashMap<Slot, Producer>,
    consumers: HashMap<ConsumerId, Consumer>,
    sending: Option<BrowserTransport>,
    receiving: Option<BrowserTransport>,
}

struct BrowserTransport {
    transport: WebRtcTransport,
    connected: bool,
}

impl Media {
    /// Nothing yet.
    pub fn new(room: RoomHandle) -> Self {
        Self {
            room,
            producers: HashMap::new(),
            consumers: HashMap::new(),
            sending: None,
            receiving: None,
        }
    }

    /// Creates the transport of `direction`; there is one of each.
    pub async fn create_transport(
        &mut self,
        direction: Direction,
    ) -> Result<TransportCreated, RequestError> {
        if self.transport_mut(direction).is_some() {
            return Err(RequestError::TransportExists(direction));
        }
        let transport =
            transports::create(&self.room.placement).await.map_err(RequestError::Media)?;
        let described = transports::describe(&transport, &self.room.placement.announced);
        *self.transport_mut(direction) = Some(BrowserTransport { transport, connected: false });
        Ok(described)
    }

    /// Gives the transport of `direction` the browser's DTLS parameters, once.
    pub async fn connect(
        &mut self,
        direction: Direction,
        dtls_parameters: DtlsParameters,
    ) -> Result<(), RequestError> {
        let Some(browser) = self.transport_mut(direction) else {
            return Err(RequestError::TransportMissing(direction));
        };
        if browser.connected {
            return Err(RequestError::AlreadyConnected(direction));
        }
        browser
            .transport
            .connect(WebRtcTransportRemoteParameters { dtls_parameters })
            .await
            .map_err(refused)?;
        browser.connected = true;
        Ok(())
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
        let slot = Slot::of(kind, app_data.source);
        if self.producers.contains_key(&slot) {
            return Err(RequestError::DuplicateProducer(slot.name()));
        }
        let mut options = ProducerOptions::new(kind, rtp_parameters);
        options.paused = app_data.paused;
        options.key_frame_request_delay = KEY_FRAME_REST_MS;
        let producer = browser.transport.produce(options).await.map_err(refused)?;
        if slot == Slot::Microphone {
            let observed = RtpObserverAddProducerOptions::new(producer.id());
            self.room.observer.add_producer(observed).await.map_err(refused)?;
        }
        let id = producer.id().to_string();
        self.producers.insert(slot, producer);
        Ok(id)
    }

    /// Mutes one of the peer's own producers.
    pub async fn pause_producer(&self, id: &str) -> Result<(), RequestError> {
        self.own_producer(id)?.1.pause().await.map_err(refused)
    }

    /// Unmutes one of the peer's own producers.
    pub async fn resume_producer(&self, id: &str) -> Result<(), RequestError> {
        self.own_producer(id)?.1.resume().await.map_err(refused)
    }

    /// Closes one of the peer's own producers.
    pub fn close_producer(&mut self, id: &str) -> Result<(), RequestError> {
        let slot = self.own_producer(id)?.0;
        self.producers.remove(&slot);
        Ok(())
    }

    /// Closes all of the peer's own producers.
    pub fn close_producers(&mut self) {
        self.producers.clear();
    }

    /// Starts sending somebody's producer to the browser.
    pub async fn consume(&mut self, request: Consume) -> Result<Consumed, RequestError> {
        let Consume { producer_id, rtp_capabilities, paused } = request;
        let Some(browser) = &self.receiving else {
            return Err(RequestError::TransportMissing(Direction::Consumer));
        };
        self.consumers.retain(|_, consumer| !consumer.closed());
        if self.consumers.len() >= MAX_CONSUMERS {
            return Err(RequestError::TooManyConsumers(MAX_CONSUMERS));
        }
        let producer: ProducerId = producer_id
            .parse()
            .ok()
            .filter(|&id| self.room.view.borrow().has_producer(id))
            .ok_or_else(|| RequestError::ProducerNotFound(excerpt(&producer_id)))?;
        if !self.room.placement.router.can_consume(&producer, &rtp_capabilities) {
            return Err(RequestError::CannotConsume(producer_id));
        }
        let mut options = ConsumerOptions::new(producer, rtp_capabilities);
        options.paused = paused;
        let consumer = browser.transport.consume(options).await.map_err(refused)?;
        let consumed = Consumed {
            id: consumer.id().to_string(),
            producer_id,
            kind: consumer.kind(),
            rtp_parameters: consumer.rtp_parameters().clone(),
            producer_paused: consumer.producer_paused(),
        };
        self.consumers.insert(consumer.id(), consumer);
        Ok(consumed)
    }

    /// Lets a consumer that was created paused flow.
    pub async fn resume_consumer(&self, id: &str) -> Result<(), RequestError> {
        let missing = || RequestError::ConsumerNotFound(excerpt(id));
        let consumer = id.parse::<ConsumerId>().ok().and_then(|id| self.consumers.get(&id));
        consumer.filter(|c| !c.closed()).ok_or_else(missing)?.resume().await.map_err(refused)
    }

    /// Drops the handles of consumers whose producers are gone.
    pub fn forget_closed_consumers(&mut self) {
        self.consumers.retain(|_, consumer| !consumer.closed());
    }

    /// All the peer sends now.
    pub fn tracks(&self) -> Tracks {
        let mut tracks = Tracks::default();
        for (&slot, producer) in &self.producers {
            *tracks.slot_mut(slot) =
                Some(Track { producer: producer.id(), paused: producer.paused() });
        }
        tracks
    }

    fn own_producer(&self, id: &str) -> Result<(Slot, &Producer), RequestError> {
        self.producers
            .iter()
            .find(|(_, producer)| producer.id().to_string() == id)
            .map(|(&slot, producer)| (slot, producer))
            .ok_or_else(|| RequestError::ProducerNotFound(excerpt(id)))
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

/// A client's own words, cut to a bearable length.
fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}

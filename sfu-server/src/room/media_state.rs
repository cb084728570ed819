//! How a peer's media arrives, whole: scores, layers, pauses. mediasoup's events only say that it is worth looking again,
//! so any number of them between two looks is one change.

use std::{collections::BTreeMap, sync::Arc};

use mediasoup::prelude::*;
use tokio::sync::Notify;

use crate::signaling::{
    facts::Fact,
    messages::{ConsumerState, ProducerState},
};

/// Of all producers and consumers of one peer, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MediaState {
    producers: BTreeMap<String, ProducerState>,
    consumers: BTreeMap<String, ConsumerState>,
}

impl MediaState {
    /// As mediasoup has it now.
    pub fn of<'a>(
        producers: impl Iterator<Item = &'a Producer>,
        consumers: impl Iterator<Item = &'a Consumer>,
    ) -> Self {
        let producers = producers.map(producer_state);
        let consumers = consumers.map(consumer_state);
        Self {
            producers: producers.map(|state| (state.producer_id.clone(), state)).collect(),
            consumers: consumers.map(|state| (state.consumer_id.clone(), state)).collect(),
        }
    }
}

/// What a peer must be told so that it knows `new`, having known `old`.
pub fn facts(old: &MediaState, new: &MediaState) -> Vec<Fact> {
    let consumers =
        new.consumers.iter().filter(|(id, state)| old.consumers.get(*id) != Some(state));
    let producers =
        new.producers.iter().filter(|(id, state)| old.producers.get(*id) != Some(state));
    let consumers = consumers.map(|(_, state)| Fact::ConsumerChanged(state.clone()));
    consumers.chain(producers.map(|(_, state)| Fact::ProducerChanged(state.clone()))).collect()
}

/// Notifies `changes` of whatever happens to `producer`.
pub fn watch_producer(producer: &Producer, changes: &Arc<Notify>) {
    let changes = changes.clone();
    producer.on_score(move |_| changes.notify_one()).detach();
}

/// Notifies `changes` of whatever happens to `consumer`.
pub fn watch_consumer(consumer: &Consumer, changes: &Arc<Notify>) {
    let look = || {
        let changes = changes.clone();
        move || changes.notify_one()
    };
    let (score, layers) = (look(), look());
    consumer.on_score(move |_| score()).detach();
    consumer.on_layers_change(move |_| layers()).detach();
    consumer.on_producer_pause(look()).detach();
    consumer.on_producer_resume(look()).detach();
    consumer.on_producer_close(look()).detach();
}

fn producer_state(producer: &Producer) -> ProducerState {
    let best = producer.score().iter().map(|layer| layer.score).max();
    ProducerState { producer_id: producer.id().to_string(), score: best.unwrap_or(0) }
}

fn consumer_state(consumer: &Consumer) -> ConsumerState {
    let score = consumer.score();
    let layers = consumer.current_layers();
    ConsumerState {
        consumer_id: consumer.id().to_string(),
        producer_paused: consumer.producer_paused(),
        score: score.score,
        producer_score: score.producer_score,
        spatial_layer: layers.map(|layers| layers.spatial_layer),
        temporal_layer: layers.and_then(|layers| layers.temporal_layer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(id: &str, score: u8) -> (String, ConsumerState) {
        let state = ConsumerState {
            consumer_id: id.into(),
            producer_paused: false,
            score,
            producer_score: 10,
            spatial_layer: None,
            temporal_layer: None,
        };
        (id.into(), state)
    }

    #[test]
    fn only_what_is_new_is_told() {
        let of = |consumers: Vec<(String, ConsumerState)>| MediaState {
            consumers: consumers.into_iter().collect(),
            ..MediaState::default()
        };
        let before = of(vec![consumer("a", 10), consumer("b", 10)]);
        let after = of(vec![consumer("b", 3), consumer("c", 10)]);
        let told: Vec<_> = facts(&before, &after);
        let states = [consumer("b", 3).1, consumer("c", 10).1].map(Fact::ConsumerChanged);
        assert_eq!(told, states);
        assert_eq!(facts(&after, &after), []);
    }
}

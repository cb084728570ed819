//! Who speaks and how loud everybody is: what mediasoup's two observers say, put together. Pure.

use mediasoup::prelude::ProducerId;

/// What the observers last said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    dominant: Option<ProducerId>,
    levels: Vec<(ProducerId, i8)>,
}

/// One observation.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Of the active-speaker observer, which decides over some seconds; it never says that nobody speaks any more.
    Dominant(ProducerId),
    /// Of the audio-level observer, some three times a second: whoever is above its threshold, in dBov.
    Levels(Vec<(ProducerId, i8)>),
    /// Of the same: nobody is.
    Silence,
}

impl Speech {
    /// Takes an observation in.
    pub fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Dominant(producer) => self.dominant = Some(producer),
            Heard::Levels(levels) => self.levels = levels,
            Heard::Silence => self.levels.clear(),
        }
    }

    /// Which producer dominates: none in silence; the loudest before the observer has decided, and when the dominant one
    /// is not there any more.
    pub fn speaker(&self, is_there: impl Fn(ProducerId) -> bool) -> Option<ProducerId> {
        let (loudest, _) = *self.levels.iter().max_by_key(|(_, volume)| *volume)?;
        Some(self.dominant.filter(|dominant| is_there(*dominant)).unwrap_or(loudest))
    }

    /// Whoever is heard, and how loud, in dBov.
    pub fn levels(&self) -> &[(ProducerId, i8)] {
        &self.levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn producer(n: u8) -> ProducerId {
        format!("00000000-0000-4000-8000-0000000000{n:02x}").parse().expect("an id")
    }

    #[test]
    fn the_dominant_one_speaks_as_long_as_anybody_is_heard() {
        let mut speech = Speech::default();
        assert_eq!(speech.speaker(|_| true), None);
        speech.hear(Heard::Levels(vec![(producer(1), -30), (producer(2), -20)]));
        assert_eq!(
            speech.speaker(|_| true),
            Some(producer(2)),
            "the loudest, before anybody dominates"
        );
        speech.hear(Heard::Dominant(producer(1)));
        assert_eq!(speech.speaker(|_| true), Some(producer(1)));
        assert_eq!(speech.speaker(|it| it != producer(1)), Some(producer(2)), "it has left");
        speech.hear(Heard::Silence);
        assert_eq!(speech.speaker(|_| true), None);
        speech.hear(Heard::Levels(vec![(producer(1), -30)]));
        assert_eq!(speech.speaker(|_| true), Some(producer(1)));
    }
}

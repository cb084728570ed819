//! What mediasoup holds, by its own account: `GET /dump` of the ops listener.

use std::collections::BTreeSet;

use serde_json::Value;

/// Ids, without order.
pub type Ids = BTreeSet<String>;

/// One room's router.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Router {
    /// Of browsers and towards the composer.
    pub transports: Ids,
    /// What peers send.
    pub producers: Ids,
    /// What peers receive.
    pub consumers: Ids,
}

/// All workers at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dump {
    /// One a room.
    pub routers: Vec<Router>,
    /// Browsers' transports on the workers' ports.
    pub web_rtc_transports: Ids,
    /// Routers of no room.
    pub orphans: Ids,
}

impl Dump {
    /// Reads the answer.
    ///
    /// # Panics
    /// When it has another shape.
    pub fn parse(answer: &str) -> Self {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        let mut dump = Self::default();
        for worker in answer["workers"].as_array().expect("workers") {
            dump.web_rtc_transports.extend(ids(&worker["webRtcTransports"]));
            dump.orphans.extend(ids(&worker["orphans"]));
            let routers = worker["routers"].as_array().expect("routers").iter();
            dump.routers.extend(routers.map(|router| Router {
                transports: ids(&router["transports"]),
                producers: ids(&router["producers"]),
                consumers: ids(&router["consumers"]),
            }));
        }
        dump
    }

    /// The union over all routers.
    pub fn transports(&self) -> Ids {
        self.routers.iter().flat_map(|router| router.transports.clone()).collect()
    }

    /// The union over all routers.
    pub fn producers(&self) -> Ids {
        self.routers.iter().flat_map(|router| router.producers.clone()).collect()
    }

    /// The union over all routers.
    pub fn consumers(&self) -> Ids {
        self.routers.iter().flat_map(|router| router.consumers.clone()).collect()
    }
}

fn ids(list: &Value) -> Ids {
    let list = list.as_array().expect("a list of ids").iter();
    list.map(|id| id.as_str().expect("an id").to_owned()).collect()
}

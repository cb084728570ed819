//! Somebody in the room, without a browser: a thread that sends camera and microphone as mediasoup forwards them, with
//! whatever fault it is told to have.

use std::{
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant, SystemTime},
};

use proto::v1;

use super::{
    media::Camera,
    rtp::{self, Stream},
    sender::Ssrcs,
};

const OPUS: Duration = Duration::from_millis(20);
const REPORTS: Duration = Duration::from_secs(1);

/// What a participant is told.
#[derive(Clone, Debug)]
pub enum Order {
    /// The next picture is a key frame.
    KeyFrame,
    /// Nothing of this is sent.
    Mute(Track),
    /// It is sent again; pictures begin with a key frame, as the SFU asks for one.
    Unmute(Track),
    /// So many packets of a hundred are lost.
    Loss(u8),
    /// Every other pair of packets arrives in reverse order.
    Reorder(bool),
    /// Every packet arrives twice.
    Duplicate(bool),
    /// With every packet comes one that is no RTP.
    Garbage(bool),
    /// With every packet comes one of somebody else's.
    Foreign(bool),
    /// The encoder starts anew: other SSRCs, sequence numbers and timestamps.
    NewSsrc,
    /// Timestamps jump by so many seconds; the next sender report knows of it.
    Jump(i32),
    /// Another picture size, from a key frame on.
    Camera(Arc<Camera>),
    /// Sender reports are off by up to so much, back and forth.
    ReportJitter(Duration),
    /// The media clock runs faster than time by so many millionths.
    Skew(i32),
    /// Nothing leaves for so long, then everything at once.
    Burst(Duration),
    /// Requests for key frames are not heard for so long.
    Deaf(Duration),
    /// The end.
    Leave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    Camera,
    Microphone,
    Both,
}

/// See the module; stops when dropped.
pub struct Participant {
    orders: mpsc::Sender<Order>,
    lateness: Arc<AtomicU64>,
    /// How long after its whole number of frames the camera takes each picture, in seconds: cameras do not start with
    /// the microphone.
    pub phase: f64,
}

impl Participant {
    /// Sends to `ports` from now on, beginning with the first picture of `camera`.
    pub fn start(
        ports: &[v1::ReservedPorts],
        ssrcs: Ssrcs,
        camera: Arc<Camera>,
        microphone: Arc<Vec<Vec<u8>>>,
    ) -> Self {
        let (orders, inbox) = mpsc::channel();
        let leg = |kind: v1::MediaKind, payload_type, ssrc| {
            let ports = ports.iter().find(|p| p.kind() == kind).expect("a reserved track");
            Leg {
                rtp: ports.rtp_port as u16,
                rtcp: ports.rtcp_port as u16,
                stream: Stream::new(payload_type, ssrc),
                muted: false,
            }
        };
        let now = Instant::now();
        let phase = rand::random_range(0.0..1.0 / f64::from(camera.fps));
        let sending = Sending {
            phase,
            socket: UdpSocket::bind("127.0.0.1:0").expect("a socket"),
            video: leg(v1::MediaKind::Video, 101, ssrcs.video),
            audio: leg(v1::MediaKind::Audio, 100, ssrcs.audio),
            camera,
            microphone,
            clock: MediaClock { from: now, media: 0.0, rate: 1.0 },
            pictures: 0,
            sounds: 0,
            next_frame: 0,
            next_report: now,
            faults: Faults::default(),
            held: None,
            waiting: vec![],
            lateness: Arc::default(),
        };
        let (lateness, phase) = (sending.lateness.clone(), sending.phase);
        std::thread::spawn(move || sending.run(&inbox));
        Self { orders, lateness, phase }
    }

    /// By how much its pictures left late at most, because the machine was busy.
    pub fn lateness(&self) -> Duration {
        Duration::from_micros(self.lateness.load(Ordering::Relaxed))
    }

    /// Tells it something; it does so before its next packet.
    pub fn order(&self, order: Order) {
        self.orders.send(order).expect("a running participant");
    }

    /// Where orders go.
    pub fn orders(&self) -> mpsc::Sender<Order> {
        self.orders.clone()
    }
}

impl Drop for Participant {
    fn drop(&mut self) {
        _ = self.orders.send(Order::Leave);
    }
}

/// One track on its way to its ports.
struct Leg {
    rtp: u16,
    rtcp: u16,
    stream: Stream,
    muted: bool,
}

/// A clock of which time passes faster or slower.
struct MediaClock {
    from: Instant,
    media: f64,
    rate: f64,
}

impl MediaClock {
    fn at(&self, now: Instant) -> f64 {
        self.media + now.duration_since(self.from).as_secs_f64() * self.rate
    }

    fn when(&self, media: f64) -> Instant {
        self.from + Duration::from_secs_f64(((media - self.media) / self.rate).max(0.0))
    }

    fn run_at(&mut self, rate: f64, now: Instant) {
        *self = Self { from: now, media: self.at(now), rate };
    }
}

#[derive(Default)]
struct Faults {
    loss: u8,
    reorder: bool,
    duplicate: bool,
    garbage: bool,
    foreign: bool,
    jitter: Duration,
    burst_until: Option<Instant>,
    deaf_until: Option<Instant>,
}

struct Sending {
    socket: UdpSocket,
    video: Leg,
    audio: Leg,
    camera: Arc<Camera>,
    microphone: Arc<Vec<Vec<u8>>>,
    clock: MediaClock,
    phase: f64,
    /// Pictures and sounds that were due so far.
    pictures: u64,
    sounds: u64,
    /// Where the camera is in its pictures.
    next_frame: usize,
    next_report: Instant,
    faults: Faults,
    /// A packet that lets the next one pass.
    held: Option<(u16, Vec<u8>)>,
    /// Packets of a burst.
    waiting: Vec<(u16, Vec<u8>)>,
    lateness: Arc<AtomicU64>,
}

impl Sending {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        loop {
            let picture = self.clock.when(self.picture_time());
            let sound = self.clock.when(self.sounds as f64 * OPUS.as_secs_f64());
            let due = picture.min(sound).min(self.next_report);
            match orders.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Order::Leave) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {
                    let now = Instant::now();
                    if self.next_report <= now {
                        self.report(now);
                    }
                    if sound <= now {
                        self.sound();
                    }
                    if picture <= now {
                        let late = now.duration_since(picture).as_micros() as u64;
                        self.lateness.fetch_max(late, Ordering::Relaxed);
                        self.picture();
                    }
                    self.end_burst(now);
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::KeyFrame if self.faults.deaf_until.is_none_or(|until| now >= until) => {
                self.next_frame = self.camera.key_frame(self.next_frame);
            }
            Order::KeyFrame | Order::Leave => {}
            Order::Mute(track) => self.mute(track, true),
            Order::Unmute(track) => {
                self.mute(track, false);
                self.next_frame = self.camera.key_frame(self.next_frame);
                self.next_report = now;
            }
            Order::Loss(percent) => self.faults.loss = percent,
            Order::Reorder(on) => self.faults.reorder = on,
            Order::Duplicate(on) => self.faults.duplicate = on,
            Order::Garbage(on) => self.faults.garbage = on,
            Order::Foreign(on) => self.faults.foreign = on,
            Order::NewSsrc => {
                for leg in [&mut self.video, &mut self.audio] {
                    leg.stream = Stream::new(leg.stream.payload_type, rand::random());
                }
                self.next_frame = self.camera.key_frame(self.next_frame);
            }
            Order::Jump(seconds) => {
                for (leg, rate) in [(&mut self.video, 90_000), (&mut self.audio, 48_000)] {
                    leg.stream.offset =
                        leg.stream.offset.wrapping_add_signed(seconds.wrapping_mul(rate));
                }
                // The report that knows of it is a whole period away.
                self.next_report = now + REPORTS;
            }
            Order::Camera(camera) => {
                self.next_frame = camera.key_frame(0);
                self.camera = camera;
            }
            Order::ReportJitter(jitter) => self.faults.jitter = jitter,
            Order::Skew(millionths) => self.clock.run_at(1.0 + f64::from(millionths) / 1e6, now),
            Order::Burst(after) => self.faults.burst_until = Some(now + after),
            Order::Deaf(time) => self.faults.deaf_until = Some(now + time),
        }
    }

    /// Of the next picture, in seconds of the media clock.
    fn picture_time(&self) -> f64 {
        self.pictures as f64 / f64::from(self.camera.fps) + self.phase
    }

    fn mute(&mut self, track: Track, muted: bool) {
        if matches!(track, Track::Camera | Track::Both) {
            self.video.muted = muted;
        }
        if matches!(track, Track::Microphone | Track::Both) {
            self.audio.muted = muted;
        }
    }

    fn report(&mut self, now: Instant) {
        self.next_report = now + REPORTS;
        let late = self.faults.jitter.mul_f64(rand::random());
        let (at, media) = (SystemTime::now() + late, self.clock.at(now));
        for (leg, rate) in [(&self.video, 90_000.0), (&self.audio, 48_000.0)] {
            if !leg.muted {
                let report = leg.stream.sender_report((media * rate) as u64 as u32, at);
                self.socket.send_to(&report, ("127.0.0.1", leg.rtcp)).expect("a report");
            }
        }
    }

    fn picture(&mut self) {
        let time = (self.picture_time() * 90_000.0) as u64 as u32;
        if self.camera.is_timed {
            self.next_frame = (self.pictures % self.camera.frames.len() as u64) as usize;
        }
        self.pictures += 1;
        if self.video.muted {
            return;
        }
        let frame = &self.camera.frames[self.next_frame];
        self.next_frame = (self.next_frame + 1) % self.camera.frames.len();
        let payloads = rtp::payloads(self.camera.codec, frame);
        let last = payloads.len() - 1;
        for (n, payload) in payloads.into_iter().enumerate() {
            let packet = self.video.stream.packet(time, n == last, &payload);
            self.send(self.video.rtp, packet);
        }
    }

    fn sound(&mut self) {
        let time = (self.sounds * 960) as u32;
        let packet = &self.microphone[self.sounds as usize % self.microphone.len()];
        self.sounds += 1;
        if !self.audio.muted {
            let packet = self.audio.stream.packet(time, false, packet);
            self.send(self.audio.rtp, packet);
        }
    }

    fn send(&mut self, port: u16, packet: Vec<u8>) {
        if rand::random_range(0..100) < self.faults.loss {
            return;
        }
        if self.faults.burst_until.is_some() {
            self.waiting.push((port, packet));
            return;
        }
        if self.faults.reorder && self.held.is_none() {
            self.held = Some((port, packet));
            return;
        }
        self.put(port, &packet);
        if self.faults.duplicate {
            self.put(port, &packet);
        }
        if self.faults.garbage {
            let garbage: Vec<u8> =
                (0..rand::random_range(1..300)).map(|_| rand::random()).collect();
            self.put(port, &garbage);
        }
        if self.faults.foreign {
            let foreign = Stream::new(packet[1] & 0x7f, 0xf0e1_d2c3).packet(0, true, &[0x10; 100]);
            self.put(port, &foreign);
        }
        if let Some((port, held)) = self.held.take() {
            self.put(port, &held);
        }
    }

    fn put(&self, port: u16, packet: &[u8]) {
        // Nobody listens while an ingest is being replaced.
        _ = self.socket.send_to(packet, ("127.0.0.1", port));
    }

    fn end_burst(&mut self, now: Instant) {
        if self.faults.burst_until.is_some_and(|until| now >= until) {
            self.faults.burst_until = None;
            for (port, packet) in std::mem::take(&mut self.waiting) {
                self.put(port, &packet);
            }
        }
    }
}

//! Somebody in the room, without a browser: a thread that sends camera and microphone as mediasoup forwards them, with
//! whatever fault it is told to have.

use std::{
    collections::VecDeque,
    net::UdpSocket,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant, SystemTime},
};

use proto::v1;

use super::{
    machine::{self, Moment},
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
    /// So many of the picture's are lost, and sent again: as many of these are lost, and the others come 0.25 s late.
    PictureLoss(u8),
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
    Jump(Track, i32),
    /// Another picture size, from a key frame on.
    Camera(Arc<Camera>),
    /// Sender reports are off by up to so much, back and forth.
    ReportJitter(Duration),
    /// Sender reports are ahead by so much.
    ReportsAhead(Duration),
    /// The media clock runs faster than time by so many millionths.
    Skew(i32),
    /// Nothing leaves for so long, then everything at once.
    Burst(Duration),
    /// One picture, a key frame, though the camera is muted: a canvas that is drawn once. Whoever asks for a key frame gets
    /// it again, as from a browser.
    Draw,
    /// No sender reports from now on.
    NoReports,
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

impl Track {
    fn is_of(self, kind: v1::MediaKind) -> bool {
        match kind {
            v1::MediaKind::Video => matches!(self, Self::Camera | Self::Both),
            _ => matches!(self, Self::Microphone | Self::Both),
        }
    }
}

/// How late a packet is that is sent again.
const AGAIN: Duration = Duration::from_millis(250);

/// See the module; stops when dropped.
pub struct Participant {
    orders: mpsc::Sender<Order>,
    /// How long after its whole number of frames the camera takes each picture, in seconds: cameras do not start with
    /// the microphone.
    pub phase: f64,
}

impl Participant {
    /// Sends to `ports` from now on, beginning with the first picture of `camera`; nothing of what is `muted`.
    pub fn start(
        ports: &[v1::ReservedPorts],
        muted: Option<Track>,
        away: Option<mpsc::Sender<Moment>>,
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
                muted: muted.is_some_and(|track| track.is_of(kind)),
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
            again: VecDeque::new(),
            away,
        };
        let phase = sending.phase;
        std::thread::spawn(move || sending.run(&inbox));
        Self { orders, phase }
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
    picture_loss: u8,
    unreported: bool,
    drawn: bool,
    reorder: bool,
    duplicate: bool,
    garbage: bool,
    foreign: bool,
    jitter: Duration,
    ahead: Duration,
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
    /// Packets that are sent again, and when.
    again: VecDeque<(Instant, Vec<u8>)>,
    away: Option<mpsc::Sender<Moment>>,
}

impl Sending {
    fn run(mut self, orders: &mpsc::Receiver<Order>) {
        machine::ahead_of_others();
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
                        let late = now.duration_since(picture);
                        if let Some(away) = self.away.as_ref().filter(|_| late > machine::LATE) {
                            _ = away.send(Moment::now("a sender", late));
                        }
                        self.picture();
                    }
                    self.end_burst(now);
                    self.send_again(now);
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::KeyFrame if self.faults.deaf_until.is_none_or(|until| now >= until) => {
                self.next_frame = self.camera.key_frame(self.next_frame);
                if self.faults.drawn {
                    self.draw();
                }
            }
            Order::KeyFrame | Order::Leave => {}
            Order::Mute(track) => self.mute(track, true),
            Order::Unmute(track) => {
                self.mute(track, false);
                self.next_frame = self.camera.key_frame(self.next_frame);
                self.next_report = now;
            }
            Order::Loss(percent) => self.faults.loss = percent,
            Order::PictureLoss(percent) => self.faults.picture_loss = percent,
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
            Order::Jump(track, seconds) => {
                for (kind, leg, rate) in [
                    (v1::MediaKind::Video, &mut self.video, 90_000),
                    (v1::MediaKind::Audio, &mut self.audio, 48_000),
                ] {
                    if track.is_of(kind) {
                        let jump = seconds.wrapping_mul(rate);
                        leg.stream.offset = leg.stream.offset.wrapping_add_signed(jump);
                    }
                }
                // The report that knows of it is a whole period away.
                self.next_report = now + REPORTS;
            }
            Order::Camera(camera) => {
                self.next_frame = camera.key_frame(0);
                self.camera = camera;
            }
            Order::ReportJitter(jitter) => self.faults.jitter = jitter,
            Order::ReportsAhead(ahead) => self.faults.ahead = ahead,
            Order::Skew(millionths) => self.clock.run_at(1.0 + f64::from(millionths) / 1e6, now),
            Order::Draw => {
                self.faults.drawn = true;
                self.draw();
            }
            Order::NoReports => self.faults.unreported = true,
            Order::Burst(after) => self.faults.burst_until = Some(now + after),
            Order::Deaf(time) => self.faults.deaf_until = Some(now + time),
        }
    }

    fn draw(&mut self) {
        self.next_frame = self.camera.key_frame(0);
        let muted = std::mem::replace(&mut self.video.muted, false);
        self.picture();
        self.video.muted = muted;
    }

    /// Of the next picture, in seconds of the media clock.
    fn picture_time(&self) -> f64 {
        self.pictures as f64 / f64::from(self.camera.fps) + self.phase
    }

    fn mute(&mut self, track: Track, muted: bool) {
        for (kind, leg) in
            [(v1::MediaKind::Video, &mut self.video), (v1::MediaKind::Audio, &mut self.audio)]
        {
            if track.is_of(kind) {
                leg.muted = muted;
            }
        }
    }

    fn report(&mut self, now: Instant) {
        self.next_report = now + REPORTS;
        if self.faults.unreported {
            return;
        }
        let late = self.faults.ahead + self.faults.jitter.mul_f64(rand::random());
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
        if is_lost(self.faults.loss) {
            return;
        }
        if port == self.video.rtp && is_lost(self.faults.picture_loss) {
            if !is_lost(self.faults.picture_loss) {
                self.again.push_back((Instant::now() + AGAIN, packet));
            }
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

    fn send_again(&mut self, now: Instant) {
        while let Some((_, packet)) = self.again.pop_front_if(|(due, _)| *due <= now) {
            self.put(self.video.rtp, &packet);
        }
    }
}

fn is_lost(percent: u8) -> bool {
    rand::random_range(0..100) < percent
}

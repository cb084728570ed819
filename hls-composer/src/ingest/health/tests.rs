use proptest::prelude::*;

use super::*;

const TENTH: Duration = Duration::from_millis(100);

/// A process that is checked ten times a second.
struct Patient {
    health: Health,
    progress: Progress,
    now: Instant,
    resumed: Option<Instant>,
    attention: Attention,
}

impl Patient {
    fn new() -> Self {
        let start = Instant::now();
        let (progress, resumed) = (Progress::default(), Some(start));
        let health = Health::new(15, start);
        Self { health, progress, now: start, resumed, attention: Attention::Idle }
    }

    /// Runs for so many tenths of a second; what is to be done, and when.
    fn run(
        &mut self,
        tenths: u32,
        sees: bool,
        hears: bool,
        complaints: &[Complaint],
    ) -> Vec<(u32, Verdict)> {
        let mut verdicts = vec![];
        for tenth in 1..=tenths {
            self.now += TENTH;
            if sees {
                self.progress.frames += 1;
                self.progress.last_frame = Some(self.now);
            }
            if hears {
                self.progress.samples += 4800;
                self.progress.last_sample = Some(self.now);
            }
            let complaints = complaints.iter().copied();
            let verdict =
                self.health
                    .check(self.now, &self.progress, complaints, self.resumed, || self.attention);
            if verdict != Verdict::Well {
                verdicts.push((tenth, verdict));
            }
        }
        verdicts
    }
}

#[test]
fn media_ahead_of_time_is_a_jump_and_a_filled_gap_is_none() {
    let minute = Duration::from_secs(60);
    assert!(!is_time_jump(60.0, minute));
    assert!(!is_time_jump(61.9, minute));
    assert!(is_time_jump(62.1, minute));
}

#[test]
fn silence_asks_for_nothing_and_restarts_nothing() {
    let mut patient = Patient::new();
    assert_eq!(patient.run(50, true, true, &[]), []);
    assert_eq!(patient.run(36_000, false, false, &[]), []);
}

#[test]
fn a_picture_that_stands_while_the_voice_goes_on_wants_a_key_frame_ever_more_seldom() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let wanted: Vec<u32> =
        patient.run(400, false, true, &[]).into_iter().map(|(at, _)| at).collect();
    assert_eq!(wanted, [5, 15, 35, 75, 155, 235, 315, 395]);
}

#[test]
fn a_camera_that_is_off_wants_no_key_frame() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    patient.resumed = None;
    assert_eq!(patient.run(400, false, true, &[]), []);
}

#[test]
fn a_loss_wants_a_key_frame_and_no_new_process() {
    let mut patient = Patient::new();
    patient.run(20, true, false, &[]);
    patient.run(1, false, false, &[Complaint::Other]);
    assert_eq!(
        patient.run(20, false, false, &[]),
        [(4, Verdict::KeyFrame), (14, Verdict::KeyFrame)]
    );
    assert_eq!(patient.run(20, true, false, &[]), []);
}

#[test]
fn what_still_does_not_decode_two_seconds_after_a_request_gets_a_new_process() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let verdicts = patient.run(25, false, true, &[Complaint::Other]);
    assert_eq!(
        verdicts,
        [
            (5, Verdict::KeyFrame),
            (15, Verdict::KeyFrame),
            (25, Verdict::Sick(Sickness::Undecodable))
        ]
    );
}

#[test]
fn sequence_numbers_that_began_anew_get_a_new_process_at_once() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let verdicts = patient.run(3, false, true, &[Complaint::Refused; 2]);
    assert_eq!(verdicts, [(3, Verdict::Sick(Sickness::Anew))]);

    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let mut verdicts = patient.run(1, false, true, &[Complaint::Leapt]);
    verdicts.extend(patient.run(2, false, true, &[]));
    assert_eq!(verdicts, [(2, Verdict::Sick(Sickness::Anew))]);
}

#[test]
fn reordering_is_no_sickness() {
    let mut patient = Patient::new();
    assert_eq!(patient.run(100, true, true, &[Complaint::Refused; 20]), []);
    assert_eq!(patient.run(100, true, true, &[Complaint::Leapt]), [], "a stray packet");
}

#[test]
fn a_gap_of_silence_may_be_filled_and_a_jump_of_time_may_not() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    patient.run(299, false, false, &[]);
    assert_eq!(patient.run(1, false, false, &[Complaint::Filling(100)]), []);
    let jump = patient.run(1, false, false, &[Complaint::Filling(1000)]);
    assert_eq!(jump, [(1, Verdict::Sick(Sickness::TimeJump(1000)))]);
    patient.run(20, true, true, &[]);
    let jump = patient.run(1, false, false, &[Complaint::Filling(100)]);
    assert_eq!(jump, [(1, Verdict::Sick(Sickness::TimeJump(100)))]);
}

#[test]
fn a_process_that_reads_nothing_hangs() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    patient.attention = Attention::Behind;
    let verdicts = patient.run(5, false, false, &[]);
    assert_eq!(verdicts, [(5, Verdict::Sick(Sickness::Hung))]);
}

#[test]
fn a_stopped_process_hangs_as_soon_as_there_is_something_to_be_read() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    assert_eq!(patient.run(20, false, false, &[]), []);
    patient.attention = Attention::Stopped;
    let verdicts = patient.run(1, false, false, &[]);
    assert_eq!(verdicts, [(1, Verdict::Sick(Sickness::Hung))]);
}

#[test]
fn a_long_rest_is_followed_by_a_new_process_and_a_short_one_is_not() {
    let seconds = |n| Some(Duration::from_secs(n));
    assert!(!starts_afresh(seconds(10), seconds(600)));
    assert!(starts_afresh(seconds(11), None));
    assert!(!starts_afresh(None, seconds(599)));
    assert!(starts_afresh(None, seconds(601)));
    assert!(!starts_afresh(None, None));
}

#[test]
fn three_respawns_a_minute_and_no_more() {
    let now = Instant::now();
    let mut respawns = Respawns::default();
    let outcomes: Vec<bool> =
        (0..5).map(|n| respawns.spend(now + Duration::from_secs(n))).collect();
    assert_eq!(outcomes, [true, true, true, false, false]);
    assert!(respawns.spend(now + BUDGET_WINDOW));
}

proptest! {
    #[test]
    fn key_frames_are_asked_for_at_most_once_a_second(
        phases in prop::collection::vec((1..40_u32, any::<bool>(), any::<bool>(), any::<bool>()), 1..30),
    ) {
        let mut patient = Patient::new();
        let mut last: Option<Instant> = None;
        for (tenths, sees, hears, complains) in phases {
            for _ in 0..tenths {
                let complaints: &[Complaint] = if complains { &[Complaint::Other] } else { &[] };
                match patient.run(1, sees, hears, complaints).first() {
                    Some((_, Verdict::KeyFrame)) => {
                        prop_assert!(last.is_none_or(|at| patient.now - at >= ASK_AGAIN));
                        last = Some(patient.now);
                    }
                    Some((_, Verdict::Sick(_))) => return Ok(()),
                    _ => {}
                }
            }
        }
    }
}

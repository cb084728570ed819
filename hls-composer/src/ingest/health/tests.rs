use proptest::prelude::*;

use super::*;

const TENTH: Duration = Duration::from_millis(100);

/// A process that is checked ten times a second.
struct Patient {
    health: Health,
    progress: Progress,
    now: Instant,
    expected: Expected,
    attention: Attention,
}

impl Patient {
    fn new() -> Self {
        let start = Instant::now();
        let expected = Expected { pictures: Some(start), sound: Some(start) };
        let (progress, health) = (Progress::default(), Health::new(start));
        Self { health, progress, now: start, expected, attention: Attention::Idle }
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
                    .check(self.now, &self.progress, complaints, self.expected, || self.attention);
            if verdict != Verdict::Well {
                verdicts.push((tenth, verdict));
            }
        }
        verdicts
    }
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
    patient.expected.pictures = None;
    assert_eq!(patient.run(400, false, true, &[]), []);
}

#[test]
fn a_loss_wants_a_key_frame_and_no_new_process() {
    let mut patient = Patient::new();
    patient.run(20, true, false, &[]);
    patient.run(1, false, false, &[Complaint::Taken]);
    assert_eq!(
        patient.run(20, false, false, &[]),
        [(4, Verdict::KeyFrame), (14, Verdict::KeyFrame)]
    );
    assert_eq!(patient.run(20, true, false, &[]), []);
}

#[test]
fn what_does_not_decode_is_asked_for_every_second_and_never_cuts_a_voice() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let verdicts = patient.run(3000, false, true, &[Complaint::Taken]);
    assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::KeyFrame));
    assert_eq!(verdicts.len(), 300);
}

#[test]
fn without_a_voice_what_never_decodes_gets_a_new_process_in_the_end() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let verdicts = patient.run(305, false, false, &[Complaint::Taken]);
    let sick = verdicts.iter().find(|(_, verdict)| *verdict != Verdict::KeyFrame);
    assert_eq!(sick, Some(&(305, Verdict::Sick(Sickness::Undecodable))));
}

#[test]
fn sequence_numbers_that_began_anew_get_a_new_process_at_once() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    let verdicts = patient.run(4, false, false, &[Complaint::Refused; 2]);
    assert_eq!(verdicts, [(4, Verdict::Sick(Sickness::Anew))]);
}

#[test]
fn where_one_track_alone_began_anew_the_other_is_not_cut_so_soon() {
    for (sees, hears) in [(false, true), (true, false)] {
        let mut patient = Patient::new();
        patient.run(20, true, true, &[]);
        let verdicts = patient.run(11, sees, hears, &[Complaint::Refused; 2]);
        let sick = verdicts.iter().find(|(_, verdict)| *verdict != Verdict::KeyFrame);
        assert_eq!(sick, Some(&(11, Verdict::Sick(Sickness::Anew))));
    }
}

#[test]
fn what_is_sent_again_too_late_is_no_other_sequence() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    // Half of everything is lost: now a gap is given up, now what filled it comes too late.
    for _ in 0..100 {
        let lossy = [&[Complaint::Taken][..], &[Complaint::Refused; 9][..]].concat();
        let mut verdicts = patient.run(1, false, true, &lossy);
        verdicts.extend(patient.run(2, false, true, &[Complaint::Refused; 3]));
        assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::KeyFrame), "{verdicts:?}");
    }
}

#[test]
fn a_voice_beside_a_camera_that_sends_nothing_is_not_cut_by_packets_that_come_late_now_and_then() {
    let mut patient = Patient::new();
    let mut verdicts = vec![];
    for _ in 0..20 {
        verdicts.extend(patient.run(1, false, true, &[Complaint::Refused; 2]));
        verdicts.extend(patient.run(50, false, true, &[]));
    }
    assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::KeyFrame), "{verdicts:?}");
}

#[test]
fn reordering_and_duplicates_are_no_sickness() {
    let mut patient = Patient::new();
    assert_eq!(patient.run(100, true, true, &[Complaint::Refused; 20]), []);
}

#[test]
fn a_process_that_sleeps_beside_unread_packets_hangs() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    patient.attention = Attention::Unread(Activity::Asleep(Duration::from_secs(7)));
    let verdicts = patient.run(5, false, false, &[]);
    assert_eq!(verdicts, [(5, Verdict::Sick(Sickness::Hung))]);
}

#[test]
fn a_process_that_waits_for_a_core_or_gets_little_of_one_is_left_alone() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    patient.attention = Attention::Unread(Activity::Busy(Duration::from_secs(7)));
    assert_eq!(patient.run(600, false, false, &[]), []);
}

#[test]
fn a_stopped_process_hangs_as_soon_as_there_is_something_to_be_read() {
    let mut patient = Patient::new();
    patient.run(20, true, true, &[]);
    assert_eq!(patient.run(20, false, false, &[]), []);
    patient.attention = Attention::Unread(Activity::Stopped);
    let verdicts = patient.run(1, false, false, &[]);
    assert_eq!(verdicts, [(1, Verdict::Sick(Sickness::Hung))]);
}

#[test]
fn sound_after_a_long_rest_gets_a_new_process_and_after_a_short_one_it_does_not() {
    let seconds = |n| Some(Duration::from_secs(n));
    assert!(!starts_afresh(seconds(600)));
    assert!(starts_afresh(seconds(601)));
    assert!(!starts_afresh(None));
}

#[test]
fn three_respawns_a_minute_and_no_more() {
    let now = Instant::now();
    let mut respawns = Respawns::default();
    let outcomes: Vec<bool> =
        (10..15).map(|n| respawns.spend(now, now + Duration::from_secs(n)).is_some()).collect();
    assert_eq!(outcomes, [true, true, true, false, false]);
    assert!(respawns.spend(now, now + 2 * BUDGET_WINDOW).is_some());
}

#[test]
fn what_dies_young_is_not_started_again_at_once() {
    let now = Instant::now();
    let mut respawns = Respawns::default();
    let pauses = [now, now, now - YOUNG].map(|begun| respawns.spend(begun, now));
    assert_eq!(pauses, [Some(PAUSE), Some(2 * PAUSE), Some(Duration::ZERO)]);
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
                let complaints: &[Complaint] = if complains { &[Complaint::Taken] } else { &[] };
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

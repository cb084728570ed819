//! A given speech in gives a given loudness out, measured as EBU R128 says.

use std::f64::consts::TAU;

use ebur128::{EbuR128, Mode};

use super::{super::mixer::Mixer, fixture::FPS};
use crate::ingest::SAMPLE_RATE;

const RATE: f64 = SAMPLE_RATE as f64;
/// RFC 7874, section 4: active speech, RMS.
const ACTIVE_SPEECH: f64 = 2600.0;
const SECONDS: usize = 20;

/// A resonance of the vocal tract: a two-pole filter.
struct Formant {
    a: [f64; 2],
    past: [f64; 2],
}

impl Formant {
    fn new(frequency: f64, width: f64) -> Self {
        let radius = (-std::f64::consts::PI * width / RATE).exp();
        let a = [2.0 * radius * (TAU * frequency / RATE).cos(), -radius * radius];
        Self { a, past: [0.0; 2] }
    }

    fn next(&mut self, excitation: f64) -> f64 {
        let value = excitation + self.a[0] * self.past[0] + self.a[1] * self.past[1];
        self.past = [value, self.past[0]];
        value
    }
}

/// Something like speech: a pulse train with a melody through three formants, four syllables a second with three
/// vowels, and a pause every two seconds. Mono on both channels, active level as RFC 7874 asks.
fn voice(n: usize) -> Vec<[i16; 2]> {
    const VOWELS: [[f64; 3]; 3] =
        [[730.0, 1090.0, 2440.0], [270.0, 2290.0, 3010.0], [570.0, 840.0, 2410.0]];
    let pitch = 95.0 + 17.0 * n as f64;
    let mut vowels = VOWELS.map(|vowel| vowel.map(|frequency| Formant::new(frequency, 90.0)));
    let (mut phase, mut wave, mut active) = (0.1 * n as f64, Vec::new(), Vec::new());
    for sample in 0..SECONDS * SAMPLE_RATE as usize {
        let time = sample as f64 / RATE + 0.37 * n as f64;
        let melody = 1.0 + 0.12 * (TAU * 0.6 * time).sin();
        phase += pitch * melody / RATE;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase %= 1.0;
        let syllable = (TAU * 2.0 * time).sin().powi(2);
        let pause = time % 2.0 > 1.6;
        let level = if pause { 0.0 } else { syllable };
        let vowel = &mut vowels[(time * 4.0) as usize % 3];
        let value = vowel.iter_mut().fold(0.0, |sum, formant| sum + formant.next(pulse * level));
        wave.push(value);
        if !pause {
            active.push(value);
        }
    }
    let rms = (active.iter().map(|value| value * value).sum::<f64>() / active.len() as f64).sqrt();
    let scale = ACTIVE_SPEECH / rms;
    wave.iter().map(|value| [(value * scale).clamp(-32_768.0, 32_767.0) as i16; 2]).collect()
}

/// Integrated loudness in LUFS and true peak in dBTP.
fn measured(samples: &[[i16; 2]]) -> (f64, f64) {
    let mut meter = EbuR128::new(2, SAMPLE_RATE, Mode::I | Mode::TRUE_PEAK).expect("a meter");
    meter.add_frames_i16(samples.as_flattened()).expect("samples");
    let peak = |channel| meter.true_peak(channel).expect("a channel");
    let peak = 20.0 * peak(0).max(peak(1)).log10();
    (meter.loudness_global().expect("enough samples"), peak)
}

fn mixed(voices: &[Vec<[i16; 2]>]) -> Vec<[i16; 2]> {
    let mut mixer = Mixer::new(FPS);
    let tick = (SAMPLE_RATE / FPS) as usize;
    (0..SECONDS * FPS as usize)
        .flat_map(|n| mixer.mix(voices.iter().map(|voice| &voice[n * tick..][..tick])))
        .collect::<Vec<u8>>()
        .chunks(4)
        .map(|b| [i16::from_le_bytes([b[0], b[1]]), i16::from_le_bytes([b[2], b[3]])])
        .collect()
}

#[track_caller]
fn assert_near(what: &str, value: f64, wanted: f64) {
    println!("{what}: {value:.2} LUFS");
    assert!((value - wanted).abs() <= 1.0, "{what}: {value:.2} LUFS, wanted {wanted:.2} ± 1");
}

#[test]
fn a_voice_at_the_level_webrtc_asks_for_is_streamed_at_minus_18_lufs() {
    let voice = voice(0);
    let (loudness_in, _) = measured(&voice);
    let (loudness_out, peak) = measured(&mixed(&[voice]));
    println!("1 in: {loudness_in:.2} LUFS; out: true peak {peak:.2} dBTP");
    assert_near("1 voice", loudness_out, -18.0);
    assert_near("1 voice, by its input", loudness_out, loudness_in + 1.94);
    assert!(peak < 0.0, "{peak}");
}

/// Together they would be at −8.9 LUFS, which leaves 9 dB for peaks that need 15: the limiter takes 2.3.
#[test]
fn nine_voices_at_once_are_streamed_at_minus_11_lufs_and_do_not_clip() {
    let voices: Vec<_> = (0..9).map(voice).collect();
    let single: Vec<f64> = voices.iter().map(|voice| measured(voice).0).collect();
    // Independent voices add up by their energies.
    let together = 10.0 * single.iter().map(|l| 10_f64.powf(l / 10.0)).sum::<f64>().log10();
    let (loudness_out, peak) = measured(&mixed(&voices));
    println!("9 in: {together:.2} LUFS together; out: true peak {peak:.2} dBTP");
    assert_near("9 voices", loudness_out, -11.2);
    assert!(peak < 0.0, "{peak}");
}

#[test]
fn nine_shouts_at_full_scale_do_not_clip_between_samples_either() {
    let loud = |n: usize| {
        let factor = 32_767.0 / ACTIVE_SPEECH;
        voice(n)
            .iter()
            .map(|s| s.map(|s| (f64::from(s) * factor).clamp(-32_768.0, 32_767.0) as i16))
            .collect()
    };
    let (loudness, peak) = measured(&mixed(&(0..9).map(loud).collect::<Vec<_>>()));
    println!("9 shouts out: {loudness:.2} LUFS, true peak {peak:.2} dBTP");
    assert!(peak < 0.0, "{peak}");
}

//! Draws a malformed input from good and bad ones.

use rand::{
    RngExt as _,
    rngs::StdRng,
    seq::{IndexedRandom as _, SliceRandom as _},
};
use serde_json::{Map, Value, json};

use super::corpus::Input;

/// Texts that parsers and validators trip over.
const TOKENS: [&str; 24] = [
    "null",
    "true",
    "-1",
    "0",
    "255",
    "256",
    "65536",
    "4294967296",
    "-9223372036854775809",
    "1e308",
    "1e999",
    "0.1",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[[",
    "{\"",
    "\\",
    "\"",
    ",",
    ":",
    "\u{feff}",
];
/// An input grows no larger than this, in bytes.
const MAX: usize = 100_000;

/// One input, mutated a few times: as bytes, or as a value where it is one.
pub fn draw(random: &mut StdRng, corpus: &[Input]) -> Vec<u8> {
    let mut bytes = corpus.choose(random).expect("an input").bytes.clone();
    // Bytes soon make no JSON at all: mostly only the structure changes.
    let structural = random.random_bool(0.7);
    for _ in 0..random.random_range(1..5) {
        let value = structural.then(|| serde_json::from_slice::<Value>(&bytes).ok()).flatten();
        bytes = match value {
            Some(mut value) => {
                rearrange(random, &mut value, corpus);
                value.to_string().into_bytes()
            }
            None => {
                garble(random, &mut bytes, corpus);
                bytes
            }
        };
        bytes.truncate(MAX);
    }
    bytes
}

// === Bytes ===

fn garble(random: &mut StdRng, bytes: &mut Vec<u8>, corpus: &[Input]) {
    let at = random.random_range(0..=bytes.len());
    let end = random.random_range(at..=bytes.len().min(at + 32));
    match random.random_range(0..6) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => {
            let again = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, again));
        }
        3 => {
            let token = TOKENS.choose(random).expect("a token").bytes();
            drop(bytes.splice(at..end, token));
        }
        4 => {
            let other = &corpus.choose(random).expect("an input").bytes;
            let from = random.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend(&other[from..]);
        }
        _ => {
            let noise: Vec<u8> = (0..random.random_range(1..8)).map(|_| random.random()).collect();
            drop(bytes.splice(at..end, noise));
        }
    }
}

// === Structure ===

fn rearrange(random: &mut StdRng, value: &mut Value, corpus: &[Input]) {
    let replacement = match random.random_range(0..3) {
        0 => strange(random),
        1 => part_of_another(random, corpus),
        _ => pick(random, value).clone(),
    };
    let target = pick_mut(random, value);
    match target {
        // A struct may be written without the names of its fields.
        Value::Object(fields) if random.random_bool(0.2) => {
            let mut values: Vec<Value> = std::mem::take(fields).into_values().collect();
            values.shuffle(random);
            *target = Value::Array(values);
        }
        Value::String(text) if random.random_bool(0.5) => widen(random, text),
        Value::Object(fields) if random.random_bool(0.5) => {
            change_fields(random, fields, replacement)
        }
        Value::Array(items) if random.random_bool(0.5) => change_items(random, items, replacement),
        target => *target = replacement,
    }
}

/// As many bytes as before, where there are enough, some of them of one character.
fn widen(random: &mut StdRng, text: &mut String) {
    let wide = ["é", "漢", "🙂"].choose(random).expect("a character");
    let mut begin = random.random_range(0..=text.len());
    while !text.is_char_boundary(begin) {
        begin -= 1;
    }
    let mut end = text.len().min(begin + wide.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    text.replace_range(begin..end, wide);
}

fn change_fields(random: &mut StdRng, fields: &mut Map<String, Value>, replacement: Value) {
    let names: Vec<String> = fields.keys().cloned().collect();
    let Some(name) = names.choose(random) else { return };
    match random.random_range(0..3) {
        0 => drop(fields.remove(name)),
        1 => drop(fields.insert(name.clone(), replacement)),
        _ => {
            // Under a name that is another field's, or nobody's.
            let moved = fields.remove(name).unwrap_or_default();
            let other = names.choose(random).filter(|_| random.random_bool(0.7));
            drop(fields.insert(other.cloned().unwrap_or_else(|| name.to_uppercase()), moved));
        }
    }
}

fn change_items(random: &mut StdRng, items: &mut Vec<Value>, replacement: Value) {
    match random.random_range(0..3) {
        0 => items.truncate(random.random_range(0..=items.len())),
        1 => items.push(replacement),
        _ => {
            let again = items.clone();
            items.extend(again);
        }
    }
}

fn part_of_another(random: &mut StdRng, corpus: &[Input]) -> Value {
    let other = corpus.choose(random).expect("an input");
    let value = serde_json::from_slice(&other.bytes).unwrap_or_default();
    pick(random, &value).clone()
}

fn pick<'a>(random: &mut StdRng, mut value: &'a Value) -> &'a Value {
    while random.random_bool(0.75) {
        let next = match value {
            Value::Array(items) if !items.is_empty() => items.choose(random),
            Value::Object(fields) if !fields.is_empty() => {
                fields.values().nth(random.random_range(0..fields.len()))
            }
            _ => None,
        };
        let Some(next) = next else { break };
        value = next;
    }
    value
}

fn pick_mut<'a>(random: &mut StdRng, value: &'a mut Value) -> &'a mut Value {
    let inside = match &*value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    if inside == 0 || random.random_bool(0.25) {
        return value;
    }
    let index = random.random_range(0..inside);
    match value {
        Value::Array(items) => pick_mut(random, &mut items[index]),
        Value::Object(fields) => pick_mut(random, fields.values_mut().nth(index).expect("a field")),
        leaf => leaf,
    }
}

fn strange(random: &mut StdRng) -> Value {
    match random.random_range(0..14) {
        0 => Value::Null,
        1 => json!(random.random::<bool>()),
        2 => json!(random.random::<i64>()),
        3 => json!(random.random::<u64>()),
        4 => json!(random.random::<f64>() * 1e10),
        5 => {
            json!(*[-1_i64, 0, 1, 127, 128, 255, 256, 65_535, 65_536].choose(random).expect("one"))
        }
        6 => json!(""),
        7 => json!("\u{0}"),
        8 => json!("é漢🙂".repeat(random.random_range(1..200))),
        9 => json!("x".repeat(random.random_range(1..70_000))),
        10 => json!([]),
        11 => json!({}),
        12 => json!(["audio", "video", "opus", "VP8", "client", "screen"].choose(random)),
        _ => (0..random.random_range(1..100)).fold(json!(1), |inner, _| json!([inner])),
    }
}

//! The inputs in `tests/corpus`: `<event>.json` and `<event>-….json` are good payloads of that event, `nasty-….json` of none.

use std::path::Path;

/// One file.
#[derive(Debug, Clone)]
pub struct Input {
    /// The file's name without `.json`.
    pub name: String,
    /// Its content without the final line break; not always JSON.
    pub bytes: Vec<u8>,
}

impl Input {
    /// The event that takes it; none for the nasty ones.
    pub fn event(&self) -> Option<&str> {
        self.name.split('-').next().filter(|event| *event != "nasty")
    }
}

/// All of them, by name.
pub fn read() -> Vec<Input> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let files = std::fs::read_dir(directory).expect("the corpus").map(|file| file.expect("a file"));
    let mut inputs: Vec<Input> = files
        .map(|file| {
            let mut bytes = std::fs::read(file.path()).expect("a file");
            assert_eq!(bytes.pop(), Some(b'\n'), "{:?} ends with a line break", file.path());
            let name = file.path().file_stem().expect("a name").to_string_lossy().into_owned();
            Input { name, bytes }
        })
        .collect();
    inputs.sort_by(|one, other| one.name.cmp(&other.name));
    inputs
}

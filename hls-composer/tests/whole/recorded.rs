//! Playlists that players were served elsewhere (`e2e/tests/players.spec.ts` keeps them), held to every rule. The
//! directory is RECORDED_LISTS; without it there is nothing to hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::hls::{
    history::{History, RELOAD},
    playlist::Playlist,
};
use serde::Deserialize;

/// One answer to one player.
#[derive(Deserialize)]
struct Answer {
    url: String,
    /// 0 where the connection broke.
    status: u16,
    /// Of playlists only.
    text: Option<String>,
}

#[test]
fn every_list_that_a_player_was_served_keeps_every_rule() {
    let Some(directory) = std::env::var_os("RECORDED_LISTS") else { return };
    let files = fs::read_dir(&directory).expect("the directory RECORDED_LISTS");
    let mut files: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    files.sort();
    let (mut versions, mut checks) = (0, 0);
    for file in &files {
        let history = hold(file);
        versions += history.versions.values().sum::<usize>();
        checks += history.checks;
    }
    println!(
        "{versions} versions of playlists, kept of {} players, held to the rules {checks} times",
        files.len()
    );
    assert!(versions > 0, "nothing is recorded in {}", Path::new(&directory).display());
}

fn hold(file: &Path) -> History {
    println!("{}", file.display());
    let mut history = History::default();
    let mut named: BTreeSet<String> = BTreeSet::new();
    let mut refused: BTreeMap<String, u16> = BTreeMap::new();
    for line in fs::read_to_string(file).expect("a file of answers").lines() {
        let answer: Answer = serde_json::from_str(line).expect("an answer");
        let path = answer.url.split('?').next().unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        let name = if answer.url.contains("_HLS_part=") { RELOAD } else { file };
        match &answer.text {
            // Versions of one playlist come in order to a player that asks for one at a time.
            Some(text) => named.extend(names(&history.take(name, text))),
            None if answer.status == 404 => drop(refused.insert(file.to_owned(), answer.status)),
            None => {}
        }
    }
    let lost: Vec<&String> = named.iter().filter(|name| refused.contains_key(*name)).collect();
    assert!(lost.is_empty(), "listed or hinted, and not there: {lost:?}");
    history
}

/// Every file that a playlist promises.
fn names(playlist: &Playlist) -> Vec<String> {
    let parts = playlist.parts().map(|part| part.uri.clone());
    let closed = playlist.closed().map(|segment| segment.uri.clone());
    parts.chain(closed).chain(playlist.hint()).collect()
}

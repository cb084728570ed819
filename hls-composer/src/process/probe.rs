//! What the installed FFmpeg can do, asked at start and until it will do, so that a wrong build is one sentence and not a
//! riddle.

use std::{ffi::OsStr, io, process::Stdio, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

/// All that is asked is answered within this: a few tenths of a second of a core.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pauses before one that will not do is asked again: growing, without end.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Encoders and decoders the pipelines use.
const CODECS: [(&str, &str); 5] = [
    ("-encoders", "libx264"),
    ("-encoders", "aac"),
    ("-decoders", "vp8"),
    ("-decoders", "h264"),
    ("-decoders", "opus"),
];
/// Options and muxer flags the pipelines use; several are newer than FFmpeg 4.
const OPTIONS: [&str; 10] = [
    "listen_timeout",
    "localaddr",
    "buffer_size",
    "reinit_filter",
    "find_stream_info",
    "min_hard_comp",
    "out_color_matrix",
    "fps_mode",
    "frag_every_frame",
    "flush_packets",
];

/// Why the pipelines cannot run with this FFmpeg.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProbeError {
    /// It does not start.
    #[error(
        "`{program}` does not start ({reason}): install FFmpeg 5.1 or newer, or point --ffmpeg at it"
    )]
    Missing {
        /// What --ffmpeg names.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// It does not answer.
    #[error(
        "`{program}` does not answer within {PATIENCE:?}: see what keeps the machine or its disk, or point --ffmpeg at another build"
    )]
    Silent {
        /// What --ffmpeg names.
        program: String,
    },
    /// It lacks something.
    #[error(
        "`{program}` ({version}) lacks {what}: install a build of FFmpeg 5.1 or newer with libx264, or point --ffmpeg at one"
    )]
    Lacks {
        /// What --ffmpeg names.
        program: String,
        /// Its own version.
        version: String,
        /// The codec or option.
        what: String,
    },
}

/// Asks `program` for everything the pipelines need; answers its version.
pub async fn probe(program: &OsStr) -> Result<String, ProbeError> {
    let silent = |_| ProbeError::Silent { program: program.to_string_lossy().into_owned() };
    timeout(PATIENCE, examine(program)).await.map_err(silent).flatten()
}

/// Asks again and again until `program` will do, and answers its version; tells each time why it will not.
pub async fn until_fit(program: &OsStr, tell: impl Fn(ProbeError)) -> String {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(SHORTEST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times();
    let mut pauses = pauses.build();
    loop {
        sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
        match probe(program).await {
            Ok(version) => return version,
            Err(error) => tell(error),
        }
    }
}

async fn examine(program: &OsStr) -> Result<String, ProbeError> {
    let name = program.to_string_lossy().into_owned();
    let missing =
        |error: io::Error| ProbeError::Missing { program: name.clone(), reason: error.to_string() };
    let banner = ask(program, &["-version"]).await.map_err(missing)?;
    let version = banner.split_whitespace().nth(2).unwrap_or("unknown version").to_owned();
    let lacks = |what: &str| ProbeError::Lacks {
        program: name.clone(),
        version: version.clone(),
        what: what.into(),
    };
    for list in ["-encoders", "-decoders"] {
        let listed = ask(program, &[list]).await.map_err(missing)?;
        for (_, codec) in CODECS.iter().filter(|(kind, _)| *kind == list) {
            if !has_codec(&listed, codec) {
                return Err(lacks(&format!("{codec} (see `ffmpeg {list}`)")));
            }
        }
    }
    let help = ask(program, &["-h", "full"]).await.map_err(missing)?;
    match OPTIONS.iter().find(|option| !help.contains(**option)) {
        Some(option) => Err(lacks(&format!("the option {option}"))),
        None => Ok(version),
    }
}

async fn ask(program: &OsStr, args: &[&str]) -> io::Result<String> {
    let output = Command::new(program)
        .arg("-hide_banner")
        .args(args)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A line of `-encoders` or `-decoders` reads ` V....D vp8   On2 VP8`.
fn has_codec(list: &str, codec: &str) -> bool {
    list.lines().any(|line| line.split_whitespace().nth(1) == Some(codec))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[tokio::test]
    async fn a_missing_ffmpeg_is_one_sentence_with_the_remedy() {
        let error = probe(OsStr::new("/nonexistent/ffmpeg")).await.expect_err("nothing there");
        assert_eq!(
            error.to_string(),
            "`/nonexistent/ffmpeg` does not start (No such file or directory (os error 2)): \
             install FFmpeg 5.1 or newer, or point --ffmpeg at it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_ffmpeg_that_does_not_answer_is_not_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let ffmpeg = dir.path().join("ffmpeg");
        fs::write(&ffmpeg, "#!/bin/sh\nexec sleep 1000\n").expect("writable");
        fs::set_permissions(&ffmpeg, fs::Permissions::from_mode(0o755)).expect("a program");
        let error = probe(ffmpeg.as_os_str()).await.expect_err("no answer");
        assert!(matches!(error, ProbeError::Silent { .. }), "{error}");
    }

    #[tokio::test]
    async fn the_installed_ffmpeg_has_everything() {
        assert!(probe(OsStr::new("ffmpeg")).await.is_ok());
    }

    #[test]
    fn a_codec_is_found_by_its_whole_name() {
        let list = " V..... libx264rgb   RGB\n V....D vp8    On2 VP8\n";
        assert!(has_codec(list, "vp8"));
        assert!(!has_codec(list, "libx264"));
    }
}

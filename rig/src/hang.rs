//! One thread of a daemon that hangs while the others run on, as a media worker in a deadlock does: the kernel stops it for
//! a tracer (`ptrace(2)`, PTRACE_INTERRUPT), which changes nothing else of the process.

use std::{sync::mpsc, thread::JoinHandle, time::Duration};

use nix::{
    sys::{
        ptrace,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

/// How often is looked whether the process has ended: there is no notification for a tracer that waits for two things.
const LOOK: Duration = Duration::from_millis(20);

/// A thread that is stopped until this is dropped.
#[derive(Debug)]
pub struct Hung {
    release: Option<mpsc::Sender<()>>,
    /// The kernel knows one thread as the tracer, so one holds it.
    tracer: Option<JoinHandle<()>>,
}

impl Hung {
    /// Stops the first thread of the process `pid` whose name begins with `name`.
    ///
    /// # Panics
    /// When there is none, or this process may not trace it.
    pub fn thread(pid: u32, name: &str) -> Self {
        let task = find(pid, name).unwrap_or_else(|| panic!("{pid} has no thread {name}"));
        let (release, released) = mpsc::channel();
        let (told, stopped) = mpsc::channel();
        let tracer = std::thread::spawn(move || {
            ptrace::seize(task, ptrace::Options::empty()).expect("may be traced");
            ptrace::interrupt(task).expect("is traced");
            waitpid(task, Some(WaitPidFlag::__WALL)).expect("stops");
            told.send(()).expect("somebody waits");
            // Its end is the message. A process that ends meanwhile is no process less until its tracer has seen that.
            while released.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                let seen = waitpid(task, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG));
                if !matches!(seen, Ok(WaitStatus::StillAlive)) {
                    return;
                }
            }
            let _detached = ptrace::detach(task, None);
        });
        stopped.recv().expect("the thread stops");
        Self { release: Some(release), tracer: Some(tracer) }
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        drop(self.release.take());
        if let Some(tracer) = self.tracer.take() {
            // One that panicked has said why.
            drop(tracer.join());
        }
    }
}

fn find(pid: u32, name: &str) -> Option<Pid> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let mut ids: Vec<i32> =
        tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable();
    let is_named = |id: &i32| {
        let comm = std::fs::read_to_string(format!("/proc/{pid}/task/{id}/comm"));
        comm.is_ok_and(|comm| comm.starts_with(name))
    };
    ids.into_iter().find(is_named).map(Pid::from_raw)
}

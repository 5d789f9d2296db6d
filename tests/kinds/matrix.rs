//! Runs the cells, each in its own thread with a watchdog, many at once: they sleep most of the time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use errno::{Errno, errno, set_errno};
use libc::c_int;

use crate::left_out::{imitates, left_out};

/// A call that is still at it after this long hangs: none here is to wait for more than a third of a second.
const WATCHDOG: Duration = Duration::from_secs(10);

/// How late a limit may be noticed on a busy machine.
pub const SLACK: Duration = Duration::from_secs(8);

/// What errno is before each call, and after one that succeeds.
pub const MARK: c_int = 4711;

pub type Verdict = Result<(), String>;

pub struct Cell {
    name: String,
    run: Box<dyn FnOnce() -> Verdict + Send>,
}

impl Cell {
    pub fn new(name: String, run: impl FnOnce() -> Verdict + Send + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

enum Word {
    Begun,
    Ended(Verdict),
}

thread_local! {
    static BEGIN: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// What a call returned, and when.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub ret: isize,
    pub errno: c_int,
    pub took: Duration,
}

/// Makes the call that a cell is about. The watchdog looks at nothing else.
pub fn timed<T: TryInto<isize>>(call: impl FnOnce() -> T) -> Answer {
    BEGIN.with_borrow(|begin| begin.iter().for_each(|begin| begin()));
    set_errno(Errno(MARK));
    let start = Instant::now();
    let ret = call().try_into().unwrap_or(isize::MIN);
    let answer = Answer { ret, errno: errno().0, took: start.elapsed() };
    // What comes after it has its own time.
    BEGIN.with_borrow(|begin| begin.iter().for_each(|begin| begin()));
    answer
}

fn start(id: usize, cell: Cell, to: Sender<(usize, Word)>) {
    let body = move || {
        let sender = to.clone();
        BEGIN.set(Some(Box::new(move || _ = sender.send((id, Word::Begun)))));
        let verdict = catch_unwind(AssertUnwindSafe(cell.run)).unwrap_or_else(|_| Err("panicked".into()));
        _ = to.send((id, Word::Ended(verdict)));
    };
    thread::Builder::new().stack_size(256 << 10).spawn(body).unwrap();
}

/// Each cell takes a few descriptors: raises the limit as far as everyone may, and says how many cells that is.
fn at_once() -> usize {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
    }
    // A cell has up to eight. Where many may be open, other matrices may run beside this one, in the same process.
    match usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX) {
        few @ ..400 => few.saturating_sub(24).div_euclid(8).max(1),
        many => many.saturating_sub(100).div_euclid(20).min(300),
    }
}

/// Fewer at once than this take too long: all cells sleep for an hour together.
const FEW: usize = 15;

/// Runs all, then fails with the list of those that failed.
pub fn run(mut cells: Vec<Cell>) {
    if cfg!(sockutil_posix) {
        let all = cells.len();
        cells.retain(|cell| !NEED_A_FLAG.iter().any(|name| cell.name.contains(name)));
        if cells.len() < all {
            left_out("POSIX has no MSG_DONTWAIT", format!("{} of {all} cells", all - cells.len()));
        }
    }
    let waits_for_room = |cell: &Cell| cell.name.contains("AF_UNIX datagram") && cell.name.contains(" x Wait");
    if cells.iter().any(waits_for_room) && imitates("nobufs", "a full queue of datagrams that poll reports") {
        cells.retain(|cell| !waits_for_room(cell) || !cell.name.contains("full"));
    }
    let at_once = at_once();
    if at_once < FEW {
        // Cells of one kind come in groups: a prime takes some of each.
        const SHARE: usize = 7;
        let all = cells.len();
        cells = cells.into_iter().step_by(SHARE).collect();
        left_out("few open files", format!("{} of {all} cells", all - cells.len()));
    }
    run_by(at_once, cells);
}

/// What poll(2) reports ready too early or too late: only a flag of the call itself keeps it from waiting, or finds what
/// is there. (tests/posix.sh)
const NEED_A_FLAG: [&str; 2] = ["SO_RCVLOWAT", "AF_UNIX datagram, no peer (blocking) x sendto"];

/// The same, so many at once. CELLS=text in the environment: only those whose name contains it.
pub fn run_by(at_once: usize, mut cells: Vec<Cell>) {
    let chosen = std::env::var("CELLS").unwrap_or_default();
    cells.retain(|cell| cell.name.contains(&chosen));
    let all = cells.len();
    let names: Vec<String> = cells.iter().map(|cell| cell.name.clone()).collect();
    let mut waiting = cells.into_iter().enumerate();
    let (to, from) = channel();
    let began = Instant::now();
    // When each was started, and when it was heard of last.
    let mut in_flight: HashMap<usize, [Instant; 2]> = HashMap::new();
    let (mut failures, mut slowest) = (Vec::new(), (Duration::ZERO, 0));
    loop {
        while in_flight.len() < at_once {
            let Some((id, cell)) = waiting.next() else { break };
            in_flight.insert(id, [Instant::now(); 2]);
            start(id, cell, to.clone());
        }
        if in_flight.is_empty() {
            break;
        }
        // First all that they have said, however busy the machine is, then who has said nothing for too long.
        let mut word = from.recv_timeout(Duration::from_millis(100)).ok();
        while let Some((id, said)) = word {
            match said {
                Word::Begun => _ = in_flight.entry(id).and_modify(|[_, heard]| *heard = Instant::now()),
                Word::Ended(verdict) => {
                    if let Some([started, _]) = in_flight.remove(&id) {
                        slowest = slowest.max((started.elapsed(), id));
                        failures.extend(verdict.err().map(|why| format!("{}: {why}", names[id])));
                    }
                }
            }
            word = from.try_recv().ok();
        }
        in_flight.retain(|id, [_, heard]| {
            let hangs = heard.elapsed() > WATCHDOG;
            if hangs {
                failures.push(format!("{}: still waiting after {} s", names[*id], WATCHDOG.as_secs()));
            }
            !hangs
        });
    }
    let name = names.get(slowest.1).map_or("", |name| name);
    println!("{all} cells in {:?}, the slowest in {:?}: {name}", began.elapsed(), slowest.0);
    failures.sort();
    assert!(failures.is_empty(), "{} of {all} cells failed:\n{}", failures.len(), failures.join("\n"));
}

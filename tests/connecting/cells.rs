//! The table: a name's addresses and a limit, and the expected result.
//!
//! The rules are API.md's for `tcp_connect`: the next attempt begins as soon as one fails, or after 250 ms (less where
//! little time is left for many addresses, but at least 100); those that have begun go on; at most 16 addresses; eight
//! at once, of which the oldest counts as timed out at two seconds.

use std::ffi::c_int;

use crate::reflector::{Answer, Host};

pub const FOREVER: c_int = -1;

/// How long the kernel here waits for an answer: see `race::set_up`.
pub const KERNEL_MS: u64 = 3000;

/// The number of addresses that a call tries.
const MOST: usize = 16;

/// One call.
#[derive(Clone, Debug)]
pub struct Cell {
    pub hosts: Vec<Host>,
    /// Which of them have IPv6 addresses: none by default.
    pub v6: Vec<usize>,
    /// Addresses without a route, which the resolver puts last.
    pub without_route: usize,
    pub limit: c_int,
    pub outcome: Outcome,
    pub after_ms: u64,
    /// When the attempts begin, after the first one; so many, in this order of hosts.
    pub begin_ms: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// To the host of this index.
    Connected(usize),
    Fails(c_int),
}
use Outcome::{Connected, Fails};

fn accepts(delay_ms: u64) -> Host {
    Host { answer: Answer::Accepts, delay_ms }
}

fn refuses(delay_ms: u64) -> Host {
    Host { answer: Answer::Refuses, delay_ms }
}

fn dead() -> Host {
    Host { answer: Answer::Nothing, delay_ms: 0 }
}

/// An ICMP message that comes at once finds the socket busy with sending, and the kernel ignores it.
const ICMP_MS: u64 = 20;

fn no_host() -> Host {
    Host { answer: Answer::NoHost, delay_ms: ICMP_MS }
}

fn no_network() -> Host {
    Host { answer: Answer::NoNetwork, delay_ms: ICMP_MS }
}

fn cell(hosts: Vec<Host>, limit: c_int, outcome: Outcome, after_ms: u64, begin_ms: &[u64]) -> Cell {
    Cell { hosts, v6: vec![], without_route: 0, limit, outcome, after_ms, begin_ms: begin_ms.into() }
}

/// Every so many milliseconds.
fn every(ms: u64, count: usize) -> Vec<u64> {
    (0..count as u64).map(|i| i * ms).collect()
}

/// `tcp_connect` with hosts that are all alike.
fn alike() -> Vec<Cell> {
    const LIMITS: [c_int; 5] = [20, 150, 500, 10_000, FOREVER];
    let mut cells = vec![];
    for n in [1, 2, 4, 8, 9, 300] {
        let tried = n.min(MOST);
        for limit in LIMITS {
            let all = |host| vec![host; n];
            // The starts of the attempts if none of them ends.
            let begins = match (limit, n) {
                (20, _) | (150 | 500, 1) => vec![0],
                (150, _) => vec![0, 100],
                // A fair share of the time for each; for more than five, 100 ms.
                (500, 2) => vec![0, 250],
                (500, 4) => every(125, 4),
                (500, _) => every(100, 5),
                _ => every(250, tried),
            };
            let until = |ms| begins.iter().copied().filter(|begin| *begin < ms).collect::<Vec<_>>();

            // The first answers at once.
            cells.push(cell(all(accepts(0)), limit, Connected(0), 0, &[0]));
            // The first answers in time, or none does.
            if limit == 20 || limit == 150 {
                let ms = limit as u64;
                cells.push(cell(all(accepts(3 * ms)), limit, Fails(libc::ETIMEDOUT), ms, &until(ms)));
            } else {
                cells.push(cell(all(accepts(150)), limit, Connected(0), 150, &until(150)));
            }
            // All are dead: the limit's time, or the kernel's for the last one.
            let ms = match limit {
                20 | 150 | 500 => limit as u64,
                _ => begins.last().unwrap() + KERNEL_MS,
            };
            cells.push(cell(all(dead()), limit, Fails(libc::ETIMEDOUT), ms, &begins));
            // All refuse: the next one begins at once.
            if limit != 20 {
                cells.push(cell(all(refuses(0)), limit, Fails(libc::ECONNREFUSED), 0, &vec![0; tried]));
            }
            if limit != 20 && limit != 150 {
                let (ms, begins) = (ICMP_MS * tried as u64, every(ICMP_MS, tried));
                cells.push(cell(all(no_network()), limit, Fails(libc::ENETUNREACH), ms, &begins));
            }
        }
    }
    cells
}

/// Hosts of which one differs.
fn mixed() -> Vec<Cell> {
    let dead = |n: usize| vec![dead(); n];
    let then = |mut hosts: Vec<Host>, more: &[Host]| {
        hosts.extend(more);
        hosts
    };
    let mut cells = vec![];

    // A dead first host costs a delay, whatever the limit.
    for (limit, ms) in [(150, 100), (500, 250), (10_000, 250), (FOREVER, 250)] {
        cells.push(cell(then(dead(1), &[accepts(0)]), limit, Connected(1), ms, &[0, ms]));
    }
    cells.push(cell(then(dead(1), &[accepts(0)]), 20, Fails(libc::ETIMEDOUT), 20, &[0]));
    cells.push(cell(then(dead(3), &[accepts(0)]), 500, Connected(3), 375, &every(125, 4)));
    cells.push(cell(then(dead(3), &[accepts(0)]), 10_000, Connected(3), 750, &every(250, 4)));
    cells.push(cell(then(dead(7), &[accepts(0)]), 10_000, Connected(7), 1750, &every(250, 8)));

    // The ninth begins when the first is two seconds old.
    for limit in [10_000, FOREVER] {
        cells.push(cell(then(dead(8), &[accepts(0)]), limit, Connected(8), 2000, &every(250, 9)));
    }
    // With a short limit not at all.
    cells.push(cell(then(dead(8), &[accepts(0)]), 800, Fails(libc::ETIMEDOUT), 800, &every(100, 8)));
    cells.push(cell(then(dead(8), &[accepts(0)]), 500, Fails(libc::ETIMEDOUT), 500, &every(100, 5)));
    // Or as soon as one of the eight has failed.
    let fails_early = [vec![dead(1)[0], refuses(1600)], dead(6), vec![accepts(0)]].concat();
    cells.push(cell(fails_early, 10_000, Connected(8), 1850, &[every(250, 8), vec![1850]].concat()));

    // The sixteenth address is the last.
    for limit in [10_000, FOREVER] {
        cells.push(cell(then(dead(15), &[accepts(0)]), limit, Connected(15), 3750, &every(250, 16)));
        let after = 3750 + KERNEL_MS;
        cells.push(cell(then(dead(16), &[accepts(0)]), limit, Fails(libc::ETIMEDOUT), after, &every(250, 16)));
    }

    // Attempts that have begun go on: the first to succeed wins, not the last to begin.
    for limit in [10_000, FOREVER] {
        cells.push(cell(then(vec![accepts(600)], &dead(3)), limit, Connected(0), 600, &every(250, 3)));
        cells.push(cell(vec![accepts(600), accepts(0)], limit, Connected(1), 250, &[0, 250]));
        // The two seconds do not count if no ninth waits.
        cells.push(cell(then(vec![accepts(2300)], &dead(7)), limit, Connected(0), 2300, &every(250, 8)));
        let after = 2000 + KERNEL_MS;
        cells.push(cell(then(vec![accepts(2300)], &dead(8)), limit, Fails(libc::ETIMEDOUT), after, &every(250, 9)));
    }

    // After a failure the next one begins at once.
    cells.push(cell(vec![refuses(0), accepts(0)], 500, Connected(1), 0, &[0, 0]));
    cells.push(cell(vec![refuses(100), accepts(0)], 10_000, Connected(1), 100, &[0, 100]));
    cells.push(cell(vec![no_host(), accepts(0)], FOREVER, Connected(1), ICMP_MS, &[0, ICMP_MS]));
    cells.push(cell(vec![refuses(0), refuses(0), dead(1)[0], accepts(0)], 10_000, Connected(3), 250, &[0, 0, 0, 250]));

    // The most specific errno: an answer, else a time-out, else a local failure; the first of its kind.
    let refused = Fails(libc::ECONNREFUSED);
    cells.push(cell(vec![refuses(0), no_host(), no_network()], 10_000, refused, 40, &[0, 0, 20]));
    cells.push(cell(vec![no_network(), refuses(0), no_host()], 10_000, refused, 40, &[0, 20, 20]));
    cells.push(cell(vec![no_network(), no_host(), refuses(0)], FOREVER, refused, 40, &[0, 20, 40]));
    cells.push(cell(vec![no_network(), no_host()], FOREVER, Fails(libc::ENETUNREACH), 40, &[0, 20]));
    cells.push(cell(vec![no_host(), no_network()], FOREVER, Fails(libc::EHOSTUNREACH), 40, &[0, 20]));
    cells.push(cell(then(dead(1), &[refuses(0)]), 500, refused, 500, &[0, 250]));
    cells.push(cell(vec![refuses(0), dead(1)[0]], 500, refused, 500, &[0, 0]));
    cells.push(cell(then(dead(1), &[no_host()]), 500, Fails(libc::ETIMEDOUT), 500, &[0, 250]));
    cells.push(cell(vec![no_host(), dead(1)[0]], FOREVER, Fails(libc::ETIMEDOUT), 20 + KERNEL_MS, &[0, 20]));
    // One that has failed leaves its place free, while a later one goes on.
    cells.push(cell(vec![refuses(400), dead(1)[0]], 10_000, refused, 250 + KERNEL_MS, &[0, 250]));
    // The first is two seconds old when the ninth refuses, and has timed out.
    cells.push(cell(then(dead(8), &[refuses(0)]), 10_000, refused, 1750 + KERNEL_MS, &every(250, 9)));
    for limit in [500, FOREVER] {
        let hidden = Cell { without_route: 3, ..cell(vec![refuses(0)], limit, refused, 0, &[0]) };
        cells.push(hidden);
    }
    cells.push(Cell { without_route: 2, ..cell(vec![no_host()], 10_000, Fails(libc::EHOSTUNREACH), 20, &[0]) });
    cells.push(Cell { without_route: 2, ..cell(dead(1), 150, Fails(libc::ETIMEDOUT), 150, &[0]) });
    cells
}

/// Addresses of both families: IPv6 is first, by RFC 6724.
pub fn both_families() -> Vec<Cell> {
    let dead = dead();
    let mut cells = vec![];
    for limit in [10_000, FOREVER] {
        // In turn: the second of IPv6 would come third.
        let hosts = vec![dead, accepts(0), dead];
        cells.push(Cell { v6: vec![0, 2], ..cell(hosts, limit, Connected(1), 250, &[0, 250]) });
        let hosts = vec![dead, dead, accepts(0), dead];
        cells.push(Cell { v6: vec![0, 2, 3], ..cell(hosts, limit, Connected(2), 500, &[0, 250, 500]) });
        let hosts = vec![accepts(150), accepts(0)];
        cells.push(Cell { v6: vec![0], ..cell(hosts, limit, Connected(0), 150, &[0]) });
        let hosts = vec![refuses(0), no_host(), no_network()];
        cells.push(Cell { v6: vec![0, 2], ..cell(hosts, limit, Fails(libc::ECONNREFUSED), 40, &[0, 0, 20]) });
        let hosts = vec![no_host(), no_network()];
        cells.push(Cell { v6: vec![0], ..cell(hosts, limit, Fails(libc::EHOSTUNREACH), 40, &[0, 20]) });
    }
    cells
}

/// Only those of IPv4.
pub fn one_family() -> Vec<Cell> {
    [alike(), mixed()].concat()
}

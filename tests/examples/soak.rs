//! The servers for minutes, against clients that are well-behaved and clients that are not, while signals interrupt
//! every call that waits. `make soak` runs this; `make test` does not.
//!
//! Each server has a thread here, which is all its clients. Another thread sends the signals. The seed decides what a
//! client does; the machine decides when.

mod clients;
mod dice;
mod servers;
mod storm;

use std::fmt::Write as _;
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::kit::*;
use crate::load::{connect_from, kib};
use crate::support::{scratch, shimmed};
use crate::thread_server::threads;

use clients::Manner::{self, HalfClose, Killed, Late, Plain, Reset, Slow, Stall, Vanish};
use clients::{Client, Doomed, MANNERS, Talk, Visit, Visitor, is_checked};
use dice::Dice;
use servers::{Packets, Plan, SERVERS, Trade, Words, told_packets};
use storm::{Exposed, Shared, storm};

/// The memory that a server may need more at the end than after the warm-up without a leak: the allocator's overhead.
const SLACK_KIB: u64 = 512;
/// The time in which a server without clients must come to rest.
const UNREST: Duration = Duration::from_secs(10);

/// The state of a server, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Outside {
    descriptors: usize,
    threads: usize,
    children: usize,
}

impl Outside {
    fn of(pid: i32) -> Self {
        Self { descriptors: descriptors(pid), threads: threads(pid), children: children(pid).len() }
    }
}

/// The result.
#[derive(Default)]
struct Report {
    connections: [u64; MANNERS.len()],
    bytes: u64,
    signals: u64,
    warm: (Outside, u64),
    end: (Outside, u64),
    verdict: String,
}

struct Soak<'a> {
    plan: &'a Plan,
    server: Server,
    shared: &'a Shared,
    dice: Dice,
    visitors: Vec<Visitor>,
    words: Words,
    buffer: Vec<u8>,
    /// How many came, and whether a datagram has come back since the last burst of them.
    came: usize,
    answered: bool,
    report: Report,
}

impl Soak<'_> {
    fn doomed(&mut self) -> Visitor {
        let mut command = Command::new(program(self.plan.client, ""));
        command.args(["127.0.0.1", &self.server.port.to_string()]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a client");
        // Not more than a pipe has room for. The client may be gone by then.
        let n = 1 + self.dice.below(30_000);
        let _ = child.stdin.as_mut().unwrap().write_all(&line(n + 1));
        let at = Instant::now() + Duration::from_millis(20) + self.dice.ms_below(200);
        Visitor::Process(Doomed { child, at })
    }

    /// A stream socket's client. The first thing it does is to connect.
    fn client(&mut self, manner: Manner) -> Result<Visitor, String> {
        let from = self.dice.address();
        let connected = connect_from(from, self.server.port);
        let stream = connected.map_err(|e| self.explained(format!("client {}: connect: {e}", Ipv4Addr::from(from))))?;
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        if manner == Late {
            set_socket_option(&stream, libc::SO_RCVBUF, &(32 << 10));
        }
        let local = stream.local_addr().unwrap().to_string();
        let (text, expected) = self.plan.text(manner, &local, &mut self.dice);
        let packets = self.plan.trade == Trade::Packets;
        // A last line without an end comes back, as one more answer does, when the direction has ended.
        let ends_early = manner == HalfClose || packets || text.last() != Some(&b'\n');
        if is_checked(manner) {
            let told = if packets { told_packets(&text) } else { Packets::default() };
            self.words.good.insert(local.clone(), told);
        }
        let now = Instant::now();
        Ok(Visitor::Stream(Box::new(Client {
            stream,
            local,
            manner,
            due: if manner == Slow { 0 } else { text.len() },
            text,
            expected,
            sent: 0,
            back: 0,
            ends_early,
            trade: self.plan.trade,
            shut: false,
            ended: false,
            acts: now + self.dice.ms_below(200),
            last_step: now,
            born: now,
        })))
    }

    /// A datagram socket's client. A burst of datagrams is over as soon as it is sent.
    fn talk(&mut self, manner: Manner) -> Visitor {
        let from = Ipv4Addr::from(self.dice.address());
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.connect((Ipv4Addr::LOCALHOST, self.server.port)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let left = 1 + self.dice.below(20);
        let mut talk = Talk { socket, manner, left, datagram: Vec::new(), back: 0, sent: Instant::now() };
        talk.say(&mut self.dice).unwrap();
        if manner == Vanish {
            while talk.left > 0 {
                talk.say(&mut self.dice).unwrap();
            }
            let gone = Instant::now();
            talk.sent = gone;
        }
        Visitor::Datagrams(talk)
    }

    fn enter(&mut self) -> Result<(), String> {
        // First one of each, so that none is missing; then at random.
        let mut roll = self.dice.below(100);
        let by_chance = MANNERS.iter().position(|(_, of_100)| {
            let found = roll < *of_100;
            roll = roll.saturating_sub(*of_100);
            found
        });
        let mut number = if self.came < MANNERS.len() { self.came } else { by_chance.unwrap() };
        self.came += 1;
        let mut manner = MANNERS[number].0;
        if self.plan.trade == Trade::Datagrams {
            // Without connections there are fewer kinds. And not so many datagrams may be on their way that the kernel
            // drops some: it would be unknown who lost them.
            manner = match manner {
                Reset | Vanish | Stall if self.answered => Vanish,
                HalfClose | Slow | Late | Reset | Vanish | Stall => Plain,
                other => other,
            };
            number = MANNERS.iter().position(|&(other, _)| other == manner).unwrap();
        }
        self.report.connections[number] += 1;
        self.shared.connections.fetch_add(1, Ordering::Relaxed);
        let visitor = match manner {
            Killed => self.doomed(),
            _ if self.plan.trade == Trade::Datagrams => self.talk(manner),
            _ => self.client(manner)?,
        };
        if self.plan.trade == Trade::Datagrams && manner == Vanish {
            self.answered = false;
        } else {
            self.visitors.push(visitor);
        }
        Ok(())
    }

    /// Waits for clients that can go on, and runs them.
    fn turn(&mut self) -> Result<(), String> {
        let now = Instant::now();
        let mut polled: Vec<libc::pollfd> = self.visitors.iter().map(|visitor| visitor.polled(now)).collect();
        // SAFETY: the array is alive, and of that length.
        unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 4) };
        for (mut visitor, polled) in std::mem::take(&mut self.visitors).into_iter().zip(polled) {
            let gone_on = visitor.go_on(polled.revents, &mut self.buffer, &mut self.dice);
            match gone_on.map_err(|what| self.explained(what))? {
                Visit::GoesOn => self.visitors.push(visitor),
                Visit::Over(bytes) => {
                    self.answered |= matches!(visitor, Visitor::Datagrams(_));
                    self.report.bytes += bytes as u64;
                    self.shared.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
                    visitor.leave();
                }
            }
        }
        self.listen()
    }

    /// The error of a client, and the state of the server that may be the cause.
    fn explained(&mut self, what: String) -> String {
        // It takes a moment to die.
        thread::sleep(Duration::from_millis(200));
        match self.listen() {
            Ok(()) => what,
            Err(cause) => format!("{cause}; {what}"),
        }
    }

    fn listen(&mut self) -> Result<(), String> {
        while let Ok(line) = self.server.run.out.try_recv() {
            self.words.out(self.plan, line)?;
        }
        while let Ok(line) = self.server.run.err.try_recv() {
            self.words.err(self.plan, &line)?;
        }
        if self.shared.has_ended(self.server.run.pid()) {
            let status = self.server.run.child.wait().unwrap();
            return Err(format!("the server has ended: {status}"));
        }
        Ok(())
    }

    /// Runs clients until then, or until another error. Returns when the last client is gone, and the server is as
    /// before the first.
    fn busy(&mut self, until: Instant, empty: Outside) -> Result<(Outside, u64), String> {
        let mut next = Instant::now();
        while Instant::now() < until && !self.shared.failed.load(Ordering::Relaxed) {
            if Instant::now() >= next && self.visitors.len() < self.plan.at_once {
                self.enter()?;
                next = Instant::now() + self.dice.ms_below(2 * self.plan.pace_ms);
            }
            self.turn()?;
        }
        while !self.visitors.is_empty() {
            self.turn()?;
        }
        let pid = self.server.run.pid();
        let quiet = Instant::now();
        loop {
            self.listen()?;
            let seen = Outside::of(pid);
            if seen == empty && self.words.good.is_empty() {
                return Ok((seen, kib(pid, "VmRSS")));
            }
            if quiet.elapsed() > UNREST {
                let good = self.words.good.keys();
                return Err(format!("left behind: {seen:?}, not {empty:?}; clients whose end was not told: {good:?}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn run(&mut self, warm_up: Duration, rest: Duration) -> Result<(), String> {
        let empty = Outside::of(self.server.run.pid());
        self.report.warm = self.busy(Instant::now() + warm_up, empty)?;
        self.report.end = self.busy(Instant::now() + rest, empty)?;
        let (before, after) = (self.report.warm.1, self.report.end.1);
        if after > before + SLACK_KIB {
            return Err(format!("memory: {before} KiB after the warm-up, {after} KiB at the end"));
        }
        Ok(())
    }
}

/// Runs clients against one server, and returns the result.
fn soak(plan: &Plan, program: &Path, shared: &Shared, dice: Dice, warm_up: Duration, rest: Duration) -> Report {
    let count = scratch("soak").join(format!("{}-{}", plan.name, plan.spoil.unwrap_or("sound")));
    std::fs::write(&count, [0; 8]).unwrap();
    let mut command = Command::new(program);
    let flags = if plan.restart { libc::SA_RESTART } else { 0 };
    let storm = format!("catch {} {flags} {}", libc::SIGUSR1, count.display());
    shimmed(&mut command, &format!("{storm}\n{}", plan.spoil.unwrap_or_default()));
    let alarm_s = u32::try_from((warm_up + rest).as_secs()).unwrap() + ALARM_S;
    let server = Server::run_for(&mut command, 0, alarm_s);
    let mut soak = Soak {
        plan,
        server,
        shared,
        dice,
        visitors: Vec::new(),
        words: Words::default(),
        buffer: vec![0; 1 << 16],
        came: 0,
        answered: false,
        report: Report::default(),
    };
    // If this panics, the younger one is dropped first.
    let exposed = Exposed::new(shared, soak.server.run.pid(), plan.name == "thread_server");
    let outcome = soak.run(warm_up, rest);
    drop(exposed);
    let Soak { server, mut report, words, .. } = soak;
    report.signals = signals(&count);
    report.bytes += words.bytes as u64;
    report.verdict = match outcome {
        Ok(()) if report.signals == 0 => "the storm did not reach it".to_owned(),
        Ok(()) => "flat".to_owned(),
        Err(what) => what,
    };
    if report.verdict == "flat" {
        assert_eq!(server.stop(libc::SIGTERM).last().map(String::as_str), Some("server stopped"));
    } else {
        shared.failed.fetch_or(plan.spoil.is_none(), Ordering::Relaxed);
    }
    report
}

/// The count that a server keeps.
fn signals(file: &Path) -> u64 {
    u64::from_ne_bytes(std::fs::read(file).unwrap().try_into().unwrap())
}

/// The soaks of several servers, side by side.
fn soaks(plans: &[Plan], seed: u64, warm_up: Duration, rest: Duration) -> Vec<Report> {
    // Built before the clock starts, and before any of them runs: two plans may have one program.
    programs();
    let built: Vec<_> = plans.iter().map(Plan::program).collect();
    let shared = Shared::default();
    let start = Instant::now();
    let reports = thread::scope(|scope| {
        scope.spawn(|| storm(&shared, Dice(seed)));
        let dice = |number: usize| Dice(seed ^ (number as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93));
        let begin = |number: usize, plan, program| {
            let (shared, dice) = (&shared, dice(number));
            scope.spawn(move || soak(plan, program, shared, dice, warm_up, rest))
        };
        let running: Vec<_> = (0..plans.len()).map(|number| begin(number, &plans[number], &built[number])).collect();
        let mut told = Instant::now();
        while !running.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(50));
            if told.elapsed() > Duration::from_secs(5) {
                told = Instant::now();
                let [connections, bytes] = [&shared.connections, &shared.bytes].map(|n| n.load(Ordering::Relaxed));
                let total = (warm_up + rest).as_secs();
                println!(
                    "{:4} s of {total} s: {connections} connections, {bytes} bytes checked",
                    start.elapsed().as_secs()
                );
            }
        }
        shared.over.store(true, Ordering::Relaxed);
        let ended = |one: thread::ScopedJoinHandle<Report>| {
            // The panic's own message stands above.
            let verdict = "the soak itself went wrong".to_owned();
            one.join().unwrap_or_else(|_| Report { verdict, ..Report::default() })
        };
        running.into_iter().map(ended).collect()
    });
    println!("{} freezes by SIGSTOP and SIGCONT", shared.freezes.load(Ordering::Relaxed));
    reports
}

fn table(plans: &[Plan], reports: &[Report]) -> String {
    let mut text = "| server |".to_owned();
    for (manner, _) in MANNERS {
        write!(text, " {manner:?} |").unwrap();
    }
    text += " bytes checked | signals | descriptors | threads | children | KiB | verdict |\n|---|";
    text += &"---:|".repeat(MANNERS.len() + 6);
    text += "---|\n";
    for (plan, report) in plans.iter().zip(reports) {
        let mistake = plan.spoil.map(|spoil| format!(" with {spoil}")).unwrap_or_default();
        write!(text, "| {}{mistake} ({:?}) |", plan.name, plan.how).unwrap();
        for count in report.connections {
            write!(text, " {count} |").unwrap();
        }
        let ((warm, warm_kib), (end, end_kib)) = (report.warm, report.end);
        writeln!(
            text,
            " {} | {} | {} {} | {} {} | {} {} | {warm_kib} {end_kib} | {} |",
            report.bytes,
            report.signals,
            warm.descriptors,
            end.descriptors,
            warm.threads,
            end.threads,
            warm.children,
            end.children,
            report.verdict
        )
        .unwrap();
    }
    text
}

/// A number from the environment, which `make soak` sets.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text}")))
}

fn seed() -> u64 {
    let now = || u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
    let seed = number("SOAK_SEED").unwrap_or_else(now);
    println!("\nseed {seed}: make soak SEED={seed} lets the same clients come");
    seed
}

#[test]
#[ignore = "make soak"]
fn the_servers_stay_as_they_are() {
    let minutes = number("SOAK_MINUTES").unwrap_or(1);
    assert!(minutes <= 24 * 60, "{minutes} minutes are more than a day");
    let total = Duration::from_secs(if minutes == 0 { 10 } else { minutes * 60 });
    // The first time that so many threads run at once, they need memory, and so on.
    let warm_up = (total / 10).max(Duration::from_secs(3));
    let reports = soaks(&SERVERS, seed(), warm_up, total.saturating_sub(warm_up));
    println!("\nPairs of figures: after the warm-up of {} s, and at the end.\n", warm_up.as_secs());
    println!("{}", table(&SERVERS, &reports));
    for report in reports {
        assert_eq!(report.verdict, "flat");
    }
}

/// The soak can fail: each of these mistakes is noticed.
#[test]
#[ignore = "make soak"]
fn mistakes_are_noticed() {
    let spoil = |number: usize, rule: String| Plan { spoil: Some(rule.leak()), ..SERVERS[number] };
    let after_a_signal = format!("after={}", libc::EINTR);
    let wrong = [
        (spoil(5, "close every=50 result=0".into()), "left behind: Outside { descriptors: "),
        (spoil(1, "close keep=4096".into()), "memory: "),
        // Children that have ended are not reaped.
        (spoil(0, "waitpid result=0".into()), "left behind: Outside { descriptors: "),
        (spoil(4, format!("recv arg4!&{} {after_a_signal} lose", libc::MSG_PEEK)), "127."),
        (spoil(4, format!("accept4 {after_a_signal} forget")), "127."),
        // That needs a client which resets at the right moment: have many.
        (
            Plan { at_once: 24, pace_ms: 1, ..spoil(3, format!("send clear={}", libc::MSG_NOSIGNAL)) },
            "the server has ended: signal: 13",
        ),
    ];
    let plans = wrong.map(|(plan, _)| plan);
    let reports = soaks(&plans, seed(), Duration::from_secs(3), Duration::from_secs(7));
    println!("\n{}", table(&plans, &reports));
    for ((plan, complaint), report) in wrong.iter().zip(&reports) {
        let noticed = report.verdict != "flat" && report.verdict.contains(complaint);
        assert!(noticed, "{} with {:?}: {}", plan.name, plan.spoil, report.verdict);
    }
}

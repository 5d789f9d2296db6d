//! The table's cells, each in a thread with its own descriptors, all at once.

use std::collections::HashMap;
use std::ffi::CString;
use std::fmt::Write;
use std::fs;
use std::io;
use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::FromRawFd;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::c::sockutil_tcp_connect;
use errno::{Errno, errno, set_errno};

use crate::cells::{Cell, Outcome, both_families, one_family};
use crate::namespace::{add_address, add_route, inside, is_lacking, open_tun, replace, set_up};
use crate::reflector::{self, Host, Seen};
use crate::support;
use crate::support::{has_ipv6, left_out};

/// How late a busy machine may be.
const LATE: Duration = Duration::from_secs(1);

/// What a call computes at most, of seconds in which it waits.
const BUSY: Duration = Duration::from_millis(100);

/// How often a cell is tried again that a busy machine may have disturbed.
const TRIES: usize = 5;

/// How many of the cells that take less than a second run at once.
const SHORT_AT_ONCE: usize = 6;

/// This machine's address, as the hosts see it.
const OURS: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1))];

/// The hosts' addresses. All share an equally long prefix with our address, by which the resolver sorts.
fn host_address(number: usize, v6: bool) -> IpAddr {
    let [.., high, low] = (number + 1).to_be_bytes();
    if v6 {
        Ipv6Addr::new(0xfd01, 0, 0, 0, 0, 0, high.into(), low.into()).into()
    } else {
        Ipv4Addr::new(10, 1, high, low).into()
    }
}

/// A cell, with its name and addresses here.
struct Named {
    cell: Cell,
    name: String,
    addresses: Vec<IpAddr>,
}

fn named(cells: Vec<Cell>) -> Vec<Named> {
    let mut number = 0;
    let name = |(index, cell): (usize, Cell)| {
        let addresses = (0..cell.hosts.len()).map(|i| host_address(number + i, cell.v6.contains(&i))).collect();
        number += cell.hosts.len();
        Named { cell, name: format!("cell-{index}.test"), addresses }
    };
    cells.into_iter().enumerate().map(name).collect()
}

/// Its lines for /etc/hosts.
fn hosts_file(all: &[Named]) -> String {
    let mut text = String::from("192.0.2.7 known.test\n");
    for named in all {
        for address in &named.addresses {
            writeln!(text, "{address} {}", named.name).unwrap();
        }
        for i in 0..named.cell.without_route {
            // TEST-NET-2 of RFC 5737.
            writeln!(text, "198.51.100.{} {}", i + 1, named.name).unwrap();
        }
    }
    text
}

/// The network and the names; `None`, and a line with the reason, if this machine does not allow it.
fn set_up_hosts(all: &[Named], v6: bool) -> Option<Seen> {
    let folder = support::scratch("connecting");
    let ours = |name: &str, text: &str| {
        let file = folder.join(format!("{name}-{}", std::process::id()));
        fs::write(&file, text).unwrap();
        let replaced = replace(&Path::new("/etc").join(name), &file);
        fs::remove_file(file).unwrap();
        replaced
    };
    let prepared = || -> io::Result<_> {
        ours("hosts", &hosts_file(all))?;
        ours("nsswitch.conf", "hosts: files\nservices: files\n").or_else(|e| {
            // Not every libc needs it.
            if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) }
        })?;
        let tun = open_tun(c"tun0")?;
        set_up("tun0");
        add_address("tun0", OURS[0])?;
        add_route("tun0", [10, 1, 0, 0].into(), 16)?;
        if v6 {
            add_address("tun0", OURS[1])?;
            add_route("tun0", Ipv6Addr::new(0xfd01, 0, 0, 0, 0, 0, 0, 0).into(), 16)?;
        }
        // The kernel gives a dead host up after 1 and 2 seconds.
        fs::write("/proc/sys/net/ipv4/tcp_syn_retries", "1")?;
        let _ = fs::write("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", "0");
        Ok(tun)
    };
    let tun = match prepared() {
        Err(e) if is_lacking(&e) => {
            left_out("no TUN interface", format!("hosts behind one (IPv6: {v6}): {e}"));
            return None;
        }
        tun => tun.unwrap(),
    };
    let known: SocketAddr = ([192, 0, 2, 7], 1).into();
    if !("known.test", 1).to_socket_addrs().is_ok_and(|mut found| found.any(|address| address == known)) {
        left_out("/etc/hosts is not read", "names with many addresses");
        return None;
    }
    let host = |named: &Named| named.addresses.iter().copied().zip(named.cell.hosts.clone()).collect::<Vec<_>>();
    let hosts: HashMap<IpAddr, Host> = all.iter().flat_map(host).collect();
    Some(reflector::start(tun, hosts))
}

/// The descriptors of this thread.
fn descriptors() -> usize {
    fs::read_dir("/proc/thread-self/fd").unwrap().count()
}

/// The processor's time that this thread has used.
fn computed() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn local_port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

/// The result of one call; `Err` is what is wrong with it.
fn run(named: &Named, port: u16, seen: &Seen) -> Result<(), String> {
    const MARK: Errno = Errno(4711);
    let (cell, name) = (&named.cell, CString::new(named.name.as_str()).unwrap());
    let service = CString::new(port.to_string()).unwrap();
    let before = descriptors();
    set_errno(MARK);
    let mut gai = 4711;
    let (start, computed) = (Instant::now(), computed());
    let fd = unsafe { sockutil_tcp_connect(name.as_ptr(), service.as_ptr(), 0, cell.limit, &raw mut gai) };
    let (after, took) = (errno(), start.elapsed());
    let computed = self::computed().saturating_sub(computed);
    let attempts = seen.take(&named.addresses);

    let outcome = if fd >= 0 {
        let modes = unsafe { (libc::fcntl(fd, libc::F_GETFL), libc::fcntl(fd, libc::F_GETFD)) };
        assert_eq!((modes.0 & libc::O_NONBLOCK, modes.1), (0, libc::FD_CLOEXEC), "{named:?}");
        assert_eq!(descriptors(), before + 1, "descriptors are left: {named:?}");
        assert_eq!(after, MARK, "errno on success");
        match unsafe { TcpStream::from_raw_fd(fd) }.peer_addr() {
            Ok(peer) => Outcome::Connected(named.addresses.iter().position(|address| *address == peer.ip()).unwrap()),
            Err(e) => return Err(format!("  connected, and at once {e}\n")),
        }
    } else {
        Outcome::Fails(after.0)
    };
    assert_eq!(gai, 0, "{named:?}");
    assert_eq!(descriptors(), before, "descriptors are left: {named:?}");

    let mut wrong = String::new();
    if outcome != cell.outcome {
        writeln!(wrong, "  {outcome:?} instead of {:?}", cell.outcome).unwrap();
    }
    let wanted = Duration::from_millis(cell.after_ms);
    if took < wanted || took > wanted + LATE {
        writeln!(wrong, "  after {took:?} instead of {wanted:?}").unwrap();
    }
    if computed > BUSY {
        writeln!(wrong, "  it computed for {computed:?} of {took:?}, and did not sleep").unwrap();
    }
    let order: Vec<_> =
        attempts.iter().map(|attempt| named.addresses.iter().position(|address| *address == attempt.host)).collect();
    let in_turn: Vec<_> = (0..cell.begin_ms.len()).map(Some).collect();
    if order != in_turn {
        writeln!(wrong, "  tried {order:?} instead of {in_turn:?}").unwrap();
    }
    // Counted from the call, a little before the first attempt: none is early.
    let begun: Vec<Duration> = attempts.iter().map(|attempt| attempt.at - start).collect();
    let in_time = |(begun, ms): (&Duration, &u64)| {
        let wanted = Duration::from_millis(*ms);
        (wanted..wanted + LATE).contains(begun)
    };
    if !begun.iter().zip(&cell.begin_ms).all(in_time) {
        writeln!(wrong, "  begun after {begun:?} instead of {:?} ms", cell.begin_ms).unwrap();
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts = &self.cell.hosts;
        let all_alike = hosts.iter().all(|host| host.answer == hosts[0].answer);
        write!(f, "{} addresses, limit {} ms: ", hosts.len(), self.cell.limit)?;
        for host in hosts.iter().take(if all_alike { 1 } else { hosts.len() }) {
            write!(f, "{:?} after {} ms, ", host.answer, host.delay_ms)?;
        }
        write!(f, "{} without a route, IPv6 {:?}", self.cell.without_route, self.cell.v6)
    }
}

/// Runs cells one after another, with descriptors that no other thread opens or closes. Returns what is wrong with
/// them.
fn run_some<'a>(cells: impl Iterator<Item = &'a Named>, port: u16, seen: &Seen) -> Vec<String> {
    assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
    let run = |named: &Named| {
        let wrong = (0..TRIES).map_while(|_| run(named, port, seen).err()).collect::<Vec<_>>();
        (wrong.len() == TRIES).then(|| format!("{named:?}\n{}", wrong.join("  and\n")))
    };
    cells.filter_map(run).collect()
}

fn race(cells: Vec<Cell>, v6: bool) {
    if v6 && !has_ipv6("hosts of both families behind a TUN interface") {
        return;
    }
    let all = named(cells);
    let Some(seen) = set_up_hosts(&all, v6) else { return };
    let listener = TcpListener::bind((OURS[0], 0)).unwrap();
    let port = local_port(&listener);
    let listeners: Vec<_> =
        OURS.iter().skip(1).filter(|_| v6).map(|ip| TcpListener::bind((*ip, port)).unwrap()).collect();
    for listener in listeners.iter().chain([&listener]) {
        assert_eq!(unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(listener), 4096) }, 0);
    }
    // Long ones all at once, the others a few at a time, so that they do not disturb each other.
    let (long, short): (Vec<_>, Vec<_>) = all.iter().partition(|named| named.cell.after_ms >= 1000);
    let short = Mutex::new(short.into_iter());
    let next_short = || iter::from_fn(|| short.lock().unwrap().next());
    let wrong: Vec<String> = thread::scope(|scope| {
        let seen = &seen;
        let long = long.into_iter().map(|named| scope.spawn(move || run_some(iter::once(named), port, seen)));
        let mut threads: Vec<_> = long.collect();
        threads.extend((0..SHORT_AT_ONCE).map(|_| scope.spawn(|| run_some(next_short(), port, seen))));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn tcp_connect_races() {
    inside("race::tcp_connect_races", || race(one_family(), false));
}

#[test]
fn tcp_connect_races_both_families() {
    inside("race::tcp_connect_races_both_families", || race(both_families(), true));
}

//! Many clients at once. `make test-load` runs these; `make test` does not.
//!
//! This process is all the clients, with one thread and non-blocking sockets; the server is another.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, Instant};

use crate::keepalive::leave_the_network;
use crate::kit::*;
use crate::thread_server::threads;

/// Among them a longer line than either server takes at once, and the shortest one.
const LINES: [usize; 7] = [1, 2, 80, 1023, 4095, 300, 9000];
/// The memory that the second round may need more than the first without a leak: the allocator's overhead.
const SLACK_KIB: u64 = 512;

/// The kinds of clients.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Nothing: it sends and receives as fast as it can.
    Plain,
    /// It sends a byte now and then.
    Slow,
    /// It sends half a line, and then nothing.
    Half,
    /// It sends as much as it can, and receives nothing.
    Deaf,
}

struct Client {
    stream: TcpStream,
    manner: Manner,
    text: Vec<u8>,
    /// How much of the text may be sent now.
    due: usize,
    sent: usize,
    back: usize,
    ended: bool,
}

impl Client {
    fn served(&self) -> bool {
        self.back == self.text.len()
    }

    fn events(&self) -> i16 {
        let send = if self.sent < self.due { libc::POLLOUT } else { 0 };
        let receive = if self.manner == Manner::Deaf { 0 } else { libc::POLLIN };
        send | receive
    }

    fn go_on(&mut self, events: i16, buffer: &mut [u8]) {
        if events & libc::POLLOUT != 0 {
            match self.stream.write(&self.text[self.sent..self.due]) {
                Ok(n) => self.sent += n,
                Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock, "{e}"),
            }
        }
        if events & !libc::POLLOUT != 0 {
            match self.stream.read(buffer) {
                Ok(0) => {
                    assert!(self.served(), "the end after {} of {} bytes", self.back, self.text.len());
                    self.ended = true;
                }
                Ok(n) => {
                    let expected = self.text.get(self.back..self.back + n);
                    assert!(expected == Some(&buffer[..n]), "what came back differs, somewhere after {}", self.back);
                    self.back += n;
                }
                Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock, "{e}"),
            }
        }
    }
}

/// Runs all clients that are not done, until all counted ones are done. Returns how long that took.
fn drive(clients: &mut [Client], counts: impl Fn(&Client) -> bool, done: impl Fn(&Client) -> bool) -> Duration {
    let start = Instant::now();
    let mut buffer = vec![0; 1 << 16];
    let mut slow_byte = start;
    loop {
        let busy: Vec<usize> = (0..clients.len()).filter(|&i| !done(&clients[i])).collect();
        if !busy.iter().any(|&i| counts(&clients[i])) {
            return start.elapsed();
        }
        assert!(start.elapsed() < DEADLINE, "{} clients are not done", busy.len());
        let poll =
            |&i: &usize| libc::pollfd { fd: clients[i].stream.as_raw_fd(), events: clients[i].events(), revents: 0 };
        let mut polled: Vec<libc::pollfd> = busy.iter().map(poll).collect();
        // SAFETY: the array is alive, and of that length.
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 20) };
        assert!(ready >= 0, "poll: {}", io::Error::last_os_error());
        for (&i, polled) in busy.iter().zip(&polled) {
            if polled.revents != 0 {
                clients[i].go_on(polled.revents, &mut buffer);
            }
        }
        if slow_byte.elapsed() > Duration::from_millis(2) {
            slow_byte = Instant::now();
            for slow in clients.iter_mut().filter(|client| client.manner == Manner::Slow) {
                slow.due = slow.text.len().min(slow.due + 1);
            }
        }
    }
}

/// Connects from a separate address, since each address has its own ports.
pub fn connect_from(from: [u8; 4], port: u16) -> io::Result<TcpStream> {
    let address = |ip: [u8; 4], port: u16| libc::sockaddr_in {
        sin_family: libc::sa_family_t::try_from(libc::AF_INET).unwrap(),
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(ip) },
        sin_zero: [0; 8],
    };
    let (from, to) = (address(from, 0), address([127, 0, 0, 1], port));
    let size = libc::socklen_t::try_from(size_of::<libc::sockaddr_in>()).unwrap();
    let done = |answer: libc::c_int| if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) };
    // SAFETY: plain system calls; the addresses are alive, and of that size.
    unsafe {
        let fd = done(libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0))?;
        let stream = TcpStream::from_raw_fd(fd);
        done(libc::bind(fd, (&raw const from).cast(), size))?;
        done(libc::connect(fd, (&raw const to).cast(), size))?;
        Ok(stream)
    }
}

/// Lines of different lengths, different for each client.
fn text(number: usize, filler: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for turn in 0..LINES.len() {
        let length = LINES[(number + turn) % LINES.len()];
        let mut line = format!("{turn} {number} ").into_bytes();
        line.extend(&filler[number % 1000..]);
        line.truncate(length - 1);
        line.push(b'\n');
        text.extend(line);
    }
    text
}

/// A figure of `/proc/PID/status`.
pub fn kib(pid: i32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// As many descriptors as this process may have; and the server, which inherits that.
fn enough_descriptors_for(connections: usize) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: plain system calls; the limit is alive.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
    }
    let needed = connections as libc::rlim_t + 200;
    assert!(limit.rlim_max >= needed, "{needed} open files are needed, {} may be: see ulimit -Hn", limit.rlim_max);
}

/// The state of a server, seen from outside.
#[derive(Debug, PartialEq)]
struct Outside {
    descriptors: usize,
    threads: usize,
    children: usize,
    connections: usize,
}

impl Outside {
    fn of(server: &Server) -> Self {
        let pid = server.run.pid();
        let alive = |connection: &&Connection| connection.state == "ESTABLISHED";
        Self {
            descriptors: descriptors(pid),
            threads: threads(pid),
            children: children(pid).len(),
            // Each has two ends, and both are here. One of the clients may have the same port at its own address.
            connections: connections(server.port).iter().filter(alive).count() / 2,
        }
    }
}

/// A round: `count` clients connect, all are served at once, and all leave. Returns what the server needed with all of
/// them.
fn round(name: &str, number: usize, server: &Server, manners: &[Manner], with_all: &Outside) -> u64 {
    let pid = server.run.pid();
    let count = with_all.connections;
    let filler = bytes(10_000 + 1000);
    let start = Instant::now();
    let mut clients: Vec<Client> = (0..count)
        .map(|i| {
            let manner = manners.get(i).copied().unwrap_or(Manner::Plain);
            let text = match manner {
                Manner::Plain | Manner::Half => text(i, &filler),
                Manner::Slow => line(100_000),
                // More than the kernel has room for.
                Manner::Deaf => (0..2000).flat_map(|_| text(i, &filler)).collect(),
            };
            let due = match manner {
                Manner::Plain | Manner::Deaf => text.len(),
                Manner::Slow => 0,
                Manner::Half => text.len() - 5,
            };
            let stream = connect_from([127, 0, 0, 2 + u8::try_from(i % 8).unwrap()], server.port).unwrap();
            stream.set_nonblocking(true).unwrap();
            Client { stream, manner, text, due, sent: 0, back: 0, ended: false }
        })
        .collect();
    // All connect before any is served: the server prints each one.
    let named = |what: &str| {
        for _ in 0..count {
            let said = server.run.out();
            assert!(said.starts_with(what), "{said}");
        }
    };
    named("client 127.0.0.");
    let mut seen = Outside::of(server);
    while seen != *with_all {
        assert!(start.elapsed() < DEADLINE, "{seen:?}, not {with_all:?}");
        seen = Outside::of(server);
    }
    let connected = start.elapsed();

    // The deaf client first sends as much as it can: from then on the server has bytes that it cannot send.
    let stuck = Cell::new((0, Instant::now()));
    let moves = |client: &Client| {
        if client.manner == Manner::Deaf && client.sent != stuck.get().0 {
            stuck.set((client.sent, Instant::now()));
        }
        client.manner == Manner::Deaf && stuck.get().1.elapsed() < Duration::from_millis(300)
    };
    drive(&mut clients[..manners.len()], moves, Client::served);
    let exchanged = drive(&mut clients, |client| client.manner == Manner::Plain, Client::served);
    let left = clients.iter().filter(|client| !client.served()).count();
    assert_eq!(left, manners.len(), "the special ones were there all the time");
    for client in &mut clients {
        if client.manner == Manner::Deaf {
            assert!(client.sent < client.text.len(), "the server took all {} bytes", client.sent);
        }
        client.manner = Manner::Plain;
        client.due = client.text.len();
    }
    let exchanged = exchanged + drive(&mut clients, |_| true, Client::served);
    let resident = kib(pid, "VmRSS");
    assert_eq!(Outside::of(server), *with_all);

    let start = Instant::now();
    for client in &clients {
        client.stream.shutdown(Shutdown::Write).unwrap();
    }
    drive(&mut clients, |_| true, |client| client.ended);
    let total: usize = clients.iter().map(|client| client.text.len()).sum();
    println!(
        "{name:13} {number:5} {count:11} {total:15} {:9.2} {:10.2} {:9.2} {resident:12}",
        connected.as_secs_f64(),
        exchanged.as_secs_f64(),
        start.elapsed().as_secs_f64()
    );
    resident
}

/// Two rounds. The server is the same before and after the second.
fn load(name: &str, count: usize, manners: &[Manner], with_all: impl Fn(&Outside) -> Outside, farewell: usize) {
    enough_descriptors_for(count);
    println!("\nserver        round connections bytes each way connect s exchange s   leave s server KiB");
    programs();
    // Thousands of connections in TIME_WAIT would take ports from other tests. They do so only without the right to a
    // separate network.
    let _ = leave_the_network();
    let server = Server::start(name, "");
    let pid = server.run.pid();
    let empty = Outside::of(&server);
    let figures: Vec<[u64; 3]> = (1..=2)
        .map(|number| {
            let full = round(name, number, &server, manners, &with_all(&empty));
            for _ in 0..count * farewell {
                let said = server.run.out();
                assert!(said.starts_with("client close ") || said.starts_with("client half-close "), "{said}");
            }
            within_deadline("the server as it was: no descriptor, no thread, no zombie more", || {
                (Outside::of(&server) == empty).then_some(())
            });
            [full, kib(pid, "VmRSS"), kib(pid, "VmHWM")]
        })
        .collect();
    println!("KiB with all clients, after them, and at most: {:?} in round 1, {:?} in round 2", figures[0], figures[1]);
    for (first, second) in figures[0].iter().zip(figures[1]) {
        assert!(second <= first + SLACK_KIB, "memory: {figures:?}");
    }
    assert!(server.run.err.try_recv().is_err(), "no complaint");
    assert_eq!(server.stop(libc::SIGTERM), ["server stopped"]);
}

#[test]
#[ignore = "make test-load"]
fn a_thousand_processes() {
    let with_all = |empty: &Outside| Outside { children: 1000, connections: 1000, ..*empty };
    load("echo_server", 1000, &[Manner::Slow, Manner::Half, Manner::Deaf], with_all, 1);
}

#[test]
#[ignore = "make test-load"]
fn a_thousand_threads() {
    let with_all =
        |empty: &Outside| Outside { threads: 1001, descriptors: empty.descriptors + 1000, connections: 1000, ..*empty };
    load("thread_server", 1000, &[Manner::Slow, Manner::Half, Manner::Deaf], with_all, 1);
}

#[test]
#[ignore = "make test-load"]
fn ten_thousand_connections_in_one_thread() {
    let with_all = |empty: &Outside| Outside { descriptors: empty.descriptors + 10_000, connections: 10_000, ..*empty };
    load("epoll_server", 10_000, &[Manner::Slow, Manner::Half, Manner::Deaf], with_all, 2);
}

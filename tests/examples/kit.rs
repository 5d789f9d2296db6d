//! Shared by the tests of the programs: build one, run one, and check what it does.

use std::ffi::{CStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{compiler, left_out, libraries, once, root, run, sanitizer_flags, scratch, shimmed, told, under};

/// The deadline for each event.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// The time when a process is killed: after the deadline, whose message says more.
pub const ALARM_S: u32 = 120;
/// The end of a program's name: how it is linked.
pub const KINDS: [&str; 2] = ["", "_static"];

// ---- The programs ----

/// This machine's text of an errno value: strerror(3) differs between libcs.
pub fn reason(errno: libc::c_int) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    text.split_once(" (os error").expect("Rust adds the number").0.to_owned()
}

/// A folder of links to the sources, so that nothing is written beside them.
fn sources() -> PathBuf {
    let folder = scratch("examples-sources");
    once("examples-sources", || {
        // The folder may have links of an earlier run, to a program that is gone: make would stop at them.
        let script = r#"rm -f "$2"/*.[ch] && ln -sf "$1"/*.[ch] "$1/Makefile" "$2""#;
        run(Command::new("sh").args(["-c", script, "sh"]).arg(root().join("c_examples")).arg(&folder));
    });
    folder
}

/// `make` as in `c_examples`, without the settings of an outer make. Its BIN is a folder beside that of the links.
pub fn make() -> Command {
    let mut make = Command::new("make");
    make.arg("-C").arg(sources()).env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    make.args([variable("CC", compiler(false).get_program()), variable("SOCKUTIL_LIBDIR", libraries())]);
    make.arg(variable("SOCKUTIL_INCLUDE", root().join("include")));
    let flags = sanitizer_flags();
    if !flags.is_empty() {
        make.arg(variable("CFLAGS", flags));
    }
    make
}

pub fn variable(name: &str, value: impl Into<OsString>) -> OsString {
    let mut setting = OsString::from(name);
    setting.push("=");
    setting.push(value.into());
    setting
}

/// The folder with the programs, built as a reader would. All of them, and all scripts that run them under a tool, are in
/// one.
pub fn programs() -> PathBuf {
    let folder = scratch("examples");
    let all = || fs::read_dir(&folder).unwrap().map(|program| under(program.unwrap().path()));
    once("examples", || {
        run(make().arg("-j4").arg(variable("BIN", "../examples")));
        assert!(all().count() > 0, "there are programs");
    });
    all().next().unwrap().parent().unwrap().to_owned()
}

pub fn program(name: &str, kind: &str) -> PathBuf {
    programs().join(format!("{name}{kind}"))
}

// ---- Processes ----

/// A running program, and its output, line by line.
pub struct Running {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    pub out: Receiver<String>,
    pub err: Receiver<String>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self::start_for(command, ALARM_S)
    }

    /// A program that is killed after so many seconds.
    pub fn start_for(command: &mut Command, alarm_s: u32) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // SAFETY: both are async-signal-safe; their settings survive exec.
        unsafe {
            command.pre_exec(move || {
                // A shell without job control makes its background programs ignore this.
                libc::signal(libc::SIGINT, libc::SIG_DFL);
                libc::alarm(alarm_s);
                Ok(())
            })
        };
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, out, err }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// The next line that it prints.
    pub fn out(&self) -> String {
        self.out.recv_timeout(DEADLINE).expect("a line on stdout")
    }

    /// The next line about itself.
    pub fn err(&self) -> String {
        self.err.recv_timeout(DEADLINE).expect("a line on stderr")
    }

    /// The rest of its output, up to its end and that of its children.
    pub fn rest(&self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.out.recv_timeout(DEADLINE) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => return lines,
                Err(RecvTimeoutError::Timeout) => panic!("a process that has not ended, after {lines:?}"),
            }
        }
    }

    pub fn type_in(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until it ends by itself.
    pub fn ended(&mut self) -> ExitStatus {
        within_deadline("the end of the program", || self.child.try_wait().unwrap())
    }

    pub fn signal(&self, signal: i32) {
        kill(self.pid(), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that goes on only as its lines are taken: its stdout has room for one, and it waits to write the next. So
/// a test can check its work so far.
pub struct Stepping {
    child: Child,
    out: File,
}

impl Stepping {
    pub fn start(command: &mut Command) -> Self {
        let mut ends = [0; 2];
        // A pipe where each write uses a whole page.
        // SAFETY: a plain system call, with room for two descriptors.
        let made = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_DIRECT | libc::O_CLOEXEC) };
        assert_eq!(made, 0, "{}", io::Error::last_os_error());
        // SAFETY: the descriptors are new, and only we own them.
        let [out, stdout] = ends.map(|fd| unsafe { File::from_raw_fd(fd) });
        // SAFETY: a plain system call. One byte is rounded up to one page.
        let size = unsafe { libc::fcntl(stdout.as_raw_fd(), libc::F_SETPIPE_SZ, 1) };
        assert!(size > 0, "{}", io::Error::last_os_error());
        // SAFETY: alarm is async-signal-safe; it survives exec.
        unsafe {
            command.stdin(Stdio::null()).stdout(stdout).pre_exec(|| {
                libc::alarm(ALARM_S);
                Ok(())
            })
        };
        let child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        // The command also has the other end, and would keep the stream open.
        command.stdout(Stdio::null());
        Self { child, out }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Waits until there is a line to take. The program is still at most about to print the one after it.
    pub fn wait(&self) {
        let mut out = libc::pollfd { fd: self.out.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let limit = i32::try_from(DEADLINE.as_millis()).unwrap();
        // SAFETY: a plain system call, on one pollfd.
        assert_eq!(unsafe { libc::poll(&raw mut out, 1, limit) }, 1, "a line on stdout");
    }

    /// Takes a line. None: the program has ended with success.
    pub fn line(&mut self) -> Option<String> {
        self.wait();
        let mut line = [0; 4096];
        let n = self.out.read(&mut line).unwrap();
        if n == 0 {
            let status = within_deadline("the end of the program", || self.child.try_wait().unwrap());
            assert!(status.success(), "{status}");
            return None;
        }
        Some(std::str::from_utf8(&line[..n]).unwrap().strip_suffix('\n').expect("a whole line").to_owned())
    }
}

impl Drop for Stepping {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal: the end where the keyboard is, and the end that a program has.
pub fn terminal() -> (File, File) {
    let mut name = [0_u8; 64];
    // SAFETY: plain system calls, each on the descriptor that the first one made, and a buffer with its own length.
    let keyboard = unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) };
    assert!(keyboard >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the descriptor is new, and only we own it.
    let keyboard = unsafe { OwnedFd::from_raw_fd(keyboard) };
    // SAFETY: a plain system call on our descriptor.
    let granted = unsafe { libc::grantpt(keyboard.as_raw_fd()) };
    // SAFETY: a plain system call on our descriptor.
    let unlocked = unsafe { libc::unlockpt(keyboard.as_raw_fd()) };
    // SAFETY: `name` is writable for its length.
    let named = unsafe { libc::ptsname_r(keyboard.as_raw_fd(), name.as_mut_ptr().cast(), name.len()) };
    assert_eq!((granted, unlocked, named), (0, 0, 0), "{}", io::Error::last_os_error());
    let name = CStr::from_bytes_until_nul(&name).unwrap().to_str().unwrap();
    let program = File::options().read(true).write(true).open(name).unwrap();
    (keyboard.into(), program)
}

/// A program whose terminal, with its control keys, is its stdin.
pub fn controlled_by_stdin(command: &mut Command) -> &mut Command {
    // SAFETY: setsid and ioctl are async-signal-safe; descriptor 0 is the terminal.
    unsafe {
        command.pre_exec(|| {
            let taken = libc::setsid() >= 0 && libc::ioctl(0, libc::TIOCSCTTY, 0) == 0;
            if taken { Ok(()) } else { Err(io::Error::last_os_error()) }
        })
    }
}

pub fn kill(pid: i32, signal: i32) {
    // SAFETY: a plain system call. The process is our child, not reaped yet, or a child of such a process.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "kill {pid}: {}", io::Error::last_os_error());
}

/// The lines of a stream, as they come. It ends with the stream.
pub fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
            line.clear();
            if send.send(text).is_err() {
                break;
            }
        }
    });
    receive
}

pub fn lines_of(said: &[u8]) -> usize {
    String::from_utf8_lossy(said).lines().count()
}

/// Checks again and again until there is a result.
pub fn within_deadline<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < DEADLINE, "not seen: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The processes whose parent is `parent`, each with its state. 'Z' is a zombie.
pub fn children(parent: i32) -> Vec<(i32, char)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // A process may end during the check.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((head, tail)) = stat.rsplit_once(')') else { continue };
        let mut fields = tail.split_whitespace();
        let state = fields.next().unwrap().chars().next().unwrap();
        if fields.next() == Some(parent.to_string().as_str()) {
            found.push((head.split_once(' ').unwrap().0.parse().unwrap(), state));
        }
    }
    found
}

pub fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// The processor time of a process so far, in clock ticks of 10 ms.
pub fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

// ---- Servers ----

/// A server with the shim before it, and these rules (`tests/shim/rules.c`).
pub fn run_shimmed(name: &str, rules: &str) -> Server {
    Server::run(shimmed(&mut Command::new(program(name, "")), rules), 0)
}

/// A server to which SIGTERM comes just after each accept.
pub fn stopped_after_accept(name: &str) -> Server {
    run_shimmed(name, &format!("accept4 then={}", libc::SIGTERM))
}

/// Errno values as a rule lists them.
pub fn numbers(errors: &[i32]) -> String {
    errors.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

/// A server that listens.
pub struct Server {
    pub run: Running,
    pub port: u16,
}

impl Server {
    pub fn start(name: &str, kind: &str) -> Self {
        Self::run(&mut Command::new(program(name, kind)), 0)
    }

    /// Starts a server that listens on 127.0.0.1. Port 0: the kernel picks one.
    pub fn run(command: &mut Command, port: u16) -> Self {
        Self::run_for(command, port, ALARM_S)
    }

    /// One that is killed after so many seconds.
    pub fn run_for(command: &mut Command, port: u16, alarm_s: u32) -> Self {
        // A separate process group, as a shell gives to each command.
        command.args(["127.0.0.1", &port.to_string()]).stdin(Stdio::null()).process_group(0);
        let run = Running::start_for(command, alarm_s);
        let said = run.out();
        let listens = said.strip_prefix("listening on 127.0.0.1:").unwrap_or_else(|| panic!("{said}")).parse().unwrap();
        assert!(listens != 0 && (port == 0 || port == listens), "{said}");
        Self { run, port: listens }
    }

    /// An `echo_client` for it.
    pub fn client(&self, kind: &str) -> Command {
        let mut command = Command::new(program("echo_client", kind));
        command.args(["127.0.0.1", &self.port.to_string()]);
        command
    }

    /// A connected client that waits at the keyboard. Checks the addresses that it prints.
    pub fn typing_client(&self, kind: &str) -> (Running, String) {
        let client = Running::start(self.client(kind).stdin(Stdio::piped()));
        let local = client.err();
        let local = local.strip_prefix("local ").unwrap_or_else(|| panic!("{local}")).to_owned();
        assert_eq!(client.err(), format!("connected to 127.0.0.1:{}", self.port));
        assert_eq!(self.run.out(), format!("client {local}"));
        (client, local)
    }

    /// Checks that a new client is served.
    pub fn serves(&self) {
        let output = finished(self.client("").arg("still there?"), b"");
        assert!(output.status.success() && output.stdout == b"still there?\n", "{}", told(&output));
    }

    /// The only process that serves a client.
    pub fn child(&self) -> i32 {
        within_deadline("a child of the server", || children(self.run.pid()).first().map(|&(pid, _)| pid))
    }

    /// Stops the process until SIGCONT: all that the test does meanwhile comes first.
    pub fn freeze(&self) {
        self.run.signal(libc::SIGSTOP);
        let us = i32::try_from(std::process::id()).unwrap();
        within_deadline("a stopped process", || children(us).contains(&(self.run.pid(), 'T')).then_some(()));
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Ends it as kill(1) does. Returns the rest of its output.
    pub fn stop(self, signal: i32) -> Vec<String> {
        self.run.signal(signal);
        self.stopped()
    }

    /// Ends it as Ctrl-C at a terminal does, which also signals the children.
    pub fn stop_group(self, signal: i32) -> Vec<String> {
        kill(-self.run.pid(), signal);
        self.stopped()
    }

    pub fn stopped(mut self) -> Vec<String> {
        let status = self.run.ended();
        assert_eq!(status.code(), Some(0), "{status}");
        let rest = self.run.rest();
        assert_eq!(rest.iter().filter(|line| *line == "server stopped").count(), 1, "{rest:?}");
        rest
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The children that serve clients are in its process group. There may be none any more.
        // SAFETY: a plain system call. The group is that of a child of ours.
        unsafe { libc::kill(-self.run.pid(), libc::SIGKILL) };
    }
}

/// Runs a program to its end, with `input` on its stdin, and returns its output.
pub fn finished(command: &mut Command, input: &[u8]) -> Output {
    let mut bounded = Command::new("timeout");
    bounded.args(["-k", "5", "60"]).arg(command.get_program()).args(command.get_args());
    bounded.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = bounded.spawn().expect("timeout(1) can be run");
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A program that ends early, as after quit, does not take all of it.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    })
}

pub fn set_socket_option<T>(socket: &impl AsRawFd, name: i32, value: &T) {
    let size = libc::socklen_t::try_from(size_of::<T>()).unwrap();
    // SAFETY: the value is alive, and of that size.
    let set =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, std::ptr::from_ref(value).cast(), size) };
    assert_eq!(set, 0, "{}", io::Error::last_os_error());
}

/// The bytes of `TCP_INFO` (`struct tcp_info` of `linux/tcp.h`).
pub fn tcp_info(socket: &impl AsRawFd) -> Vec<u8> {
    let mut info = vec![0_u8; 512];
    let mut size = libc::socklen_t::try_from(info.len()).unwrap();
    let memory = info.as_mut_ptr().cast();
    // SAFETY: the memory has this size, and lives until the call returns.
    let got = unsafe { libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, memory, &raw mut size) };
    assert_eq!(got, 0, "{}", io::Error::last_os_error());
    info.truncate(usize::try_from(size).unwrap());
    info
}

/// A number in it.
pub fn figure(info: &[u8], offset: usize) -> u32 {
    u32::from_ne_bytes(info[offset..offset + 4].try_into().unwrap())
}

/// Whether `TCP_INFO` has its figures: an emulator may have the state alone. If not, what is left out is reported.
pub fn has_tcp_info(what: &str) -> bool {
    let has = tcp_info(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).len() >= 104;
    if !has {
        left_out("no figures in TCP_INFO", what);
    }
    has
}

/// A port at which nobody listens: that of a connection's client, which no listener is given as long as the connection
/// is open.
pub fn dead_port() -> (TcpStream, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let port = client.local_addr().unwrap().port();
    drop(server);
    (client, port)
}

/// Closes a connection with an RST.
pub fn reset(stream: TcpStream) {
    set_socket_option(&stream, libc::SO_LINGER, &libc::linger { l_onoff: 1, l_linger: 0 });
    drop(stream);
}

/// Text in which a cut, a swap or a repetition of pieces shows.
pub fn bytes(n: usize) -> Vec<u8> {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b'a' + (state >> 24) as u8 % 26
        };
        (0..100_003).map(|_| next()).collect()
    });
    let mut bytes = text.repeat(n / text.len() + 1);
    bytes.truncate(n);
    bytes
}

pub fn line(n: usize) -> Vec<u8> {
    let mut line = bytes(n - 1);
    line.push(b'\n');
    line
}

/// A TCP connection over 127/8, as the kernel's table has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Connection {
    pub local: u16,
    pub peer: u16,
    /// By its name in RFC 9293 and in ss(8).
    pub state: &'static str,
}

/// The connections of a port in `/proc/net/tcp` of our network, at either end. The library asks `sock_diag` instead.
pub fn connections(port: u16) -> Vec<Connection> {
    const STATES: [&str; 12] = [
        "ESTABLISHED",
        "SYN_SENT",
        "SYN_RECV",
        "FIN_WAIT1",
        "FIN_WAIT2",
        "TIME_WAIT",
        "CLOSED",
        "CLOSE_WAIT",
        "LAST_ACK",
        "LISTEN",
        "CLOSING",
        "SYN_RECV",
    ];
    let port_of = |address: &str| u16::from_str_radix(address.split_once(':').unwrap().1, 16).unwrap();
    let table = fs::read_to_string("/proc/thread-self/net/tcp").unwrap();
    let all = table.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let state = STATES[usize::from_str_radix(fields[3], 16).unwrap() - 1];
        Connection { local: port_of(fields[1]), peer: port_of(fields[2]), state }
    });
    all.filter(|connection| connection.local == port || connection.peer == port).collect()
}

/// Whether a connection whose local port is this one is in `TIME_WAIT`.
pub fn in_time_wait(port: u16) -> bool {
    connections(port).iter().any(|connection| connection.local == port && connection.state == "TIME_WAIT")
}

/// The listening TCP socket of a process: its descriptor, and the connections that it has not accepted yet.
pub fn listener(pid: i32) -> Option<(String, usize)> {
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten().find_map(|fd| {
        let link = fs::read_link(fd.path()).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        let row = rows.iter().find(|row| row[3] == "0A" && row[9] == inode)?;
        let queue = usize::from_str_radix(row[4].split_once(':').unwrap().1, 16).unwrap();
        Some((fd.file_name().into_string().unwrap(), queue))
    })
}

/// The output of a program without arguments, line by line. It must succeed, without a message on stderr.
pub fn printed(name: &str, kind: &str) -> Vec<String> {
    let output = finished(&mut Command::new(program(name, kind)), b"");
    assert!(output.status.success() && output.stderr.is_empty(), "{name}{kind}: {}", told(&output));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

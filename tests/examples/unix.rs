//! `unix_server` and `unix_client`: echo over a Unix socket.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::kit::*;
use crate::support::{left_out, shimmed, told};

/// A user that is not root, and whom no test runs as.
const OTHER: libc::uid_t = 64_321;

/// A new folder with a short path, which other users may search.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sockutil-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn server(kind: &str, options: &[&str], path: &Path) -> Running {
    let mut command = Command::new(program("unix_server", kind));
    let run = Running::start(command.args(options).arg(path).stdin(Stdio::null()));
    assert_eq!(run.out(), format!("listening on unix:{}", path.display()));
    run
}

fn client(kind: &str, path: &Path) -> Command {
    let mut command = Command::new(program("unix_client", kind));
    command.arg(path).stdin(Stdio::piped());
    command
}

const AT_ONCE: &str = "connect without waiting: connected";

/// Checks that a client is served, and that the server prints who it is.
fn serves(server: &Running, kind: &str, path: &Path) {
    let mut client = Running::start(client(kind, path).args(["two", "words"]));
    assert_eq!(client.err(), AT_ONCE);
    assert_eq!(client.out(), "two words");
    assert_eq!(client.ended().code(), Some(0));
    // SAFETY: plain system calls.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    assert_eq!(server.out(), format!("client: pid {}, uid {uid}, gid {gid}", client.pid()));
    assert_eq!(server.out(), "client close");
}

/// Checks that a second server cannot listen there.
fn refuses_a_second_one(kind: &str, path: &Path) {
    let output = finished(Command::new(program("unix_server", kind)).arg(path), b"");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let in_use = format!("listen: {}\n", reason(libc::EADDRINUSE));
    assert!(output.stdout.is_empty() && output.stderr == in_use.as_bytes(), "{}", told(&output));
}

fn stop(mut server: Running, signal: i32) -> Vec<String> {
    server.signal(signal);
    assert_eq!(server.ended().code(), Some(0));
    let rest = server.rest();
    assert_eq!(rest.last().map(String::as_str), Some("server stopped"), "{rest:?}");
    rest
}

/// What another user's connect gives. Only one thread becomes that user.
fn connect_as_other(path: &Path) -> io::Result<UnixStream> {
    let become_other = || {
        // SAFETY: plain system calls, which change only the calling thread.
        let results = unsafe {
            [
                libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()),
                libc::syscall(libc::SYS_setresgid, OTHER, OTHER, OTHER),
                libc::syscall(libc::SYS_setresuid, OTHER, OTHER, OTHER),
            ]
        };
        assert_eq!(results, [0; 3], "{}", io::Error::last_os_error());
        UnixStream::connect(path)
    };
    thread::scope(|scope| scope.spawn(become_other).join().unwrap())
}

// ---- The server ----

#[test]
fn the_unix_server_prints_who_its_client_is() {
    for kind in KINDS {
        let folder = Folder::new("who");
        let path = folder.0.join("sock");
        let run = server(kind, &[], &path);
        for _ in 0..3 {
            serves(&run, kind, &path);
        }
        assert_eq!(stop(run, libc::SIGTERM), ["server stopped"]);
        assert_eq!(fs::symlink_metadata(&path).unwrap_err().kind(), ErrorKind::NotFound, "the file is removed");
    }
}

#[test]
fn a_stale_socket_file_is_replaced_and_a_second_unix_server_is_refused() {
    for kind in KINDS {
        let folder = Folder::new("stale");
        let path = folder.0.join("sock");
        let mut dead = server(kind, &[], &path);
        dead.signal(libc::SIGKILL);
        assert_eq!(dead.ended().signal(), Some(libc::SIGKILL));
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket(), "nobody has removed the file");
        assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);

        let run = server(kind, &[], &path);
        serves(&run, kind, &path);
        refuses_a_second_one(kind, &path);
        // The living server sees the second one's probe as a client that leaves.
        assert!(run.out().starts_with("client: pid ") && run.out() == "client close");
        serves(&run, kind, &path);
        stop(run, libc::SIGINT);

        // What is no socket is nobody's to remove.
        fs::write(&path, "a text").unwrap();
        refuses_a_second_one(kind, &path);
        assert_eq!(fs::read_to_string(&path).unwrap(), "a text");
    }
}

#[test]
fn the_files_mode_keeps_another_user_out() {
    // SAFETY: a plain system call.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        left_out("not root", "a client that is another user");
    }
    for (options, mode) in [(&[][..], 0o600), (&["-m", "660"], 0o660), (&["-m", "0666"], 0o666)] {
        let folder = Folder::new("mode");
        let path = folder.0.join("sock");
        let run = server("", options, &path);
        let has = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(has, mode, "whatever umask says: {has:o}");
        if root && mode == 0o666 {
            let mut stream = connect_as_other(&path).unwrap();
            stream.write_all(b"hello").unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
            let us = std::process::id();
            assert_eq!(run.out(), format!("client: pid {us}, uid {OTHER}, gid {OTHER}"));
            drop(stream);
            assert_eq!(run.out(), "client close");
        } else if root {
            assert_eq!(connect_as_other(&path).unwrap_err().raw_os_error(), Some(libc::EACCES));
        }
        serves(&run, "", &path);
        assert_eq!(stop(run, libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn an_abstract_name_leaves_no_file() {
    for kind in KINDS {
        let name = PathBuf::from(format!("@sockutil-{}", std::process::id()));
        let mut run = server(kind, &[], &name);
        serves(&run, kind, &name);
        refuses_a_second_one(kind, &name);
        run.signal(libc::SIGKILL);
        run.ended();
        let run = server(kind, &[], &name);
        serves(&run, kind, &name);
        stop(run, libc::SIGTERM);
        assert!(!Path::new(&name).exists());
    }
}

#[test]
fn signals_stop_the_unix_server_whatever_it_waits_for() {
    let folder = Folder::new("stop");
    let path = folder.0.join("sock");
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let run = server("", &[], &path);
        let silent = UnixStream::connect(&path).unwrap();
        assert!(run.out().starts_with("client: "));
        assert_eq!(stop(run, signal), ["client close", "server stopped"]);
        drop(silent);
    }
}

// ---- The client ----

#[test]
fn a_unix_connect_is_done_at_once_though_nobody_accepts() {
    let folder = Folder::new("at-once");
    let path = folder.0.join("sock");
    let run = server("", &[], &path);
    run.signal(libc::SIGSTOP);
    let us = i32::try_from(std::process::id()).unwrap();
    within_deadline("a stopped server", || children(us).contains(&(run.pid(), 'T')).then_some(()));
    let log = folder.0.join("log");
    let mut typist = Running::start(shimmed(&mut client("", &path), &format!("log {}", log.display())));
    assert_eq!(typist.err(), AT_ONCE);
    let calls = fs::read_to_string(&log).unwrap();
    let connects: Vec<&str> = calls.lines().filter(|call| call.starts_with("connect ")).collect();
    assert_eq!(connects, ["connect 0 0"], "connect(2) itself has returned 0: {calls}");
    run.signal(libc::SIGCONT);
    typist.type_in("hello\n");
    assert_eq!(typist.out(), "hello");
    typist.stdin = None;
    assert_eq!(typist.ended().code(), Some(0));
    assert!(typist.err.recv().is_err(), "no word more");
    stop(run, libc::SIGTERM);
}

#[test]
fn every_byte_comes_back_over_a_unix_socket() {
    let folder = Folder::new("bytes");
    let path = folder.0.join("sock");
    let run = server("", &[], &path);
    let every: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for sent in [&b""[..], b"one\n\n", b"no end", &every, &line(4095), &line(4096), &line(100_000)] {
        let output = finished(&mut client("", &path), sent);
        assert!(output.status.success() && output.stdout == sent, "{} bytes: {}", sent.len(), output.stdout.len());
        assert_eq!(output.stderr, format!("{AT_ONCE}\n").as_bytes());
    }
    stop(run, libc::SIGTERM);
}

#[test]
fn the_unix_client_sees_its_server_close_and_ends_on_ctrl_c() {
    let folder = Folder::new("leave");
    let path = folder.0.join("sock");
    let run = server("", &[], &path);
    let mut typist = Running::start(&mut client("", &path));
    assert_eq!(typist.err(), AT_ONCE);
    typist.type_in("hello\n");
    assert_eq!(typist.out(), "hello");
    typist.signal(libc::SIGINT);
    assert_eq!(typist.ended().code(), Some(0));
    assert!(typist.err.recv().is_err() && typist.stdin.is_some(), "the keyboard was open all the time");

    let mut typist = Running::start(&mut client("", &path));
    typist.type_in("hello\n");
    assert_eq!(typist.out(), "hello");
    stop(run, libc::SIGTERM);
    assert_eq!((typist.err(), typist.err()), (AT_ONCE.into(), "server close".into()));
    assert_eq!(typist.ended().code(), Some(0));

    let output = finished(client("", &path).arg("hello"), b"");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let missing = reason(libc::ENOENT);
    assert_eq!(output.stderr, format!("connect without waiting: {missing}\nconnect: {missing}\n").as_bytes());
}

#[test]
fn bad_unix_arguments_are_one_line_and_status_2() {
    let long = OsString::from_vec(vec![b'x'; 200]);
    let bad: [(&str, &[&str]); 8] = [
        ("unix_server", &[""]),
        ("unix_server", &["@"]),
        ("unix_server", &["a", "b"]),
        ("unix_server", &["-m", "778", "a"]),
        ("unix_server", &["-m", "1000", "a"]),
        ("unix_server", &["-m", "", "a"]),
        ("unix_server", &["-m", "0600", "@a"]),
        ("unix_client", &[""]),
    ];
    for (name, arguments) in bad {
        let output = finished(Command::new(program(name, "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{name} {arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{name} {arguments:?}: {}", told(&output));
    }
    for name in ["unix_server", "unix_client"] {
        let output = finished(Command::new(program(name, "")).arg(&long), b"");
        assert!(output.status.code() == Some(2) && lines_of(&output.stderr) == 1, "{name}: {}", told(&output));
    }
}

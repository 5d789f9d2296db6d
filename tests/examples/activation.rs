//! `activation`: a server whose listener is passed to it by systemd's protocol.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::kit::*;
use crate::support::told;

/// The server with this descriptor as its descriptor 3. `variables` are set as in a shell whose process becomes the
/// server: `$$` is its pid.
fn activated(kind: &str, passed: OwnedFd, variables: &str) -> Command {
    let mut command = Command::new("sh");
    let script = format!(r#"exec 3<&0 0</dev/null; {variables} exec "$0" "$@""#);
    command.args(["-c", &script]).arg(program("activation", kind)).args(["127.0.0.1", "0"]);
    command.stdin(Stdio::from(passed));
    command
}

const FOR_IT: &str = "LISTEN_PID=$$ LISTEN_FDS=1";

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Which file, such as `socket:[1234]`, is behind a descriptor.
fn file(pid: u32, fd: i32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/fd/{fd}")).unwrap()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn listens(port: u16) -> bool {
    connections(port).iter().any(|end| end.local == port && end.state == "LISTEN")
}

fn echoes(stream: &mut (impl Read + Write)) {
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
}

fn stop(mut run: Running, signal: i32) -> Vec<String> {
    run.signal(signal);
    assert_eq!(run.ended().code(), Some(0));
    assert!(run.err.recv().is_err(), "nothing was wrong");
    run.rest()
}

#[test]
fn it_serves_on_the_passed_listener_and_leaves_it_to_the_manager() {
    for kind in KINDS {
        let (manager, port) = listener();
        for signal in [libc::SIGTERM, libc::SIGINT] {
            // The first client is there before the server.
            let mut first = connect(port);
            let run = Running::start(&mut activated(kind, manager.try_clone().unwrap().into(), FOR_IT));
            assert_eq!(run.out(), format!("listening on 127.0.0.1:{port}"));
            assert_eq!(run.out(), "listener 3: passed");
            let pid = u32::try_from(run.pid()).unwrap();
            assert_eq!(file(pid, 3), file(std::process::id(), manager.as_raw_fd()), "the manager's own socket");
            let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/3")).unwrap();
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
            let flags = i32::from_str_radix(flags.trim(), 8).unwrap();
            assert!(flags & libc::O_CLOEXEC != 0, "a child must not inherit it: {flags:o}");

            for stream in [&mut first, &mut connect(port)] {
                let local = stream.local_addr().unwrap();
                echoes(stream);
                assert_eq!(run.out(), format!("client {local}"));
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                assert_eq!(run.out(), format!("client close {local}"));
            }
            // Its end is not the listener's: the next one serves those who come meanwhile.
            assert_eq!(stop(run, signal), ["server stopped"]);
            assert!(listens(port));
            // The same of one that has served nobody.
            let run = Running::start(&mut activated(kind, manager.try_clone().unwrap().into(), FOR_IT));
            assert_eq!(run.out(), format!("listening on 127.0.0.1:{port}"));
            assert_eq!(stop(run, signal), ["listener 3: passed", "server stopped"]);
            assert!(listens(port));
        }
    }
}

#[test]
fn it_ignores_a_listener_that_is_meant_for_another_process() {
    for variables in ["LISTEN_PID=1 LISTEN_FDS=1", "LISTEN_PID=$PPID LISTEN_FDS=1", "LISTEN_FDS=1", "LISTEN_PID=$$"] {
        let (manager, passed) = listener();
        let run = Running::start(&mut activated("", manager.into(), variables));
        let said = run.out();
        let port = said.strip_prefix("listening on 127.0.0.1:").unwrap_or_else(|| panic!("{said}")).parse().unwrap();
        assert_ne!(port, passed, "{variables}");
        let said = run.out();
        let fd = said.strip_prefix("listener ").and_then(|rest| rest.strip_suffix(": our own"));
        assert_ne!(fd.unwrap_or_else(|| panic!("{variables}: {said}")), "3");
        // Who connects to the other one waits for its own server.
        let _waits = connect(passed);
        let mut stream = connect(port);
        echoes(&mut stream);
        assert_eq!(run.out(), format!("client {}", stream.local_addr().unwrap()));
        drop(stream);
        assert!(run.out().starts_with("client close "));
        assert_eq!(stop(run, libc::SIGTERM), ["server stopped"]);
    }
}

#[test]
fn it_serves_on_a_passed_unix_listener() {
    let path = std::env::temp_dir().join(format!("sockutil-activation-{}", std::process::id()));
    let manager = UnixListener::bind(&path).unwrap();
    let run = Running::start(&mut activated("", manager.into(), FOR_IT));
    assert_eq!(run.out(), format!("listening on unix:{}", path.display()));
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    fs::remove_file(&path).unwrap();
    echoes(&mut stream);
    drop(stream);
    assert_eq!(stop(run, libc::SIGTERM).last().map(String::as_str), Some("server stopped"));
}

#[test]
fn a_signal_ends_its_wait_for_a_silent_client() {
    let (manager, port) = listener();
    let run = Running::start(&mut activated("", manager.into(), FOR_IT));
    let silent = connect(port);
    let local = silent.local_addr().unwrap();
    let said = [run.out(), run.out(), run.out()];
    assert_eq!(said[2], format!("client {local}"), "{said:?}");
    assert_eq!(stop(run, libc::SIGTERM), [format!("client close {local}"), "server stopped".into()]);
}

#[test]
fn what_is_passed_and_is_no_listener_is_one_line_and_status_1() {
    let udp = || OwnedFd::from(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let tcp = || OwnedFd::from(listener().0);
    let (connected, _other) = UnixStream::pair().unwrap();
    let file = || OwnedFd::from(fs::File::open("/dev/null").unwrap());
    let not_one = |count: i32| format!("not one listener: {count} descriptors were passed, from 3 on");
    let failed = |errno: i32| format!("listen_fds: {}", reason(errno));
    let bad = [
        (udp(), FOR_IT, not_one(1)),
        (connected.into(), FOR_IT, not_one(1)),
        (file(), FOR_IT, not_one(1)),
        (tcp(), "LISTEN_PID=$$ LISTEN_FDS=2; exec 4<&3; export LISTEN_PID LISTEN_FDS;", not_one(2)),
        (tcp(), "LISTEN_PID=$$ LISTEN_FDS=50", failed(libc::EBADF)),
        (tcp(), "LISTEN_PID=$$ LISTEN_FDS=one", failed(libc::EINVAL)),
        (tcp(), "LISTEN_PID=me LISTEN_FDS=1", failed(libc::EINVAL)),
    ];
    for (passed, variables, problem) in bad {
        let mut run = Running::start(&mut activated("", passed, variables));
        assert_eq!(run.err(), problem, "{variables}");
        assert_eq!(run.ended().code(), Some(1), "{variables}");
        assert!(run.out.recv().is_err() && run.err.recv().is_err(), "{variables}: no word more");
    }
}

#[test]
fn bad_arguments_of_activation_are_one_line_and_status_2() {
    for arguments in [&["localhost"][..], &["127.0.0.1", "65536"], &["127.0.0.1", "0", "more"]] {
        let output = finished(Command::new(program("activation", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
}

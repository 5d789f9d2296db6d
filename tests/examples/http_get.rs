//! `http_get`: a head, and a body by its length, in chunks, or up to the end of the stream.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use crate::kit::*;
use crate::support::{left_out, shimmed, told};

/// An answer, and the body in it.
struct Answer {
    what: &'static str,
    sent: Vec<u8>,
    body: Vec<u8>,
}

fn answer(what: &'static str, head: &str, coded: &[u8], body: &[u8]) -> Answer {
    Answer { what, sent: [head.as_bytes(), coded].concat(), body: body.to_owned() }
}

/// A body as chunks of these lengths, in turn, with every kind of length line that RFC 9112 has.
fn chunks(body: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut coded = Vec::new();
    let mut rest = body;
    for (turn, n) in lengths.iter().cycle().enumerate() {
        let (chunk, behind) = rest.split_at(rest.len().min(*n));
        if chunk.is_empty() {
            break;
        }
        let n = chunk.len();
        let line = [format!("{n:x}"), format!("{n:X};name=value"), format!("00{n:x} ; a")];
        coded.extend_from_slice(line[turn % line.len()].as_bytes());
        coded.extend_from_slice(b"\r\n");
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
        rest = behind;
    }
    coded
}

/// Bytes that look like what is around a body, and every value.
fn body() -> Vec<u8> {
    let every: Vec<u8> = (0..=255).collect();
    [&b"\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n5\r\n"[..], &every, &bytes(900), b"\r\n\r"].concat()
}

fn answers() -> Vec<Answer> {
    let body = body();
    let n = body.len();
    let ok = "HTTP/1.1 200 OK\r\n";
    let coded = chunks(&body, &[1, 2, 17, 300]);
    let chunked = |name: &str, end: &str| (format!("{ok}{name}\r\n\r\n"), [&coded[..], end.as_bytes()].concat());
    let (plain, last) = chunked("Transfer-Encoding: chunked", "0\r\n\r\n");
    let (both, trailed) =
        chunked("content-length: 3\r\nTRANSFER-ENCODING:chunked", "000;last\r\nExpires: never\r\nA: b\r\n\r\n");
    vec![
        answer("a length", &format!("{ok}Server: x\r\nContent-Length: {n}\r\n\r\n"), &body, &body),
        answer("a length in small letters", &format!("{ok}content-length:{n} \r\n\r\n"), &body, &body),
        answer("an empty body", &format!("{ok}Content-Length: 0\r\n\r\n"), b"", b""),
        answer("more than the length", &format!("{ok}Content-Length: 7\r\n\r\n"), &body, &body[..7]),
        answer("up to the end", "HTTP/1.0 200 OK\r\nX-Content-Length: 5\r\n\r\n", &body, &body),
        answer("no fields", "HTTP/1.1 404 Not Found\r\n\r\n", &body, &body),
        answer("chunks", &plain, &last, &body),
        answer("chunks with a trailer, and a length that does not count", &both, &trailed, &body),
        answer("no body", "HTTP/1.1 204 No Content\r\n\r\n", b"", b""),
        answer("not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", b""),
        answer(
            "an answer after another",
            &format!(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n{ok}Content-Length: {n}\r\n\r\n"
            ),
            &body,
            &body,
        ),
    ]
}

/// Runs a client while a server sends `sent` to it, in pieces of `piece` bytes, and closes. Returns what the client
/// printed, and what it asked.
fn get(command: &mut Command, host_first: bool, sent: &[u8], piece: usize) -> (Output, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    if host_first {
        command.args(["127.0.0.1", &port.to_string(), "/a/path?x=y"]);
    } else {
        command.arg(format!("http://127.0.0.1:{port}/a/path?x=y"));
    }
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            asked.push(byte[0]);
        }
        // A client that has seen enough may be gone.
        let _ = sent.chunks(piece).try_for_each(|piece| stream.write_all(piece));
        String::from_utf8(asked).unwrap()
    };
    thread::scope(|scope| {
        let server = scope.spawn(serve);
        // Not finished(), which does not pass the environment on.
        let output = command.output().unwrap();
        // A client that has not connected would leave the server waiting.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        (output, server.join().unwrap())
    })
}

fn http_get(kind: &str) -> Command {
    // timeout(1) execs the program, and so passes the shim on.
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "60"]).arg(program("http_get", kind));
    command
}

/// Checks that all of the body is printed, and nothing else.
fn prints_the_body(command: &mut Command, answer: &Answer, piece: usize) {
    let (output, asked) = get(command, true, &answer.sent, piece);
    let how = format!("{}, pieces of {piece}: {}", answer.what, String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{how}");
    assert!(output.stdout == answer.body, "{how}: {} bytes, not {}", output.stdout.len(), answer.body.len());
    let sent = String::from_utf8_lossy(&answer.sent);
    let status = sent.lines().rfind(|line| line.starts_with("HTTP/1.") && !answer.body.is_empty());
    assert!(status.is_none() || output.stderr.starts_with(b"HTTP/1."), "{how}");
    let mut lines = asked.lines();
    assert_eq!(lines.next(), Some("GET /a/path?x=y HTTP/1.1"));
    assert!(lines.any(|line| line.starts_with("Host: 127.0.0.1:")), "RFC 9112, section 3.2: {asked}");
}

#[test]
fn http_get_prints_every_body_byte_for_byte() {
    for kind in KINDS {
        for answer in answers() {
            for piece in [usize::MAX, 1000, 7] {
                prints_the_body(&mut http_get(kind), &answer, piece);
            }
        }
    }
}

#[test]
fn http_get_prints_the_same_however_packets_are_cut() {
    for answer in answers() {
        // What one recv(2) returns is all that a program sees of packets.
        for most in [1, 2, 3, 5] {
            prints_the_body(shimmed(&mut http_get(""), &format!("recv most={most}")), &answer, usize::MAX);
        }
    }
}

#[test]
fn http_get_prints_a_large_body() {
    let body = bytes(3 << 20);
    let coded = [&chunks(&body, &[70_000, 1, 16_384, 65_536])[..], b"0\r\n\r\n"].concat();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    prints_the_body(&mut http_get(""), &answer("large chunks", head, &coded, &body), usize::MAX);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    prints_the_body(&mut http_get(""), &answer("a large body", &head, &body, &body), 10_000);
}

#[test]
fn curl_and_http_get_print_the_same() {
    if Command::new("curl").arg("-V").output().is_err() {
        left_out("no curl", "a comparison with it");
        return;
    }
    for answer in answers() {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--http1.1", "--noproxy", "*", "--max-time", "60"]);
        let (theirs, _) = get(&mut curl, false, &answer.sent, 7);
        assert!(theirs.status.success(), "{}: {}", answer.what, theirs.status);
        let (ours, _) = get(&mut http_get(""), true, &answer.sent, 7);
        assert!(
            ours.stdout == theirs.stdout,
            "{}: {} bytes, not {}",
            answer.what,
            ours.stdout.len(),
            theirs.stdout.len()
        );
    }
}

#[test]
fn http_get_tells_a_bad_answer_from_a_whole_one() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
    let too_long = reason(libc::EMSGSIZE);
    let bad = [
        (String::new(), "cut short", ""),
        (format!("{ok}Content-Length: 5\r\n"), "cut short", ""),
        (format!("{ok}Content-Length: 5\r\n\r\nhell"), "cut short", "hell"),
        (format!("{chunked}5\r\nhell"), "cut short", "hell"),
        (format!("{chunked}5\r\nhello\r\n"), "cut short", "hello"),
        (format!("{chunked}0\r\n"), "cut short", ""),
        (format!("{chunked}5\r\nhello, world\r\n0\r\n\r\n"), "a chunk of another length", "hello"),
        (format!("{chunked}-1\r\n"), "not a number", ""),
        (format!("{chunked}0x5\r\nhello\r\n"), "not a number", ""),
        (format!("{chunked}\r\n"), "not a number", ""),
        (format!("{chunked}11111111111111111\r\n"), "not a number", ""),
        (format!("{ok}Content-Length: +5\r\n\r\nhello"), "not a number", ""),
        (format!("{ok}Content-Length: 5,5\r\n\r\nhello"), "not a number", ""),
        (format!("{ok}Transfer-Encoding: gzip, chunked\r\n\r\n"), "an unknown Transfer-Encoding", ""),
        ("SSH-2.0-OpenSSH\r\n\r\n".into(), "not HTTP/1.1", ""),
        (format!("HTTP/1.1 200 OK\0\r\n{}\r\n\r\n", "a: b"), "not HTTP/1.1", ""),
        (format!("{ok}A: {}\r\n\r\n", "x".repeat(70_000)), too_long.as_str(), ""),
    ];
    for (sent, problem, body) in bad {
        let (output, _) = get(&mut http_get(""), true, sent.as_bytes(), usize::MAX);
        assert_eq!(output.status.code(), Some(1), "{sent:.60?}: {}", told(&output));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.lines().last(), Some(format!("answer: {problem}").as_str()), "{sent:.60?}");
        assert_eq!(output.stdout, body.as_bytes(), "{sent:.60?}");
    }
}

#[test]
fn http_get_refuses_a_bad_argument_and_a_dead_port() {
    for arguments in
        [&["127.0.0.1", "80", "path"][..], &["127.0.0.1", "80", "/a b"], &["127.0.0.1", "65536"], &["1.2.3"]]
    {
        let output = finished(Command::new(program("http_get", "")).args(arguments), b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{arguments:?}: {}", told(&output));
    }
    let (_held, nobody) = dead_port();
    let output = finished(Command::new(program("http_get", "")).args(["127.0.0.1", &nobody.to_string()]), b"");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert_eq!(output.stderr, format!("connect: {}\n", reason(libc::ECONNREFUSED)).as_bytes());
}

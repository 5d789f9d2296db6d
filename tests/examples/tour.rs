//! `tour.sh`: the states of TCP in a diagram, at a terminal and elsewhere.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use crate::kit::*;
use crate::support::{root, told};
use crate::tcp_states::{ALL, CLOSES, CLOSES_AT_ONCE, OPENS, States, has_packet_filter};

/// As `tour.sh` promises.
const COLUMNS: usize = 78;
const ROWS: usize = 24;

fn tour() -> Command {
    let mut tour = Command::new("sh");
    tour.arg(root().join("c_examples/tour.sh")).arg(programs()).env("TERM", "xterm").env_remove("NO_COLOR");
    tour
}

/// Both ends, in the order of the diagram's steps. Two FINs that have not crossed are tried again.
fn are_all_steps(states: &[(String, String)]) {
    let expected = |steps: &[States]| steps.iter().map(|&(c, s)| (c.to_owned(), s.to_owned())).collect::<Vec<_>>();
    assert!(states.len() >= 11, "{states:?}");
    assert_eq!(states[..8], expected(&[OPENS, CLOSES].concat()), "{states:?}");
    assert_eq!(states[states.len() - 3..], expected(&CLOSES_AT_ONCE), "{states:?}");
}

/// The form in lines: each step is one, after a diagram with each state.
fn is_in_lines(text: &str) {
    assert!(!text.contains('\u{1b}'), "plain: {text:?}");
    for line in text.lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
    }
    for name in ALL {
        assert!(text.contains(&format!("[  {name}  ]")), "{name}: {text}");
    }
    let states = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["C", client, "S", server, event, ..] = words[..] else { return None };
        assert!(event.chars().count() > 2, "{line}");
        Some((client.to_owned(), server.to_owned()))
    });
    are_all_steps(&states.collect::<Vec<_>>());
}

#[test]
fn without_a_terminal_each_step_is_a_line_and_nothing_waits() {
    if !has_packet_filter("the tour in lines") {
        let output = finished(&mut tour(), b"");
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        assert!(output.stdout.is_empty() && lines_of(&output.stderr) == 1, "{}", told(&output));
        return;
    }
    let mut tour = Running::start(tour().stdin(Stdio::piped()));
    let status = tour.ended();
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(tour.stdin.is_some(), "nobody has typed");
    is_in_lines(&tour.rest().join("\n"));
    assert!(tour.err.recv().is_err(), "no word on stderr");
}

/// A tour at a terminal.
struct Terminal {
    run: Running,
    keyboard: File,
    shown: String,
}

impl Terminal {
    fn start(command: &mut Command, rows: u16, columns: u16) -> Self {
        let (keyboard, end) = terminal();
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the terminal is open, and `size` lives until the call returns.
        let set = unsafe { libc::ioctl(keyboard.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        assert_eq!(set, 0, "{}", io::Error::last_os_error());
        // The program has its stdout from a shell: `Running` takes that of the shell.
        let script = r#"exec "$@" >&0 2>&0"#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let run = Running::start(controlled_by_stdin(shell.stdin(end)));
        Self { run, keyboard, shown: String::new() }
    }

    /// Reads what comes within some milliseconds. False: nothing has, or all who could write are gone.
    fn read(&mut self, limit_ms: i32) -> bool {
        let mut ready = libc::pollfd { fd: self.keyboard.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: a plain system call, on one pollfd.
        if unsafe { libc::poll(&raw mut ready, 1, limit_ms) } < 1 {
            return false;
        }
        let mut bytes = [0; 4096];
        // EIO: the other end is closed.
        let n = self.keyboard.read(&mut bytes).unwrap_or(0);
        self.shown.push_str(std::str::from_utf8(&bytes[..n]).expect("ASCII alone"));
        n > 0
    }

    /// The next picture, which ends by clearing what is below it.
    fn picture(&mut self) -> String {
        const LAST: &str = "\u{1b}[J";
        loop {
            if let Some(end) = self.shown.find(LAST) {
                let rest = self.shown.split_off(end + LAST.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            assert!(self.read(i32::try_from(DEADLINE.as_millis()).unwrap()), "a picture, after {:?}", self.shown);
        }
    }

    fn type_in(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).unwrap();
    }

    /// Everything up to the end of the program, and its exit status.
    fn rest(&mut self) -> (String, Option<i32>) {
        while self.read(i32::try_from(DEADLINE.as_millis()).unwrap()) {}
        (std::mem::take(&mut self.shown), self.run.ended().code())
    }

    /// Whether the terminal shows what is typed.
    fn echoes(&self) -> bool {
        // SAFETY: all bytes zero are a valid termios.
        let mut settings: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the terminal is open, and `settings` is writable.
        let got = unsafe { libc::tcgetattr(self.keyboard.as_raw_fd(), &raw mut settings) };
        assert_eq!(got, 0, "{}", io::Error::last_os_error());
        settings.c_lflag & libc::ECHO != 0
    }
}

/// The states of client and server, as the line below the diagram has them. Checks that they, and no others, light up
/// in the diagram, and that the picture fits.
fn lit(picture: &str, coloured: bool) -> (String, String) {
    let above = picture.lines().take_while(|line| !line.starts_with("client (C) ")).last().unwrap();
    assert!(above.starts_with("  ") && above.contains(|c: char| c.is_ascii_lowercase()), "the event: {picture}");
    let below =
        picture.lines().find_map(|line| line.strip_prefix("client (C) ")).unwrap_or_else(|| panic!("{picture}"));
    let words: Vec<&str> = below.split_whitespace().collect();
    let [client, "server", "(S)", server, ..] = words[..] else { panic!("{below}") };
    let colour = |code| if coloured { code } else { "" };
    let expected = if client == server {
        vec![format!("\u{1b}[1;7m[C {client} S]\u{1b}[0m")]
    } else {
        let (c, s) = (colour(";36"), colour(";33"));
        vec![format!("\u{1b}[1;7{c}m[C {client}  ]\u{1b}[0m"), format!("\u{1b}[1;7{s}m[  {server} S]\u{1b}[0m")]
    };
    for place in &expected {
        assert_eq!(picture.matches(place.as_str()).count(), 1, "{place:?}: {picture}");
    }
    assert_eq!(picture.matches("\u{1b}[1;7").count(), expected.len(), "{picture}");

    let mut plain = String::new();
    for (i, part) in picture.split('\u{1b}').enumerate() {
        plain.push_str(if i == 0 { part } else { part.split_once(|c: char| c.is_ascii_alphabetic()).unwrap().1 });
    }
    assert!(plain.lines().count() <= ROWS, "{plain}");
    for line in plain.lines() {
        assert!(line.chars().count() <= COLUMNS, "{line}");
    }
    assert!(plain.contains("\nEnter: "), "a line says how to go on: {plain}");
    (client.to_owned(), server.to_owned())
}

#[test]
fn at_a_terminal_the_states_light_up_and_enter_goes_on() {
    if !has_packet_filter("the tour at a terminal") {
        return;
    }
    let mut terminal = Terminal::start(&mut tour(), 24, 80);
    let mut states = vec![lit(&terminal.picture(), true)];
    assert!(!terminal.read(300), "it waits for Enter: {:?}", terminal.shown);
    assert!(!terminal.echoes(), "Enter would move the diagram");
    for _ in 0..4 {
        terminal.type_in(b"\n");
        states.push(lit(&terminal.picture(), true));
    }
    terminal.type_in(b"\x04"); // Ctrl-D: no more steps
    let (rest, code) = terminal.rest();
    assert_eq!(code, Some(0), "{rest}");
    let mut pictures: Vec<&str> = rest.split_inclusive("\u{1b}[J").collect();
    let end = pictures.pop().unwrap();
    states.extend(pictures.iter().map(|picture| lit(picture, true)));
    are_all_steps(&states);
    assert!(end.ends_with("\u{1b}[0m\u{1b}[?25h\r\n") && terminal.echoes(), "as it was before: {end:?}");
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was_and_no_color_is_respected() {
    if !has_packet_filter("the tour without colours") {
        return;
    }
    let mut terminal = Terminal::start(tour().env("NO_COLOR", "1"), 24, 80);
    assert_eq!(lit(&terminal.picture(), false), ("CLOSED".to_owned(), "LISTEN".to_owned()));
    terminal.type_in(b"\n");
    assert_eq!(lit(&terminal.picture(), false), ("SYN_SENT".to_owned(), "LISTEN".to_owned()));
    assert!(!terminal.echoes());
    terminal.type_in(b"\x03");
    let (rest, code) = terminal.rest();
    assert_eq!(code, Some(130), "{rest}");
    assert!(rest.ends_with("\u{1b}[0m\u{1b}[?25h\r\n") && terminal.echoes(), "as it was before: {rest:?}");
}

#[test]
fn a_terminal_that_cannot_show_the_diagram_gets_lines() {
    if !has_packet_filter("the tour at a dumb terminal") {
        return;
    }
    for (name, rows, columns) in [("dumb", 24, 80), ("xterm", 23, 80), ("xterm", 24, 77)] {
        let (rest, code) = Terminal::start(tour().env("TERM", name), rows, columns).rest();
        assert_eq!(code, Some(0), "{name} {rows} {columns}: {rest}");
        is_in_lines(&rest.replace("\r\n", "\n"));
    }
}

//! The bugs of programs that copied the tutorials' code. Each program of `tests/c/regressions` passes with the library,
//! shared and static, and fails with a file of `tests/c/tutorial` instead: so it can fail.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::{Link, compile_c, has_descriptors, output, told};

/// Runs a program with the library, then with each tutorial file, where it must fail with that complaint.
fn regression(name: &str, tutorials: &[(&str, &str)]) {
    let program = format!("regressions/{name}");
    let source = format!("{program}.c");
    // The programs replace libc functions, and use FD_SET past its limit.
    let plain = "-U_FORTIFY_SOURCE";

    for how in [Link::Shared, Link::Static] {
        let said = output(compile_c(&program, &[&source], how, &[plain]));
        assert!(said.status.success(), "{name}, {how:?}: {}", told(&said));
    }

    assert!(!tutorials.is_empty(), "{name} has not been seen to fail");
    for (tutorial, complaint) in tutorials {
        let program = format!("{program}-{tutorial}");
        let mistake = format!("tutorial/{tutorial}.c");
        let said = output(compile_c(&program, &[&source, &mistake], Link::None, &["-DTUTORIAL", plain]));
        let stderr = String::from_utf8_lossy(&said.stderr);
        let complained = stderr.lines().any(|line| line.starts_with("FAIL ") && line.contains(complaint));
        assert!(
            complained && said.status.code() == Some(1),
            "{name} with {tutorial} must complain \"{complaint}\": {}",
            told(&said)
        );
    }
}

support::tests! {
    fn regression_01_a_line_in_two_pieces_is_whole() = regression(
        "01_line_in_two_pieces",
        &[
            ("readline_peeks_at_start", "the second piece overwrote the first"),
            ("readline_returns_last_piece", "the length is that of the last piece"),
        ],
    );
    fn regression_02_a_full_buffer_is_not_the_end_of_the_stream() = regression(
        "02_full_buffer_is_no_end",
        &[("readline_fills_the_buffer", "a long line is taken for the end of the stream")],
    );
    fn regression_02_a_full_buffer_is_returned_at_once() = regression(
        "02_full_buffer_waits_for_nothing",
        &[("readline_fills_the_buffer", "it waits although the buffer is full")],
    );
    fn regression_02_a_full_buffer_ends_with_a_nul() =
        regression("02_full_buffer_is_terminated", &[("readline_fills_the_buffer", "no NUL stands behind the line")]);
    fn regression_03_the_rest_before_the_end_of_the_stream_is_kept() =
        regression("03_rest_at_the_end_is_kept", &[("readline_drops_the_rest", "the rest before the end is dropped")]);
    fn regression_03_an_embedded_nul_comes_back() =
        regression("03_nul_is_data", &[("echo_strlen", "the echo is cut at the NUL")]);
    fn regression_04_an_error_does_not_end_the_program() =
        regression("04_errors_end_no_program", &[("readn_exits", "the library ended the program")]);
    #[cfg_attr(not(target_pointer_width = "64"), ignore = "no transfer is above INT_MAX where SSIZE_MAX is that")]
    fn regression_04_counts_above_int_max_are_right() = regression(
        "04_count_above_int",
        &[("readn_int", "readn counts in an int"), ("writen_int", "writen counts in an int")],
    );
    fn regression_04_a_write_that_takes_nothing_is_an_error() =
        regression("04_write_that_takes_nothing", &[("writen_spins", "it spins when nothing is taken")]);
    fn regression_05_half_a_line_waits_without_spinning() =
        regression("05_half_line_waits_quietly", &[("readline_only_peeks", "it spins while half a line waits")]);
    fn regression_06_half_a_line_survives_eagain() =
        regression("06_half_line_is_kept", &[("readline_forgets_on_eagain", "the first half is lost")]);
    fn regression_07_signals_do_not_stretch_a_timeout() =
        regression("07_signals_and_the_timeout", &[("poll_restarts", "every signal starts the timeout anew")]);
    fn regression_07_signals_do_not_stretch_so_rcvtimeo() =
        regression("07_signals_and_so_rcvtimeo", &[("readn_restarts", "every signal starts the timeout anew")]);
    fn regression_07_a_descriptor_above_1023_can_be_waited_for() = if has_descriptors(1051, "a descriptor above 1023") {
        regression("07_descriptor_above_1023", &[("select_wait", "FD_SET wrote behind the set")]);
    };
    fn regression_08_a_connect_that_a_signal_interrupts_goes_on() =
        regression("08_connect_and_signals", &[("connect_again", "connect is called again")]);
    fn regression_08_every_address_has_a_socket_of_its_own() = regression(
        "08_socket_after_failed_connect",
        &[("connect_one_socket", "a socket whose connect failed is used again")],
    );
    fn regression_09_an_error_of_accept_ends_no_server() =
        regression("09_accept_errors_end_no_server", &[("accept_error_ends", "an error of accept ends the server")]);
    fn regression_09_each_peers_address_is_whole() =
        regression("09_peer_address_is_whole", &[("accept_length_kept", "the peer's address is cut")]);
    fn regression_09_a_client_sees_the_end_when_its_child_ends() =
        regression("09_parent_closes_the_client", &[("parent_keeps_client", "the client never sees the end")]);
    fn regression_10_a_sigchld_handler_reaps_the_ended_and_returns() = regression(
        "10_sigchld_handler",
        &[
            ("sigchld_spins", "the handler spins while a child lives"),
            ("sigchld_reaps_one", "an ended child is left"),
            ("sigchld_prints", "the handler prints"),
            ("sigchld_changes_errno", "the handler changed errno"),
        ],
    );
    fn regression_11_the_longest_address_fits_its_buffer() =
        regression("11_longest_address_fits", &[("ntop_size_minus_1", "the longest address does not fit")]);
    fn regression_11_an_address_is_four_decimal_numbers() = regression(
        "11_address_is_no_octal",
        &[("pton_inet_aton", "010.1.1.1 is read as octal"), ("pton_inet_addr", "255.255.255.255 is refused")],
    );
    fn regression_12_two_servers_share_no_port() =
        regression("12_two_servers_share_no_port", &[("listen_reuseport", "two servers share the port")]);
    fn regression_13_unread_input_does_not_destroy_the_answer() =
        regression("13_unread_input_spares_the_answer", &[("close_at_once", "the answer is destroyed on its way out")]);
    fn regression_14_an_announced_length_is_bounded() =
        regression("14_announced_length_is_bounded", &[("frame_unchecked", "the peer wrote behind the memory")]);
    fn regression_15_a_second_descriptor_is_closed() = regression(
        "15_second_descriptor_is_closed",
        &[("recv_fd_takes_the_first", "the second descriptor stays open")],
    );
    fn regression_16_a_pipe_is_written_to() =
        regression("16_pipe_is_written_to", &[("writen_send", "a pipe is not written to")]);
}

/// Each program must be run by a test.
#[test]
fn every_program_has_its_test() {
    let tests = std::fs::read_to_string(support::root().join("tests/regressions.rs")).unwrap();
    let folder = support::root().join("tests/c/regressions");
    let mut programs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".c") {
            assert!(tests.contains(&format!("\"{name}\"")), "{name} is run by no test");
            programs += 1;
        }
    }
    assert!(programs >= 20, "{programs} programs");
}

//! System calls, counted: the preloaded shim stands before each one that the shipped library makes, and a C program
//! compares its numbers with what the header promises.

mod support;

use std::process::Command;

use support::{Link, compile_c, run, shimmed};

fn counts(section: &str) {
    let program = compile_c("syscalls", &["syscalls.c"], Link::Shared, &["-U_FORTIFY_SOURCE"]);
    run(shimmed(Command::new(program).arg(section), ""));
}

support::tests! {
    fn a_stateless_line_of_up_to_2_kb_is_two_calls_whatever_the_timeout() = counts("lines");
    fn longer_lines_lines_that_are_not_there_and_the_end() = counts("more_lines");
    fn waiting_for_ever_adds_no_call() = counts("waiting");
    fn a_whole_transfer_is_one_call_whatever_the_timeout() = counts("transfers");
    fn a_frame_is_one_call() = counts("frames");
    fn a_reader_is_one_call_per_refill() = counts("reader");
    fn a_batch_of_lines_is_one_call_for_as_much_as_the_memory_takes() = counts("reader_batch");
    fn a_relay_reads_writes_and_waits_once_for_all() = counts("relay");
    fn a_writer_is_no_call_for_what_fits_and_one_for_what_does_not() = counts("writer");
    fn a_writer_moves_what_it_holds_once_a_call_at_most() = counts("writer_moves");
    fn a_relay_does_not_spin_at_what_is_wrongly_reported_ready() = counts("relay_wrongly_ready");
    fn a_pipe_costs_one_vain_attempt_and_a_byte_at_a_time_for_a_line() = counts("pipes");
    fn a_terminal_takes_256_bytes_a_call_and_a_control_character_alone() = counts("terminals");
    fn a_line_in_a_thousand_pieces_costs_linear_time() = counts("linear");
    fn frames_drops_and_many_lines_cost_linear_time() = counts("linear_others");
    fn closing_is_as_few_calls_as_it_takes() = counts("closing");
    fn everything_else_is_one_call_or_none() = counts("others");
    fn connections_cost_the_calls_they_are_made_of() = counts("connections");
    fn a_connect_wastes_no_call_and_a_race_has_one_wait_for_all() = counts("connecting");
}

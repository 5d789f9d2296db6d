//! Threads that share nothing, and threads that share a socket: every byte is accounted for. `make test-memory` runs
//! the same under the thread sanitizer.

mod support;

use std::process::Command;

use support::{Link, compile_c, run};

fn passes(case: &str) {
    for how in [Link::Shared, Link::Static] {
        run(Command::new(compile_c("threads", &["threads.c"], how, &[])).arg(case));
    }
}

support::tests! {
    fn threads_with_nothing_in_common_do_not_meet() = passes("alone");
    fn datagrams_of_several_senders_reach_several_receivers_whole() = passes("datagrams");
    fn several_readers_of_a_stream_share_its_bytes_out() = passes("readers");
    fn records_of_several_writers_that_the_kernel_takes_at_once_stay_whole() = passes("writers");
    fn one_thread_reads_while_another_writes() = passes("both_ways");
    fn several_threads_accept_from_one_listener() = passes("acceptors");
}

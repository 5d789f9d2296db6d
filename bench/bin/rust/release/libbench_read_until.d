/tmp/h2/relay/bench/bin/rust/release/libbench_read_until.a: /tmp/h2/relay/bench/rust/src/lib.rs

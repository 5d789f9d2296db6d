/tmp/h2/relay/bench/bin/rust/release/deps/bench_read_until-4da3804303649860.d: src/lib.rs

/tmp/h2/relay/bench/bin/rust/release/deps/libbench_read_until-4da3804303649860.a: src/lib.rs

src/lib.rs:

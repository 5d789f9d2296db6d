//! Runs a property: how many cases, which ones, with a time limit.

use std::env;
use std::fmt::Debug;
use std::io::{Write, stderr};
use std::process::abort;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use libc::c_int;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use crate::kit::{Errno, errno, set_errno};

/// The result of a case or a part of one: what is wrong.
pub type Check<T = ()> = Result<T, TestCaseError>;

/// The cases of every plain `cargo test`, so that it does not fail here and pass there.
const SEED: u64 = 0x5EED;

/// The time limit of a case: no case takes this long, even on a loaded machine.
const HANGS: Duration = Duration::from_secs(60);

/// Runs a property on `quick` cases, or on as many as PROPTEST_CASES says.
pub fn property<S: Strategy>(quick: u32, cases: S, test: impl Fn(&S::Value) -> Check)
where
    S::Value: Sync,
{
    let mut config = Config { failure_persistence: None, max_shrink_time: 60_000, ..Config::default() };
    let fresh = env::var_os("PROPTEST_CASES").is_some();
    if !fresh {
        config.cases = quick;
    }
    if let RngSeed::Random = config.rng_seed {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        config.rng_seed = RngSeed::Fixed(if fresh { now } else { SEED });
    }
    let (count, seed) = (config.cases, config.rng_seed);
    let mut runner = TestRunner::new(config);
    if let Err(failure) = runner.run(&cases, |case| bounded(&case, || test(&case))) {
        panic!("PROPTEST_CASES={count} PROPTEST_RNG_SEED={seed}\n{failure}");
    }
}

/// Runs a case; if it does not end, prints the case and ends the program.
fn bounded<T>(case: &(impl Debug + Sync), test: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        scope.spawn(move || {
            if let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(HANGS) {
                // Not through the test harness, which holds back output until the test ends.
                let _ = writeln!(stderr(), "this case hangs: {case:#?}");
                abort();
            }
        });
        let result = test();
        drop(end);
        result
    })
}

/// An errno that no call sets.
const MARK: Errno = Errno(4711);

/// Makes a call that returns -1 on failure, and returns its answer and its errno: 0 on success, after a check that
/// errno is unchanged.
pub fn call<T: Copy + Into<i64>>(function: impl FnOnce() -> T) -> Check<(i64, c_int)> {
    set_errno(MARK);
    let answer = function().into();
    let after = errno();
    if answer == -1 {
        return Ok((answer, after.0));
    }
    proptest::prop_assert_eq!(after, MARK, "errno after success");
    Ok((answer, 0))
}

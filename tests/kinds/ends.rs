//! How calls end, and when.

use std::time::Duration;

use libc::{EAGAIN, c_int};

use super::matrix::{Answer, MARK, SLACK, Verdict};

/// How a call may end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Done,
    Stream,
    Fails(c_int),
}

/// Checks how it ended, its errno, and that EAGAIN did not come early.
pub fn check_end(answer: Answer, allowed: &[End], limit_ms: c_int) -> Verdict {
    let (end, untouched) = match answer.ret {
        1.. => (End::Done, answer.errno == MARK),
        0 => (End::Stream, answer.errno == MARK),
        _ => (End::Fails(answer.errno), true),
    };
    if !allowed.contains(&end) {
        return Err(format!("{end:?} after {:?}, instead of {allowed:?}", answer.took));
    }
    if !untouched {
        return Err(format!("errno {} after success", answer.errno));
    }
    let limit = Duration::from_millis(limit_ms.max(0) as u64);
    if end == End::Fails(EAGAIN) && (answer.took < limit || answer.took > limit + SLACK) {
        return Err(format!("EAGAIN after {:?}, instead of {limit:?}", answer.took));
    }
    Ok(())
}

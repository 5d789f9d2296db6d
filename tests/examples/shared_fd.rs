//! `shared_fd`: what two processes share after fork, and what close and shutdown end.

use crate::kit::*;

#[test]
fn an_offset_and_a_connection_are_shared_after_fork() {
    for kind in KINDS {
        let mut lines = printed("shared_fd", kind);
        let connection = |line: &str| -> (u16, u16) {
            let ports = line.strip_prefix("connection 127.0.0.1:").unwrap_or_else(|| panic!("{line}"));
            let (client, server) = ports.split_once(" -> 127.0.0.1:").unwrap();
            (client.parse().unwrap(), server.parse().unwrap())
        };
        assert_eq!(lines.len(), 16, "{lines:?}");
        // From the end, since a removal moves the following lines.
        let shut_down = connection(&lines.remove(11));
        let closed = connection(&lines.remove(4));
        let expected = [
            // The shared descriptor has one offset; a file that each opens itself does not.
            "child, file opened before fork, reads: 12345",
            "child, file opened after fork, reads: 12345",
            "parent, file opened before fork, reads: 67890",
            "parent, file opened after fork, reads: 12345",
            // The child has no descriptor any more, and the connection stays open.
            "child, after its close, writes: EBADF",
            "the child has closed: server's end ESTABLISHED, client's end ESTABLISHED",
            "parent writes: taken",
            "client reads: hello",
            "the parent has closed: server's end FIN_WAIT2, client's end CLOSE_WAIT",
            "client reads: end of stream",
            // The parent has its descriptor still, and no connection.
            "the child has shut down: server's end FIN_WAIT2, client's end CLOSE_WAIT",
            "parent writes: EPIPE",
            "parent reads: end of stream",
            "client reads: end of stream",
        ];
        assert_eq!(lines, expected);
        // The server's end closed both.
        for (local, peer) in [(closed.1, closed.0), (shut_down.1, shut_down.0)] {
            within_deadline("TIME_WAIT at the server's end, and nothing at the client's", || {
                let mut left = connections(local);
                left.retain(|connection| connection.local == peer || connection.peer == peer);
                (left == [Connection { local, peer, state: "TIME_WAIT" }]).then_some(())
            });
        }
    }
}

#!/bin/sh
. "$(dirname "$0")/kit.sh"
serve server.txt 'bin/udp_server 127.0.0.1 0'
show "(echo one; echo two) | bin/udp_client 127.0.0.1 $port"
show "bin/udp_client -c 127.0.0.1 $port hello"
show "head -c 3000 /dev/zero | bin/udp_client 127.0.0.1 $port | wc -c"
stop server.txt
show "bin/udp_client 127.0.0.1 $port hello"
show "bin/udp_client -c 127.0.0.1 $port hello"

#!/bin/sh
. "$(dirname "$0")/kit.sh"
serve server.txt 'bin/unix_server echo.sock'
show 'stat -c %A echo.sock'
show 'bin/unix_client echo.sock some words'
show 'bin/unix_server echo.sock'
await server.txt 'client close' 2
stop server.txt -9
show 'stat -c %A echo.sock'
show 'bin/unix_client echo.sock some words'
serve server.txt 'bin/unix_server echo.sock'
show 'bin/unix_client echo.sock some words'
await server.txt 'client close' 1
stop server.txt
show 'stat echo.sock'

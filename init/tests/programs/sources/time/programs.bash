# Programs of the corpus for bash alone: the first word names one; it prints `ok`, or what was wrong.
set -eu

wrong() {
    echo "$*" >&2
    exit 1
}

case $1 in
seconds)
    sleep 1.1
    [ "$SECONDS" -ge 1 ] || wrong "$SECONDS seconds have passed"
    ;;
realtime)
    began=${EPOCHREALTIME/./}
    sleep 0.3
    [ $((${EPOCHREALTIME/./} - began)) -ge 300000 ] || wrong "$((${EPOCHREALTIME/./} - began)) microseconds"
    ;;
printf)
    printf -v began '%(%s)T' -1
    sleep 1.1
    printf -v ended '%(%s)T' -1
    [ "$ended" -gt "$began" ] || wrong "still $began"
    ;;
time)
    TIMEFORMAT=%R
    passed=$({ time sleep 0.3; } 2>&1)
    [[ $passed > 0.29 ]] || wrong "it took $passed s"
    ;;
read)
    code=0
    read -t 0.3 -r line < <(sleep 1) || code=$?
    [ $code -gt 128 ] || wrong "read said $code"
    read -t 30 -r line < <(sleep 0.1; echo here)
    [ "$line" = here ] || wrong "read $line"
    ;;
tmout)
    TMOUT=1 code=0
    read -r line < <(sleep 2) || code=$?
    [ $code -gt 128 ] || wrong "read said $code"
    ;;
spin)
    until=$((SECONDS + 1))
    while [ $SECONDS -lt $until ]; do sleep 0.05; done
    ;;
wait)
    sleep 0.2 & sleep 20 & long=$!
    wait -n
    kill $long
    ;;
agree)
    before=$EPOCHSECONDS inside=$(date +%s) after=$EPOCHSECONDS
    [ $before -le $inside ] && [ $inside -le $((after + 1)) ] || wrong "$before, $inside, $after"
    ;;
*)
    wrong "no such program"
    ;;
esac
echo ok

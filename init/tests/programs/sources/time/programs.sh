# Programs of the corpus for any shell: the first word names one; it prints `ok`, or what was wrong.
set -eu

wrong() {
    echo "$*" >&2
    exit 1
}

case $1 in
compare)
    began=$(date +%s)
    sleep 1.1
    [ $(($(date +%s) - began)) -ge 1 ] || wrong "the same second after more than one"
    ;;
until)
    deadline=$(($(date +%s) + 1))
    while [ "$(date +%s)" -lt "$deadline" ]; do sleep 0.1; done
    ;;
give-up)
    deadline=$(($(date +%s) + 1)) tries=0
    while [ "$(date +%s)" -lt "$deadline" ]; do
        tries=$((tries + 1))
        [ $tries -le 30 ] || wrong "it gave up"
        sleep 0.1
    done
    ;;
patient)
    (sleep 0.4 && echo ready) > "$2/ready" &
    limit=$(($(date +%s) + 30))
    until grep -q ready "$2/ready"; do
        [ "$(date +%s)" -lt "$limit" ] || wrong "it gave up"
        sleep 0.05
    done
    ;;
order)
    last=0
    for round in 1 2 3 4 5 6; do
        next=$(date +%s%N)
        [ "$next" -ge "$last" ] || wrong "$next after $last in round $round"
        last=$next
    done
    ;;
stamps)
    for name in a b c; do
        : > "$2/$(date +%s%3N)-backup"
        sleep 0.02
    done
    set -- "$2"/*-backup
    [ $# -eq 3 ] || wrong "$# of 3 backups are left"
    ;;
dates)
    tomorrow=$(date -d 'tomorrow 00:00' +%s) now=$(date +%s)
    left=$((tomorrow - now))
    [ $left -gt -2 ] && [ $left -le 90000 ] || wrong "tomorrow is in $left s"
    [ "$(date -d "@$now" +%s)" = "$now" ] || wrong "another second"
    ;;
timeout)
    code=0
    timeout 0.3 sleep 30 || code=$?
    [ $code -eq 124 ] || wrong "timeout said $code"
    timeout 30 true
    ;;
kill-after)
    code=0
    timeout -k 0.2 0.2 sh -c 'trap "" TERM; while :; do sleep 0.1; done' || code=$?
    [ $code -eq 137 ] || wrong "timeout said $code"
    ;;
flock)
    flock "$2/lock" sh -c ': > "$1/held"; until [ -e "$1/done" ]; do sleep 0.05; done' sh "$2" &
    until [ -e "$2/held" ]; do sleep 0.02; done
    code=0
    flock -w 0.2 -E 7 "$2/lock" true || code=$?
    : > "$2/done"
    wait
    [ $code -eq 7 ] || wrong "flock said $code"
    ;;
age)
    sleep 30 &
    age=$(ps -o etimes= -p $!)
    kill $!
    [ "$age" -le 20 ] || wrong "a new process is $age s old"
    ;;
certificate)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
        -keyout "$2/key" -out "$2/certificate" 2> "$2/errors" || wrong "$(cat "$2/errors")"
    openssl verify -CAfile "$2/certificate" "$2/certificate" > "$2/errors" 2>&1 || wrong "$(cat "$2/errors")"
    openssl x509 -in "$2/certificate" -noout -checkend 3600 > /dev/null || wrong "it ends within an hour"
    ! openssl x509 -in "$2/certificate" -noout -checkend 90000 > /dev/null || wrong "it does not end within 25 hours"
    ;;
started)
    began=$(date -d "$(LC_ALL=C ps -o lstart= -p $$)" +%s) now=$(date +%s)
    [ $began -ge $((now - 60)) ] && [ $began -le $((now + 2)) ] || wrong "this process began at $began, it is $now"
    ;;
*)
    wrong "no such program"
    ;;
esac
echo ok

# Programs of any shell that compare the times of files with the wall clock: a word names one, the next an empty folder.
set -eu

wrong() {
    echo "$*" >&2
    exit 1
}

cd "$2"
case $1 in
newermt)
    : > fresh
    [ "$(find . -name fresh -newermt '10 seconds ago')" ] || wrong "it is older than ten seconds"
    [ -z "$(find . -name fresh -newermt '5 seconds')" ] || wrong "it is of the future"
    ;;
mmin)
    : > fresh
    touch -d '10 minutes ago' old
    [ "$(find . -type f -mmin -1)" = ./fresh ] || wrong "fresh: $(find . -type f -mmin -1)"
    [ "$(find . -type f -mmin +5)" = ./old ] || wrong "old: $(find . -type f -mmin +5)"
    [ "$(find . -type f -mtime 0 | wc -l)" -eq 2 ] || wrong "of today: $(find . -type f -mtime 0)"
    ;;
stat)
    : > fresh
    age=$(($(date +%s) - $(stat -c %Y fresh)))
    [ $age -ge -2 ] && [ $age -le 5 ] || wrong "stat: a fresh file is $age s old"
    age=$(($(date +%s) - $(date -r fresh +%s)))
    [ $age -ge -2 ] && [ $age -le 5 ] || wrong "date: a fresh file is $age s old"
    ;;
newer)
    : > first
    sleep 0.05
    : > second
    touch -d '1 hour ago' old
    touch -d 'tomorrow' new
    [ second -nt first ] && [ first -ot second ] || wrong "the second is not newer"
    [ first -nt old ] && [ new -nt second ] || wrong "$(ls -l --full-time)"
    [ "$(ls -t | tr '\n' ' ')" = "new second first old " ] || wrong "$(ls -lt --full-time)"
    touch marked
    [ second -ot marked ] || wrong "touch made it older"
    ;;
given)
    touch -d '2001-09-09 01:46:40 UTC' given
    [ "$(stat -c %Y given)" = 1000000000 ] || wrong "$(stat given)"
    now=$(date +%s)
    touch -d "@$now" given
    [ "$(stat -c %Y given)" = "$now" ] || wrong "$(stat given) at $now"
    touch -r given other
    [ "$(stat -c %Y other)" = "$now" ] || wrong "$(stat other) at $now"
    cp -p given copy
    [ "$(stat -c %Y copy)" = "$now" ] || wrong "$(stat copy) at $now"
    ;;
make)
    printf 'target: source\n\tcp source target\n\techo made\n' > Makefile
    : > source
    make > said 2>&1 || wrong "$(cat said)"
    ! grep -iE 'skew|future' said >&2 || wrong "make warned"
    grep -q made said || wrong "$(cat said)"
    make > said 2>&1
    ! grep -q made said || wrong "it was made again: $(cat said)"
    sleep 0.05
    touch source
    make > said 2>&1
    grep -q made said || wrong "it was not made again: $(cat said)"
    touch -d '1 hour ago' source
    make > said 2>&1
    ! grep -qE 'made|skew|future' said || wrong "it was made of an old source: $(cat said)"
    ;;
make-future)
    printf 'target: source\n\tcp source target\n' > Makefile
    touch -d '1 hour' source
    make > said 2>&1
    grep -q 'in the future' said || wrong "a source of the future, and make said: $(cat said)"
    ;;
tar)
    : > fresh
    mkdir other
    tar -cf archive.tar fresh
    tar -xf archive.tar -C other 2> said
    [ ! -s said ] || wrong "$(cat said)"
    age=$(($(date +%s) - $(stat -c %Y other/fresh)))
    [ $age -ge -2 ] && [ $age -le 5 ] || wrong "it is $age s old"
    [ "$(stat -c %Y other/fresh)" = "$(stat -c %Y fresh)" ] || wrong "$(stat fresh other/fresh)"
    ;;
git)
    export HOME="$2" GIT_CONFIG_NOSYSTEM=1
    git init -q . && git config user.name a && git config user.email a@b
    echo one > file
    git add file
    git commit -q -m first
    [ -z "$(git status --porcelain)" ] || wrong "$(git status)"
    echo two > file
    [ "$(git status --porcelain)" = " M file" ] || wrong "$(git status)"
    made=$(git log -1 --format=%ct) now=$(date +%s)
    [ $made -ge $((now - 30)) ] && [ $made -le $((now + 2)) ] || wrong "committed at $made, it is $now"
    age=$((made - $(stat -c %Y .git/index)))
    [ $age -ge -30 ] && [ $age -le 2 ] || wrong "the commit is $age s younger than its index"
    ;;
age)
    : > fresh
    perl -e 'my $days = -M "fresh"; die "$days days old\n" if abs($days * 86400) > 7' ||
        wrong "perl"
    awk 'BEGIN { srand(); now = srand(); "stat -c %Y fresh" | getline made; exit !(made >= now - 5 && made <= now + 2) }' ||
        wrong "awk"
    ;;
*)
    wrong "no such program"
    ;;
esac
echo ok

#!/bin/bash
# Produces the prepared differences of crates/explain/tests/why/cases: every pair by real tools that ran twice, in two worlds of which one
# thing differs. Nothing is edited afterwards.
#
#   sudo crates/explain/tests/why/prepare.sh           # writes crates/explain/tests/why/cases and crates/explain/tests/why/cases.tsv anew
#
# Wants root (for a mount namespace of its own, so that recorded paths are /work and not this machine's), gcc, binutils, Go,
# python3, node, npm, zip, sqlite3, openssl, dpkg-deb, jar, git, docker with the image rcrepro/gitleaks. The expectation of a case stands
# here, beside what makes it, and was written before the classifier was run on it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" != inside ]; then
    exec unshare --mount --uts --propagation private -- "$0" inside
fi
out=$here/cases
rm -rf "$out"
mkdir -p "$out"
mkdir -p /work
mount -t tmpfs tmpfs /work
registry=$(npm config get registry 2>/dev/null)
hostname builder-one
export LC_ALL=C TZ=UTC HOME=/work/home GOFLAGS=-mod=mod GOTOOLCHAIN=local
export GOCACHE=/work/gocache GOPATH=/work/gopath
mkdir -p /work/home
umask 022
cd /work
table=$here/cases.tsv
printf 'name\tkind\texpected\tline\n' >"$table"

# note NAME KIND EXPECTED LINE: what the case is; EXPECTED is all classes that its differences have, in the order of the model.
note() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$table"; mkdir -p "$out/$1"; }
# stream NAME EXPECTED LINE [PREPARE_B]: standard output and error of one line, run twice.
stream() {
    note "$1" stream "$2" "$3"
    (eval "$3") >"$out/$1/a" 2>&1 || true
    sleep "${WAIT:-1.1}"
    (eval "${4:-:}"; eval "$3") >"$out/$1/b" 2>&1 || true
}
# file NAME EXPECTED LINE A B: two files that a line made.
file() { note "$1" file "$2" "$3"; cp "$4" "$out/$1/a"; cp "$5" "$out/$1/b"; }

### clock, duration
stream date clock 'date'
stream epoch clock 'date +%s'
stream time duration 'bash -c "time sleep 0.\$RANDOM"'
stream node-timer duration 'node -e "console.time(\"sum\");let s=0;for(let i=0;i<1e6;i++)s+=i;console.timeEnd(\"sum\");console.log(s)"'
stream log-line clock 'python3 -c "import logging;logging.basicConfig(format=\"%(asctime)s %(levelname)s %(message)s\");logging.warning(\"disk is nearly full\")"'

### order
mkdir -p /work/one /work/two
(cd /work/one && touch a b c d e f)
(cd /work/two && touch d b f a e c)
note ls-u stream order 'ls -U'
(cd /work/one && ls -U) >"$out/ls-u/a"
(cd /work/two && ls -U) >"$out/ls-u/b"
WAIT=0 stream py-set order 'python3 -c "print({\"alpha\", \"beta\", \"gamma\", \"delta\"})"' 'export PYTHONHASHSEED=7'
WAIT=0 stream py-json order 'python3 -c "import json;print(json.dumps({\"names\": list({\"alpha\",\"beta\",\"gamma\",\"delta\"}), \"count\": 4}, indent=1))"' 'export PYTHONHASHSEED=7'
WAIT=0 stream xargs order 'seq 1 8 | xargs -P 8 -n 1 sh -c "sleep 0.0\$((RANDOM % 9)); sleep 0.0\$(od -An -N1 -tu1 /dev/urandom | tr -d \" \"); echo \"done with part \$0\""'

### address or pid
WAIT=0 stream py-object address-or-pid 'python3 -c "print(object(), [object()])"'
stream ps address-or-pid 'bash -c "ps -o pid,ppid,comm -p \$\$"'
stream port address-or-pid 'timeout 5 python3 -u -m http.server -b 127.0.0.1 0'
stream shell-pid address-or-pid 'python3 -c "import os,sys;sys.stderr.write(\"worker[%d]: started, pid %d\\n\" % (os.getpid(), os.getpid()))"'

### host
WAIT=0 stream uname host 'uname -n -s -m' 'hostname builder-two'
hostname builder-one
WAIT=0 stream nproc host 'nproc' 'taskset -p -c 0 $BASHPID >/dev/null'

### duration of the machine itself
stream uptime duration "cut -d' ' -f1 /proc/uptime"

### path
mkdir -p /work/src-one /work/elsewhere/src-two
cat >main.c <<'C'
#include <assert.h>
#include <stdio.h>
int main(int argc, char **argv) { assert(argc < 9); printf("built from %s\n", __FILE__); return 0; }
C
cp main.c src-one/; cp main.c elsewhere/src-two/
note cc-error stream path 'gcc -c $PWD/broken.c'
for side in "src-one a" "elsewhere/src-two b"; do
    set -- $side
    echo 'int main(void) { return missing; }' >"/work/$1/broken.c"
    (cd "/work/$1" && gcc -c "$PWD/broken.c") >"$out/cc-error/$2" 2>&1 || true
done
for side in src-one elsewhere/src-two; do (cd /work/$side && gcc -g -c "$PWD/main.c" -o main.o); done
file gcc-debug-path path 'gcc -g -c $PWD/main.c -o main.o' src-one/main.o elsewhere/src-two/main.o

### randomness
WAIT=0 stream mktemp randomness 'mktemp -u'
WAIT=0 stream uuid randomness 'python3 -c "import uuid;print(\"session\", uuid.uuid4())"'
WAIT=0 stream openssl-rand randomness 'openssl rand -hex 16'
echo 'int main(void) { return 3; }' >exit.c
gcc -Wl,--build-id=uuid exit.c -o exit1 && gcc -Wl,--build-id=uuid exit.c -o exit2
strip exit1 exit2
file build-id-uuid randomness 'gcc -Wl,--build-id=uuid exit.c && strip a.out' exit1 exit2

### environment
WAIT=0 stream tz environment 'date -d @1700000000' 'export TZ=Asia/Tokyo'
WAIT=0 stream umask environment 'umask'  'umask 077'
mkdir -p m && cd m
WAIT=0 stream ls-mode environment 'rm -f f; touch -d @1700000000 f; ls -l --time-style=+%s f' 'umask 077'
cd ..
mkdir -p colour && touch colour/x && mkdir -p colour/sub
note colour stream environment 'ls colour'
ls --color=never colour >"$out/colour/a"; ls --color=always colour >"$out/colour/b"
WAIT=0 stream env environment 'env -u SHLVL -u _ -u OLDPWD | grep -E "^(LANG|TERM|USER|EDITOR)=" | sort' 'export LANG=de_DE.UTF-8 TERM=vt100'

### registry drift
note npm-lock file registry-drift 'npm install semver'
for side in "7.5.4 a" "7.6.0 b"; do
    set -- $side
    mkdir -p "/work/npm-$2/pkg" && cd "/work/npm-$2/pkg"
    # What `^7.0.0` meant at two dates of the registry: a lock made then stays as it is when it is read again.
    npm() { npm_config_cache=/work/npmcache npm_config_registry=$registry command npm "$@" >/dev/null 2>&1; }
    for spec in "$1" ^7.0.0; do
        printf '{"name":"pkg","version":"1.0.0","dependencies":{"semver":"%s"}}\n' "$spec" >package.json
        npm install --package-lock-only --omit-lockfile-registry-resolved
    done
    cp package-lock.json "$out/npm-lock/$2"
    cd /work
done

### archives
mkdir -p tree/sub && echo one >tree/one && echo two >tree/sub/two
tar cf t1.tar tree; sleep 1.1; touch tree/one tree/sub/two tree/sub tree; tar cf t2.tar tree
file tar-mtime clock 'tar cf out.tar tree' t1.tar t2.tar
for side in one two; do (cd $side && touch -d @1700000000 . ./*); done
tar --transform 's/^one/t/' -cf o1.tar one; tar --transform 's/^two/t/' -cf o2.tar two
file tar-order order 'tar cf out.tar t' o1.tar o2.tar
tar --mtime=@1700000000 --owner=build:1000 --group=build:1000 -cf w1.tar tree; tar --mtime=@1700000000 -cf w2.tar tree
file tar-owner environment 'tar --mtime=@1700000000 -cf out.tar tree' w1.tar w2.tar
mkdir -p um
(cd um && umask 022 && mkdir u && echo x >u/x && touch -d @1700000000 u/x u && tar cf ../um1.tar u && rm -r u)
(cd um && umask 077 && mkdir u && echo x >u/x && touch -d @1700000000 u/x u && tar cf ../um2.tar u && rm -r u)
file tar-umask environment 'tar cf out.tar u' um1.tar um2.tar
mkdir -p gz && echo 'the same content' >gz/notes
(cd gz && gzip -k notes && mv notes.gz ../g1.gz && sleep 1.1 && touch notes && gzip -k notes && mv notes.gz ../g2.gz)
file gzip-mtime clock 'gzip notes' g1.gz g2.gz
(cd gz && touch -d @1700000000 notes && cp -p notes other && gzip -k notes && gzip -k other && mv notes.gz ../n1.gz && mv other.gz ../n2.gz)
file gzip-name path 'gzip notes' n1.gz n2.gz
(cd gz && gzip -n -1 -k notes && mv notes.gz ../l1.gz; seq 1 3000 >many; gzip -n -1 -c many >../l1.gz; gzip -n -9 -c many >../l2.gz)
file gzip-level environment 'gzip -n $GZIP_LEVEL many' l1.gz l2.gz
(cd tree && zip -qr ../z1.zip . && sleep 2.1 && touch one sub/two sub && zip -qr ../z2.zip .)
file zip-mtime clock 'zip -r out.zip .' z1.zip z2.zip
gcc -c exit.c -o exit.o && gcc -c main.c -o main.o
ar rcU a1.a exit.o main.o; sleep 1.1; touch exit.o main.o; ar rcU a2.a exit.o main.o
file ar-mtime clock 'ar rcU lib.a exit.o main.o' a1.a a2.a
mkdir -p deb/DEBIAN deb/usr/share/x && echo data >deb/usr/share/x/data
printf 'Package: x\nVersion: 1\nArchitecture: all\nMaintainer: X <x@example.com>\nDescription: x\n' >deb/DEBIAN/control
dpkg-deb -Zgzip --build deb d1.deb >/dev/null; sleep 1.1
find deb -exec touch {} +
dpkg-deb -Zgzip --build deb d2.deb >/dev/null
file deb clock 'dpkg-deb -Zgzip --build deb x.deb' d1.deb d2.deb
mkdir -p j && echo 'class A { int f() { return 1; } }' >j/A.java
(cd j && javac A.java && jar cf ../j1.jar A.class && sleep 2.1 && touch A.class && jar cf ../j2.jar A.class)
file jar clock 'jar cf out.jar A.class' j1.jar j2.jar
mkdir -p n && (cd n && echo inner >x && tar cf inner.tar x && tar --mtime=@1 -czf ../nest1.tgz inner.tar && sleep 1.1 && touch x && tar cf inner.tar x && tar --mtime=@1 -czf ../nest2.tgz inner.tar)
file tar-in-tgz clock 'tar -czf out.tgz inner.tar' nest1.tgz nest2.tgz

### programs
cat >stamp.c <<'C'
#include <stdio.h>
int main(void) { puts("built " __DATE__ " " __TIME__); return 0; }
C
gcc stamp.c -o s1 && strip s1; sleep 1.1; gcc stamp.c -o s2 && strip s2
file gcc-date clock 'gcc stamp.c && strip a.out' s1 s2
mkdir -p pya && echo 'VALUE = 1' >pya/m.py
(cd pya && python3 -m py_compile m.py && cp __pycache__/*.pyc ../p1.pyc && sleep 1.1 && touch m.py && python3 -m py_compile m.py && cp __pycache__/*.pyc ../p2.pyc)
file pyc clock 'python3 -m py_compile m.py' p1.pyc p2.pyc
for n in 1 2; do
    sqlite3 q$n.db 'create table log(at text, what text); insert into log values (datetime(), "made the table");'
    sleep 1.1
done
file sqlite clock "sqlite3 out.db 'insert into log values (datetime(), …)'" q1.db q2.db

### Go
gosource() {
    mkdir -p "$1"
    cat >"$1/go.mod" <<'G'
module example.com/clockwork

go 1.21
G
    cat >"$1/lib.go" <<'G'
// Package clockwork counts.
package clockwork

// Count counts to n.
func Count(n int) int {
	if n < 0 {
		panic("negative")
	}
	return n
}
G
    cat >"$1/lib_test.go" <<'G'
package clockwork

import (
	"testing"
	"time"
)

func TestCount(t *testing.T) {
	time.Sleep(time.Duration(time.Now().UnixNano()%40) * time.Millisecond)
	if Count(2) != 2 {
		t.Fatal("wrong")
	}
}

func TestOther(t *testing.T) { t.Log("fine") }
G
}
gosource /work/go-one; gosource /work/other/go-two
for side in go-one other/go-two; do (cd /work/$side && go build -buildmode=archive -o lib.a .); done
file go-archive-path path 'go build -buildmode=archive -o lib.a .' go-one/lib.a other/go-two/lib.a
cd /work/go-one
stream go-test duration 'go test ./... -count=1'
stream go-test-json 'clock,duration' 'go test -json ./... -count=1'
stream go-test-verdict 'duration,real' 'go test ./... -count=1' "sed -i 's/!= 2/!= 3/' lib_test.go"
git init -q . 2>/dev/null; git config user.name Case; git config user.email case@example.com
mkdir -p cmd && printf 'package main\n\nfunc main() { println("hello") }\n' >cmd/main.go
git add -A && git commit -qm one
go build -ldflags='-s -w' -trimpath -o /work/v1 ./cmd
git commit -q --allow-empty -m two --date=@1700000000
go build -ldflags='-s -w' -trimpath -o /work/v2 ./cmd
cd /work
note go-vcs file environment "go build -ldflags='-s -w' -trimpath ./cmd"
cp v1 "$out/go-vcs/a"; cp v2 "$out/go-vcs/b"

### security scans, images
mkdir -p leaks && for n in 1 2 3 4 5 6; do
    mkdir -p leaks/$n
    printf 'aws_key = "AKIA%s"\n' "$(printf 'ZQ3DNQ5NOH7KJ2L%s' $n | tr 1-6 A-F)" >leaks/$n/config.txt
done
image=$(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep '^rcrepro/gitleaks:' | head -1)
leaks() { tar c leaks | docker run --rm -i --network none -e GOMAXPROCS=4 "$image" sh -c "cd /tmp && tar x && gitleaks dir --no-banner --redact -v -f $1 -r /tmp/report leaks $2; cat /tmp/report $3"; }
note gitleaks-log stream 'clock,duration' 'gitleaks dir --no-banner leaks'
leaks json '>/dev/null' '>/dev/null' >"$out/gitleaks-log/a" 2>&1; sleep 61; leaks json '>/dev/null' '>/dev/null' >"$out/gitleaks-log/b" 2>&1
note gitleaks-json file order 'gitleaks dir -f json -r report.json leaks'
leaks json '>/dev/null 2>&1' '' >"$out/gitleaks-json/a"
for n in 1 2 3 4 5 6 7 8; do
    leaks json '>/dev/null 2>&1' '' >"$out/gitleaks-json/b"
    cmp -s "$out/gitleaks-json/a" "$out/gitleaks-json/b" || break
done
mkdir -p img && printf 'FROM scratch\nCOPY data /data\nENV A=1\n' >img/Dockerfile && echo data >img/data
for n in 1 2; do
    touch img/data
    id=$(docker build -q --no-cache --label org.rcrepro.why=case img)
    docker save "$id" -o i$n.tar
    docker image rm "$id" >/dev/null
    sleep 1.1
done
file docker-save clock,host 'docker build . && docker save' i1.tar i2.tar

### real
note real-word stream real 'cat answer'
echo 'the answer is forty-two' >"$out/real-word/a"; echo 'the answer is forty-three' >"$out/real-word/b"
WAIT=0 stream real-count real 'ls | wc -l' 'touch one-more'
note real-json file real 'node -e …'
node -e 'console.log(JSON.stringify({passed: 12, failed: 0, duration: "fixed"}))' >"$out/real-json/a"
node -e 'console.log(JSON.stringify({passed: 11, failed: 1, duration: "fixed"}))' >"$out/real-json/b"
echo 'int main(void) { return 4; }' >exit4.c
gcc exit.c -o r1; cp exit4.c exit.c; gcc exit.c -o r2; strip r1 r2
file real-elf real 'gcc exit.c && strip a.out' r1 r2
echo 'ONE' >tree/one; touch -r t1.tar tree/one; rm -f c2.tar
tar --mtime=@1700000000 -cf c1.tar tree; echo 'EIN' >tree/one; tar --mtime=@1700000000 -cf c2.tar tree
file real-tar real 'tar --mtime=@1700000000 -cf out.tar tree' c1.tar c2.tar
note real-sum stream real 'sha256sum tree/one'
sha256sum tree/one >"$out/real-sum/a"; echo 'DREI' >tree/one; sha256sum tree/one >"$out/real-sum/b"

for case in "$out"/*; do
    cmp -s "$case/a" "$case/b" && echo "no difference: ${case##*/}" >&2
done
# Large pairs are nearly equal: compressed together, the second one costs nothing.
for case in "$out"/*; do
    if [ "$(stat -c %s "$case/a")" -gt 60000 ]; then
        tar -C "$case" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -c a b | xz -9e >"$case/pair.tar.xz"
        rm "$case/a" "$case/b"
    fi
done
chmod -R u=rwX,go=rX "$out"
du -sh "$out" >&2

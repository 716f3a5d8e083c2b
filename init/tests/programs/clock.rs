//! The wall clock: one constant time for every program, however it was started.

use crate::support::{self, PIN, PINNED, need, text, under};

#[test]
fn interpreters_and_tools_read_one_time() {
    need("python3", "python3");
    need("perl", "perl");
    need("node", "nodejs");
    for program in [
        &["date", "+%s"][..],
        &["bash", "-c", "echo $EPOCHSECONDS"],
        &["perl", "-e", "print time"],
        &["perl", "-MTime::HiRes", "-e", "print Time::HiRes::time()"],
        &["python3", "-c", "import time; print(int(time.time()))"],
        &["python3", "-c", "import datetime; print(int(datetime.datetime.now().timestamp()))"],
        &["node", "-e", "console.log(Date.now() / 1000)"],
        &["node", "-e", "console.log(new Date().getTime() / 1000)"],
    ] {
        assert_eq!(under(&[PINNED], program).output(), PIN, "{program:?}");
    }
    assert_eq!(under(&[PINNED], &["date", "-u", "+%F %T.%N"]).output(), "2023-11-14 22:13:20.000000000");
}

#[test]
fn static_programs_read_it() {
    let go = support::go("probe");
    assert_eq!(under(&[PINNED], &[text(&go), "now"]).output(), format!("{PIN}000000000"));
    let c = support::c("clocks", &["-static"]);
    assert!(all_pinned(&under(&[PINNED], &[text(&c)]).lines()));
    if std::path::Path::new("/bin/busybox").exists() {
        assert_eq!(under(&[PINNED], &["/bin/busybox", "date", "+%s"]).output(), PIN);
    }
}

#[test]
fn system_calls_past_the_library_read_it() {
    for flags in [&[][..], &["-static"]] {
        let clocks = support::c("clocks", flags);
        for way in ["library", "raw", "fork"] {
            let ended = under(&[PINNED], &[text(&clocks), way]);
            assert!(ended.lines().len() >= 5 && all_pinned(&ended.lines()), "{way}: {ended:?}");
        }
        let real = under(&[], &[text(&clocks), "raw"]);
        assert!(!all_pinned(&real.lines()), "without a pin the clock is the machine's: {real:?}");
    }
}

fn all_pinned(lines: &[&str]) -> bool {
    lines.iter().all(|line| line.split('.').next() == Some(PIN) && line.split('.').nth(1).is_none_or(zeros))
}

fn zeros(part: &str) -> bool {
    part.bytes().all(|byte| byte == b'0')
}

#[test]
fn descendants_read_it_however_they_were_made() {
    let clocks = support::c("clocks", &[]);
    let date = under(&[], &["sh", "-c", "command -v date"]).output().to_owned();
    for way in ["vfork", "spawn", "thread"] {
        assert_eq!(under(&[PINNED], &[text(&clocks), way]).output(), PIN, "{way}");
    }
    assert_eq!(under(&[PINNED], &[text(&clocks), "descriptor", &date]).output(), PIN);
    let nested = "sh -c 'bash -c \"env -i $(command -v date) +%s; echo +%s | xargs date\"; nohup setsid -w date +%s'";
    assert_eq!(under(&[PINNED], &["sh", "-c", nested]).lines(), [PIN; 3]);
    let python = "import subprocess; print(subprocess.run(['date', '+%s'], capture_output=True).stdout.decode())";
    assert_eq!(under(&[PINNED], &["python3", "-c", python]).output(), PIN);
    let node = "console.log(require('child_process').execFileSync('date', ['+%s']).toString().trim())";
    assert_eq!(under(&[PINNED], &["node", "-e", node]).output(), PIN);
}

#[test]
fn it_stands_still_and_monotonic_time_flows() {
    let script = "import time; a = time.monotonic(); w = time.time(); time.sleep(0.3); \
                  print(time.time() == w, 0.3 <= time.monotonic() - a < 20)";
    assert_eq!(under(&[PINNED], &["python3", "-c", script]).output(), "True True");
}

#[test]
fn certificates_are_valid_at_the_pinned_time_and_not_at_the_machines() {
    need("openssl", "openssl");
    need("python3", "python3");
    let folder = support::scratch();
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    let make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"];
    let files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", text(&key), "-out", text(&certificate)];
    under(&[PINNED], &[&make[..], &files].concat()).output();
    let handshake = include_str!("sources/handshake.py");
    let program = ["python3", "-c", handshake, text(&certificate), text(&key)];
    assert_eq!(under(&[PINNED], &program).output(), "TLSv1.3 hello");
    let real = under(&[], &program);
    assert!(real.code != 0 && real.stderr.contains("expired"), "{real:?}");
    let check = ["openssl", "verify", "-CAfile", text(&certificate), text(&certificate)];
    assert_eq!(under(&[PINNED], &check).code, 0);
    assert_ne!(under(&[], &check).code, 0);
}

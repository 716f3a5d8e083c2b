//! Times of files under a clock that starts: what a program writes, sets and finds.

use crate::support::under;

/// Runs a script of the shell under a clock that starts at a time.
fn script(start: i64, text: &str) -> String {
    under(&[&format!("--clock=starts:{start}")], &["bash", "-c", text]).output().to_owned()
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("a time of today")
}

/// The source was committed a moment ago, so that the command soon runs for longer than that is past.
#[test]
fn copied_times_stay_the_same_however_young_the_source_is() {
    let copy =
        "cd $(mktemp -d); sleep 3; echo x > a; cp -p a b; touch -r a d; sleep 2; stat -c %y a b d | sort -u | wc -l";
    for start in [now() - 1, now() - 2, 1_700_000_000, 0] {
        assert_eq!(script(start, copy), "1", "{start}");
    }
}

#[test]
fn what_a_program_sets_is_what_it_reads() {
    let set = "cd $(mktemp -d); for t in 5 1600000000 1700000100 1800000000 1990000000; do \
               touch -d @$t a; [ $(stat -c %Y a) = $t ] || echo $t is $(stat -c %Y a); done; \
               touch -a -d @77 a; stat -c %X a; [ $(stat -c %Y a) = 1990000000 ] && echo kept";
    assert_eq!(script(1_700_000_000, set), "77\nkept");
}

#[test]
fn nothing_is_younger_than_the_command_that_did_not_write_it() {
    let ages = "for f in /usr/bin/env /etc/passwd / /tmp; do [ $(stat -c %Y $f) -le $(date +%s) ] || echo $f; done; echo looked";
    assert_eq!(script(1_000_000_000, ages), "looked");
}

#[test]
fn one_file_has_one_time_by_all_its_names() {
    let names = "cd /dev/shm; f=rcrepro-$$; echo x > $f; (stat -c %Y /dev/shm/$f $f /dev/../dev/shm/$f; stat -c %Y - < $f) | sort -u | wc -l; \
                 [ $(($(stat -c %Y /dev/shm/$f) - $(date +%s))) -lt 60 ] && echo now; rm $f";
    assert_eq!(script(1_700_000_000, names), "1\nnow");
}

#[test]
fn what_the_kernel_refuses_is_refused() {
    let python = "import ctypes, errno, mmap, os\n\
                  libc = ctypes.CDLL(None, use_errno=True)\n\
                  page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ)\n\
                  buffer = ctypes.create_string_buffer(256)\n\
                  def call(*arguments):\n    \
                      result = libc.syscall(*arguments)\n    \
                      return 'done' if result == 0 else errno.errorcode[ctypes.get_errno()]\n\
                  long = b'x' * 5000\n\
                  open('/tmp/rcrepro-fresh', 'w').close()\n\
                  print(call(262, -100, long, buffer, 0x1000), call(262, -100, b'', buffer, 0), call(262, -100, None, buffer, 0),\n      \
                      call(262, -100, b'/tmp/rcrepro-fresh', 1, 0), call(262, -100, b'/tmp/rcrepro-fresh', buffer, 0))";
    if cfg!(target_arch = "x86_64") {
        let found = under(&["--clock=starts:1700000000"], &["python3", "-c", python]);
        let real = under(&[], &["python3", "-c", python]);
        assert_eq!(found.output(), real.output());
        assert!(
            found.output().starts_with("ENAMETOOLONG ENOENT") && found.output().ends_with("EFAULT done"),
            "{found:?}"
        );
    }
}

//! Attempts at the network: seen whichever program makes them, and never hindered.

use std::fs;
use std::time::Duration;

use crate::support::{self, Ended, PINNED, finish, need, sealed, text};

/// Runs a program where there is loopback and nothing else, and no name server is configured, as in a container; gives what
/// was seen, without the lines that only count.
#[track_caller]
fn seen(program: &[&str]) -> (Ended, Vec<String>) {
    need("unshare", "util-linux");
    need("ip", "iproute2");
    let report = support::scratch().join("report");
    fs::write(&report, "forged\n".repeat(100)).expect("a file");
    let script = "ip link set lo up && mount --bind /dev/null /etc/resolv.conf && exec \"$@\"";
    let mut command = sealed("unshare");
    command.args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c", script, "sh"]);
    let option = format!("--report={}", text(&report));
    command.args([env!("CARGO_BIN_EXE_rcrepro-init"), PINNED, &option, "--"]).args(program);
    let ended = finish(&mut command);
    let said = fs::read_to_string(&report).expect("it is written");
    assert!(said.starts_with("rcrepro-init 2\n") && said.ends_with("\nend\n"), "{said}\n{ended:?}");
    let attempts = said.lines().filter_map(|line| line.strip_prefix("attempt\t"));
    (ended, attempts.map(|line| line.replace('\t', " ")).collect())
}

/// Runs a Python script that expects no more of `attempt(function, …)` than the kernel's own answer.
#[track_caller]
fn python(script: &str) -> (Ended, Vec<String>) {
    need("python3", "python3");
    let head = "import socket, struct, os\n\
                def attempt(function, *arguments):\n    try: function(*arguments)\n    except OSError as e: print(e.errno)\n";
    let (ended, attempts) = seen(&["/usr/bin/python3", "-c", &format!("{head}{script}")]);
    // The interpreter's name says its version.
    let short = |line: String| line.split_once(' ').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    (ended, attempts.into_iter().map(short).collect())
}

#[test]
fn connections_of_every_kind_are_seen_and_fail_as_without_us() {
    let (ended, attempts) = python(
        "attempt(socket.socket().connect, ('192.0.2.7', 80))\n\
         attempt(socket.socket().connect, ('192.0.2.7', 80))\n\
         attempt(socket.socket(socket.AF_INET6).connect, ('2001:db8::7', 81))\n\
         attempt(socket.socket(socket.AF_INET6).connect, ('::ffff:192.0.2.8', 82))\n\
         attempt(socket.socket(type=socket.SOCK_DGRAM).sendto, b'x', ('198.51.100.1', 123))\n\
         attempt(socket.socket(type=socket.SOCK_DGRAM).sendmsg, [b'x'], [], 0, ('198.51.100.2', 124))\n",
    );
    // ENETUNREACH, each time.
    assert_eq!(ended.lines(), ["101"; 6]);
    let expected = [
        "tcp 192.0.2.7 80  2",
        "tcp 192.0.2.8 82  1",
        "tcp 2001:db8::7 81  1",
        "udp 198.51.100.1 123  1",
        "udp 198.51.100.2 124  1",
    ];
    assert_eq!(attempts, expected);
}

#[test]
fn what_stays_in_the_container_is_no_attempt() {
    let (ended, attempts) = python(
        "server = socket.create_server(('127.0.0.1', 0))\n\
         port = server.getsockname()[1]\n\
         for address in ('127.0.0.1', 'localhost', '0.0.0.0'):\n\
         \x20   client = socket.create_connection((address, port)); client.send(b'hello'); client.close()\n\
         attempt(socket.socket().connect, ('127.0.0.1', 1))\n\
         here, there = socket.socketpair(); here.sendmsg([b'x']); there.recv(1)\n\
         attempt(socket.socket(socket.AF_UNIX).connect, '/nowhere')\n\
         netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); netlink.connect((0, 0))\n\
         server = socket.socket(type=socket.SOCK_DGRAM); server.bind(('127.0.0.1', 53))\n\
         client = socket.socket(type=socket.SOCK_DGRAM); client.connect(('127.0.0.1', 53)); client.send(b'x')\n\
         print(server.recv(1))\n",
    );
    assert_eq!(ended.lines(), ["111", "2", "b'x'"]);
    assert_eq!(attempts, Vec::<String>::new());
}

#[test]
fn names_that_are_asked_for_are_seen() {
    need("getent", "libc-bin");
    need("curl", "curl");
    need("node", "nodejs");
    let url = "http://asked.example.org/";
    let fetch = "fetch('http://asked.example.org/').catch(error => console.log(error.cause.code))";
    for program in [&["getent", "ahosts", "asked.example.org"][..], &["curl", "-s", url], &["node", "-e", fetch]] {
        let (_, attempts) = seen(program);
        let expected = format!("{} udp 127.0.0.1 53 asked.example.org ", program[0]);
        assert!(!attempts.is_empty() && attempts.iter().all(|line| line.starts_with(&expected)), "{attempts:?}");
    }
}

#[test]
fn static_programs_are_seen() {
    let program = support::go("probe");
    let (ended, attempts) = seen(&[text(&program), "dial", "192.0.2.9:443"]);
    assert!(ended.output().contains("network is unreachable"), "{ended:?}");
    assert_eq!(attempts, ["probe tcp 192.0.2.9 443  1"]);
    let (_, attempts) = seen(&[text(&program), "lookup", "asked.example.org"]);
    assert!(attempts.iter().any(|line| line.starts_with("probe udp 127.0.0.1 53 ")), "{attempts:?}");
}

#[test]
fn rings_that_would_connect_unseen_are_unknown_to_the_kernel() {
    let (ended, _) = python(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n\
         print(libc.syscall(425, 1, ctypes.create_string_buffer(120)), ctypes.get_errno())",
    );
    assert_eq!(ended.output(), "-1 38");
}

#[test]
fn processes_that_may_not_be_looked_into_are_counted() {
    let script = "import ctypes, socket\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n\
                  try: socket.socket().connect(('127.0.0.1', 1))\nexcept OSError as e: print(e.errno)";
    // Root may look into everybody, so it is done by another user, to whom the folder of the tests need not be open.
    let folder = std::env::temp_dir().join(format!("rcrepro-init-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let (program, report) = (folder.join("init"), folder.join("report"));
    fs::copy(env!("CARGO_BIN_EXE_rcrepro-init"), &program).expect("a copy");
    fs::write(&report, "").expect("a file");
    fs::set_permissions(&report, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("ours");
    let mut command = sealed("setpriv");
    need("setpriv", "util-linux");
    command.args(["--reuid=12345", "--regid=12345", "--clear-groups"]).arg(&program);
    command.args([&format!("--report={}", text(&report)), "--", "/usr/bin/python3", "-c", script]);
    let ended = finish(&mut command);
    let said = fs::read_to_string(&report).expect("a report");
    drop(fs::remove_dir_all(&folder));
    assert_eq!(ended.output(), "111");
    assert!(said.contains("unread\t1\n") && !said.contains("attempt\t"), "{said}");
}

#[test]
fn connections_cost_little() {
    let script = "import time\nserver = socket.create_server(('127.0.0.1', 0))\nbegan = time.monotonic()\n\
                  for _ in range(2000):\n    client = socket.create_connection(server.getsockname())\n    client.close()\n    server.accept()[0].close()\n\
                  print(time.monotonic() - began)";
    let (ended, attempts) = python(script);
    let took: f64 = ended.output().parse().expect("seconds");
    assert!(attempts.is_empty() && took < Duration::from_secs(20).as_secs_f64(), "{took} s for 2,000 connections");
}

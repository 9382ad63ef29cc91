//! Running a whole test where nothing can leave: in namespaces of its own.

use std::{
    any::type_name,
    env,
    net::{IpAddr, Ipv4Addr},
    process::Command,
};

/// The address all programs of an isolated test have, as on a local network: some clients want no
/// peer that is on loopback.
pub(crate) const LAN: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 1));

/// Tells a test that it is inside.
const INSIDE: &str = "UNIVERSAL_P2P_TEST_ISOLATED";

/// Brings up the only network there is, then becomes the test.
const ENTER: &str = r#"ip link set lo up && ip address add 10.77.0.1/32 dev lo && exec "$0" "$@""#;

/// Runs the body of a test in a network of its own, of which `lo` is the only interface, and where every process
/// that the test started ends with it. The body must be a closure that stands in the test's own function.
///
/// Where the system allows no namespaces the test is left out, but fails where `CI` is set.
#[track_caller]
pub(crate) fn isolated<Body: FnOnce()>(body: Body) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let mut unshare = unshare();
    if !unshare
        .arg("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        assert!(
            env::var_os("CI").is_none(),
            "no namespace can be made: this needs root"
        );
        println!("left out: no namespace can be made");
        return;
    }
    let output = self::unshare()
        .args(["sh", "-c", ENTER])
        .arg(env::current_exe().unwrap())
        .args([
            "--exact",
            test_of::<Body>(),
            "--nocapture",
            "--test-threads=1",
        ])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    print!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    // a name that is no test's would run nothing, and end well
    let passed = output.status.success() && printed.contains("ok. 1 passed");
    assert!(passed, "it failed inside, see above");
}

/// `unshare` with what makes the namespaces: of users where root is needed for the others.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command
}

/// The name of the test that a closure stands in, as the test harness knows it.
fn test_of<Body>() -> &'static str {
    let name = type_name::<Body>().trim_end_matches("::{{closure}}");
    name.split_once("::")
        .expect("the crate's name comes first")
        .1
}

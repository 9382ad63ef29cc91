//! Sockets that are passed instead of opened.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use super::free_port;
use crate::support::{Request, STOPPING, Setup, until};

/// How long it may take until somebody listens.
const SOON: Duration = Duration::from_secs(30);

/// Opens two sockets and starts the agent with the first connection to one of them.
fn activated(setup: &Setup, ports: [u16; 2], names: &str) -> Child {
    let agent = setup.command();
    let mut command = Command::new("systemd-socket-activate");
    for port in ports {
        command.arg(format!("--listen=127.0.0.1:{port}"));
    }
    command.arg(format!("--fdname={names}"));
    for (name, value) in agent.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str(), value.and_then(|value| value.to_str())) {
            command.arg(format!("--setenv={name}={value}"));
        }
    }
    let log = setup.data().with_extension("log");
    let mut child = command
        .arg(agent.get_program())
        .args(agent.get_args())
        .current_dir(agent.get_current_dir().unwrap())
        .stdout(Stdio::null())
        .stderr(File::create(log).unwrap())
        .spawn()
        .expect("tests/run installs systemd");
    until("the sockets", SOON, || {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        said(setup).matches("Listening on").count() == 2
    });
    child
}

fn said(setup: &Setup) -> String {
    fs::read_to_string(setup.data().with_extension("log")).unwrap()
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn is_dashboard(port: u16) -> bool {
    // without the token all its calls are refused; the content plane knows no such path
    Request::new(at(port), "GET", "/api/v0/status")
        .send()
        .status
        == 401
}

#[test]
fn the_first_request_starts_it_on_sockets_known_by_name() {
    for swapped in [false, true] {
        let setup = Setup::new();
        let ports = [free_port(), free_port()];
        let names = if swapped {
            "management:content"
        } else {
            "content:management"
        };
        let mut child = activated(&setup, ports, names);
        let [content, management] = if swapped { [ports[1], ports[0]] } else { ports };
        // this one waits in the socket until the agent takes it
        let first = Request::new(at(content), "GET", "/nothing").send();
        assert_eq!(first.status, 404, "{}", said(&setup));
        assert!(is_dashboard(management), "{}", said(&setup));
        assert!(!is_dashboard(content), "{}", said(&setup));
        let told = fs::read_to_string(setup.data().join("agent.json")).unwrap();
        assert!(told.contains(&at(content).to_string()), "{told}");
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        until("the end of the agent", STOPPING, || {
            child.try_wait().unwrap().is_some()
        });
    }
}

#[test]
fn sockets_of_unknown_names_are_refused() {
    let setup = Setup::new();
    let ports = [free_port(), free_port()];
    let mut child = activated(&setup, ports, "content:dashboard");
    let _connection = TcpStream::connect(at(ports[0])).unwrap();
    until("the end of the agent", STOPPING, || {
        child.try_wait().unwrap().is_some()
    });
    let said = said(&setup);
    assert!(said.contains("\"dashboard\""), "{said}");
    assert!(said.contains("FileDescriptorName="), "{said}");
}

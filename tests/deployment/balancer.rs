//! Debian's nginx with the configuration of this repository.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::support::{Agent, Request, folder, until};

/// What is shipped.
const CONFIGURATION: &str = include_str!("../../config/nginx/universal-p2p.conf");

/// A running nginx. It ends with its value.
pub(super) struct Balancer {
    nginx: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Balancer {
    /// Stands before these agents.
    pub(super) fn start(agents: &[Agent]) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder = folder();
        let place = folder.path();
        let mut shipped = CONFIGURATION.replace("127.0.0.1:8080", &address.to_string());
        for (agent, number) in agents.iter().zip(7801..) {
            let known = format!("127.0.0.1:{number}");
            assert!(
                shipped.contains(&known),
                "{known} is not in the configuration"
            );
            shipped = shipped.replace(&known, &agent.content().to_string());
        }
        assert!(!shipped.contains("127.0.0.1:780"), "an agent is missing");
        let all = format!(
            "daemon off;\nworker_processes 1;\npid {0}/pid;\nevents {{ worker_connections 4096; }}\n\
             http {{\naccess_log off;\nclient_body_temp_path {0}/body;\nproxy_temp_path {0}/proxy;\n\
             fastcgi_temp_path {0}/fastcgi;\nuwsgi_temp_path {0}/uwsgi;\nscgi_temp_path {0}/scgi;\n{shipped}}}\n",
            place.display()
        );
        fs::write(place.join("nginx.conf"), all).unwrap();
        let log = File::create(place.join("log")).unwrap();
        let nginx = Command::new("nginx")
            .arg("-p")
            .arg(place)
            .arg("-c")
            .arg(place.join("nginx.conf"))
            .args(["-e", "stderr"])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("tests/run installs nginx");
        let mut balancer = Self {
            nginx,
            address,
            folder,
        };
        until("the start of nginx", Duration::from_secs(30), || {
            assert!(balancer.nginx.try_wait().unwrap().is_none(), "nginx ended");
            TcpStream::connect(address).is_ok()
        });
        balancer
    }

    /// A GET request to it.
    pub(super) fn get(&self, target: &str) -> Request {
        Request::new(self.address, "GET", target)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        // its worker goes with it only when it is asked to end
        let _ = kill_process(Pid::from_child(&self.nginx), Signal::TERM);
        let _ = self.nginx.wait();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            println!("---- nginx ----\n{log}");
        }
    }
}

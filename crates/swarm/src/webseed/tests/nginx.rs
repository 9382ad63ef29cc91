//! A web server that we did not write. It needs nginx (Debian: nginx-light).

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use url::Url;

/// A running nginx with a folder of files.
pub(super) struct Nginx {
    folder: TempDir,
    address: SocketAddr,
    child: Child,
}

impl Nginx {
    /// Starts it on a port that is free.
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("files")).expect("a folder");
        for _ in 0..10 {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("bound");
            drop(listener);
            let mut child = launch(folder.path(), address);
            // It ends where somebody else was quicker to take the port.
            while child.try_wait().expect("a child").is_none() {
                if TcpStream::connect(address).is_ok() {
                    return Self {
                        folder,
                        address,
                        child,
                    };
                }
            }
        }
        panic!("nginx does not start");
    }

    /// Puts a file into its folder.
    pub(super) fn put(&self, path: &str, content: &[u8]) {
        let path = self.folder.path().join("files").join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        fs::write(path, content).expect("room for a file");
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}/{path}", self.address)).expect("a URL")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(folder: &Path, address: SocketAddr) -> Child {
    let place = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary
        .map(|what| format!("{what}_temp_path {place}/{what};\n"))
        .concat();
    let config = format!(
        "daemon off; master_process off; pid {place}/pid; error_log {place}/log;
         events {{}}
         http {{
             access_log off; {temporary}
             server {{ listen {address}; root {place}/files; }}
         }}"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, config).expect("room for a file");
    let nginx = Command::new("nginx")
        .arg("-c")
        .arg(path)
        .stderr(Stdio::null())
        .spawn();
    nginx.expect("nginx is installed")
}

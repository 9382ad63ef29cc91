//! A server that says what a test wants.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, mpsc},
    thread,
};

/// A server that sends its answers in turn, and the last one for ever.
pub(super) struct Server {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    left: mpsc::Receiver<usize>,
}

#[derive(Default)]
struct Script {
    answers: Vec<Vec<u8>>,
    endless: bool,
    hold: bool,
    requests: Vec<String>,
}

impl Server {
    /// Listens.
    pub(super) fn start(head: &str, body: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let script = Arc::new(Mutex::new(Script {
            answers: vec![[head.as_bytes(), &body].concat()],
            ..Script::default()
        }));
        let (leaving, left) = mpsc::channel();
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let (answer, endless, hold) = {
                    let mut script = shared.lock().expect("sound");
                    script.requests.push(request.join("\n"));
                    let more = script.answers.len() > 1;
                    let answer = if more {
                        script.answers.remove(0)
                    } else {
                        script.answers.concat()
                    };
                    (answer, script.endless, script.hold)
                };
                // A client that has had enough may be gone.
                let _ = stream.write_all(&answer);
                let mut sent = 0;
                while endless && stream.write_all(&[7; 4096]).is_ok() {
                    sent += 4096;
                }
                if hold {
                    let _ = stream.read(&mut [0]);
                }
                let _ = leaving.send(sent);
            }
        });
        Self {
            address,
            script,
            left,
        }
    }

    /// Sends these from now on.
    pub(super) fn answer_with(&self, answers: Vec<Vec<u8>>) {
        self.script.lock().expect("sound").answers = answers;
    }

    /// Sends bytes after every answer for as long as somebody takes them.
    pub(super) fn never_end(&self) {
        self.script.lock().expect("sound").endless = true;
    }

    /// Sends nothing after an answer, and waits for the client to go.
    pub(super) fn hold(&self) {
        self.script.lock().expect("sound").hold = true;
    }

    /// Waits until a client has gone, and says how many bytes after the answer it was sent.
    pub(super) fn was_left_after(&self) -> usize {
        let patience = std::time::Duration::from_secs(60);
        self.left.recv_timeout(patience).expect("it hangs up")
    }

    /// Its URL.
    pub(super) fn url(&self) -> String {
        format!("http://{}/file", self.address)
    }

    /// The heads of all requests.
    pub(super) fn requests(&self) -> Vec<String> {
        self.script.lock().expect("sound").requests.clone()
    }
}

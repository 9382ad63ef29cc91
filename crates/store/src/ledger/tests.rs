use proptest::{collection::vec, prelude::*};
use universal_p2p_core::{Evidence, Id};

use super::*;

fn item(number: usize) -> Item {
    Item {
        protocol: "test",
        id: Id::new(&format!("item{number}")).expect("valid"),
    }
}

fn site(name: &str) -> Site {
    Site {
        name: name.into(),
        evidence: Evidence::Claimed,
    }
}

/// What everything that was taken adds up to.
#[derive(Debug, Default, PartialEq)]
struct Total {
    bytes: HashMap<Item, u64>,
    began: HashMap<Item, u64>,
    fetched: HashMap<Item, u64>,
}

impl Total {
    fn add(&mut self, taken: &Taken) {
        for ((item, _), fresh) in &taken.uses {
            *self.bytes.entry(item.clone()).or_default() += fresh.used.bytes;
            *self.began.entry(item.clone()).or_default() += fresh.began;
        }
        for (item, bytes) in &taken.fetched {
            *self.fetched.entry(item.clone()).or_default() += bytes;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open { item: usize, site: usize },
    Serve { stream: usize, bytes: u32 },
    Fetch { item: usize, bytes: u32 },
    Take { written: bool },
    End { stream: usize },
}

fn steps() -> impl Strategy<Value = Step> {
    let stream = 0..8_usize;
    prop_oneof![
        (0..3_usize, 0..3_usize).prop_map(|(item, site)| Step::Open { item, site }),
        (stream.clone(), any::<u32>()).prop_map(|(stream, bytes)| Step::Serve { stream, bytes }),
        (0..3_usize, any::<u32>()).prop_map(|(item, bytes)| Step::Fetch { item, bytes }),
        any::<bool>().prop_map(|written| Step::Take { written }),
        stream.prop_map(|stream| Step::End { stream }),
    ]
}

proptest! {
    #[test]
    fn what_is_taken_adds_up_to_what_was_served(steps in vec(steps(), 0..80)) {
        let ledger = Ledger::default();
        let mut open: Vec<Arc<Open>> = Vec::new();
        let (mut served, mut taken) = (Total::default(), Total::default());
        for step in steps {
            match step {
                Step::Open { item: number, site: name } => {
                    open.push(ledger.open(item(number), site(&format!("site{name}"))));
                    *served.bytes.entry(item(number)).or_default() += 0;
                    *served.began.entry(item(number)).or_default() += 1;
                }
                Step::Serve { stream, bytes } => if let Some(stream) = open.get(stream) {
                    stream.serve(bytes.into());
                    *served.bytes.entry(stream.item.clone()).or_default() += u64::from(bytes);
                }
                Step::Fetch { item: number, bytes } => {
                    ledger.fetch(&item(number), bytes.into());
                    *served.fetched.entry(item(number)).or_default() += u64::from(bytes);
                }
                Step::Take { written: true } => taken.add(&ledger.take()),
                Step::Take { written: false } => ledger.put_back(ledger.take()),
                Step::End { stream } => if stream < open.len() {
                    ledger.end(&open.swap_remove(stream));
                }
            }
            prop_assert_eq!(ledger.open_streams(), open.len() as u64);
            for number in 0..3 {
                let of_item = open.iter().filter(|stream| stream.item == item(number)).count();
                prop_assert_eq!(ledger.streams_of(&item(number)), of_item as u64);
            }
        }
        for stream in open.drain(..) {
            ledger.end(&stream);
        }
        taken.add(&ledger.take());
        prop_assert_eq!(&taken, &served);
        prop_assert!(ledger.take().is_empty(), "nothing is taken twice");
        prop_assert!(ledger.streams().is_empty() && ledger.books().streams.is_empty());
    }
}

#[test]
fn threads_that_serve_while_somebody_takes_lose_nothing() {
    const THREADS: u64 = 4;
    const BYTES: u64 = 20_000;
    let ledger = Ledger::default();
    let mut total = Total::default();
    std::thread::scope(|scope| {
        let serve = || {
            for _ in 0..10 {
                let stream = ledger.open(item(1), Site::unknown());
                (0..BYTES).for_each(|_| stream.serve(1));
                ledger.end(&stream);
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(serve)).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            total.add(&ledger.take());
        }
    });
    total.add(&ledger.take());
    assert_eq!(total.bytes[&item(1)], THREADS * 10 * BYTES);
    assert_eq!(total.began[&item(1)], THREADS * 10);
}

#[test]
fn an_open_stream_is_booked_and_shown_while_it_runs() {
    let ledger = Ledger::default();
    let stream = ledger.open(item(1), site("https://a.example"));
    let begun = ledger.take();
    let fresh = begun.uses[&(item(1), site("https://a.example"))];
    assert_eq!((fresh.began, fresh.used.bytes), (1, 0));
    assert!(ledger.take().is_empty(), "nothing is new");
    stream.serve(70_000);
    let fresh = ledger.take().uses[&(item(1), site("https://a.example"))];
    assert_eq!((fresh.began, fresh.used.bytes), (0, 70_000));
    stream.serve(5);
    let shown = ledger.streams();
    assert_eq!(shown.len(), 1);
    assert_eq!(
        (shown[0].served, &*shown[0].site),
        (70_005, "https://a.example")
    );
    ledger.end(&stream);
    ledger.end(&stream);
    assert_eq!((ledger.open_streams(), ledger.streams_of(&item(1))), (0, 0));
    assert_eq!(
        ledger
            .take()
            .uses
            .into_values()
            .next()
            .map(|fresh| fresh.used.bytes),
        Some(5)
    );
}

#[test]
fn the_names_that_wait_are_bounded() {
    let ledger = Ledger::default();
    for number in 0..MOST_WAITING + 1000 {
        let stream = ledger.open(item(1), site(&number.to_string()));
        stream.serve(1);
        ledger.end(&stream);
    }
    let taken = ledger.take();
    assert_eq!(taken.uses.len(), MOST_WAITING + 1);
    assert_eq!(taken.uses[&(item(1), Site::unknown())].used.bytes, 1000);
}

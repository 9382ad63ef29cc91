//! Several agents behind one address, with the configuration in `config/nginx`.

mod balancer;

use std::collections::BTreeSet;

use serde_json::Value;

use self::balancer::Balancer;
use crate::support::{Agent, MIB, Seeder, Seeding, Setup, Spec, assert_same, noise};

/// How many agents stand behind the address, as in the configuration.
const AGENTS: usize = 3;

/// How many torrents there are.
const FILMS: u64 = 24;

/// What each of them holds.
const LENGTH: usize = 2 * MIB;

/// Whatever comes besides the pieces: metadata, and blocks that were asked for twice at the end.
const BESIDES: u64 = 128 << 10;

fn films(seeder: &mut Seeder) -> Vec<Seeding> {
    (1..=FILMS)
        .map(|seed| seeder.seed(Spec::single("film.mkv", noise(seed, LENGTH))))
        .collect()
}

/// Reads each film as a crowd does: all of it, its end and its middle, everybody at the same time.
fn read(balancer: &Balancer, films: &[Seeding]) {
    std::thread::scope(|scope| {
        for film in films {
            for range in ["bytes=0-", "bytes=-65536", "bytes=700000-900000"] {
                scope.spawn(move || {
                    let answer = balancer.get(&film.at("/film.mkv")).range(range).send();
                    assert_eq!(answer.status, 206, "{}", answer.text());
                    let place = answer.header("content-range").expect("it is a part");
                    let start = place.trim_start_matches("bytes ").split('-').next();
                    let start = start.and_then(|start| start.parse().ok()).expect(place);
                    let right = film.part("film.mkv", start, answer.body.len());
                    assert_same(&answer.body, &right);
                });
            }
        }
    });
}

/// The ids that an agent keeps.
fn held(agent: &Agent) -> BTreeSet<String> {
    let items = agent.manage().get("/items");
    let items = items["items"].as_array().expect("a list");
    let id = |item: &Value| item["id"].as_str().expect("every item has one").to_owned();
    items.iter().map(id).collect()
}

/// Bytes that the seeder has sent of each film.
fn sent(seeder: &mut Seeder, films: &[Seeding]) -> Vec<u64> {
    let sent = films.iter().map(|film| seeder.sent(film).uploaded);
    sent.collect()
}

#[test]
fn each_id_is_fetched_once_by_all_agents_together() {
    let mut seeder = Seeder::start();
    let films = films(&mut seeder);
    let mut agents: Vec<_> = (0..AGENTS).map(|_| Setup::new().start()).collect();
    let balancer = Balancer::start(&agents);
    for _ in 0..3 {
        read(&balancer, &films);
    }
    let once = sent(&mut seeder, &films);
    for (film, sent) in films.iter().zip(&once) {
        assert!(*sent <= LENGTH as u64 + BESIDES, "{}: {sent}", film.id);
        let holders = agents.iter().filter(|agent| held(agent).contains(&film.id));
        assert_eq!(holders.count(), 1, "{}", film.id);
    }
    let shares: Vec<_> = agents.iter().map(|agent| held(agent).len()).collect();
    println!(
        "{FILMS} ids on {AGENTS} agents: {shares:?}; bytes read {}, from the swarm {}",
        3 * FILMS as usize * (LENGTH + 65_536 + 200_001),
        once.iter().sum::<u64>()
    );

    // Where an agent is gone its ids move, and no others.
    let moved = held(&agents[0]);
    agents[0].kill();
    read(&balancer, &films);
    for ((film, before), after) in films.iter().zip(&once).zip(sent(&mut seeder, &films)) {
        let fetched = after - before;
        if moved.contains(&film.id) {
            assert!(fetched >= LENGTH as u64, "{}: from nowhere", film.id);
        } else {
            assert_eq!(fetched, 0, "{}", film.id);
        }
        let holders = agents[1..]
            .iter()
            .filter(|agent| held(agent).contains(&film.id));
        assert_eq!(holders.count(), 1, "{}", film.id);
    }
}

#[test]
fn what_an_agent_says_comes_through() {
    let agents: Vec<_> = (0..AGENTS).map(|_| Setup::new().start()).collect();
    let balancer = Balancer::start(&agents);
    let wrong = balancer.get("/bittorrent/v0/stream/nonsense/a").send();
    assert!(wrong.problem(400).contains("bad-id"));
    // what is not there is not looked for on the next agent
    let absent = balancer.get("/nothing").send();
    assert_eq!(absent.status, 404);
    assert_eq!(absent.header("access-control-allow-origin"), Some("*"));
    let list = balancer.get("/").send();
    assert_eq!(list.status, 302, "a check of health takes this for good");
}

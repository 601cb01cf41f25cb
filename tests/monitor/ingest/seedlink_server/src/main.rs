//! A SeedLink server for the tests: `seedlink-server PORT FOLDER`.
//!
//! It keeps records in FOLDER, takes further ones of 512 bytes from its input, and writes a line
//! when it listens and after each record.

use std::io::{Read, Write, stdin, stdout};

use seedlink_rs_server::{SeedLinkServer, ServerConfig, SyncPolicy};

const RECORD: usize = 512;

fn say(line: &str) {
    println!("{line}");
    stdout().flush().expect("somebody reads");
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (port, folder) = (arguments.next().expect("PORT"), arguments.next().expect("FOLDER"));
    let config = ServerConfig {
        ring_capacity: 100_000,
        persist_dir: Some(folder.into()),
        sync_policy: SyncPolicy::Os,
        ..ServerConfig::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let address = format!("127.0.0.1:{port}");
    let server = runtime
        .block_on(SeedLinkServer::bind_with_config(&address, config))
        .expect("a free port");
    let store = server.store().clone();
    runtime.spawn(server.run());
    say("listens");
    let mut record = [0u8; RECORD];
    while stdin().read_exact(&mut record).is_ok() {
        // miniSEED 2: station in bytes 8 to 12, network in 18 and 19
        let network = String::from_utf8_lossy(&record[18..20]).trim().to_owned();
        let station = String::from_utf8_lossy(&record[8..13]).trim().to_owned();
        store.push(&network, &station, &record).expect("room");
        say("taken");
    }
}

//! What holds whatever network content comes from: one set of checks, which every backend has to pass.
//!
//! A backend joins by an adapter in [`backends`], which shares files with a foreign peer, and by a line
//! at the end of this file. Checks know nothing of networks.

mod asking;
mod backends;
mod conditions;
mod disk;
mod failures;
mod names;
mod ranges;
mod reading;
mod stage;
mod tree;
mod walking;

/// Runs all checks against a backend, each as a test of its own where nothing can leave.
macro_rules! conforms {
    ($backend:ident, $adapter:ty: $($theme:ident::$check:ident)*) => {
        mod $backend {
            $(#[test]
            fn $check() {
                crate::support::isolated(|| super::$theme::$check::<$adapter>());
            })*
        }
    };
    ($($backend:ident: $adapter:ty;)*) => {
        $(conforms! { $backend, $adapter:
            asking::sites_that_ask_are_told
            asking::an_item_can_be_pinned_and_removed
            asking::every_spelling_of_an_id_is_one_item
            conditions::unchanged_files_are_not_sent_again
            disk::a_restart_serves_from_disk_without_the_peer
            disk::a_stop_in_the_middle_is_in_order
            disk::status_starts_nothing_and_tells_what_is_held
            disk::who_reads_is_told_and_ends_with_the_item
            failures::what_is_not_there_or_makes_no_sense_is_refused
            failures::what_nobody_has_ends_in_time
            names::names_of_every_kind_lead_to_their_files
            ranges::the_table_of_ranges_holds
            ranges::ranges_that_cross_chunks_are_right
            reading::a_head_fetches_nothing_of_the_body
            reading::readers_at_different_places_all_get_on
            reading::a_download_is_named_as_asked
            walking::directories_have_slashes_listings_and_indexes
            walking::the_bare_id_is_the_largest_file
            walking::a_playlist_names_what_plays
            walking::an_archive_opens_as_a_directory
        })*
    };
}

conforms! {
    bittorrent: crate::conformance::backends::BitTorrent;
    ipfs_by_the_address: crate::conformance::backends::IpfsByAddress;
    ipfs_by_the_configuration: crate::conformance::backends::IpfsByConfiguration;
}

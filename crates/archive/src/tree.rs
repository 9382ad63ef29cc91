//! An index as directories and files.

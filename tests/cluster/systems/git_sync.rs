//! System 1: a web server and a Git synchronizer that share a volume.

crate::tests![];

// Package client is what a participant's program imports: it takes part in
// rounds, verifies their results, and keeps what must survive a crash.
//
// A Client owns one folder on disk, one per identity. Everything that this
// member is about to say is in that folder before it is sent, so that after a
// crash it says the same bytes again or nothing. The folder must never be
// copied back from a backup: an older copy could be made to answer a round a
// second time, differently, and two answers open an update.
package client

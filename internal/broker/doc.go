// Package broker runs NATS inside the program and decides who may do what on
// it. It makes its own operator, accounts and users; no outside tool is needed.
//
// Services live in the account CORE, which has JetStream. Participants live in
// EDGE, which has none and imports from CORE exactly what the kind table lets
// them do: NATS does not check the reply subject of a publish, so a participant
// inside CORE could make the server write for it. Replays live in VIEW, which
// imports reads, for the same reason.
package broker

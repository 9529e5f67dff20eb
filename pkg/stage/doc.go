// Package stage runs deterministic folds over a write-once log: the Machine of
// a service, the Kernel that checks it against the log, the shell that appends
// what is missing, and the tasks that touch bulk. Live processing, recovery,
// standby and replay are the same fold.
package stage

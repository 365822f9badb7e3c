package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// arrivals are the connections of a server that have not sent a request yet.
// Shutdown of an http.Server may close such a connection, whose client has then
// done nothing wrong and gets an error.
type arrivals struct {
	mu      sync.Mutex
	waiting map[net.Conn]struct{}
	last    time.Time // The time of the last arrival.
}

// note is the ConnState of an http.Server.
func (a *arrivals) note(c net.Conn, state http.ConnState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if state != http.StateNew {
		delete(a.waiting, c)
		return
	}
	if a.waiting == nil {
		a.waiting = map[net.Conn]struct{}{}
	}
	a.waiting[c] = struct{}{}
	a.last = time.Now()
}

// await waits until no connection has arrived for a while and none waits, but
// not longer than limit.
func (a *arrivals) await(quiet, limit time.Duration) {
	start := time.Now()
	for time.Since(start) < limit && (time.Since(start) < quiet || !a.over(quiet)) {
		time.Sleep(quiet / 10)
	}
}

func (a *arrivals) over(quiet time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting) == 0 && time.Since(a.last) >= quiet
}

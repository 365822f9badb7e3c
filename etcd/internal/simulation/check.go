package simulation

import (
	"context"
	"time"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// settleTime is the time that watchers may take to get the newest state on fast
// lines: the longest delay after a refusal, and some requests.
const settleTime = 45 * time.Second

// settle waits until all watchers are at the newest state.
func (r *run) settle() {
	select {
	case <-r.hurry:
	default:
		close(r.hurry)
	}
	bound := settleTime
	before := r.counts()
	if r.rate > 0 {
		bound = 20*time.Second + time.Duration(3*before.size*int64(time.Second)/r.rate)
	}
	end := time.Now().Add(bound)
	for !r.settled(nil) {
		if time.Now().After(end) {
			r.settled(func(rd *reader, st remote.Status) {
				r.violate("%v is not at the newest state after %v: status %v (%v), %d Gets, %d restarts", rd.step, bound, st.State,
					st.Reason, rd.gets, rd.restarts)
			})
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	if n := r.counts().sent - before.sent; r.onlySlow && n > 3*before.size+64<<10 {
		r.report("%d bytes were sent for a state and history of %d", n, before.size)
	}
}

// settled reports whether all readers are at the newest state, connected. It
// calls unsettled, if it is not nil, for each that is not.
func (r *run) settled(unsettled func(*reader, remote.Status)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := true
	for _, rd := range r.readers {
		st := rd.now()
		if st.State == remote.Connected && rd.caughtUp() {
			continue
		}
		all = false
		if unsettled != nil {
			unsettled(rd, st)
		}
	}
	return all
}

// counts are the counters of a world at one moment.
type counts struct {
	streams, calls int
	sent           int64
	size           int64 // of the state and history
}

func (r *run) counts() counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := counts{streams: r.streams, calls: r.calls, sent: r.sent}
	for _, e := range r.store.events {
		c.size += int64(len(e.key) + len(e.value) + 32)
	}
	return c
}

// fallSilent makes all servers silent for a while, and checks the statuses.
func (r *run) fallSilent() {
	if !r.silence {
		return
	}
	r.locked(func() {
		for _, m := range r.members {
			m.pauses++
		}
	})
	late := remote.NewValue(r.etcd, r.key(0), remote.String())
	watcher := late.Watch()
	time.Sleep(2 * etcd.DefaultSilence)
	statuses := map[string]remote.Status{}
	st := load(late.Status())
	statuses["a new watcher"] = st
	for _, rd := range r.readers {
		st := rd.now()
		statuses[rd.step.String()] = st
	}
	for name, st := range statuses {
		if st.State != remote.Broken {
			r.report("%s is %v (%v) after a silence of %v", name, st.State, st.Reason, 2*etcd.DefaultSilence)
		}
	}
	r.locked(func() {
		for _, m := range r.members {
			m.pauses--
			m.notify()
		}
	})
	_ = watcher.Close()
	_ = late.Close()
	r.settle()
}

// checkRefused checks the statuses of what the user must not read. The caller
// holds the mutex.
func (r *run) checkRefused() {
	if time.Since(r.permittedSince) < noticeTime || len(r.sc.Steps) > 40 {
		return
	}
	for _, rd := range r.readers {
		if st := rd.now(); !rd.mayRead() && st.State != remote.Refused {
			r.violate("%v is %v (%v) without the permission", rd.step, st.State, st.Reason)
		}
	}
}

// shutDown closes everything, and checks that nothing is left.
func (r *run) shutDown(cancel context.CancelFunc) {
	if r.closeFirst {
		r.client.close()
		time.Sleep(10 * time.Second)
		for _, rd := range r.readers {
			if st := rd.now(); st.State != remote.Ended {
				r.report("%v is %v (%v) although the client is closed", rd.step, st.State, st.Reason)
			}
		}
	}
	cancel()
	r.readersGroup.Wait()
	time.Sleep(10 * time.Second)
	if n := r.counts().streams; n > 0 {
		r.report("%d streams are open without a watcher", n)
	}
	r.client.close()
	for _, v := range r.values {
		_ = v.Close()
	}
	for _, v := range r.ranges {
		_ = v.Close()
	}
	time.Sleep(time.Second)
	calls := r.counts().calls
	time.Sleep(2 * time.Minute)
	if n := r.counts().calls - calls; n > 0 {
		r.report("%d calls after everything was closed", n)
	}
	for _, w := range r.done {
		r.checkWrite(w)
	}
	close(r.over)
}

package simulation

import (
	"context"
	"time"
)

// actions holds what a step can do.
var actions = map[string]func(*run, Step){
	// Faults.
	"cut": func(r *run, s Step) {
		r.fault(s, func(m *member) { m.cuts++; r.loseLine(m) }, func(m *member) { m.cuts-- })
	},
	"reset": func(r *run, s Step) { r.fault(s, r.loseLine, func(*member) {}) },
	"pause": func(r *run, s Step) {
		r.fault(s, r.pause, func(m *member) { m.pauses-- })
	},
	"slow": func(r *run, s Step) {
		r.fault(s, func(m *member) { m.slows++; m.slowRate = int64(s.Amount) }, func(m *member) { m.slows-- })
	},
	"lag": func(r *run, s Step) {
		r.fault(s, func(m *member) { m.lags++ }, func(m *member) { m.lags-- })
	},
	"leaderless": func(r *run, s Step) {
		r.fault(s, func(m *member) { m.leaderless++ }, func(m *member) { m.leaderless-- })
	},
	"election": func(r *run, s Step) { r.locked(func() { r.store.term++ }) },
	"compact": func(r *run, s Step) {
		r.locked(func() { r.store.compacted = max(r.store.compacted, r.store.revision-int64(s.Amount)) })
	},
	"restore": func(r *run, s Step) {
		all := s
		all.N = -1
		r.fault(all, func(m *member) { m.cuts++; r.loseLine(m) }, func(m *member) {
			if m.id == 1 {
				r.restore(s.N, int64(s.Amount))
			}
			m.cuts--
		})
	},
	"no-space": func(r *run, s Step) {
		r.during(s, func() { r.quota = quotaReached }, func() { r.quota = quotaFree })
	},
	"not-etcd": func(r *run, s Step) {
		r.during(s, func() { r.noEtcd = true }, func() { r.noEtcd = false })
	},
	"lose-answers": func(r *run, s Step) { r.locked(func() { r.loseAnswers = s.Amount }) },
	"narrow":       func(r *run, s Step) { r.permit(s, []span{{"p/a", "p/b"}}) },
	"deny":         func(r *run, s Step) { r.permit(s, nil) },

	// Work of other programs.
	"burst":  (*run).burst,
	"direct": func(r *run, s Step) { r.locked(func() { r.commitNew(r.key(s.N), s.Amount) }) },
	"drop":   (*run).drop,
	"churn":  (*run).churn,

	// Work of this process.
	"set":     (*run).set,
	"create":  (*run).set,
	"compare": (*run).set,
	"delete":  (*run).set,
	"sync":    (*run).sync,
	"value":   (*run).startValue,
	"range":   (*run).startRange,
	"short":   (*run).short,
}

// locked calls f with the mutex of the world held.
func (r *run) locked(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

// during calls begin, and end after the time of the step.
func (r *run) during(s Step, begin, end func()) {
	r.locked(begin)
	if s.For == 0 {
		r.locked(end)
		return
	}
	r.group.Go(func() {
		time.Sleep(s.For)
		r.locked(end)
	})
}

// fault is during for the member of the step, or for all.
func (r *run) fault(s Step, begin, end func(*member)) {
	each := func(f func(*member)) func() {
		return func() {
			for i, m := range r.members {
				if s.N < 0 || s.N == i {
					f(m)
					m.advance()
					m.notify()
				}
			}
		}
	}
	r.during(s, each(begin), each(end))
}

// loseLine ends the connection to m.
func (r *run) loseLine(m *member) {
	if conn := r.client.conns[m.id-1]; conn != nil {
		r.client.lose(conn)
	}
}

// pause makes m and its line silent. The client's keep-alives notice it.
func (r *run) pause(m *member) {
	m.pauses++
	conn := r.client.conns[m.id-1]
	if conn == nil {
		return
	}
	time.AfterFunc(keepAlive, func() {
		r.locked(func() {
			if m.pauses > 0 {
				r.client.lose(conn)
			}
		})
	})
}

// permit leaves the user only some keys.
func (r *run) permit(s Step, spans []span) {
	r.during(s, func() {
		r.permitted, r.permittedSince = &spans, time.Now()
		r.notifyAll()
	}, func() {
		r.checkRefused()
		r.permitted = nil
		r.notifyAll()
	})
}

func (r *run) notifyAll() {
	for _, m := range r.members {
		m.notify()
	}
}

// restore replaces the store by a backup that is some revisions older. kind
// decides how the Store can notice that.
func (r *run) restore(kind int, age int64) {
	old := r.store
	if kind == 2 && r.hasLarge() {
		kind = 0
	}
	if kind == 2 {
		// Nothing but the revision tells, so later writes must not reach it.
		for range 2000 {
			old.commit(change{"other", version{value: "x"}})
		}
		age += 2000
	}
	r.store = old.restore(max(1, old.revision-age))
	switch kind {
	case 0:
		r.store.cluster++
	case 1:
		r.store.term--
	case 3: // As etcdutl does it.
		r.store.revision += 1_000_000
		r.store.compacted = r.store.revision
		r.store.term = 2
	}
	r.truth.reset(r.store)
	for _, m := range r.members {
		m.applied = r.store.revision
		m.notify()
	}
}

// hasLarge reports whether the store has a value that a Store does not compare.
func (r *run) hasLarge() bool {
	for _, e := range r.store.events {
		if len(e.value) > 16<<10 {
			return true
		}
	}
	return false
}

// burst writes single keys.
func (r *run) burst(s Step) {
	for i := range s.Amount {
		r.locked(func() { r.commitNew(r.key((s.N+i)%r.keys), 20) })
	}
}

// drop deletes half of the keys at one revision.
func (r *run) drop(s Step) {
	r.locked(func() {
		var events []change
		for i := s.N % 2; i < r.keys; i += 2 {
			events = append(events, change{r.key(i), version{deleted: true}})
		}
		r.commit(context.Background(), events...)
	})
}

// churn creates keys, and deletes them when they are known.
func (r *run) churn(s Step) {
	r.group.Go(func() {
		var last []change
		for n := range int(s.For / (20 * time.Millisecond)) {
			var created, deleted []change
			for i := range s.Amount {
				created = append(created, change{r.key(r.keys + n*s.Amount + i), version{value: "short-lived"}})
			}
			for _, c := range last {
				deleted = append(deleted, change{c.key, version{deleted: true}})
			}
			last = created
			r.locked(func() {
				r.commit(context.Background(), created...)
				r.commit(context.Background(), deleted...)
			})
			time.Sleep(20 * time.Millisecond)
		}
	})
}

package replay

import (
	"fmt"

	"github.com/eventvalue/event/internal/verify/model"
)

// do runs one step.
func (vs *values) do(s step) error {
	v := vs.values[s.a%len(vs.values)]
	w := vs.watchers[s.a%len(vs.watchers)]
	switch s.op {
	case Set:
		v.set(vs.item(s.b))
	case Update:
		return v.update(vs.item(s.b), s.c)
	case Watch:
		vs.rewatch(v, s.b%len(vs.watchers))
	case Get, Backlog:
		vs.get(w, s)
	case Changed:
		return w.chans.replace(w.real.Changed(), w.model.Changed())
	case CloseWatcher:
		return w.close()
	case CloseValue:
		return v.close(s.b)
	case Cancel:
		vs.context(s.a).cancel()
	case NewContext:
		vs.contexts[s.a%len(vs.contexts)] = vs.newContext(s.b, vs.context(s.c))
	case CancelThenSet:
		vs.context(s.b).cancel()
		v.set(vs.item(s.c))
	case CloseThenSet:
		err := w.close()
		w.v.set(vs.item(s.b))
		return err
	case Advance:
		advance()
	case Renew:
		vs.renew(s.a % len(vs.values))
	case Crowd:
		return vs.crowd(v, s.b)
	}
	return nil
}

func (vs *values) context(i int) *contexts { return vs.contexts[i%len(vs.contexts)] }

func (v *twoValues) set(i Item) {
	v.real.Set(i)
	v.model.Set(i)
}

// update updates both values. It compares the arguments of f and the results of
// Update.
func (v *twoValues) update(next Item, how int) error {
	one := func(v value) (trail []any) {
		defer func() {
			if p := recover(); p != nil {
				trail = append(trail, p)
			}
		}()
		val, ok := v.Update(func(old Item, ok bool) (Item, bool) {
			trail = append(trail, old, ok)
			if how%3 == 2 {
				panic(errPredicate)
			}
			return next, how%3 == 0
		})
		return append(trail, val, ok)
	}
	if got, want := fmt.Sprint(one(v.real)), fmt.Sprint(one(v.model)); got != want {
		return fmt.Errorf("an Update went through %v, model %v", got, want)
	}
	return nil
}

func (v *twoValues) close(how int) error {
	var cause error
	if how%2 == 1 {
		cause = errCause
	}
	_ = v.model.CloseWithError(cause)
	if err := v.real.CloseWithError(cause); err != nil {
		return fmt.Errorf("CloseWithError returns %w", err)
	}
	return nil
}

func (w *twoWatchers) close() error {
	_ = w.model.Close()
	if err := w.real.Close(); err != nil {
		return fmt.Errorf("a Close returns %w", err)
	}
	return nil
}

// rewatch replaces watcher i by a new watcher of v. It closes the old watcher
// only if the watcher has a Get in progress.
func (vs *values) rewatch(v *twoValues, i int) {
	if old := vs.watchers[i]; old.get != nil {
		_ = old.close()
	}
	vs.watchers[i] = vs.watch(v)
}

// get starts a Get. For [Backlog], the Get returns within the step.
func (vs *values) get(w *twoWatchers, s step) {
	sp := spec{
		filter:  s.c,
		effect:  s.b / maxContexts,
		backlog: s.op == Backlog,
		item:    vs.item(s.c),
	}
	vs.start(w, vs.context(s.b%maxContexts), sp)
}

// crowd starts Gets of many watchers of v, depending on n, and cancels them.
// They can be enough for a sweep.
func (vs *values) crowd(v *twoValues, n int) error {
	c := newContext(Cancellable, nil)
	defer c.cancel()
	var crowd []*twoWatchers
	for range 1 + n%crowdMax {
		w := &twoWatchers{v: v, real: v.real.Watch(), model: v.model.Watch().(*model.Watcher[Item])}
		crowd = append(crowd, w)
	}
	// The first round returns the present value. In the second, the Gets wait.
	for range 2 {
		for _, w := range crowd {
			if w.get == nil {
				vs.start(w, c, spec{})
			}
		}
		if err := vs.compareGets(); err != nil {
			return err
		}
	}
	c.cancel()
	if err := vs.compareGets(); err != nil {
		return err
	}
	for _, w := range crowd {
		if err := w.close(); err != nil {
			return err
		}
	}
	return nil
}

// crowdMax is the largest number of waits of a crowd. It is more than a sweep
// needs.
const crowdMax = 100

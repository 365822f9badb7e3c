package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/model"
)

// Limits are the numbers of values, watchers and contexts of a program.
type Limits struct{ Values, Watchers, Contexts int }

// The operations of a program for [Values], each with its arguments. An
// argument that selects an object is taken modulo the number of such objects.
const (
	Set           = iota // value, key
	Update               // value, key, what f does: change, leave, panic
	Watch                // value, watcher (which is dropped, or closed during a Get)
	Get                  // watcher, context and effect (see [With]), filter
	Backlog              // the same as Get, with BacklogOnly
	Changed              // watcher
	CloseWatcher         // watcher
	CloseValue           // value, with a cause?
	Cancel               // context
	NewContext           // context, kind, parent
	CancelThenSet        // value, context, key; without a pause
	CloseThenSet         // watcher, key; without a pause
	Advance              // the clock
	Renew                // value that is replaced by a new one
	Crowd                // value, number of Gets that start and are canceled
)

var valueOps = []string{
	"set", "update", "watch", "get", "backlog", "changed", "close watcher", "close value",
	"cancel", "new context", "cancel, then set", "close, then set", "advance", "renew", "crowd",
}

// With returns the argument of a Get under the context with the given number
// and with the given effect.
func With(context, effect int) byte { return byte(context%maxContexts + effect*maxContexts) }

// maxContexts is the largest useful Limits.Contexts.
const maxContexts = 8

// values are the values, the watchers and the contexts of one run.
type values struct {
	values   []*twoValues
	watchers []*twoWatchers
	contexts []*contexts
	calls    []*call        // The Gets in progress.
	every    []*contexts    // All contexts, including the replaced ones.
	open     []*twoWatchers // All watchers, including the replaced ones.
	ids      int            // The last ID of an Item.
}

type twoValues struct {
	real  *event.MemoryValue[Item]
	model *model.Value[Item]
}

type twoWatchers struct {
	v     *twoValues
	real  event.Watcher[Item]
	model *model.Watcher[Item]
	chans channels // The last result of Changed.
	get   *call    // The Get in progress.
}

// Values runs program on values and watchers of package event. It returns an
// error if they differ from the model. It must be called in a synctest bubble.
func Values(program []byte, l Limits) error {
	var vs values
	for range l.Values {
		vs.values = append(vs.values, new(twoValues))
	}
	for i := range vs.values {
		vs.renew(i)
	}
	for range min(l.Contexts, maxContexts) {
		vs.contexts = append(vs.contexts, vs.newContext(Cancellable, nil))
	}
	for i := range l.Watchers {
		w := vs.watch(vs.values[i%len(vs.values)])
		vs.watchers = append(vs.watchers, w)
	}
	err := steps(program, valueOps, func(s step) error {
		if err := vs.do(s); err != nil {
			return err
		}
		return vs.compare()
	})
	if err == nil {
		err = vs.final()
	}
	if closeErr := vs.closeAll(); err == nil {
		err = closeErr
	}
	return err
}

// renew replaces value i by a new value.
func (vs *values) renew(i int) {
	vs.values[i] = &twoValues{new(event.MemoryValue[Item]), new(model.Value[Item])}
}

func (vs *values) newContext(kind int, parent *contexts) *contexts {
	c := newContext(kind, parent)
	vs.every = append(vs.every, c)
	return c
}

func (vs *values) watch(v *twoValues) *twoWatchers {
	w := &twoWatchers{v: v, real: v.real.Watch(), model: v.model.Watch().(*model.Watcher[Item])}
	vs.open = append(vs.open, w)
	return w
}

func (vs *values) item(key int) Item {
	vs.ids++
	return Item{key, vs.ids}
}

// compare lets the Gets in progress continue, and compares all visible state
// with the model.
func (vs *values) compare() error {
	if err := vs.compareGets(); err != nil {
		return err
	}
	for i, v := range vs.values {
		got, ok := v.real.Load()
		if want, has := v.model.Load(); got != want || ok != has {
			return fmt.Errorf("value %d: Load returns %v, %v, model %v, %v", i, got, ok, want, has)
		}
	}
	for i, w := range vs.watchers {
		if w.chans.real == nil {
			continue
		}
		if err := w.chans.check(); err != nil {
			return fmt.Errorf("watcher %d: %w", i, err)
		}
	}
	return nil
}

// final checks at the end of a program that no watcher has missed a value.
func (vs *values) final() error {
	for i, w := range vs.watchers {
		if w.get != nil {
			continue
		}
		c := &contexts{context.Background(), context.Background(), func() {}, func() {}}
		vs.start(w, c, spec{backlog: true})
		if err := vs.compareGets(); err != nil {
			return fmt.Errorf("at the end, watcher %d: %w", i, err)
		}
	}
	return nil
}

// closeAll ends all Gets in progress, so that the bubble can end.
func (vs *values) closeAll() error {
	for _, c := range vs.every {
		c.cancel()
	}
	err := vs.compareGets()
	for _, w := range vs.open {
		_, _ = w.real.Close(), w.model.Close()
	}
	return errors.Join(err, vs.compareGets())
}

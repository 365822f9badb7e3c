package replay

import (
	"fmt"
	"testing/synctest"

	"github.com/eventvalue/event/internal/verify/model"
)

// A call is a Get that was started on both sides.
type call struct {
	w         *twoWatchers
	real, mod *side
	got       chan outcome   // Receives the outcome of the real Get.
	resume    func() outcome // Returns the present outcome of the model's Get.
}

// An outcome is the outcome of a Get: it waits, returns or panics.
type outcome struct {
	model.Result[Item]
	panicked any
}

func (o outcome) String() string {
	switch {
	case o.Blocked:
		return "waits"
	case o.panicked != nil:
		return fmt.Sprintf("panics: %v", o.panicked)
	default:
		return fmt.Sprintf("returns %v, %v", o.Val, o.Err)
	}
}

// attempt calls get and returns the outcome.
func attempt(get func() model.Result[Item]) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o.panicked = p
		}
	}()
	return outcome{Result: get()}
}

// start starts a Get on both sides. The caller must have called compareGets
// since the Gets in progress were started, and must call it after start.
func (vs *values) start(w *twoWatchers, c *contexts, sp spec) {
	cl := &call{
		w:    w,
		real: &side{v: w.v.real, w: w.real, ctx: c.real, cancel: c.cancelReal},
		mod:  &side{v: w.v.model, w: w.model, ctx: c.model, cancel: c.cancelModel},
		got:  make(chan outcome, 1),
	}
	opts := sp.options(cl.mod)
	want := attempt(func() model.Result[Item] { return w.model.Start(c.model, opts...) })
	switch {
	case want.Blocked:
		w.get = cl
		cl.resume = func() outcome { return attempt(w.model.Resume) }
	default:
		cl.resume = func() outcome { return want }
	}
	vs.calls = append(vs.calls, cl)
	go func() {
		opts := sp.options(cl.real)
		cl.got <- attempt(func() (r model.Result[Item]) {
			r.Val, r.Err = w.real.Get(c.real, opts...)
			return r
		})
	}()
}

// compareGets waits until each Get has returned or is blocked, and compares
// each Get with the model.
func (vs *values) compareGets() error {
	synctest.Wait()
	waiting := vs.calls[:0]
	for i, cl := range vs.calls {
		done, err := cl.compare()
		if err != nil {
			// The remaining Gets were not compared. They stay in progress, so
			// that closeAll can end them.
			vs.calls = append(waiting, vs.calls[i+1:]...)
			return err
		}
		if !done {
			waiting = append(waiting, cl)
			continue
		}
		if cl.w.get == cl {
			cl.w.get = nil
		}
	}
	clear(vs.calls[len(waiting):])
	vs.calls = waiting
	return nil
}

// compare compares the two sides of cl and reports whether the Get has
// returned.
func (cl *call) compare() (done bool, err error) {
	want := cl.resume()
	got := outcome{Result: model.Result[Item]{Blocked: true}}
	select {
	case got = <-cl.got:
	default:
	}
	if got.Blocked != want.Blocked || got.panicked != want.panicked || got.Val != want.Val ||
		!sameError(got.Err, want.Err) {
		return false, fmt.Errorf("a Get %v, model %v", got, want)
	}
	if !sameTrail(cl.real, cl.mod) {
		return false, fmt.Errorf("predicates went through %v, model %v", cl.real.trail, cl.mod.trail)
	}
	return !got.Blocked, nil
}

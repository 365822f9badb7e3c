package linear

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/eventvalue/event"
)

// A Value is a value that can be checked, such as a *event.MemoryValue[int].
type Value interface {
	event.Value[int]
	Update(f func(old int, ok bool) (int, bool)) (int, bool)
	Load() (int, bool)
	Close() error
}

// A recorder records one history.
type recorder struct {
	v        Value
	watchers [Watchers]event.Watcher[int]
	contexts [Contexts]context.Context
	cancels  [Contexts]func()
	begin    time.Time
	ready    chan struct{} // closed when all goroutines have been started
	rand     *rand.Rand

	mu      sync.Mutex
	history []porcupine.Operation
}

// calls is the number of calls that each goroutine of a history makes.
const calls = 6

// Record runs goroutines that make random calls of v, and returns the history.
// All randomness derives from seed. At the end, Record closes v and ends all
// contexts, so that all calls return.
func Record(v Value, seed uint64) []porcupine.Operation {
	r := &recorder{v: v, ready: make(chan struct{}), rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range r.watchers {
		r.watchers[i] = v.Watch()
	}
	for i := range r.contexts {
		r.contexts[i], r.cancels[i] = context.WithCancel(context.Background())
	}
	var producing, watching sync.WaitGroup
	client := 0
	start := func(wg *sync.WaitGroup, ins []Input) {
		id := client
		pauses := rand.New(rand.NewPCG(seed, uint64(id)+1))
		client++
		wg.Go(func() { r.run(id, ins, pauses) })
	}
	r.begin = time.Now()
	for w := range Watchers {
		start(&watching, r.gets(w))
	}
	for p := range 2 {
		start(&producing, r.sets(1+p*calls))
	}
	start(&producing, r.closes())
	close(r.ready)
	producing.Wait()
	// The close of the value ends all waits. In a wrong implementation it may
	// not, and then the end of the contexts ends them.
	r.call(client, Input{Kind: CloseValue})
	for c := range Contexts {
		r.call(client, Input{Kind: Cancel, Context: c})
	}
	watching.Wait()
	for _, w := range r.watchers {
		_ = w.Close()
	}
	return r.history
}

// gets returns the calls of the goroutine of watcher w.
func (r *recorder) gets(w int) (ins []Input) {
	for range calls {
		in := Input{Kind: Get, Watcher: w, Context: r.rand.IntN(Contexts)}
		switch r.rand.IntN(8) {
		case 0:
			in.Kind = Changed
		case 1:
			in.Kind = Load
		case 2, 3:
			in.Backlog = true
		}
		in.Odd = r.rand.IntN(4) == 0
		ins = append(ins, in)
	}
	return ins
}

// sets returns the calls of a producer. It sets first and the numbers after it.
func (r *recorder) sets(first int) (ins []Input) {
	for i := range calls {
		in := Input{Kind: Set, Val: first + i}
		switch r.rand.IntN(6) {
		case 0, 1:
			in.Kind, in.Odd = Update, r.rand.IntN(2) == 0
		case 2:
			in.Kind = Load
		}
		ins = append(ins, in)
	}
	return ins
}

// closes returns the calls of the goroutine that closes watchers and the value
// and ends contexts.
func (r *recorder) closes() (ins []Input) {
	for range r.rand.IntN(4) {
		in := Input{Kind: Cancel, Context: r.rand.IntN(Contexts)}
		switch r.rand.IntN(6) {
		case 0, 1:
			in = Input{Kind: CloseWatcher, Watcher: r.rand.IntN(Watchers)}
		case 2:
			in = Input{Kind: CloseValue}
		case 3:
			in = Input{Kind: Load}
		}
		ins = append(ins, in)
	}
	return ins
}

// run makes the calls ins, with pauses of random length between the calls.
func (r *recorder) run(client int, ins []Input, pauses *rand.Rand) {
	<-r.ready
	for _, in := range ins {
		if pauses.IntN(4) == 0 {
			runtime.Gosched()
		}
		for range pauses.IntN(6) {
			_ = time.Since(r.begin)
		}
		r.call(client, in)
	}
}

// call makes a call and records it.
func (r *recorder) call(client int, in Input) {
	from := time.Since(r.begin)
	out := r.do(in)
	to := time.Since(r.begin)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, porcupine.Operation{
		ClientId: client, Input: in, Output: out, Call: int64(from), Return: int64(to),
	})
}

// do makes the call in and returns its output.
func (r *recorder) do(in Input) (out Output) {
	out.Result = OK
	switch in.Kind {
	case Set:
		r.v.Set(in.Val)
	case Update:
		var ok bool
		out.Val, ok = r.v.Update(func(old int, _ bool) (int, bool) {
			out.Old, out.Called = old, true
			pause(old)
			if !in.accepts(old) {
				return 0, false
			}
			return in.Val, true
		})
		out.Result = yes(ok)
	case Load:
		var ok bool
		out.Val, ok = r.v.Load()
		out.Result = yes(ok)
	case Get:
		return r.get(in)
	case Changed:
		select {
		case <-r.watchers[in.Watcher].Changed():
		default:
			out.Result = No
		}
	case Cancel:
		r.cancels[in.Context]()
	case CloseWatcher:
		_ = r.watchers[in.Watcher].Close()
	case CloseValue:
		_ = r.v.Close()
	}
	return out
}

func (r *recorder) get(in Input) Output {
	var opts []event.GetOption[int]
	if in.Odd {
		opts = append(opts, event.Filter(func(val int) bool {
			pause(val)
			return in.accepts(val)
		}))
	}
	if in.Backlog {
		opts = append(opts, event.BacklogOnly[int]())
	}
	val, err := r.watchers[in.Watcher].Get(r.contexts[in.Context], opts...)
	return Output{Result: result(err), Val: val}
}

// pause yields the processor for every third val.
func pause(val int) {
	if val%3 == 0 {
		runtime.Gosched()
	}
}

func yes(ok bool) Result {
	if ok {
		return OK
	}
	return No
}

func result(err error) Result {
	switch {
	case err == nil:
		return OK
	case err == event.BacklogDone:
		return Done
	case errors.Is(err, context.Canceled):
		return Ended
	case errors.Is(err, event.ErrWatcherClosed):
		return WatcherClosed
	case errors.Is(err, event.ErrClosed):
		return Closed
	default:
		return Other
	}
}

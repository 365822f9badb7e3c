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

// A Value is what can be checked. *event.MemoryValue[int] is one.
type Value interface {
	event.Value[int]
	Update(f func(old int, ok bool) (int, bool)) (int, bool)
	Load() (int, bool)
	Close() error
}

// A recorder is one history in the making.
type recorder struct {
	v        Value
	watchers [Watchers]event.Watcher[int]
	contexts [Contexts]context.Context
	cancels  [Contexts]func()
	begin    time.Time
	ready    chan struct{} // closed when all are there
	rand     *rand.Rand

	mu      sync.Mutex
	history []porcupine.Operation
}

// calls is how many calls each goroutine of a history makes.
const calls = 6

// Record lets goroutines call v at random, all drawn from seed, and returns what happened. The
// history ends with the end of v and of all contexts, so that all calls return.
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
	start(&producing, r.ends())
	close(r.ready)
	producing.Wait()
	// Whoever still waits is released: first by the value's end, and where a wrong
	// implementation does not heed that, by the contexts'.
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

// gets is what the goroutine of watcher w does.
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

// sets is what a producer does. It sets first and what follows.
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

// ends is what the goroutine does that ends things.
func (r *recorder) ends() (ins []Input) {
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

// run makes the calls ins, with pauses of random length between them.
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

// pause lets others run within a call, once in a while.
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

package remotetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestFake(t *testing.T) {
	remotetest.Run(t, func(testing.TB) remotetest.Harness { return remotetest.OfFake(&remotetest.Fake{ValueLimit: 50_000}) })
}

func TestFakeInPieces(t *testing.T) {
	remotetest.Run(t, func(testing.TB) remotetest.Harness {
		return remotetest.OfFake(&remotetest.Fake{PieceSize: 3, ValueLimit: 50_000})
	})
}

// TestCutWithoutAReason checks that Cut(nil) cuts.
func TestCutWithoutAReason(t *testing.T) {
	f := new(remotetest.Fake)
	f.Cut(nil)
	if _, err := f.Put(t.Context(), "key", nil, remote.Condition{}); !errors.Is(err, remote.ErrUnknownOutcome) {
		t.Errorf("Put returns %v", err)
	}
	end := errors.New("the end")
	err := f.Follow(t.Context(), remote.Prefix(""), func(b remote.Batch) error {
		if b.Broken == nil {
			t.Errorf("the first batch is %+v", b)
		}
		return end
	})
	if !errors.Is(err, end) {
		t.Errorf("Follow returns %v", err)
	}
}

// A recording holds the batches of a Follow of a Fake, and ends it.
type recording struct {
	mu      sync.Mutex
	batches []remote.Batch
	end     func() error
}

func record(t *testing.T, f *remotetest.Fake) *recording {
	r := new(recording)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- f.Follow(ctx, remote.Prefix(""), func(b remote.Batch) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.batches = append(r.batches, b)
			return nil
		})
	}()
	r.end = func() error {
		cancel()
		return <-ended
	}
	synctest.Wait()
	return r
}

// all returns the batches that have arrived by now.
func (r *recording) all() []remote.Batch {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.batches)
}

// last returns the newest batch.
func (r *recording) last() remote.Batch {
	all := r.all()
	return all[len(all)-1]
}

func write(t *testing.T, f *remotetest.Fake, val string) {
	t.Helper()
	if _, err := f.Direct().Put(t.Context(), "key", []byte(val), remote.Condition{}); err != nil {
		t.Fatal(err)
	}
}

// TestSlow has a value of a thousand bytes, which with its key take ten seconds.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := record(t, f)
		f.Slow(100)
		start := time.Now()
		write(t, f, strings.Repeat("x", 997))
		for r.last().Revision == 0 {
			time.Sleep(time.Second)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("a thousand bytes take %v", took)
		}
		write(t, f, strings.Repeat("y", 997))
		f.Slow(0)
		time.Sleep(time.Second)
		if b := r.last(); b.Revision != 2 {
			t.Errorf("after Slow(0) the last batch is %+v", b)
		}
		_ = r.end()
	})
}

// TestSlowAndInterrupted interrupts the connection while a value arrives.
func TestSlowAndInterrupted(t *testing.T) {
	for what, interrupt := range map[string]func(f *remotetest.Fake){
		"Cut":      func(f *remotetest.Fake) { f.Cut(nil) },
		"HalfOpen": (*remotetest.Fake).HalfOpen,
		"Restart":  (*remotetest.Fake).Restart,
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := new(remotetest.Fake)
				r := record(t, f)
				f.Slow(1000)
				write(t, f, strings.Repeat("x", 997))
				time.Sleep(time.Second / 2)
				interrupt(f)
				time.Sleep(time.Second / 5)
				if all := r.all(); len(all) < 2 || all[1].Broken == nil {
					t.Errorf("the batches are %+v", all)
				}
				f.Heal()
				time.Sleep(2 * time.Second)
				if b := r.last(); len(b.Changes) != 1 || b.Revision != 1 {
					t.Errorf("the last batch is %+v", b)
				}
				_ = r.end()
			})
		})
	}
}

// TestHalfOpen checks that a Follow that begins later has another connection.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		old := record(t, f)
		f.HalfOpen()
		write(t, f, "1")
		other := record(t, f)
		write(t, f, "2")
		if b := other.last(); b.Revision != 2 {
			t.Errorf("the last batch is %+v", b)
		}
		if n := len(old.all()); n != 1 {
			t.Errorf("%d batches arrive on a half-open connection", n-1)
		}
		if n := f.Follows(); n != 2 {
			t.Errorf("Follows returns %d", n)
		}
		time.Sleep(time.Second)
		if b := old.last(); b.Revision != 2 {
			t.Errorf("the last batch is %+v", b)
		}
		_, _ = old.end(), other.end()
		if n := f.Follows(); n != 0 {
			t.Errorf("Follows returns %d", n)
		}
	})
}

// TestLostAnswerIsOfStore checks that a write by Direct keeps its answer.
func TestLostAnswerIsOfStore(t *testing.T) {
	f := new(remotetest.Fake)
	f.LoseAnswer(nil)
	write(t, f, "1")
	if _, err := f.Put(t.Context(), "key", nil, remote.Condition{}); !errors.Is(err, remote.ErrUnknownOutcome) {
		t.Errorf("Put returns %v", err)
	}
	if _, revision := f.Content(); revision != 2 {
		t.Errorf("the revision is %d", revision)
	}
}

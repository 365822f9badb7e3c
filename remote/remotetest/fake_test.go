package remotetest_test

import (
	"errors"
	"testing"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestFake(t *testing.T) {
	remotetest.Run(t, func(testing.TB) remotetest.Harness { return remotetest.OfFake(new(remotetest.Fake)) })
}

func TestFakeInPieces(t *testing.T) {
	remotetest.Run(t, func(testing.TB) remotetest.Harness {
		return remotetest.OfFake(&remotetest.Fake{PieceSize: 3})
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

package remotetest_test

import (
	"testing"

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

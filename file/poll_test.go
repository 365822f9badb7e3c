package file_test

import (
	"bytes"
	"log/slog"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// TestPollReadsTwiceEachTime finds a content for one reading, the old content, and the other
// one for one reading again. Neither time it is taken.
func TestPollReadsTwiceEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := file.NewScript([]string{"a", "b", "a", "b", "c"}, func() {}, file.Poll(time.Second), file.Quiet(time.Second))
		require.EqualValues(t, 2, versionAfter(t, v), "a and c")
	})
}

// TestQuietDoesNotOverflow has the greatest Quiet. The value does not read a second time.
func TestQuietDoesNotOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := file.NewScript([]string{"a", "b"}, func() {}, file.Poll(time.Second), file.Quiet(math.MaxInt64))
		require.EqualValues(t, 1, versionAfter(t, v))
	})
}

// TestUnsettledFilesAreReadAgain has files that move for seconds. That does not end the first
// load, and the log does not name a version that is not there.
func TestUnsettledFilesAreReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		v := file.NewRestless(2000, file.Poll(time.Second), file.Logger(slog.New(slog.NewTextHandler(&log, nil))))
		require.EqualValues(t, 1, versionAfter(t, v))
		require.Contains(t, log.String(), "file: there is no version yet")
		require.Contains(t, log.String(), file.ErrUnsettled.Error())
		require.NotContains(t, log.String(), "in force")
	})
}

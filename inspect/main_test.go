package inspect_test

import (
	"testing"

	"github.com/eventvalue/event/internal/verify/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

package etcdtest_test

import (
	"os"
	"testing"

	"github.com/eventvalue/event/etcd/etcdtest"
)

func TestMain(m *testing.M) {
	etcdtest.Main() // Members of clusters are further processes of this test.
	os.Exit(m.Run())
}
